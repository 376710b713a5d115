"""An article's place for programs: why, by when, whose."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from review_app.accounts.models import User
from tests.factories import make_article
from tests.reviewing.desk import Sessions
from tests.support.cast import Program

Programs = Callable[[User], Program]


@pytest.fixture(autouse=True)
def waiting(session_of: Sessions) -> None:
    """One article that waits and one that does not."""
    with session_of() as session:
        make_article(session, "a")
        make_article(session, "done", awaiting_review=False)


def test_a_program_reads_why_an_article_stands_where_it_stands(program_of: Programs, reviewer: User) -> None:
    place = program_of(reviewer).get("/articles/a/place").json
    assert place["ranking"] == "oldest"
    assert place["reason"].startswith("It has waited since 1 Nov 2026")
    assert (place["due_on"], place["overdue"], place["assigned_to"]) == (None, False, None)


def test_a_program_chooses_the_day_and_leaves_it_to_the_policy(program_of: Programs, lead: User) -> None:
    program = program_of(lead)
    answer = program.put("/articles/a/due-date", json={"due_on": "2034-11-24"})
    assert (answer.status_code, answer.json["due_on"], answer.json["due_by_hand"]) == (
        200,
        "2034-11-24",
        True,
    )
    answer = program.delete("/articles/a/due-date")
    assert (answer.json["due_on"], answer.json["due_by_hand"]) == (None, False)


def test_a_program_assigns_and_the_next_of_that_reviewer_is_it(
    session_of: Sessions, program_of: Programs, lead: User, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        make_article(session, "b")
    program = program_of(lead)
    answer = program.put("/articles/b/assignment", json={"reviewer": reviewer.email})
    assert (answer.status_code, answer.json["assigned_to"]) == (200, reviewer.email)
    assert program_of(reviewer).post("/queue/next").json["article"]["source_id"] == "b"
    assert program_of(colleague).post("/queue/next").json["article"]["source_id"] == "a"
    assert program.delete("/articles/b/assignment").json["assigned_to"] is None


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/articles/a/due-date", {"due_on": "2020-01-01"}, 422),
        ("/articles/a/due-date", {"due_on": "soon"}, 422),
        ("/articles/a/due-date", {}, 422),
        ("/articles/done/due-date", {"due_on": "2034-11-24"}, 409),
        ("/articles/a/assignment", {"reviewer": "x@example.com"}, 422),
        ("/articles/done/assignment", {"reviewer": "lead@example.com"}, 409),
        ("/articles/nothing/assignment", {"reviewer": "lead@example.com"}, 404),
    ],
)
def test_what_cannot_be_is_refused(
    program_of: Programs, lead: User, path: str, body: dict[str, str], status: int
) -> None:
    assert program_of(lead).put(path, json=body).status_code == status


@pytest.mark.parametrize("path", ["due-date", "assignment"])
@pytest.mark.parametrize("method", ["put", "delete"])
def test_a_reviewer_s_program_steers_nothing(
    program_of: Programs, reviewer: User, path: str, method: str
) -> None:
    call = getattr(program_of(reviewer), method)
    body = {"due_on": "2034-11-24"} if path == "due-date" else {"reviewer": reviewer.email}
    assert call(f"/articles/a/{path}", **({"json": body} if method == "put" else {})).status_code == 403
