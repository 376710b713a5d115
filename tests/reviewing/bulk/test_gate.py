"""The gate, with bulk actions among all that people do: begun, cut short, gone on with and undone at any moment."""

from __future__ import annotations

from contextlib import suppress

from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from review_app.accounts.models import User
from review_app.base.database import transaction
from review_app.base.errors import DomainError
from review_app.outbox.actions import SYSTEM
from review_app.reviewing.bulk.actions import Params, confirm, freeze, request_undo
from review_app.reviewing.bulk.queries import lock_bulk
from review_app.reviewing.bulk.rules import Action, State
from review_app.reviewing.bulk.running import run_some, undo_some
from review_app.reviewing.bulk.selecting import those_named
from review_app.reviewing.policy import DeskRules, set_floors
from review_app.reviewing.queries import current_rules
from tests.reviewing.desk import UNDO
from tests.reviewing.test_gate import ARTICLES, LEAD, Desk

FEW = [
    Action.APPROVE,
    Action.APPROVE,
    Action.SET_REVIEWED,
    Action.REQUEST_CHANGES,
    Action.REJECT,
    Action.PUT_IN,
]
BEGUN = (State.QUEUED, State.RUNNING, State.UNDOING)


class BulkDesk(Desk):
    """A desk on which a lead does things to all of its articles at once. `last` is the bulk action that was made last."""

    last: int | None = None

    def __init__(self) -> None:
        super().__init__()
        self._allow(2)

    def _allow(self, limit: int) -> None:
        with transaction() as session:
            rules = current_rules(session)
            lead, desk = session.get_one(User, self.people[LEAD]), DeskRules(bulk_approve_limit=limit)
            kept = {"based_on": rules.version, "desk": desk, "actor": SYSTEM, "now": self.now}
            set_floors(session, lead, rules.floors, "test", **kept)

    @rule(action=st.sampled_from(FEW), ticked=st.booleans(), limit=st.sampled_from([0, 2]))
    def select_all_and_confirm(self, action: Action, ticked: bool, limit: int) -> None:
        self._allow(2)
        params = Params("Because.", frozenset({self.line}) if ticked else frozenset())
        with suppress(DomainError), transaction() as session:
            lead = session.get_one(User, self.people[LEAD])
            chosen = those_named([self.names[number] for number in ARTICLES])
            bulk = freeze(session, lead, action, chosen, params=params, now=self.now)
            confirm(session, bulk, lead, params, rules=current_rules(session), actor=SYSTEM, now=self.now)
            self.last = bulk.id
        self._allow(limit)

    @precondition(lambda self: self.last is not None)
    @rule()
    def a_worker_does_some_of_it(self) -> None:
        with transaction() as session:
            bulk = lock_bulk(session, self.last)
            if bulk.state in BEGUN:
                work = undo_some if bulk.state == State.UNDOING else run_some
                work(session, bulk, 0, now=self.now, undo=UNDO)

    @precondition(lambda self: self.last is not None)
    @rule()
    def all_of_it_is_undone(self) -> None:
        with suppress(DomainError), transaction() as session:
            bulk = lock_bulk(session, self.last)
            lead = session.get_one(User, self.people[LEAD])
            request_undo(session, bulk, lead, "Oh.", actor=SYSTEM, now=self.now, undo=UNDO)


def test_the_gate_holds_whatever_is_done_in_bulk(app: Flask, monkeypatch) -> None:
    monkeypatch.setattr("review_app.reviewing.bulk.running.ARTICLES_AT_ONCE", 1)
    BulkDesk.app = app
    run_state_machine_as_test(BulkDesk, settings=settings(stateful_step_count=20, max_examples=4))
