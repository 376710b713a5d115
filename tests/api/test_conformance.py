"""The API against its own document: generated calls, right and wrong, on a desk with data (schemathesis)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation, BaseSchema
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.paging import encode_cursor
from review_app.importing.models import MergeProposal
from review_app.publishing.kinds.face import Outcome, Result
from review_app.publishing.kinds.webhook import Webhook
from review_app.publishing.models import RemoteArticle, Target
from review_app.publishing.truth.models import PublicCheck
from review_app.publishing.truth.rules import Finding
from review_app.worker import run_pending
from tests.factories import LONG_AGO, make_article
from tests.importing.records import lines, record
from tests.support.cast import Program

ProgramOf = Callable[[User], Program]
SessionOf = Callable[[], AbstractContextManager[Session]]

ARTICLES = [f"article-{number}" for number in range(12)]
FIRST = [1, 2, 3]
THOROUGH = 100
"""Examples of the thorough profile."""


def mostly(dictionary: str) -> dict[str, object]:
    return {"dictionary": dictionary, "probability": 0.8}


NOT_IN_A_SCHEMA = (
    "/api/v1/export",  # whether a cursor is one
    "/api/v1/evidence/paragraphs",  # which cursor belongs to which list
    "/api/v1/queue",  # which cursor belongs to which order
    "/api/v1/queue/next",  # whether the least of a score is below the most
    "/api/v1/articles",  # the same
    "/api/v1/articles/{source_id}/draft",  # that 3.0, for JSON Schema a whole number, is none of ours
    "/api/v1/views",  # whether a name is free
    "/api/v1/views/{view_id}",  # the same
    "/api/v1/views/{view_id}/assignment",  # whether there is somebody of that email
    "/api/v1/stats",  # whether a time zone is known, and whether the days are a period
    "/api/v1/imports/{batch_id}/undo",  # whether a reason says something
    "/api/v1/imports/{batch_id}/left",  # which cursor belongs to which list
    "/api/v1/sources",  # which folders and addresses may be read
    "/api/v1/sources/{import_source_id}",  # the same
    "/api/v1/targets",  # which fields a kind needs, what a secret may be, which addresses are sent to, whether a name is free
    "/api/v1/targets/{target_id}",  # the same, and whether a password is needed again
    "/api/v1/targets/{target_id}/secrets",  # which kinds have secrets, and what one may be
    "/api/v1/targets/{target_id}/test-event",  # which kinds are sent one, and whether the target is on
    "/api/v1/targets/{target_id}/secrets/{secret_id}",  # whether it is the newest
    "/api/v1/decisions/{decision_id}/rollback",  # whether a note is needed depends on who asks, and when
    "/api/v1/articles/{source_id}/decisions",  # whether all scores are there depends on the article
    "/api/v1/publish-runs",  # how far off a moment may be
    "/api/v1/publish-runs/{run_id}/rollback",  # whether a reason says something
    "/api/v1/publish-schedules",  # whether a time zone is known
    "/api/v1/bulk",  # whether a note is needed depends on the action, and which articles there are
    "/api/v1/bulk/{bulk_id}/confirm",  # the same
    "/api/v1/bulk/{bulk_id}/undo",  # the same
    "/api/v1/articles/{source_id}/merge",  # as does what waits to be merged
    "/api/v1/articles/{source_id}/notes",  # whether words say something, and a passage stands in the text
    "/api/v1/notes/{note_id}",  # the same
    "/api/v1/notes/{note_id}/replies",  # the same
)
ANY_BODY_IS_A_FILE = {
    "include-name": "POST /api/v1/imports",
    "checks": {
        "positive_data_acceptance": {"enabled": False},  # whether a file can be read is not in the schema
        "negative_data_rejection": {"enabled": False},  # and a broken form may be read as page text
    },
}
CONFIG = {
    "dictionaries": {
        "articles": {"values": ARTICLES},
        "rows": {"values": FIRST},
        "cursors": {"values": [encode_cursor(number) for number in (0, 2, 100)]},
    },
    "parameters": {
        "path.source_id": mostly("articles"),
        **{
            f"path.{name}": mostly("rows")
            for name in (
                "decision_id",
                "batch_id",
                "bulk_id",
                "run_id",
                "import_source_id",
                "target_id",
                "delivery_id",
                "schedule_id",
                "check_id",
            )
        },
        "query.after": {"dictionary": "cursors", "probability": 1},
    },
    "operations": [
        {"include-path": path, "checks": {"positive_data_acceptance": {"enabled": False}}}
        for path in NOT_IN_A_SCHEMA
    ]
    + [ANY_BODY_IS_A_FILE],
}


@pytest.fixture
def program(program_of: ProgramOf, admin: User) -> Program:
    return program_of(admin)


@pytest.fixture
def desk(app: Flask, program: Program, session_of: SessionOf, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A desk on which each kind of thing is there at least three times."""
    approved = {
        "revision_status": "approved",
        "indexable": True,
        "awaiting_review": False,
        "decided_at": LONG_AGO,
    }
    with session_of() as session:
        for number, source_id in enumerate(ARTICLES):
            article = make_article(session, source_id, **(approved if number % 3 == 0 else {}))
            fields = {
                "quality": {"before": 70, "now": 80},
                "status": {"before": "drafted", "now": "reviewed"},
            }
            session.add(
                MergeProposal(article_id=article.id, fields=fields, created_at=LONG_AGO, updated_at=LONG_AGO)
            )
    for number in FIRST:
        body = {"outcome": "save", "row_version": 1, "scores": {"quality": number}}
        assert program.post(f"/articles/{ARTICLES[number * 3 - 2]}/decisions", json=body).status_code == 201
        content = lines(record(f"imported-{number}", **{"revision.status": "odd"}), "no record")
        assert program.post("/imports", data=content).status_code == 202
        reject = {"action": "reject", "source_ids": ARTICLES[number : number + 2], "dry_run": True}
        assert program.post("/bulk", json=reject).status_code == 201
        assert program.post("/publish-runs", json={"source_ids": [ARTICLES[3], "nowhere"]}).status_code == 202
    run_pending(app)
    for number in FIRST:
        daily = {"at": f"07:{number:02}", "zone": "UTC"}
        assert program.post("/publish-schedules", json=daily).status_code == 201
        feed = {"kind": "feed", "name": "Night", "address": f"https://articles.example.com/{number}.jsonl"}
        assert program.post("/sources", json=feed).status_code == 201
        hook = {"kind": "webhook", "name": f"Hook {number}", "url": "https://hooks.example.com/desk"}
        target = program.post("/targets", json=hook)
        assert target.status_code == 201
        assert program.post(f"/targets/{target.json['id']}/test-event").status_code == 202
    put_checks(session_of)
    # Nobody is called in these tests: whatever a target is, its test fails.
    monkeypatch.setattr(Webhook, "check", lambda *_: Outcome(Result.RETRY, "nobody is called in these tests"))
    return app


def put_checks(session_of: SessionOf) -> None:
    """A place of others, and how its pages were last seen: two differ, so that there is something to mend."""
    states = ("differs", "unreadable", "differs", "agrees", "waiting")
    with session_of() as session:
        blog = Target(kind="wordpress", name="Blog", url="https://blog.example.com", username="editor")
        session.add(blog)
        session.flush()
        articles = session.scalars(select(Article).where(Article.indexable | (Article.id < FIRST[-1])))
        for article, state in zip(articles, states, strict=False):
            there = {"target_id": blog.id, "article_id": article.id, "url": f"{blog.url}/{article.slug}"}
            session.add(RemoteArticle(**there, remote_id="7", state="published", updated_at=LONG_AGO))
            session.add(
                PublicCheck(
                    **there,
                    should_index=True,
                    should_since=LONG_AGO,
                    state=state,
                    findings=[str(Finding.NOINDEX), str(Finding.CACHED)] if state == "differs" else [],
                    reason="it answered 503" if state == "unreadable" else "",
                    found_at=LONG_AGO if state in {"differs", "unreadable"} else None,
                    status=200,
                    cache_control="max-age=99999",
                    checked_at=None if state == "waiting" else LONG_AGO,
                    due_at=LONG_AGO,
                )
            )


@pytest.fixture
def schema(desk: Flask, program: Program) -> BaseSchema:
    """The served document, ready to make calls from."""
    config = schemathesis.Config.from_dict(
        CONFIG | {"headers": program.headers | {"Accept-Encoding": "identity"}}
    )
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", desk, config=config)


def generated(operation: APIOperation, mode: GenerationMode, examples: int) -> None:
    """Call an operation in so many ways, each as the document allows (or, in negative mode, forbids)."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: schemathesis.Case) -> None:
        case.call_and_validate()

    call()


def modes_of(operation: APIOperation) -> list[GenerationMode]:
    """A call that takes nothing cannot be wrong."""
    takes_something = list(operation.body) or len(list(operation.iter_parameters())) > 1  # one is the token
    return list(GenerationMode) if takes_something else [GenerationMode.POSITIVE]


def test_calls_that_are_right_or_wrong_by_the_document(schema: BaseSchema) -> None:
    """In the quick profile three of each kind, which are among the fifteen of the thorough one."""
    examples = 6 if settings.default.max_examples >= THOROUGH else 3
    for found in schema.get_all_operations():
        for mode in modes_of(found.ok()):
            generated(found.ok(), mode, examples=examples)


@pytest.mark.slow
def test_calls_at_every_bound_of_the_document(schema: BaseSchema) -> None:
    generation = schema.config.generation
    for found in schema.get_all_operations():
        operation = found.ok()
        modes = list(GenerationMode)
        for case in schema.iter_coverage_cases(
            operation, generation_modes=modes, generation_config=generation
        ):
            case.call_and_validate()
