"""Bulk actions without pages: freeze, confirm and run in one call, with plain defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.base.clock import utc_now
from review_app.reviewing.bulk.actions import Params, confirm, freeze
from review_app.reviewing.bulk.jobs import run_bulk
from review_app.reviewing.bulk.models import BulkAction
from review_app.reviewing.bulk.queries import get_bulk
from review_app.reviewing.bulk.rules import Action
from review_app.reviewing.bulk.selecting import all_that_match, those_named
from review_app.reviewing.queries import current_rules
from tests.reviewing.desk import Sessions

Bulk = Callable[..., BulkAction]


@pytest.fixture
def frozen(session_of: Sessions) -> Bulk:
    """Select articles: those named, or all within the filters."""

    def make(user: User, action: str, *named: str, **filters: Any) -> BulkAction:
        with session_of() as session:
            what = Action(action)
            all_of_it = all_that_match(session, Filters(**filters), what)
            selection = those_named(named) if named else all_of_it
            return freeze(session, user, what, selection, params=Params(), now=utc_now())

    return make


@pytest.fixture
def confirmed(session_of: Sessions, frozen: Bulk) -> Bulk:
    """Select them and confirm it."""

    def make(
        user: User, action: str, *named: str, note: str = "Because.", reviewer: str = "", **filters: Any
    ) -> BulkAction:
        bulk_id = frozen(user, action, *named, **filters).id
        with session_of() as session:
            bulk, rules = get_bulk(session, bulk_id), current_rules(session)
            ticked = frozenset(item.id for item in rules.checklist)
            who = session.get_one(User, user.id)
            params = Params(note, ticked, reviewer)
            confirm(session, bulk, who, params, rules=rules, actor=who.as_actor(), now=utc_now())
            return bulk

    return make


@pytest.fixture
def done(app: Flask, session_of: Sessions, confirmed: Bulk) -> Bulk:
    """Select them, confirm it, and let a worker do all of it."""

    def make(user: User, action: str, *named: str, **options: Any) -> BulkAction:
        bulk_id = confirmed(user, action, *named, **options).id
        with app.app_context():
            run_bulk(bulk_id)
        with session_of() as session:
            return get_bulk(session, bulk_id)

    return make
