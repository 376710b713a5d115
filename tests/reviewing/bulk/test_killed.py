"""A worker that is killed at any moment, and another that goes on: nothing is decided twice, and nothing is left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.engine import Engine

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.reviewing.bulk.actions import request_undo
from review_app.reviewing.bulk.jobs import due_bulks, run_bulk
from review_app.reviewing.bulk.models import BulkItem
from review_app.reviewing.bulk.queries import get_bulk
from review_app.reviewing.models import Decision
from tests.factories import make_article
from tests.reviewing.bulk.conftest import Bulk
from tests.reviewing.desk import UNDO, Sessions
from tests.support.application import environment

WORK = (
    "import sys; from review_app.app import create_app; from review_app.reviewing.bulk.jobs import run_bulk\n"
)
WORK += "app = create_app()\nwith app.app_context(): run_bulk(int(sys.argv[1]))"


class Killed(BaseException):
    """No handler of ours may catch it."""


@contextmanager
def killed_after(statements: int) -> Iterator[None]:
    """Let the block end at this statement, as a killed process does: what was not committed never was."""
    left = iter(range(statements))

    def count(*_: Any) -> None:
        if next(left, None) is None:
            raise Killed

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def decisions(session_of: Sessions) -> Counter[tuple[int, str]]:
    with session_of() as session:
        return Counter(map(tuple, session.execute(select(Decision.article_id, Decision.outcome))))


def work_until_ended(app: Flask, session_of: Sessions, bulk_id: int, chance: random.Random) -> int:
    """Work and be killed, again and again. Returns how often."""
    kills, over = 0, ("finished", "undone")
    while True:
        try:
            with app.app_context(), killed_after(chance.randrange(1, 160)):
                run_bulk(bulk_id)
        except Killed:
            kills += 1
        with app.app_context():
            db.session.remove()
        with session_of() as session:
            if get_bulk(session, bulk_id).state in over:
                return kills


def test_killed_at_any_statement_it_decides_each_article_once_and_undoes_each_once(
    app: Flask, session_of: Sessions, confirmed: Bulk, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.reviewing.bulk.running.ARTICLES_AT_ONCE", 5)
    monkeypatch.setattr("review_app.reviewing.bulk.jobs.is_gone", bool)
    with session_of() as session:
        for _ in range(20):
            make_article(session)
    bulk, chance = confirmed(lead, "reject"), random.Random(3)
    assert work_until_ended(app, session_of, bulk.id, chance) > 2
    assert set(decisions(session_of).values()) == {1}
    with session_of() as session:
        found = get_bulk(session, bulk.id)
        assert (found.done, found.left_out, found.failed) == (20, 0, 0)
        assert set(session.scalars(select(BulkItem.result))) == {"done"}
        who = session.get_one(User, lead.id)
        request_undo(session, found, who, "Oh.", actor=who.as_actor(), now=utc_now(), undo=UNDO)
    assert work_until_ended(app, session_of, bulk.id, chance) > 2
    counted = decisions(session_of)
    assert len(counted) == 40
    assert set(counted.values()) == {1}


def test_a_worker_that_lives_keeps_its_bulk_action(
    app: Flask, session_of: Sessions, confirmed: Bulk, lead: User
) -> None:
    with session_of() as session:
        make_article(session)
    bulk = confirmed(lead, "reject")
    with app.app_context(), pytest.raises(Killed), killed_after(12):
        run_bulk(bulk.id)
    with app.app_context():
        db.session.remove()
        assert list(due_bulks(utc_now())) == []
        run_bulk(bulk.id)
    assert not decisions(session_of)


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_a_bulk_action_that_another_ends(
    app: Flask, database_url: str, tmp_path: Path, session_of: Sessions, confirmed: Bulk, lead: User
) -> None:
    with session_of() as session:
        for _ in range(60):
            make_article(session)
    bulk = confirmed(lead, "reject")
    variables = {**os.environ, **environment(database_url, tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", WORK, str(bulk.id)], env=variables)
    engine = create_engine(database_url)
    with engine.connect() as connection:
        while process.poll() is None:
            done = connection.scalar(text("SELECT done FROM bulk_action"))
            connection.rollback()
            if done:
                break
            time.sleep(0.01)
    engine.dispose()
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    with app.app_context():
        assert list(due_bulks(utc_now())) == [bulk.id]
        run_bulk(bulk.id)
    counted = decisions(session_of)
    assert len(counted) == 60
    assert set(counted.values()) == {1}
