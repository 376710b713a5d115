"""Claims, called as the pages and the API call them: a lease on one article, at most three a reviewer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.errors import Conflict, Invalid
from review_app.outbox.models import Event
from review_app.review_queue.actions import (
    ClaimHeld,
    TooManyClaims,
    claim_next,
    hold,
    put_into_queue,
    release,
    settle,
    skip,
)
from review_app.review_queue.models import Claim, Skip
from review_app.review_queue.queries import claim_of
from tests.factories import LONG_AGO, make_article

Sessions = Callable[[], AbstractContextManager[Session]]
LEASE = timedelta(minutes=15)
NOW = LONG_AGO + timedelta(days=1)
ANY = Filters()


def take_next(
    session: Session, user: User, filters: Filters = ANY, at: timedelta = timedelta()
) -> str | None:
    """The source id of what a reviewer gets."""
    claim = claim_next(session, user, filters, now=NOW + at, lease=LEASE)
    return session.get_one(Article, claim.article_id).source_id if claim else None


def pass_over(
    session: Session, user: User, source_id: str, reason: str = "", at: timedelta = timedelta()
) -> None:
    article = lock_article(session, source_id)
    skip(session, article, user, reason, actor=user.as_actor(), now=NOW + at)


def test_the_one_that_waits_longest_comes_first(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "second", queue_rank=20)
        make_article(session, "first", queue_rank=10)
        assert [take_next(session, reviewer), take_next(session, reviewer)] == ["first", "second"]


def test_what_another_holds_is_passed_over(session_of: Sessions, reviewer: User, colleague: User) -> None:
    with session_of() as session:
        make_article(session, "first")
        make_article(session, "second")
        assert take_next(session, colleague) == "first"
        assert take_next(session, reviewer) == "second"
        assert take_next(session, reviewer) is None


def test_next_stays_within_the_filters(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "flask-one", primary_stack="flask")
        make_article(session, "nginx-one", primary_stack="nginx", flags={"image_heavy": True})
        make_article(session, "heavy-said-no", primary_stack="nginx", flags={"image_heavy": False})
        assert take_next(session, reviewer, Filters(stack="nginx", flag="image_heavy")) == "nginx-one"
        assert take_next(session, reviewer, Filters(stack="nginx", flag="image_heavy")) is None


def test_what_does_not_wait_is_never_next(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, awaiting_review=False)
        assert take_next(session, reviewer) is None


def test_a_fourth_claim_is_refused(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        made = [make_article(session) for _ in range(4)]
        for _ in range(3):
            take_next(session, reviewer)
        with pytest.raises(TooManyClaims):
            take_next(session, reviewer)
        with pytest.raises(TooManyClaims):
            hold(session, made[3], reviewer, now=NOW, lease=LEASE)


def test_renewing_one_of_three_is_no_fourth(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        made = [make_article(session) for _ in range(3)]
        for article in made:
            hold(session, article, reviewer, now=NOW, lease=LEASE)
        renewed = hold(session, made[0], reviewer, now=NOW + timedelta(minutes=1), lease=LEASE)
        assert renewed.expires_at == NOW + timedelta(minutes=16)
        assert renewed.claimed_at == NOW


def test_claims_that_ran_out_leave_room(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        for _ in range(4):
            make_article(session)
        for _ in range(3):
            take_next(session, reviewer)
        assert take_next(session, reviewer, at=LEASE) is not None


def test_an_expired_claim_is_free_at_once(session_of: Sessions, reviewer: User, colleague: User) -> None:
    with session_of() as session:
        make_article(session, "only")
        assert take_next(session, reviewer) == "only"
        assert take_next(session, colleague, at=LEASE - timedelta(seconds=1)) is None
        assert take_next(session, colleague, at=LEASE) == "only"


def test_a_renewed_claim_is_not_free(session_of: Sessions, reviewer: User, colleague: User) -> None:
    with session_of() as session:
        article = make_article(session)
        hold(session, article, reviewer, now=NOW, lease=LEASE)
        hold(session, article, reviewer, now=NOW + timedelta(minutes=14), lease=LEASE)
        with pytest.raises(ClaimHeld) as refused:
            hold(session, article, colleague, now=NOW + timedelta(minutes=28), lease=LEASE)
        assert refused.value.extra["held_by"] == reviewer.email
        assert refused.value.extra["expires_at"] == (NOW + timedelta(minutes=29)).isoformat()


def test_a_lease_that_passed_to_another_is_not_renewed(
    session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        article = make_article(session)
        hold(session, article, reviewer, now=NOW, lease=LEASE)
        hold(session, article, colleague, now=NOW + LEASE, lease=LEASE)
        with pytest.raises(ClaimHeld):
            hold(session, article, reviewer, now=NOW + LEASE, lease=LEASE)


def test_a_claim_taken_again_later_counts_from_then(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        article = make_article(session)
        hold(session, article, reviewer, now=NOW, lease=LEASE)
        again = hold(session, article, reviewer, now=NOW + timedelta(hours=3), lease=LEASE)
        assert again.claimed_at == NOW + timedelta(hours=3)


def test_releasing_frees_and_never_takes_from_another(
    session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        article = make_article(session)
        hold(session, article, reviewer, now=NOW, lease=LEASE)
        release(session, article, colleague)
        assert claim_of(session, article, NOW) is not None
        release(session, article, reviewer)
        assert claim_of(session, article, NOW) is None


def test_what_was_skipped_comes_after_the_others_for_that_reviewer(
    session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        for name in ("first", "second"):
            make_article(session, name)
        take_next(session, reviewer)
        pass_over(session, reviewer, "first", "not my field")
        assert session.scalars(select(Claim)).all() == []
        assert take_next(session, colleague) == "first"
        release(session, lock_article(session, "first"), colleague)
        assert [take_next(session, reviewer), take_next(session, reviewer)] == ["second", "first"]


def test_what_was_skipped_twice_goes_behind_what_was_skipped_since(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        for name in ("first", "second"):
            make_article(session, name)
        for minute, name in enumerate(("first", "second", "first")):
            pass_over(session, reviewer, name, at=timedelta(minutes=minute))
        assert [take_next(session, reviewer), take_next(session, reviewer)] == ["second", "first"]


def test_a_skip_is_logged_with_its_reason(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "first")
        pass_over(session, reviewer, "first", "not my field")
        entry = session.scalars(select(Event).where(Event.kind == "article.skipped")).one()
        assert (entry.actor, entry.subject_id, entry.after) == (
            reviewer.email,
            "first",
            {"reason": "not my field"},
        )


def test_what_another_holds_cannot_be_skipped(session_of: Sessions, reviewer: User, colleague: User) -> None:
    with session_of() as session:
        make_article(session, "first")
        take_next(session, colleague)
        with pytest.raises(ClaimHeld):
            pass_over(session, reviewer, "first")


def test_a_reason_may_not_be_a_novel(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "first")
        with pytest.raises(Invalid) as refused:
            pass_over(session, reviewer, "first", "x" * 501)
        assert "reason" in refused.value.fields


def test_settling_ends_claim_and_skips(session_of: Sessions, reviewer: User, colleague: User) -> None:
    with session_of() as session:
        article = make_article(session, "first")
        pass_over(session, colleague, "first")
        take_next(session, reviewer)
        settle(session, article)
        assert session.scalars(select(Claim)).all() == []
        assert session.scalars(select(Skip)).all() == []


def test_what_is_put_into_the_queue_waits_from_then_on(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        article = make_article(session, awaiting_review=False, needs_human_review=False, queue_rank=1)
        make_article(session, "waits-longer")
        before = article.row_version
        put_into_queue(session, article, actor=lead.as_actor(), now=NOW)
        assert article.awaiting_review
        assert article.row_version == before + 1
        assert [take_next(session, lead), take_next(session, lead)] == ["waits-longer", article.source_id]


@pytest.mark.parametrize("status", ["approved", "rejected", "archived"])
def test_what_is_settled_is_not_put_into_the_queue(session_of: Sessions, lead: User, status: str) -> None:
    with session_of() as session:
        article = make_article(session, awaiting_review=False, revision_status=status)
        with pytest.raises(Conflict):
            put_into_queue(session, article, actor=lead.as_actor(), now=NOW)


def test_what_waits_is_not_put_into_the_queue_twice(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        article = make_article(session)
        with pytest.raises(Conflict):
            put_into_queue(session, article, actor=lead.as_actor(), now=NOW)
