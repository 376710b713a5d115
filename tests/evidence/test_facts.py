"""The facts that a reviewer reads about an article, each as a sentence."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleBody
from review_app.evidence.facts import LINKS
from review_app.evidence.findings import Fact
from review_app.evidence.queries import Evidence, evidence_of
from tests.evidence.texts import STACK_PARAGRAPH, changed, html, measured, paragraph, stock
from tests.factories import make_article

Sessions = Callable[[], AbstractContextManager[Session]]
TODAY = date(2026, 11, 2)


def evidence(session: Session, article: Article) -> Evidence:
    session.refresh(article, ["body"])
    return evidence_of(session, article, TODAY)


def facts(session: Session, article: Article) -> dict[str, Fact]:
    return {fact.kind: fact for fact in evidence(session, article).facts}


def sentence(session: Session, kind: str, body: str = "<p>Some text.</p>", **changes: object) -> str:
    """The sentence of a fact about an article with this text."""
    return facts(session, measured(session, "one", body, **changes))[kind].sentence


def test_the_time_it_takes_to_read_stands_beside_the_declared_one(session_of: Sessions) -> None:
    with session_of() as session:
        article = measured(session, "long", "<p>Some text.</p>", reading_minutes=9)
        session.get_one(ArticleBody, article.id).word_count = 1200
        fact = facts(session, article)["reading_time"]
        assert fact.sentence == "1,200 words, read in about 5 minutes; it declares 9 minutes."
        assert fact.rests_on == "238 words a minute, the mean of silent reading"


def test_paragraphs_that_stand_elsewhere_are_counted_with_links(session_of: Sessions) -> None:
    with session_of() as session:
        stock(session, STACK_PARAGRAPH, articles=20)
        measured(session, "sibling", html(paragraph(1), paragraph(2)), title="The sibling")
        body = html(STACK_PARAGRAPH, paragraph(1), paragraph(2), paragraph(3))
        fact = facts(session, measured(session, "one", body))["paragraphs"]
    assert fact.sentence == (
        "3 of its 4 paragraphs stand word for word in other articles, 1 of them stock; the most repeated in 20 others."
    )
    assert fact.figures == {"paragraphs": 4, "repeated": 3, "stock": 1}
    assert [link.source_id for link in fact.links if link.source_id] == ["sibling"]
    assert "shares 2 paragraphs" in fact.links[-1].text
    assert fact.links[0].text == "“security hardening works best as a checklist confirm …” in 20 others"


def test_one_article_that_repeats_itself_stands_in_no_other(session_of: Sessions) -> None:
    with session_of() as session:
        text = sentence(session, "paragraphs", html(paragraph(1), paragraph(1)))
    assert text == "Its one paragraph stands word for word in no other article."


def test_a_paragraph_with_a_few_words_changed_is_found(session_of: Sessions) -> None:
    with session_of() as session:
        measured(session, "before", html(paragraph(1)), title="As it was before")
        found = facts(session, measured(session, "one", html(changed(paragraph(1), 0.05), paragraph(2))))
    fact = found["paragraphs_nearly"]
    assert fact.sentence == "1 more paragraph stands nearly so elsewhere, in at least 1 article."
    assert [link.source_id for link in fact.links] == ["before"]
    assert "nearly in: As it was before" in fact.links[0].text


def test_a_template_filled_with_other_names_is_found(session_of: Sessions) -> None:
    text = "In this guide we look at {p} with practical defaults in a {s} project and keep every step small."
    with session_of() as session:
        other = {"topic": "warming caches / nginx", "primary_stack": "nginx"}
        measured(session, "other", html(text.format(p="warming caches", s="nginx")), **other)
        found = facts(session, measured(session, "one", html(text.format(p="retrying jobs", s="Flask"))))
    assert [link.source_id for link in found["paragraphs_nearly"].links] == ["other"]


def test_unrelated_paragraphs_are_not_told(session_of: Sessions) -> None:
    with session_of() as session:
        for number in range(2, 12):
            measured(session, f"n{number}", html(paragraph(number)))
        assert "paragraphs_nearly" not in facts(session, measured(session, "one", html(paragraph(1))))


def test_like_titles_are_told(session_of: Sessions) -> None:
    with session_of() as session:
        title = "Retrying failed jobs once in Flask"
        measured(session, "same", "", title=title.upper())
        measured(session, "near", "", title="Retrying failed jobs once in Celery")
        measured(session, "other", "", title="Reading error logs quickly in Flask")
        found = facts(session, measured(session, "one", "", title=title))
    assert found["title_same"].sentence == "Another article has the same title."
    assert [link.source_id for link in found["title_same"].links] == ["same"]
    assert found["title_nearly"].sentence == "Another article has nearly the same title."
    assert [link.source_id for link in found["title_nearly"].links] == ["near"]


def test_images_are_told(session_of: Sessions) -> None:
    body = (
        '<figure><img src="https://picsum.photos/1" alt=""><figcaption>One</figcaption></figure>'
        '<figure><img src="https://picsum.photos/1" alt=""></figure><img src="https://images.example.com/2" alt="">'
    )
    with session_of() as session:
        assert sentence(session, "images", body) == (
            "3 images: 2 from placeholder services (picsum.photos), 2 without a caption, 1 shown before in the text."
        )


def test_an_old_review_and_one_in_the_future_are_told(session_of: Sessions) -> None:
    with session_of() as session:
        article = measured(session, "one", "", last_reviewed_on=date(2017, 3, 21))
        fact = facts(session, article)["last_review"]
        assert fact.sentence == "Its last review was on 21 March 2017, more than 9 years ago."
        article.last_reviewed_on = date(2026, 12, 1)
        assert "1 December 2026, which is in the future" in facts(session, article)["last_review"].sentence
        article.last_reviewed_on = date(2025, 11, 2)
        assert "last_review" not in facts(session, article)


def test_what_stands_in_it_is_held_against_the_declared_code_language(session_of: Sessions) -> None:
    with session_of() as session:
        told = sentence(session, "structure", "<h2>A</h2><ul><li>x</li></ul>", code_language="python")
        assert (
            told
            == "1 heading, 1 list, 0 blocks of code; it declares python as its code language and has no code."
        )
        other = measured(session, "other", "<pre><code>x</code></pre>", code_language="")
        assert "it declares no code language and has code" in facts(session, other)["structure"].sentence


def test_names_are_counted_within_stock_paragraphs_and_outside(session_of: Sessions) -> None:
    with session_of() as session:
        phrase = "For this Flask case, keep the owner and the expected result in the same place."
        stock(session, phrase)
        told = sentence(session, "spoken_of", html(phrase, "Flask is what we use here. Ask in Flask!"))
    assert told == (
        "“flask” is named 3 times, outside of stock paragraphs 2 times; “retrying jobs” is never named in its paragraphs."
    )


def test_links_that_are_not_well_formed_are_told(session_of: Sessions) -> None:
    body = '<p><a href="https://example.com/a">a</a> <a href="https://broken">b</a> <a>c</a></p>'
    with session_of() as session:
        assert sentence(session, "links", body) == (
            "3 links, 2 not well-formed: “https://broken” names no public host; one has no address."
        )


def test_there_are_few_links_however_much_there_is_to_tell(session_of: Sessions) -> None:
    with session_of() as session:
        texts = [paragraph(number) for number in range(30)]
        for number in range(25):
            measured(session, f"n{number}", html(*texts), title="The same title for each of them")
        body = html(*texts, *(changed(paragraph(number + 40), 0.05) for number in range(9)))
        found = evidence(session, measured(session, "one", body, title="The same title for each of them"))
        assert 0 < sum(len(fact.links) for fact in found.facts) <= LINKS
        assert "More than 20 other articles have the same title." in [fact.sentence for fact in found.facts]


def test_nothing_is_told_of_a_text_that_is_not_measured_as_it_is_now(session_of: Sessions) -> None:
    with session_of() as session:
        assert evidence(session, make_article(session, "new")).measured_at is None
        article = measured(session, "one", html(paragraph(1)))
        article.text_digest = "another text"
        session.flush()
        assert evidence(session, article).measured_at is None


def test_no_score_follows_from_facts(session_of: Sessions) -> None:
    with session_of() as session:
        article = make_article(session, "one", "")
        before = (article.scores, article.row_version)
        measured(session, "two", "")
        evidence(session, article)
        assert (article.scores, article.row_version) == before
