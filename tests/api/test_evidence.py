"""Evidence for programs: on one article, and the paragraphs that stand in many."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from tests.evidence.texts import STACK_PARAGRAPH, html, measured, paragraph
from tests.factories import make_article
from tests.support.cast import Program

SessionOf = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def program(program_of: Callable[[User], Program], reviewer: User) -> Program:
    return program_of(reviewer)


@pytest.fixture
def desk(session_of: SessionOf) -> None:
    with session_of() as session:
        for number in range(3):
            measured(session, f"n{number}", html(STACK_PARAGRAPH, paragraph(number)))
        measured(session, "one", html(STACK_PARAGRAPH, paragraph(0)), reading_minutes=9)


def test_an_article_s_facts_have_a_kind_a_sentence_and_what_they_rest_on(
    program: Program, desk: None
) -> None:
    answer = program.get("/articles/one/evidence").json
    assert answer["source_id"] == "one"
    assert answer["measured_at"] == "2026-11-01T09:00:00Z"
    facts = {fact["kind"]: fact for fact in answer["facts"]}
    assert facts["reading_time"] == {
        "kind": "reading_time",
        "sentence": "2 words, read in about 1 minute; it declares 9 minutes.",
        "rests_on": "238 words a minute, the mean of silent reading",
        "figures": {"words": 2, "minutes": 1, "declared_minutes": 9},
        "links": [],
    }
    first, *_, last = facts["paragraphs"]["links"]
    assert (first["source_id"], len(first["paragraph"])) == (None, 16)
    assert last["source_id"] is not None
    assert last["paragraph"] is None


def test_an_article_that_is_being_measured_has_no_facts_yet(program: Program, session_of: SessionOf) -> None:
    with session_of() as session:
        make_article(session, "new")
    answer = program.get("/articles/new/evidence").json
    assert answer == {"source_id": "new", "measured_at": None, "facts": []}
    assert program.get("/articles/unknown/evidence").status_code == 404


def test_repeated_paragraphs_are_listed_with_their_articles(program: Program, desk: None) -> None:
    first = program.get("/evidence/paragraphs?limit=1").json
    (most,) = first["items"]
    assert (most["articles"], most["text"], most["first_source_id"]) == (4, STACK_PARAGRAPH, "n0")
    second = program.get(f"/evidence/paragraphs?after={first['next']}").json
    assert [(item["articles"], item["text"]) for item in second["items"]] == [(2, paragraph(0))]
    assert second["next"] is None
    articles = program.get(f"/evidence/paragraphs/{most['digest']}/articles?limit=3").json
    assert [item["source_id"] for item in articles["items"]] == ["n0", "n1", "n2"]
    rest = program.get(f"/evidence/paragraphs/{most['digest']}/articles?after={articles['next']}").json
    assert rest == {"items": [{"source_id": "one", "title": "Title of one"}], "next": None}
    assert program.get("/evidence/paragraphs/none/articles").status_code == 404
