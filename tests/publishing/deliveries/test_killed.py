"""Workers that are killed at any moment: what the receivers accepted and what we say was delivered are the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text, update

from review_app.base.clock import utc_now
from review_app.publishing.models import Delivery
from tests.publishing.deliveries.conftest import make_target
from tests.publishing.deliveries.receiver import until
from tests.support.application import environment

KILLS = int(os.environ.get("REVIEW_TEST_KILLS", "3"))
"""50 take some two minutes."""
PUBLICATIONS = 1_000 if KILLS >= 20 else 20 * KILLS
ARTICLES = PUBLICATIONS // 3
TARGETS = 3
WORKERS = 2

FORKER = """
import os, sys
from datetime import timedelta
import review_app.base.jobs, review_app.worker
from review_app.app import create_app
from review_app.publishing.deliveries import jobs, leases, rules
rules.LEASE = leases.LEASE = timedelta(seconds=1)
jobs.RENEWED_AFTER = rules.LEASE / 4
review_app.base.jobs.SWEEP_SECONDS = review_app.worker.SWEEP_SECONDS = 0.25
for line in sys.stdin:
    order, number = map(int, line.split())
    if order:
        os.kill(number, order)
        print(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), flush=True)
    elif worker := os.fork():
        print(worker, flush=True)
    else:
        try:
            app = create_app()
            with app.app_context():
                review_app.worker.work(app)
            os._exit(0)
        finally:
            os._exit(1)
"""
"""Starts workers and ends them with a signal, as it is told: forks, since to import it all anew takes a second.

The worker is as it always is, but for leases of a second, so that what a dead one held is soon free.
"""


class Workers:
    """Workers that can be started and killed, each a process of its own."""

    def __init__(self, variables: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.forker = subprocess.Popen(
                [sys.executable, "-c", FORKER],
                env={**os.environ, **variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        self.numbers = [self._ask(0, 0) for _ in range(WORKERS)]

    def _ask(self, order: int, number: int) -> int:
        assert self.forker.stdin
        assert self.forker.stdout
        self.forker.stdin.write(f"{order} {number}\n")
        self.forker.stdin.flush()
        return int(self.forker.stdout.readline())

    def kill(self, place: int) -> None:
        """Kill one, whatever it is doing, and start another in its place."""
        assert self._ask(signal.SIGKILL, self.numbers[place]) == -signal.SIGKILL, self.log.read_text()
        self.numbers[place] = self._ask(0, 0)

    def stop(self) -> None:
        """Let them all finish what they are at."""
        codes = [self._ask(signal.SIGTERM, number) for number in self.numbers]
        self.forker.communicate(timeout=60)
        assert codes == [0] * WORKERS, self.log.read_text()


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_doubled_or_out_of_order(
    database_url: str, tmp_path: Path, receive, session_of, tell
) -> None:
    receivers = [receive() for _ in range(TARGETS)]
    chance = random.Random(11)
    for receiver in receivers:
        # One in twenty fails, so that some wait while others go on.
        receiver.behave = lambda _call: 500 if chance.random() < 0.05 else 204
    with session_of() as session:
        targets = [
            make_target(session, receiver.url, f"hook {number}").id
            for number, receiver in enumerate(receivers)
        ]
    variables = environment(database_url, tmp_path) | {
        "REVIEW_ALLOW_PRIVATE_TARGETS": "on",
        "REVIEW_UNDO_SECONDS": "0",
    }
    engine = create_engine(database_url)
    workers = Workers(variables, tmp_path / "workers.log")
    try:
        for kill in range(KILLS):
            portion = PUBLICATIONS // KILLS
            arrived = sum(len(receiver.calls) for receiver in receivers)
            # Most articles are published more than once.
            named = (f"a-{number % ARTICLES:04}" for number in range(kill * portion, (kill + 1) * portion))
            tell(*named, kind="article.published", version="1.3.0")
            until(lambda before=arrived: sum(len(one.calls) for one in receivers) > before + 3, seconds=60)
            time.sleep(chance.uniform(0, 0.3))
            workers.kill(kill % WORKERS)

        def all_delivered() -> bool:
            with engine.connect() as connection:
                # Nobody waits five minutes for the second try. Rows that a worker is at are passed over: to wait for
                # some while holding others would be to lock in another order than the worker does.
                free = (
                    select(Delivery.id).where(Delivery.state == "waiting").with_for_update(skip_locked=True)
                )
                connection.execute(update(Delivery).where(Delivery.id.in_(free)).values(due_at=utc_now()))
                connection.commit()
                done = connection.scalar(text("SELECT count(*) FROM delivery WHERE state = 'delivered'"))
            return done == PUBLICATIONS * TARGETS

        until(all_delivered, seconds=60 + KILLS * 2)
    finally:
        workers.stop()
        engine.dispose()
    with engine.connect() as connection:
        ours = connection.execute(
            text("SELECT target_id, message_id, outbox_id FROM delivery WHERE state = 'delivered'")
        ).all()
        tries = connection.scalar(text("SELECT count(*) FROM delivery_attempt WHERE result = 'done'"))
    engine.dispose()
    for target_id, receiver in zip(targets, receivers, strict=True):
        delivered = {row.message_id: row.outbox_id for row in ours if row.target_id == target_id}
        accepted = {call.id: call.sequence for call in receiver.accepted}
        assert accepted == delivered
        assert len(set(accepted.values())) == PUBLICATIONS
        assert receiver.forged == 0
        assert all(places == sorted(places) for places in receiver.ledger().values())
    assert tries >= PUBLICATIONS * TARGETS
