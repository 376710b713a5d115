"""What a search asks for, what it finds on both databases, and how that is marked without trusting any text."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from review_app.articles.filters import Filters
from review_app.articles.highlights import AFTER, BEFORE, Highlighter, Piece
from review_app.articles.queries import list_articles
from review_app.articles.search import MOST_WORDS, Term, terms_of
from tests.factories import make_article

Sessions = Callable[[], AbstractContextManager[Session]]


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("", []),
        ("?!", []),
        ("Red hat", [Term(("red",)), Term(("hat",), begins=True)]),
        ('"red hat"', [Term(("red", "hat"))]),
        ('"red hat" linu', [Term(("red", "hat")), Term(("linu",), begins=True)]),
        ("red -hat", [Term(("red",)), Term(("hat",), left_out=True)]),
        ('red -"old hat"', [Term(("red",)), Term(("old", "hat"), left_out=True)]),
        ("well-known", [Term(("well",)), Term(("known",), begins=True)]),
        ('"red', [Term(("red",), begins=True)]),
        ("-", []),
    ],
)
def test_words_phrases_and_what_is_left_out(query: str, terms: list[Term]) -> None:
    assert terms_of(query) == terms


def test_a_search_has_so_many_words_at_most() -> None:
    assert sum(len(term.words) for term in terms_of('"a b c d e f" ' * 9)) == MOST_WORDS


def test_searches_find_the_same_on_every_database(session_of: Sessions) -> None:
    found = {
        "red": {"red hat", "red old hat", "hat red"},
        "red ha": {"red hat", "red old hat", "hat red"},
        '"red hat"': {"red hat"},
        "red -old": {"red hat", "hat red"},
        'hat -"red hat" -"old hat"': {"hat red"},
        "-red": {"blue"},
        "-red -blue": set(),
        '"hat re"': set(),
        "O'Brien' & | ! <-> (": set(),
    }
    with session_of() as session:
        for title in ("red hat", "red old hat", "hat red", "blue"):
            make_article(session, title=title)
    with session_of() as session:
        for query, titles in found.items():
            rows = list_articles(session, Filters(q=query)).rows
            assert {article.title for article in rows} == titles, query


def marked(query: str, text: str) -> list[str]:
    return [piece.text for piece in Highlighter(query).pieces(text) if piece.marked]


@pytest.mark.parametrize(
    ("query", "text", "marks"),
    [
        ("cache", "Caches, a cache, and encache", ["Caches", "cache"]),
        ("red hat", "A red HAT, a redder hatter", ["red", "HAT", "hatter"]),
        ('"red hat"', "red hat, red; old hat", ["red hat"]),
        ("cafe", "Un café", ["café"]),
        ("red -hat", "red hat", ["red"]),
        ("-hat", "red hat", []),
        ("a.b", "a.b a+b", ["a", "b", "a", "b"]),
    ],
)
def test_the_words_that_were_searched_for_are_marked(query: str, text: str, marks: list[str]) -> None:
    assert marked(query, text) == marks


def test_a_snippet_is_the_place_of_the_first_word() -> None:
    text = "before " * 100 + "the needle here " + "after " * 100
    snippet = Highlighter("needle").snippet(text)
    whole = "".join(piece.text for piece in snippet)
    assert Piece("needle", marked=True) in snippet
    assert whole.startswith("… before")
    assert whole.endswith(" …")
    assert len(whole) <= BEFORE + AFTER + 12
    assert Highlighter("absent").snippet(text) == []


@given(st.text(max_size=40), st.text(max_size=200))
def test_marking_changes_no_text(query: str, text: str) -> None:
    assert "".join(piece.text for piece in Highlighter(query).pieces(text)) == text
    Highlighter(query).snippet(text)
