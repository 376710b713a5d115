"""Articles that leads give to reviewers: whose next they come to, who sees it, and when it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.actions import disable_user
from review_app.accounts.models import User
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.errors import Conflict, Invalid
from review_app.notifications.models import Notification
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import Event
from review_app.review_queue.actions import claim_next, release, skip
from review_app.review_queue.assignments import assign, assigned, assignment_of
from review_app.worker import run_pending
from tests.factories import LONG_AGO, make_article
from tests.reviewing.desk import NOW, Sessions, import_again, judge, retire_checklist, undo

LEASE = timedelta(minutes=15)


def give(session: Session, source_id: str, user: User | None, lead: User | None = None) -> bool:
    actor = lead.as_actor() if lead else SYSTEM
    return assign(session, lock_article(session, source_id), user, actor=actor, now=NOW)


def take_next(session: Session, user: User, filters: Filters | None = None) -> str | None:
    """What the next is; it is given back at once."""
    claim = claim_next(session, user, filters or Filters(), now=NOW, lease=LEASE)
    if claim is None:
        return None
    article = session.get_one(Article, claim.article_id)
    release(session, article, user)
    return article.source_id


def holder_of(session: Session, source_id: str) -> int | None:
    return session.scalars(select(Article.assigned_to_id).where(Article.source_id == source_id)).one()


def test_one_s_own_come_first_and_those_of_others_never(
    session_of: Sessions, reviewer: User, colleague: User, lead: User
) -> None:
    with session_of() as session:
        for source_id in ("theirs", "free", "mine"):
            make_article(session, source_id)
        give(session, "theirs", colleague)
        give(session, "mine", reviewer)
        assert take_next(session, reviewer) == "mine"
        assert take_next(session, colleague) == "theirs"
        assert take_next(session, lead) == "free"
        judge(session, "mine", reviewer, "reject")
        judge(session, "free", reviewer, "reject")
        assert take_next(session, reviewer) is None
        give(session, "theirs", None)
        assert take_next(session, reviewer) == "theirs"


def test_of_one_s_own_the_first_of_the_queue_within_the_filters(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "free", primary_stack="nginx")
        make_article(session, "second", primary_stack="flask")
        make_article(session, "third", primary_stack="nginx")
        give(session, "third", reviewer)
        give(session, "second", reviewer)
        assert take_next(session, reviewer) == "second"
        assert take_next(session, reviewer, Filters(stack="nginx")) == "third"


def test_one_s_own_that_was_skipped_comes_after_what_is_free(
    session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        make_article(session, "theirs")
        mine = make_article(session, "mine")
        make_article(session, "free")
        give(session, "theirs", colleague)
        give(session, "mine", reviewer)
        skip(session, mine, reviewer, "", actor=SYSTEM, now=NOW)
        session.flush()
        assert take_next(session, reviewer) == "free"
        judge(session, "free", reviewer, "reject")
        assert take_next(session, reviewer) == "mine"


def test_deciding_ends_an_assignment_saving_does_not_and_undo_gives_it_back(
    session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        retire_checklist(session)
        article = make_article(session, "a")
        give(session, "a", reviewer, lead)
        judge(session, "a", reviewer, "save", scores={"quality": 1})
        assert holder_of(session, "a") == reviewer.id
        decision = judge(session, "a", reviewer, "request_changes")
        assert holder_of(session, "a") is None
        undo(session, decision, reviewer)
        assert holder_of(session, "a") == reviewer.id
        found = assignment_of(session, article)
        assert found is not None
        assert found.assigned_by == lead.email


def test_an_import_takes_nothing_from_anybody(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        import_again(session, "a")
        give(session, "a", reviewer)
        import_again(session, "a", body="<p>Other words.</p>")
        assert holder_of(session, "a") == reviewer.id


def test_who_gets_an_article_is_told_once_and_the_log_knows_who_gave_it(
    session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        article = make_article(session, "a")
        assert give(session, "a", reviewer, lead)
        assert not give(session, "a", reviewer, lead)
        told = session.scalars(select(Notification)).one()
        assert (told.user_id, told.kind, told.subject_id) == (reviewer.id, "assigned", "a")
        event = session.scalars(select(Event).where(Event.kind == "article.assigned")).one()
        assert (event.actor, (event.after or {})["assigned_to"]) == (lead.email, reviewer.email)
        assert article.row_version == 1, "an open page must not go stale of it"


def test_what_does_not_wait_and_who_has_left_cannot_be_given(
    session_of: Sessions, reviewer: User, colleague: User, admin: User
) -> None:
    with session_of() as session:
        make_article(session, "done", awaiting_review=False)
        make_article(session, "a")
        person = session.get_one(User, colleague.id)
        disable_user(session, person, actor=admin.as_actor(), now=NOW)
        with pytest.raises(Conflict):
            give(session, "done", reviewer)
        with pytest.raises(Invalid):
            give(session, "a", person)


def test_what_somebody_leaves_behind_is_free_again(
    app: Flask, session_of: Sessions, reviewer: User, colleague: User, admin: User
) -> None:
    with session_of() as session:
        make_article(session, "a")
        give(session, "a", colleague)
        disable_user(session, session.get_one(User, colleague.id), actor=admin.as_actor(), now=NOW)
    run_pending(app)
    with session_of() as session:
        assert take_next(session, reviewer) == "a"


@pytest.mark.parametrize(
    ("value", "found"),
    [("me", ["mine"]), ("nobody", ["free"]), ("Colleague@example.com", ["theirs"]), ("x@example.com", [])],
)
def test_articles_are_found_by_whose_they_are(
    session_of: Sessions, reviewer: User, colleague: User, value: str, found: list[str]
) -> None:
    with session_of() as session:
        for source_id, user in {"mine": reviewer, "theirs": colleague, "free": None}.items():
            make_article(session, source_id, assigned_to_id=user and user.id)
        query = select(Article.source_id).where(assigned(value, reviewer.id))
        assert list(session.scalars(query)) == found


def test_the_order_of_the_queue_holds_among_one_s_own(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        make_article(session, "late", waiting_since=LONG_AGO, assigned_to_id=reviewer.id)
        make_article(session, "early", waiting_since=LONG_AGO - timedelta(days=1), assigned_to_id=reviewer.id)
        assert take_next(session, reviewer) == "early"
