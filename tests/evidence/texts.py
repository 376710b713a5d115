"""Made texts: paragraphs of random words, the same text with some words changed, and articles that are measured."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.evidence.actions import remeasure
from tests.factories import LONG_AGO, make_article

VOCABULARY = [
    "".join(random.Random(number).choices("abcdefghijklmnoprstuvw", k=3 + number % 7))
    for number in range(1_000)
]
STACK_PARAGRAPH = "Security hardening works best as a checklist. Confirm permissions, secrets and headers."


def paragraph(seed: int, words: int = 40) -> str:
    """The same words for the same seed."""
    return " ".join(random.Random(seed).choices(VOCABULARY, k=words))


def changed(text: str, share: float, seed: int = 0) -> str:
    """With this share of the words, at least one, replaced by others."""
    chance, words = random.Random(seed), text.split()
    for place in chance.sample(range(len(words)), max(1, round(share * len(words)))):
        words[place] = f"changed{place}"
    return " ".join(words)


def html(*paragraphs: str) -> str:
    """Paragraphs as sanitised HTML."""
    return "\n".join(f"<p>{text}</p>" for text in paragraphs)


def measured(session: Session, source_id: str, body: str, **changes: Any) -> Article:
    """An article with this HTML that has been measured."""
    article = make_article(session, source_id, body, **changes)
    remeasure(session, [article.id], LONG_AGO)
    return article


def stock(session: Session, text: str, articles: int = 21) -> None:
    """A paragraph that stands in so many articles."""
    made = [
        make_article(session, f"stock-{number:03}", html(text), awaiting_review=False)
        for number in range(articles)
    ]
    remeasure(session, [article.id for article in made], LONG_AGO)
