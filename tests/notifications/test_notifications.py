"""Telling people what concerns them: who is told, who is not, and how it is read."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.errors import NotFound
from review_app.base.kept_messages import made_again, parts_of
from review_app.base.messages import Day, Figure, Message, lazy_gettext, lazy_ngettext
from review_app.importing.batches import Upload, add_uploads, open_batch
from review_app.importing.jobs import run_import
from review_app.notifications.actions import choose_kinds, mark_all_read, notify
from review_app.notifications.models import Notification
from review_app.notifications.queries import get_notification, list_notifications, unread_count
from review_app.notifications.rules import MOST_COUNTED, WORDS, Kind, address_of
from review_app.outbox.actions import SYSTEM
from tests.factories import make_article
from tests.importing.records import lines, record
from tests.reviewing.desk import Sessions, judge, retire_checklist, undo
from tests.support.cast import Browser, Program

Browsers = Callable[[User], Browser]
Programs = Callable[[User], Program]


def tell(session: Session, user: User, text: str = "Something", kind: Kind = Kind.ASSIGNED) -> None:
    words = lazy_gettext("%(text)s", text=text)
    notify(session, user.id, kind, text=words, subject=("article", "a"), by=SYSTEM, now=utc_now())
    session.flush()


def texts(session: Session, user: User) -> list[str]:
    return [told.text for told in list_notifications(session, user.id).rows]


def test_every_kind_can_be_switched_off_by_its_own_words() -> None:
    assert set(WORDS) == set(Kind)
    assert len(set(WORDS.values())) == len(Kind)


def test_what_is_switched_off_is_not_told_and_the_rest_is(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        choose_kinds(session, reviewer.id, set(Kind) - {Kind.MENTIONED})
        session.flush()
        tell(session, reviewer, "a mention", Kind.MENTIONED)
        tell(session, reviewer, "an assignment", Kind.ASSIGNED)
        assert texts(session, reviewer) == ["an assignment"]


def test_nobody_is_told_of_their_own_doing(session_of: Sessions, reviewer: User, colleague: User) -> None:
    with session_of() as session:
        for user in (reviewer, colleague):
            notify(
                session,
                user.id,
                Kind.ASSIGNED,
                text=lazy_gettext("yours"),
                subject=("article", "a"),
                by=reviewer.as_actor(),
                now=utc_now(),
            )
        session.flush()
        assert (texts(session, reviewer), texts(session, colleague)) == ([], ["yours"])


def test_the_header_counts_what_is_unread_and_no_further_than_it_says(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    assert "unread notifications" not in browser.get("/queue").text
    with session_of() as session:
        tell(session, reviewer)
    assert '<b class="count">1</b>' in browser.get("/queue").text
    with session_of() as session:
        for _ in range(MOST_COUNTED + 5):
            tell(session, reviewer)
        assert unread_count(session, reviewer.id) == MOST_COUNTED + 1
    assert '<b class="count">99+</b>' in browser.get("/queue").text
    browser.post("/notifications/read", {})
    assert "unread notifications" not in browser.get("/queue").text


def test_going_to_what_it_tells_of_counts_as_reading_it(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    with session_of() as session:
        make_article(session, "a")
        tell(session, reviewer, "Read this one")
        told = session.scalars(select(Notification.id)).one()
    browser = browser_of(reviewer)
    assert "Read this one" in browser.get("/notifications").text
    answer = browser.post(f"/notifications/{told}/visit", {})
    assert (answer.status_code, answer.location) == (303, "/articles/a/review")
    with session_of() as session:
        assert session.get_one(Notification, told).read_at is not None


def test_another_persons_notification_cannot_be_found(
    session_of: Sessions, browser_of: Browsers, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        tell(session, colleague)
        told = session.scalars(select(Notification.id)).one()
        with pytest.raises(NotFound):
            get_notification(session, reviewer.id, told)
    assert browser_of(reviewer).post(f"/notifications/{told}/visit", {}).status_code == 404
    with session_of() as session:
        mark_all_read(session, reviewer.id, utc_now())
        assert session.get_one(Notification, told).read_at is None


def test_kinds_are_chosen_on_the_page_and_strange_ones_change_nothing(
    session_of: Sessions, browser_of: Browsers, reviewer: User
) -> None:
    browser = browser_of(reviewer)
    assert browser.post("/notifications/kinds", {"kind": ["mentioned", "strange"]}).status_code == 303
    page = browser.get("/notifications").text
    assert page.count("checked") == 1
    with session_of() as session:
        tell(session, reviewer, "no", Kind.ASSIGNED)
        tell(session, reviewer, "yes", Kind.MENTIONED)
        assert texts(session, reviewer) == ["yes"]


def test_a_reviewer_hears_that_a_lead_rolled_a_decision_back(
    session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "a")
        undo(session, judge(session, "a", reviewer, "approve"), lead)
        told = session.scalars(select(Notification)).one()
        assert (told.user_id, told.kind, told.by) == (reviewer.id, "returned", lead.email)
        assert "Title of a" in told.text


def test_taking_ones_own_decision_back_tells_nobody(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "a")
        undo(session, judge(session, "a", reviewer, "approve"), reviewer)
        assert session.scalars(select(Notification)).all() == []


def test_the_list_is_paged_the_newest_first(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        for number in range(5):
            tell(session, reviewer, f"number {number}")
        first = list_notifications(session, reviewer.id, size=3)
        second = list_notifications(session, reviewer.id, first.next, size=3)
        assert [told.text for told in (*first.rows, *second.rows)] == [f"number {n}" for n in (4, 3, 2, 1, 0)]
        assert second.next is None


def test_people_are_told_in_their_language_and_programs_in_english(
    session_of: Sessions, browser_of: Browsers, program_of: Programs, reviewer: User
) -> None:
    why = lazy_gettext("Nothing arrived for %(days)s days; last: %(reason)s.", days=5, reason="100% lost")
    many = lazy_ngettext(
        "%(num)s article is assigned to you.",
        "%(num)s articles are assigned to you.",
        1200,
        num=Figure(1200),
    )
    off = lazy_gettext("Your target %(name)s is switched off. %(why)s", name="Hook", why=why)
    with session_of() as session:
        for text in (many, off):
            notify(
                session,
                reviewer.id,
                Kind.ASSIGNED,
                text=text,
                subject=("article", "a"),
                by=SYSTEM,
                now=utc_now(),
            )
        old = Notification(
            user_id=reviewer.id,
            kind="assigned",
            text="Kept before",
            subject_kind="article",
            subject_id="a",
            by="lead",
            created_at=utc_now(),
        )
        session.add(old)
    page = browser_of(reviewer).get("/notifications", headers={"Accept-Language": "de"}).text
    said = "Ihr Ziel Hook ist ausgeschaltet. Seit 5 Tagen ist nichts angekommen; zuletzt: 100% lost."
    assert page.count(said) == 2, "in the row, and in the name of its button"
    assert "1.200 Artikel sind Ihnen zugewiesen." in page
    assert 'lang="en">Kept before<' in page
    assert page.count('lang="en">') == 1
    items = program_of(reviewer).get("/notifications").get_json()["items"]
    assert [item["text"] for item in items] == [
        "Kept before",
        str(off),
        "1,200 articles are assigned to you.",
    ]


@given(
    st.recursive(
        st.text(max_size=9)
        | st.integers(0, 10**9)
        | st.integers(0, 10**9).map(Figure)
        | st.builds(Day, st.dates(), full=st.booleans()),
        lambda inner: st.builds(
            lambda one, two: lazy_ngettext("%(num)s %(a)s", "%(num)s of %(a)s and %(b)s", 2, a=one, b=two),
            inner,
            inner,
        ),
        max_leaves=4,
    )
)
def test_a_message_is_made_again_of_what_is_kept_of_it(value: object) -> None:
    message = lazy_gettext("It is %(value)s.", value=value)
    kept = json.loads(json.dumps(parts_of(message, 500)))
    again = made_again(kept)
    assert (again, again.message, parts_of(again, 500)) == (message, message.message, kept)
    assert isinstance(again, Message)


def test_each_kind_of_subject_leads_to_its_page() -> None:
    assert address_of("article", "a-1") == "/articles/a-1/review"
    assert address_of("import", "7") == "/imports/7"
    assert address_of("queue", "?stack=flask") == "/queue?stack=flask"
    assert address_of("something", "else") is None


def test_programs_read_and_tick_off_their_persons_own(
    session_of: Sessions, program_of: Programs, reviewer: User
) -> None:
    with session_of() as session:
        tell(session, reviewer, "one")
        tell(session, reviewer, "two")
    program = program_of(reviewer)
    items = program.get("/notifications").get_json()["items"]
    assert [item["text"] for item in items] == ["two", "one"]
    assert items[0]["subject"] == {"kind": "article", "id": "a"}
    assert program.put(f"/notifications/{items[0]['id']}/read").get_json()["read_at"] is not None
    left = program.get("/notifications?unread=true").get_json()["items"]
    assert [item["text"] for item in left] == ["one"]


def test_whoever_imported_hears_how_it_ended(app: Flask, session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        batch = open_batch(session, "test", "page", user_id=lead.id, actor=lead.as_actor(), now=utc_now())
        add_uploads(session, batch, [Upload("a.jsonl", io.BytesIO(lines(record(source_id="a"))))])
        batch_id = batch.id
    with app.app_context():
        run_import(batch_id)
        db.session.remove()
    with session_of() as session:
        told = session.scalars(select(Notification)).one()
        assert (told.user_id, told.kind, told.subject_id) == (lead.id, "import_finished", str(batch_id))
        assert told.text.startswith(f"Import {batch_id}, finished: 1 created")
