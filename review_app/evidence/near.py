"""Which paragraphs stand nearly so elsewhere: candidates along the indexes of the bands, then a look at their texts.

However many articles there are, one search reads at most four bands × `SEARCHED` × `EACH` entries of indexes and `LOOKED_AT`
texts, in two statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, bindparam, select, text
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleBody
from review_app.evidence.likeness import bands_of, likeness, names_of, without_names
from review_app.evidence.measuring import paragraph_in
from review_app.evidence.models import Paragraph, Passage
from review_app.evidence.rules import NEARLY, STOCK_ARTICLES

SEARCHED = 24
"""Paragraphs of one article for which others are looked for, the first ones."""
EACH = STOCK_ARTICLES + 4
"""Candidates by one band. Beyond those it is stock anyhow."""
LOOKED_AT = 24
FOR_ONE = 2
MOST_WORDS = 20_000
"""The text of a longer article is not read through only to compare one paragraph of it."""
SURELY = 3
"""With so many of the four bands equal, two paragraphs of a likeness below `NEARLY` are one pair in ten."""


@dataclass(frozen=True, slots=True)
class Near:
    """A paragraph elsewhere that is nearly the same, and an article in which it stands; `stock` if there are many such."""

    digest: int
    articles: int
    source_id: str
    title: str
    stock: bool


def near_ones(
    session: Session, article_id: int, texts: Mapping[int, str], names: Sequence[str]
) -> dict[int, list[Near]]:
    """For each of some paragraphs of an article, by digest, those elsewhere that are nearly the same.

    `texts` are normalised; `names` is what the article says it is about.
    """
    masked = {digest: without_names(normal, names) for digest, normal in list(texts.items())[:SEARCHED]}
    candidates = _candidates(session, masked, set(texts))
    chosen = _chosen(candidates)
    looked_at = _looked_at(session, article_id, {digest for _, digest in chosen})
    found: dict[int, list[Near]] = {}
    for ours, theirs in chosen:
        if theirs in looked_at:
            row, normal = looked_at[theirs]
            if (
                likeness(masked[ours], without_names(normal, names_of(row.topic, row.primary_stack)))
                >= NEARLY
            ):
                stock = sum(count >= SURELY for count in candidates[ours].values()) > STOCK_ARTICLES
                near = Near(theirs, row.articles, row.source_id, row.title, stock)
                found.setdefault(ours, []).append(near)
    return found


def _candidates(session: Session, masked: Mapping[int, str], own: set[int]) -> dict[int, Counter[int]]:
    """For each paragraph the others that share a band with it, and how many bands."""
    keys = [
        (digest, band, key)
        for digest, normal in masked.items()
        for band, key in enumerate(bands_of(normal))
        if key is not None
    ]
    found: dict[int, Counter[int]] = {digest: Counter() for digest in masked}
    if keys:
        query = _by_bands([band for _, band, _ in keys])
        for number, digest in session.execute(query, {f"key_{n}": key for n, (_, _, key) in enumerate(keys)}):
            if digest not in own:
                found[keys[number][0]][digest] += 1
    return found


def _by_bands(bands: Iterable[int]) -> TextClause:
    """One statement of many limited look-ups. As text: SQLAlchemy takes longer to put it together than databases to answer."""
    parts = (
        f"SELECT * FROM (SELECT {int(number)} AS number, digest FROM passage"  # noqa: S608  # whole numbers alone
        f" WHERE band_{int(band)} = :key_{int(number)} LIMIT {EACH}) AS found_{int(number)}"
        for number, band in enumerate(bands)
    )
    return text(" UNION ALL ".join(parts))


def _chosen(candidates: Mapping[int, Counter[int]]) -> list[tuple[int, int]]:
    """Which are worth a look at their texts: for each paragraph those that share most bands."""
    ranked = {
        ours: [theirs for theirs, _ in counts.most_common(FOR_ONE)] for ours, counts in candidates.items()
    }
    rounds = [
        (ours, those[turn]) for turn in range(FOR_ONE) for ours, those in ranked.items() if turn < len(those)
    ]
    return rounds[:LOOKED_AT]


def _looked_at(session: Session, article_id: int, digests: set[int]) -> dict[int, tuple[Any, str]]:
    """The normalised text of each passage, read in one of its articles, and that article's row."""
    rows = texts_of(session, digests, besides=article_id)
    found = ((row, paragraph_in(row.html, row.digest)) for row in rows)
    return {row.digest: (row, paragraph.normal) for row, paragraph in found if paragraph}


FIRST = (
    select(Paragraph.article_id)
    .where(Paragraph.digest == Passage.digest, Paragraph.article_id != bindparam("besides"))
    .order_by(Paragraph.article_id)
    .limit(1)
    .correlate(Passage)
    .scalar_subquery()
)
TEXTS = (
    select(Passage.digest, Passage.articles)
    .add_columns(Article.source_id, Article.title, Article.topic, Article.primary_stack, ArticleBody.html)
    .select_from(Passage)
    .join(Article, Article.id == FIRST)
    .join(ArticleBody, ArticleBody.article_id == Article.id)
    .where(Passage.digest.in_(bindparam("digests", expanding=True)), ArticleBody.word_count <= MOST_WORDS)
)


def texts_of(session: Session, digests: Iterable[int], besides: int = 0) -> Sequence[Any]:
    """For each passage the first article in which it stands, with its text; not that one article, and no very long one."""
    return session.execute(TEXTS, {"digests": sorted(digests), "besides": besides}).all() if digests else ()
