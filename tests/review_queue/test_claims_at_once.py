"""Many reviewers press "Review next" in the same moment: real threads, a real database, a connection each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.review_queue.actions import ClaimHeld, TooManyClaims, claim_next, hold
from review_app.review_queue.models import Claim
from tests.factories import LONG_AGO, make_article, make_user

Sessions = Callable[[], AbstractContextManager[Session]]
CALLERS = 32
LEASE = timedelta(minutes=15)
NOW = LONG_AGO + timedelta(days=1)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Connections enough that nobody waits for one: what orders the callers is the database alone."""
    engine = create_engine(database_url, pool_size=CALLERS)
    yield engine
    engine.dispose()


def at_once(engine: Engine, work: Callable[[Session, User], str], users: list[User]) -> list[str]:
    """What `work` gives for each user, all of them let go at the same moment, each in a transaction of its own."""
    gate = threading.Barrier(len(users))

    def one(user: User) -> str:
        with Session(engine) as session:
            gate.wait(timeout=30)
            session.connection(execution_options={"review_writes": True})
            given = work(session, user)
            session.commit()
            return given

    with ThreadPoolExecutor(len(users)) as threads:
        return list(threads.map(one, users))


def take_next(session: Session, user: User) -> str:
    try:
        claim = claim_next(session, user, Filters(), now=NOW, lease=LEASE)
    except TooManyClaims:
        return "too many"
    return session.get_one(Article, claim.article_id).source_id if claim else "none"


@pytest.fixture
def reviewers(session_of: Sessions) -> list[User]:
    """As many as call."""
    with session_of() as session:
        users = [make_user(session) for _ in range(CALLERS)]
        session.flush()
        session.expunge_all()
    return users


def articles(session_of: Sessions, count: int) -> None:
    with session_of() as session:
        for _ in range(count):
            make_article(session)


def test_32_callers_get_32_articles(session_of: Sessions, engine: Engine, reviewers: list[User]) -> None:
    articles(session_of, CALLERS)
    given = at_once(engine, take_next, reviewers)
    assert "none" not in given
    assert len(set(given)) == CALLERS
    with session_of() as session:
        assert len(set(session.scalars(select(Claim.user_id)))) == CALLERS


def test_32_callers_of_10_articles_share_none(
    session_of: Sessions, engine: Engine, reviewers: list[User]
) -> None:
    articles(session_of, 10)
    given = Counter(at_once(engine, take_next, reviewers))
    assert given.pop("none") == CALLERS - 10
    assert set(given.values()) == {1}


def test_expired_claims_go_to_one_caller_each(
    session_of: Sessions, engine: Engine, reviewers: list[User]
) -> None:
    articles(session_of, 3)
    with session_of() as session:
        for _ in range(3):
            assert claim_next(session, reviewers[0], Filters(), now=NOW - LEASE, lease=LEASE)
    given = Counter(at_once(engine, take_next, reviewers))
    assert given.pop("none") == CALLERS - 3
    assert set(given.values()) == {1}


def test_one_reviewer_gets_three_however_often_they_press(
    session_of: Sessions, engine: Engine, reviewers: list[User]
) -> None:
    articles(session_of, CALLERS)
    given = Counter(at_once(engine, take_next, [reviewers[0]] * 16))
    assert given.pop("too many") == 13
    assert len(given) == 3


def test_of_all_who_claim_one_article_one_has_it(
    session_of: Sessions, engine: Engine, reviewers: list[User]
) -> None:
    with session_of() as session:
        make_article(session, "wanted")

    def claim_it(session: Session, user: User) -> str:
        try:
            hold(session, lock_article(session, "wanted"), user, now=NOW, lease=LEASE)
        except ClaimHeld:
            return "held"
        return "mine"

    assert Counter(at_once(engine, claim_it, reviewers)) == {"mine": 1, "held": CALLERS - 1}
