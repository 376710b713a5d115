"""Texts of an older sanitiser are sanitised again."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from review_app.articles import sanitising
from review_app.articles.jobs import due, sanitise_again
from review_app.articles.markup import SANITISER_VERSION, TooMuchMarkup, sanitise
from review_app.articles.models import Article, ArticleBody
from review_app.articles.queries import get_article
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from tests.factories import make_article


def made(source_id: str, html: str, **changes: object) -> None:
    """An article whose text an older sanitiser let through."""
    with transaction() as session:
        article = make_article(session, source_id, html=html, **changes)
        session.get_one(ArticleBody, article.id).sanitiser_version = SANITISER_VERSION - 1


def test_an_old_text_is_sanitised_again_and_found_by_its_words(app: Flask) -> None:
    with app.app_context():
        made("old-1", "<p onclick=x()>Kept</p><script>steal()</script>")
        with transaction() as session:
            make_article(session, "new-1", html="<p class='x'>As it is</p>")
        assert list(due(utc_now())) == [0]
        sanitise_again()
        old = get_article(db.session(), "old-1")
        assert old.body.html == "<p>Kept</p>"
        assert (old.body.plain_text, old.body.word_count) == ("Kept", 1)
        assert old.body.sanitiser_version == SANITISER_VERSION
        assert old.row_version == 2, "a page that was open is stale"
        assert get_article(db.session(), "new-1").row_version == 1
        assert list(due(utc_now())) == []
        db.session.remove()


def test_an_approved_text_stays_approved_when_it_is_sanitised_again(app: Flask) -> None:
    with app.app_context():
        made(
            "a-1", "<p style='x'>Kept</p>", revision_status="approved", indexable=True, awaiting_review=False
        )
        sanitise_again()
        article = get_article(db.session(), "a-1")
        assert (article.indexable, article.body.html) == (True, "<p>Kept</p>")
        assert article.text_digest == sanitising.text_digest(article.title, article.excerpt, "<p>Kept</p>")
        db.session.remove()


def test_a_text_beyond_the_bounds_of_today_keeps_its_words(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(html: str) -> object:
        if "<b>" in html:
            raise TooMuchMarkup("has too many tags")
        return sanitise(html)

    with app.app_context():
        made("large-1", "<p>Some <b>text</b>.</p>")
        monkeypatch.setattr(sanitising, "sanitise", refusing)
        sanitise_again()
        assert db.session.scalar(select(ArticleBody.html).join(Article)) == "<p>Some text.</p>"
        db.session.remove()
