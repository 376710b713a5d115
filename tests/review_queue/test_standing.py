"""Shared views that leads give to a reviewer: what waits in them becomes theirs, until that ends; and then is nobody's again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event, func, select, text, update
from sqlalchemy.orm import Session

from review_app.accounts.actions import disable_user
from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.base.errors import Conflict, Invalid
from review_app.notifications.models import Notification
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import Event
from review_app.review_queue import jobs, standing_runs
from review_app.review_queue.actions import claim_next, hold, release
from review_app.review_queue.assignments import assign
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.models import Assignment, Claim, SavedView, StandingAssignment
from review_app.review_queue.saved_views import add_view, change_view, get_view, remove_view, restore_view
from review_app.review_queue.standing import assign_view, given_by, standing_of, unassign_view
from review_app.review_queue.standing_runs import START, go_on, to_give
from review_app.reviewing.models import Decision
from review_app.worker import jobs_of, run_pending
from tests.factories import LONG_AGO, make_article
from tests.review_queue.test_query_plans import long_queue as _long_queue
from tests.review_queue.test_query_plans import plans
from tests.reviewing.desk import Sessions, judge, retire_checklist, undo
from tests.support.cast import Browser

long_queue = _long_queue
Browsers = Callable[[User], Browser]
LEASE = timedelta(minutes=15)


@pytest.fixture
def desk(session_of: Sessions) -> None:
    """Three articles about flask and one about nginx."""
    with session_of() as session:
        for number in range(3):
            make_article(session, f"flask-{number}")
        make_article(session, "nginx-0", primary_stack="nginx")


def keep(session_of: Sessions, user: User, name: str, *, shared: bool = True, **filters: str) -> int:
    with session_of() as session:
        person, found = session.get_one(User, user.id), QueueFilters.of(filters)
        return add_view(session, person, name, found, now=utc_now(), shared=shared).id


def give(session_of: Sessions, view_id: int, reviewer: User, lead: User) -> int:
    with session_of() as session:
        who, by = session.get_one(User, reviewer.id), session.get_one(User, lead.id)
        view = get_view(session, by, view_id)
        standing = assign_view(session, view, who, actor=by.as_actor(), now=utc_now())
        session.flush()
        return standing.id


def take_back(session_of: Sessions, view_id: int, lead: User) -> None:
    with session_of() as session:
        by = session.get_one(User, lead.id)
        unassign_view(session, get_view(session, by, view_id), actor=by.as_actor(), now=utc_now())


def claim(session_of: Sessions, source_id: str, user: User) -> None:
    with session_of() as session:
        who = session.get_one(User, user.id)
        hold(session, lock_article(session, source_id), who, now=utc_now(), lease=LEASE)


def let_go(session_of: Sessions, source_id: str, user: User) -> None:
    with session_of() as session:
        release(session, lock_article(session, source_id), session.get_one(User, user.id))


def whose(session_of: Sessions) -> dict[str, str]:
    """Of each article that is somebody's, whose."""
    with session_of() as session:
        query = select(Article.source_id, User.name).join(User, User.id == Article.assigned_to_id)
        return dict(session.execute(query).all())


def told(session_of: Sessions, user: User) -> list[str]:
    with session_of() as session:
        mine = select(Notification.text).where(Notification.user_id == user.id)
        return list(session.scalars(mine.order_by(Notification.id)))


def nothing_to_do(app: Flask) -> bool:
    return [row for name, row in jobs_of(app).due() if name == "standing_assignment"] == []


FLASK = {"flask-0": "reviewer", "flask-1": "reviewer", "flask-2": "reviewer"}


# --- giving -----------------------------------------------------------------------------------------------------------


def test_what_waits_in_an_assigned_view_becomes_its_reviewer_s_now_and_later(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, lead: User
) -> None:
    view_id = keep(session_of, lead, "Flask", stack="flask")
    standing_id = give(session_of, view_id, reviewer, lead)
    run_pending(app)
    assert whose(session_of) == FLASK
    assert told(session_of, reviewer) == ["3 articles of the view “Flask” are assigned to you."]
    assert nothing_to_do(app)
    with session_of() as session:
        make_article(session, "later")
        make_article(session, "settled", awaiting_review=False)
        assert set(session.scalars(select(Assignment.standing_id))) == {standing_id}
    run_pending(app)
    assert whose(session_of) == FLASK | {"later": "reviewer"}
    assert told(session_of, reviewer)[1:] == ["1 article of the view “Flask” is assigned to you."]
    with session_of() as session:
        claimed = claim_next(
            session, session.get_one(User, reviewer.id), QueueFilters(), now=utc_now(), lease=LEASE
        )
        assert claimed is not None
        assert session.get_one(Article, claimed.article_id).source_id == "flask-0"


def test_what_is_somebody_s_or_held_by_somebody_else_is_left_to_them(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, colleague: User, lead: User
) -> None:
    with session_of() as session:
        assign(session, lock_article(session, "flask-0"), colleague, actor=SYSTEM, now=utc_now())
    claim(session_of, "flask-1", colleague)
    claim(session_of, "flask-2", reviewer)
    give(session_of, keep(session_of, lead, "Flask", stack="flask"), reviewer, lead)
    run_pending(app)
    assert whose(session_of) == {"flask-0": "colleague", "flask-2": "reviewer"}
    assert nothing_to_do(app)
    let_go(session_of, "flask-1", colleague)
    run_pending(app)
    assert whose(session_of) == FLASK | {"flask-0": "colleague"}


def test_a_run_is_done_some_at_a_time_and_told_once(
    app: Flask, session_of: Sessions, reviewer: User, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_runs, "AT_ONCE", 3)
    with session_of() as session:
        for number in range(7):
            make_article(session, f"a{number}")
    give(session_of, keep(session_of, lead, "All"), reviewer, lead)
    run_pending(app)
    assert len(whose(session_of)) == 7
    assert told(session_of, reviewer) == ["7 articles of the view “All” are assigned to you."]


def test_what_a_killed_worker_gave_is_told_by_the_next(
    app: Flask, session_of: Sessions, reviewer: User, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_runs, "AT_ONCE", 2)
    with session_of() as session:
        for number in range(4):
            make_article(session, f"a{number}")
    standing_id = give(session_of, keep(session_of, lead, "All"), reviewer, lead)
    for _ in range(2):
        with session_of() as session:
            assert go_on(session, standing_id, START, utc_now()) is not None
    assert (len(whose(session_of)), told(session_of, reviewer)) == (4, [])
    run_pending(app)
    assert told(session_of, reviewer) == ["4 articles of the view “All” are assigned to you."]


def test_filters_mean_what_they_mean_to_the_reviewer_and_not_to_the_lead(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, lead: User
) -> None:
    """A day begins in Auckland before it does in Honolulu, and what "me" holds is what the reviewer holds."""
    now = utc_now()
    with session_of() as session:
        session.get_one(User, lead.id).time_zone = "Pacific/Honolulu"
        session.get_one(User, reviewer.id).time_zone = "Pacific/Auckland"
        due = now.astimezone(session.get_one(User, reviewer.id).zone).date()
        article = lock_article(session, "flask-0")
        article.due_by_hand, article.due_on = True, due
    give(session_of, keep(session_of, lead, "Today", due="today"), reviewer, lead)
    mine = keep(session_of, lead, "Held by me", claimed="me")
    claim(session_of, "flask-1", reviewer)
    claim(session_of, "flask-2", lead)
    give(session_of, mine, reviewer, lead)
    run_pending(app)
    assert whose(session_of) == {"flask-0": "reviewer", "flask-1": "reviewer"}


def test_of_two_views_the_one_of_the_lower_position_has_what_is_in_both(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, colleague: User, lead: User
) -> None:
    everything = keep(session_of, lead, "All")
    flask = keep(session_of, lead, "Flask", stack="flask")
    with session_of() as session:
        change_view(
            session, session.get_one(User, lead.id), session.get_one(SavedView, flask), {"position": 0}
        )
    first = give(session_of, everything, colleague, lead)
    give(session_of, flask, reviewer, lead)
    with app.app_context():
        jobs.follow_view(first)  # before the other has had its turn
    assert whose(session_of) == {"nginx-0": "colleague"}
    run_pending(app)
    assert whose(session_of) == FLASK | {"nginx-0": "colleague"}
    assert nothing_to_do(app)


# --- ending -----------------------------------------------------------------------------------------------------------


def test_taking_it_back_frees_what_still_waits_once_nobody_holds_it(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, lead: User
) -> None:
    view_id = keep(session_of, lead, "Flask", stack="flask")
    give(session_of, view_id, reviewer, lead)
    run_pending(app)
    with session_of() as session:
        assign(session, lock_article(session, "nginx-0"), reviewer, actor=lead.as_actor(), now=utc_now())
    claim(session_of, "flask-1", reviewer)
    take_back(session_of, view_id, lead)
    run_pending(app)
    assert whose(session_of) == {"flask-1": "reviewer", "nginx-0": "reviewer"}, "what a lead gave stays"
    assert nothing_to_do(app)
    let_go(session_of, "flask-1", reviewer)
    run_pending(app)
    assert whose(session_of) == {"nginx-0": "reviewer"}
    assert nothing_to_do(app)


def test_giving_it_to_another_takes_it_from_the_first(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, colleague: User, lead: User
) -> None:
    view_id = keep(session_of, lead, "Flask", stack="flask")
    first = give(session_of, view_id, colleague, lead)
    run_pending(app)
    assert give(session_of, view_id, colleague, lead) == first, "they have it already"
    give(session_of, view_id, reviewer, lead)
    run_pending(app)
    run_pending(app)
    assert whose(session_of) == FLASK
    assert nothing_to_do(app)
    with session_of() as session:
        kinds = select(Event.kind, Event.before, Event.after).where(Event.kind.like("view.%"))
        events = session.execute(kinds.order_by(Event.id)).all()
    assert [kind for kind, _, _ in events] == ["view.assigned", "view.unassigned", "view.assigned"]
    assert (events[1][1], events[1][2]) == (
        {"assigned_to": colleague.email},
        {"reason": "given to another"},
    )


@pytest.mark.parametrize("how", ["removed", "removed for good", "not shared", "its owner leaves"])
def test_it_ends_with_its_view(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, lead: User, admin: User, how: str
) -> None:
    view_id = keep(session_of, lead, "Flask", stack="flask")
    other_id = keep(session_of, lead, "Another")
    give(session_of, view_id, reviewer, admin)
    run_pending(app)
    with session_of() as session:
        owner, view = session.get_one(User, lead.id), session.get_one(SavedView, view_id)
        if how.startswith("removed"):
            remove_view(session, owner, view, utc_now())
        if how == "removed for good":
            remove_view(session, owner, session.get_one(SavedView, other_id), utc_now())
        if how == "not shared":
            change_view(session, owner, view, {"shared": False})
        if how == "its owner leaves":
            disable_user(session, owner, actor=SYSTEM, now=utc_now())
    run_pending(app)
    assert whose(session_of) == {}
    assert nothing_to_do(app)
    left = "The view “Flask” is assigned to nobody any more: lead, whose view it was, has left."
    assert told(session_of, admin) == ([left] if how == "its owner leaves" else [])
    if how == "removed":
        with session_of() as session:
            owner = session.get_one(User, lead.id)
            assert standing_of(session, restore_view(session, owner, view_id)) is None


def test_it_ends_when_its_reviewer_leaves_and_its_lead_is_told(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, lead: User
) -> None:
    give(session_of, keep(session_of, lead, "Flask", stack="flask"), reviewer, lead)
    run_pending(app)
    with session_of() as session:
        disable_user(session, session.get_one(User, reviewer.id), actor=SYSTEM, now=utc_now())
        make_article(session, "later")
    run_pending(app)
    assert whose(session_of) == {}
    assert told(session_of, lead) == [
        "The view “Flask” is assigned to nobody any more: reviewer cannot review any more."
    ]
    assert nothing_to_do(app)


def test_undoing_a_decision_gives_an_article_back_only_while_the_view_is_theirs(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, lead: User
) -> None:
    view_id = keep(session_of, lead, "Flask", stack="flask")
    give(session_of, view_id, reviewer, lead)
    run_pending(app)
    with session_of() as session:
        retire_checklist(session)
        who, by = session.get_one(User, reviewer.id), session.get_one(User, lead.id)
        undo(session, judge(session, "flask-0", who, "request_changes"), by)
        judged = judge(session, "flask-1", who, "request_changes").id
    assert whose(session_of) == {"flask-0": "reviewer", "flask-2": "reviewer"}
    take_back(session_of, view_id, lead)
    run_pending(app)
    with session_of() as session:
        undo(session, session.get_one(Decision, judged), session.get_one(User, lead.id))
    assert whose(session_of) == {}


# --- what cannot be ---------------------------------------------------------------------------------------------------


def test_a_view_of_one_s_own_or_of_what_is_assigned_cannot_be_given_nor_to_who_has_left(
    session_of: Sessions, reviewer: User, colleague: User, lead: User
) -> None:
    own = keep(session_of, lead, "Own", shared=False, stack="flask")
    looks = keep(session_of, lead, "Mine", assigned="me")
    fine = keep(session_of, lead, "Fine", stack="flask")
    with pytest.raises(Conflict, match="everybody sees"):
        give(session_of, own, reviewer, lead)
    with pytest.raises(Conflict, match="looks for what is assigned"):
        give(session_of, looks, reviewer, lead)
    with session_of() as session:
        disable_user(session, session.get_one(User, colleague.id), actor=SYSTEM, now=utc_now())
    with pytest.raises(Invalid):
        give(session_of, fine, colleague, lead)


def test_an_assigned_view_takes_other_filters_but_none_that_names_an_assignment(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, lead: User
) -> None:
    view_id = keep(session_of, lead, "Flask", stack="flask")
    give(session_of, view_id, reviewer, lead)
    with session_of() as session:
        view, owner = session.get_one(SavedView, view_id), session.get_one(User, lead.id)
        with pytest.raises(Conflict, match="assigned to somebody"):
            change_view(session, owner, view, {"filters": QueueFilters(assigned="nobody")})
        change_view(session, owner, view, {"filters": QueueFilters(stack="nginx")})
    run_pending(app)
    assert whose(session_of) == {"nginx-0": "reviewer"}


@pytest.mark.parametrize("query", ["status=forgotten", "assigned=nobody"])
def test_a_view_that_has_lost_its_meaning_gives_nothing_rather_than_everything(
    app: Flask, desk: None, session_of: Sessions, reviewer: User, lead: User, query: str
) -> None:
    view_id = keep(session_of, lead, "Flask", stack="flask")
    give(session_of, view_id, reviewer, lead)
    with session_of() as session:
        session.get_one(SavedView, view_id).query = query
    run_pending(app)
    assert whose(session_of) == {}
    assert nothing_to_do(app)


# --- at once ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url, pool_size=8)
    yield engine
    engine.dispose()


def test_two_workers_at_once_give_each_article_once_and_tell_once(
    app: Flask, session_of: Sessions, reviewer: User, lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_runs, "AT_ONCE", 5)
    with session_of() as session:
        for number in range(40):
            make_article(session, f"a{number}")
    standing_id = give(session_of, keep(session_of, lead, "All"), reviewer, lead)
    gate = threading.Barrier(2)

    def work(_worker: int) -> None:
        gate.wait(timeout=30)
        jobs_of(app).look_at("standing_assignment", standing_id)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))
    assert len(whose(session_of)) == 40
    assert told(session_of, reviewer) == ["40 articles of the view “All” are assigned to you."]
    with session_of() as session:
        given = session.scalars(select(Event.subject_id).where(Event.kind == "article.assigned"))
        assert set(Counter(given).values()) == {1}


@contextmanager
def slow_look() -> Iterator[threading.Event]:
    """On PostgreSQL the look at what can be given takes a while after its snapshot was taken; the event says when it began."""
    begun = threading.Event()

    def look(conn: object, _cursor: object, statement: str, *_: object) -> None:
        if "pg_sleep" in statement:
            begun.set()

    event.listen(Engine, "before_cursor_execute", look)
    yield begun
    event.remove(Engine, "before_cursor_execute", look)


def test_an_article_that_somebody_claims_while_a_worker_looks_is_not_given(
    app: Flask,
    database_kind: str,
    engine: Engine,
    desk: None,
    session_of: Sessions,
    reviewer: User,
    colleague: User,
    lead: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The claim is committed between the look, which sees none, and the lock of the row."""
    standing_id = give(session_of, keep(session_of, lead, "Flask", stack="flask"), reviewer, lead)
    if database_kind == "postgresql":
        asleep = select(func.pg_sleep(0.5)).scalar_subquery().is_not(None)

        def looked(*given: object) -> object:
            return to_give(*given).where(asleep)  # type: ignore[arg-type]

        monkeypatch.setattr(standing_runs, "to_give", looked)

    def take(begun: threading.Event) -> None:
        if database_kind == "postgresql":
            assert begun.wait(timeout=30)
            threading.Event().wait(0.15)
        with Session(engine) as session:
            session.connection(execution_options={"review_writes": True})
            article, who = lock_article(session, "flask-0"), session.get_one(User, colleague.id)
            hold(session, article, who, now=utc_now(), lease=LEASE)
            session.commit()

    with slow_look() as begun, ThreadPoolExecutor(1) as threads:
        taken = threads.submit(take, begun)
        if database_kind == "sqlite":  # one writer after the other: either may be the first
            taken.result()
        jobs_of(app).look_at("standing_assignment", standing_id)
        taken.result()
    assert whose(session_of) == {"flask-1": "reviewer", "flask-2": "reviewer"}


def test_what_is_given_while_somebody_takes_the_next_comes_to_one_of_them(
    app: Flask, session_of: Sessions, engine: Engine, reviewer: User, colleague: User, lead: User
) -> None:
    """Whoever is second sees what the first has done: nothing is claimed by one and assigned to the other."""
    with session_of() as session:
        for number in range(12):
            make_article(session, f"a{number}")
    standing_id = give(session_of, keep(session_of, lead, "All"), reviewer, lead)
    gate = threading.Barrier(4)

    def take(_number: int) -> None:
        gate.wait(timeout=30)
        with Session(engine) as session:
            session.connection(execution_options={"review_writes": True})
            claim_next(
                session, session.get_one(User, colleague.id), QueueFilters(), now=utc_now(), lease=LEASE
            )
            session.commit()

    def work() -> None:
        gate.wait(timeout=30)
        jobs_of(app).look_at("standing_assignment", standing_id)

    with ThreadPoolExecutor(4) as threads:
        worker = threads.submit(work)
        list(threads.map(take, range(3)))
        worker.result()
    with session_of() as session:
        claimed = set(session.scalars(select(Claim.article_id)))
        given = set(session.scalars(select(Assignment.article_id)))
    assert claimed & given == set()
    assert len(claimed | given) == 12


# --- how it is read ---------------------------------------------------------------------------------------------------


def test_what_is_to_give_and_to_free_is_found_along_an_index(
    session_of: Sessions, long_queue: None, reviewer: User, lead: User
) -> None:
    everything = keep(session_of, lead, "All")
    rare = keep(session_of, lead, "Rare", stack="cobol")
    old = keep(session_of, lead, "Old", age="3", repeats="50")
    standings = [give(session_of, view_id, reviewer, lead) for view_id in (everything, rare, old)]
    with session_of() as session:
        waiting = select(Article.id).where(Article.awaiting_review).order_by(Article.queue_rank).limit(60)
        for article_id in session.scalars(waiting):
            session.add(
                Assignment(
                    article_id=article_id,
                    user_id=reviewer.id,
                    assigned_by="",
                    assigned_at=LONG_AGO,
                    standing_id=standings[0],
                )
            )
        session.execute(
            update(Article)
            .where(Article.id.in_(waiting.scalar_subquery()))
            .values(assigned_to_id=reviewer.id)
        )
    with session_of() as session:
        session.execute(text("ANALYZE"))
    indexes = (
        ("ix_article_queue_assigned_to_id",),
        ("ix_article_queue_primary_stack", "ix_article_queue_assigned_to_id"),
        ("ix_article_queue",),
    )
    for standing_id, wanted in zip(standings, indexes, strict=True):
        with session_of() as session:
            standing = next(one for one in standing_runs.open_standings(session) if one.id == standing_id)
            with plans(session) as found:
                assert standing_runs.wants_work(session, standing, utc_now())
        assert any(name in found[0] for name in wanted), found[0]
        assert "TEMP B-TREE" not in found[0]
        assert "Seq Scan" not in found[0]
    with session_of() as session:
        standing = session.get_one(StandingAssignment, standings[0])
        with plans(session) as found:
            session.scalar(given_by(standing).limit(1))
    assert "ix_article_queue_assigned_to_id" in found[0] or "ix_assignment_standing_id" in found[0]
    assert "Seq Scan" not in found[0]


# --- pages and API ----------------------------------------------------------------------------------------------------


def test_a_lead_gives_a_view_on_its_page_and_everybody_sees_whose_it_is(
    app: Flask, desk: None, session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    view_id = keep(session_of, lead, "Flask", stack="flask")
    path = f"/queue/views/{view_id}/assignment"
    leads, theirs = browser_of(lead), browser_of(reviewer)
    assert f'href="{path}"' in leads.get("/queue/views").text
    assert f'href="{path}"' not in theirs.get("/queue/views").text
    page = leads.get(path).text
    assert "It is assigned to nobody." in page
    assert "reviewer@example.com" in page
    sent = leads.post(f"{path}?_method=PUT", {"reviewer": "reviewer@example.com"})
    assert (sent.status_code, sent.location) == (303, path)
    run_pending(app)
    page = leads.get(path).text
    assert "The view is assigned to reviewer." in page
    assert "Articles that wait for them by it: 3." in page
    for browser in (leads, theirs):
        for address in ("/queue/views", f"/queue?stack=flask&view={view_id}"):
            seen = " ".join(browser.get(address).text.split())
            assert "assigned to reviewer</a> · 3 theirs by it" in seen
    assert "By the view “Flask”," in theirs.get("/articles/flask-0/place").text
    page = theirs.get(path).text
    assert "is assigned to reviewer." in page
    assert "<select" not in page
    assert theirs.post(f"{path}?_method=DELETE").status_code == 403
    assert leads.post(f"{path}?_method=DELETE").location == path
    run_pending(app)
    assert "It is assigned to nobody." in leads.get(path).text
    assert whose(session_of) == {}


def test_what_cannot_be_assigned_is_said_in_words_on_the_page(
    session_of: Sessions, browser_of: Browsers, reviewer: User, lead: User
) -> None:
    looks = keep(session_of, lead, "Mine", assigned="me")
    own = keep(session_of, lead, "Own", shared=False, stack="flask")
    browser = browser_of(lead)
    browser.get("/queue")
    refused = browser.post(f"/queue/views/{looks}/assignment?_method=PUT", {"reviewer": reviewer.email})
    assert (refused.status_code, "This view looks for what is assigned" in refused.text) == (409, True)
    unknown = browser.post(f"/queue/views/{looks}/assignment?_method=PUT", {"reviewer": "x@example.com"})
    assert (unknown.status_code, "is nobody who has a way in" in unknown.text) == (422, True)
    page = browser.get(f"/queue/views/{own}/assignment").text
    assert "Share it first." in page
    assert "<select" not in page
    assert browser_of(reviewer).get(f"/queue/views/{own}/assignment").status_code == 404
