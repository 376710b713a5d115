"""What people see of evidence: on the page of an article and of its review, and the paragraphs that stand in many."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.evidence.likeness import digest_of, normalised
from review_app.evidence.queries import as_hex
from tests.evidence.texts import STACK_PARAGRAPH, html, measured, paragraph, stock
from tests.factories import make_article
from tests.support.cast import Browser

Sessions = Callable[[], AbstractContextManager[Session]]
HEX = as_hex(digest_of(normalised(STACK_PARAGRAPH)))
BODY = html(STACK_PARAGRAPH, paragraph(1)) + "<h2>A heading</h2>"


@pytest.fixture
def visitor(browser_of: Callable[[User], Browser], reviewer: User) -> Browser:
    return browser_of(reviewer)


@pytest.fixture
def desk(session_of: Sessions) -> None:
    """An article with a stock paragraph that stands in 22 articles, one of its own and a heading."""
    with session_of() as session:
        stock(session, STACK_PARAGRAPH)
        measured(session, "one", BODY)


@pytest.mark.parametrize("path", ["/articles/one", "/articles/one/review"])
def test_stock_is_folded_and_the_facts_stand_below(desk: None, visitor: Browser, path: str) -> None:
    page = visitor.get(path).text
    (fold,) = re.findall(r'<details class="fold"><summary class="muted">(.*?)</details>', page, re.DOTALL)
    assert fold.startswith("Stock paragraph, stands in 22 articles</summary>")
    assert STACK_PARAGRAPH in fold
    assert f'href="/evidence/paragraphs/{HEX}"' in fold
    assert "1 of its 2 paragraphs stands word for word in other articles, all of them stock" in page
    assert 'href="?stock' not in page
    assert f'href="{path}?stock=unfolded"' in page


@pytest.mark.parametrize("path", ["/articles/one", "/articles/one/review"])
def test_all_stock_can_be_unfolded_at_once(desk: None, visitor: Browser, path: str) -> None:
    page = visitor.get(f"{path}?stock=unfolded").text
    assert page.count('<details class="fold" open>') == 1
    assert "Fold the stock paragraphs" in page


def test_htmx_still_finds_nothing_in_the_text(desk: None, visitor: Browser) -> None:
    page = visitor.get("/articles/one/review").text
    assert '<div data-passages hx-ignore hx-disable><details class="fold">' in page


def test_a_text_in_twenty_articles_is_no_stock(session_of: Sessions, visitor: Browser) -> None:
    with session_of() as session:
        stock(session, STACK_PARAGRAPH, articles=19)
        measured(session, "one", BODY)
    assert '<details class="fold">' not in visitor.get("/articles/one").text


def test_an_article_that_is_not_measured_yet_says_so(session_of: Sessions, visitor: Browser) -> None:
    with session_of() as session:
        stock(session, STACK_PARAGRAPH)
        make_article(session, "one", BODY)
    page = visitor.get("/articles/one/review").text
    assert "This article is being measured" in page
    assert "Stock paragraph" not in page


def test_imported_text_stays_text_in_facts(session_of: Sessions, visitor: Browser) -> None:
    with session_of() as session:
        measured(
            session, "one", '<p><a href="https://x">&lt;script&gt;</a></p>', primary_stack="<script>alert()"
        )
    page = visitor.get("/articles/one").text
    assert "<script>alert" not in page
    assert "“&lt;script&gt;alert()” is never named" in page


def test_the_most_repeated_paragraphs_are_listed_a_page_at_a_time(
    session_of: Sessions, visitor: Browser
) -> None:
    with session_of() as session:
        stock(session, STACK_PARAGRAPH)
        texts = [f"<p>Paragraph number {number} of them &amp; more</p>" for number in range(30)]
        for name in ("a", "b"):
            measured(session, name, "".join(texts))
    first = visitor.get("/evidence/paragraphs").text
    assert first.index("Security hardening works best") < first.index("Paragraph number")
    assert first.count('<tr id="repeated-') == 25
    assert "of them &amp; more" in first
    second = visitor.get(re.search(r'href="(/evidence/paragraphs\?after=[^"]+)"', first)[1]).text
    assert second.count('<tr id="repeated-') == 6
    seen = re.findall(r'id="repeated-(\w+)"', first + second)
    assert len(set(seen)) == 31


def test_no_repeated_paragraph_is_told_in_words(visitor: Browser) -> None:
    assert "No paragraph is repeated" in visitor.get("/evidence/paragraphs").text


def test_one_paragraph_shows_its_articles_a_page_at_a_time(
    desk: None, session_of: Sessions, visitor: Browser
) -> None:
    with session_of() as session:
        for number in range(5):
            measured(session, f"more-{number}", html(STACK_PARAGRAPH.upper()))
    first = visitor.get(f"/evidence/paragraphs/{HEX}").text
    assert "<h1>A paragraph that stands in 27 articles</h1>" in first
    assert STACK_PARAGRAPH in first
    second = visitor.get(re.search(r'href="(/evidence/paragraphs/\w+\?after=[^"]+)"', first)[1]).text
    assert len(re.findall('id="holder-', first)) == 25
    assert re.findall('id="holder-([^"]+)"', second) == ["more-3", "more-4"]


@pytest.mark.parametrize("digest", ["1", "0" * 16, "g" * 16, "F" * 16, "0" * 300])
def test_there_is_no_such_paragraph(visitor: Browser, digest: str) -> None:
    assert visitor.get(f"/evidence/paragraphs/{digest}").status_code == 404


@pytest.mark.parametrize("path", ["/evidence/paragraphs?after=x", "/evidence/paragraphs?after=WzFd"])
def test_a_cursor_of_another_list_is_refused(visitor: Browser, path: str) -> None:
    assert visitor.get(path).status_code == 422


def test_the_list_of_articles_leads_there(app: Flask, visitor: Browser) -> None:
    assert 'href="/evidence/paragraphs"' in visitor.get("/articles").text
