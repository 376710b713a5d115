"""What the tests of exports share: a desk with articles that were imported, approved by a person and published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.importing.commands import import_command
from review_app.outbox.actions import SYSTEM
from review_app.reviewing.actions import Judgement, decide
from review_app.reviewing.rules import Outcome
from tests.importing.records import lines, record
from tests.publishing.conftest import UNDO

SCORES = {"quality": 91, "freshness": 92, "depth": 93, "clarity": 94}


@pytest.fixture
def bring(app: Flask, tmp_path) -> Callable[..., Any]:
    """Import a file of this name and content."""

    def call(name: str, content: bytes):
        file = tmp_path / name
        file.write_bytes(content)
        return app.test_cli_runner().invoke(import_command, [str(file)])

    return call


@pytest.fixture
def judge(session_of, lead) -> Callable[..., None]:
    """A lead approves an article with other scores, an hour ago."""

    def call(source_id: str, outcome: Outcome = Outcome.APPROVE, note: str = "") -> None:
        with session_of() as session:
            article = lock_article(session, source_id)
            judgement = Judgement(outcome, article.row_version, scores=SCORES, note=note)
            hour_ago = utc_now() - timedelta(hours=1)
            decide(session, article, session.merge(lead), judgement, actor=SYSTEM, now=hour_ago, undo=UNDO)

    return call


@pytest.fixture
def corpus(bring, judge, publish) -> Callable[..., list[str]]:
    """Import articles of these ids, approve and publish them."""

    def make(*source_ids: str, **changes: Any) -> list[str]:
        assert bring("in.jsonl", lines(*(record(one, **changes) for one in source_ids))).exit_code == 0
        for source_id in source_ids:
            judge(source_id)
        publish(*source_ids)
        return list(source_ids)

    return make
