"""Drafts as rows: the newest wins, a decision ends one, nobody else sees it, and none is kept for ever."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid
from review_app.reviewing.drafts.actions import Saved, Typed, end_draft, save_draft
from review_app.reviewing.drafts.jobs import due, expire_drafts
from review_app.reviewing.drafts.models import Draft
from review_app.reviewing.drafts.queries import draft_of, drafts_of
from review_app.reviewing.drafts.rules import sequence_at
from tests.factories import make_article
from tests.reviewing.desk import NOW, Sessions, judge, retire_checklist, undo


@pytest.fixture(autouse=True)
def an_article(session_of: Sessions) -> None:
    with session_of() as session:
        retire_checklist(session)
        make_article(session, "a")


def typed(note: str = "Some words", *, sequence: int | None = None, tab: str = "one", **more: int) -> Typed:
    return Typed({"note": [note]}, more.pop("row_version", 1), tab=tab, sequence=sequence, **more)


def save(session: Session, user: User, what: Typed) -> Saved:
    return save_draft(session, lock_article(session, "a"), user, what, now=NOW)


def note_kept(session: Session, user: User) -> str | None:
    draft = draft_of(session, lock_article(session, "a"), user)
    return draft.fields["note"][0] if draft else None


def test_what_was_typed_later_wins_in_whatever_order_it_arrives(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        assert save(session, reviewer, typed("second", sequence=20)).taken
        assert not save(session, reviewer, typed("first, and late", sequence=10)).taken
        assert not save(session, reviewer, typed("the same number", sequence=20)).taken
        assert note_kept(session, reviewer) == "second"
        assert save(session, reviewer, typed("third", sequence=30)).taken
        assert note_kept(session, reviewer) == "third"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=10,
)
@given(order=st.permutations([1, 2, 3, 4, 5]))
def test_any_order_of_arrival_ends_with_the_newest(
    session_of: Sessions, reviewer: User, order: list[int]
) -> None:
    with session_of() as session:
        end_draft(session, lock_article(session, "a"), reviewer, tab="", now=NOW)
        for number in order:
            save(session, reviewer, typed(f"words {number}", sequence=number))
        assert note_kept(session, reviewer) == "words 5"


def test_autosaves_at_the_same_moment_keep_the_newest(app: Flask, reviewer: User) -> None:
    def send(number: int) -> None:
        with app.app_context():
            with transaction() as session:
                save(session, session.get_one(User, reviewer.id), typed(f"words {number}", sequence=number))
            db.session.remove()

    threads = [threading.Thread(target=send, args=(number,)) for number in (3, 1, 4, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert note_kept(db.session(), reviewer) == "words 4"
        db.session.remove()


def test_saving_without_a_number_is_always_the_newest(session_of: Sessions, reviewer: User) -> None:
    """Whatever clock the one before was typed by."""
    with session_of() as session:
        save(session, reviewer, typed("by a clock that is ahead", sequence=sequence_at(NOW) + 86_400_000))
        assert save(session, reviewer, typed("by hand")).taken
        assert note_kept(session, reviewer) == "by hand"


def test_a_draft_changes_nothing_of_the_article_and_claims_nothing(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        article = lock_article(session, "a")
        before = {column.key: getattr(article, column.key) for column in Article.__table__.columns}
        save(session, reviewer, typed())
        session.refresh(article)
        assert {column.key: getattr(article, column.key) for column in Article.__table__.columns} == before


def test_each_person_has_a_draft_of_their_own(session_of: Sessions, reviewer: User, colleague: User) -> None:
    with session_of() as session:
        save(session, reviewer, typed("mine"))
        assert note_kept(session, colleague) is None
        assert drafts_of(session, colleague).rows == []
        save(session, colleague, typed("theirs"))
        assert note_kept(session, reviewer) == "mine"


def test_a_decision_ends_the_draft_of_who_decides_and_of_nobody_else(
    session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        save(session, reviewer, typed("mine"))
        save(session, colleague, typed("theirs"))
        judge(session, "a", session.get_one(User, reviewer.id), "reject")
        assert note_kept(session, reviewer) is None
        assert note_kept(session, colleague) == "theirs"


def test_an_autosave_that_arrives_after_the_decision_brings_nothing_back(
    session_of: Sessions, reviewer: User
) -> None:
    """Of the page that decided; what another page of the same person has typed is kept."""
    with session_of() as session:
        save(session, reviewer, typed("almost done", sequence=10))
        judge(session, "a", session.get_one(User, reviewer.id), "save", made_in="one")
        assert not save(session, reviewer, typed("done", sequence=20)).taken
        assert note_kept(session, reviewer) is None
        assert save(session, reviewer, typed("elsewhere", sequence=5, tab="two")).taken
        assert note_kept(session, reviewer) == "elsewhere"


def test_the_first_autosave_may_be_the_one_that_is_late(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        judge(session, "a", session.get_one(User, reviewer.id), "save", made_in="one")
        save(session, reviewer, typed("late"))
        assert note_kept(session, reviewer) is None


def test_a_rollback_does_not_bring_the_draft_back(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        save(session, reviewer, typed())
        user = session.get_one(User, reviewer.id)
        undo(session, judge(session, "a", user, "reject", made_in="one"), user)
        assert note_kept(session, reviewer) is None


def test_who_only_merges_figures_keeps_the_draft(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        save(session, reviewer, typed())
        judge(session, "a", session.get_one(User, reviewer.id), "save", of_the_text=False)
        assert note_kept(session, reviewer) == "Some words"


def test_another_page_of_the_same_person_is_told(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        first = save(session, reviewer, typed("one", sequence=10))
        assert first.elsewhere is None
        assert save(session, reviewer, typed("two", sequence=20, tab="two")).elsewhere == NOW
        assert save(session, reviewer, typed("two again", sequence=30, tab="two")).elsewhere is None
        late = save(session, reviewer, typed("one, late", sequence=25))
        assert (late.taken, late.elsewhere) == (False, NOW)


def test_a_page_that_was_opened_with_the_draft_is_not_told_of_it(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        save(session, reviewer, typed(sequence=10))
        assert save(session, reviewer, typed(sequence=20, tab="two", knows=10)).elsewhere is None


def test_more_than_a_draft_may_hold_is_refused(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        with pytest.raises(Invalid):
            save(session, reviewer, typed("x" * 50_001))
        with pytest.raises(Invalid):
            save(session, reviewer, Typed({"checklist": ["1"] * 1001}, 1))
        assert save(session, reviewer, typed("x" * 50_000)).taken


def test_a_person_s_drafts_come_in_pages_the_newest_first(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        for number in range(5):
            article = make_article(session, f"b{number}")
            save_draft(session, article, reviewer, typed(sequence=number), now=NOW)
        ended = make_article(session, "ended")
        end_draft(session, ended, reviewer, tab="x", now=NOW)
        first = drafts_of(session, reviewer, size=3)
        second = drafts_of(session, reviewer, first.next, size=3)
    found = [draft.article.source_id for draft in (*first.rows, *second.rows)]
    assert found == ["b4", "b3", "b2", "b1", "b0"]
    assert second.next is None


def test_after_ninety_days_a_draft_is_removed_and_not_before(
    app: Flask, session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        save(session, reviewer, typed())
        session.get_one(User, reviewer.id).is_active = False
    for days, there in ((89, 1), (91, 0)):
        with time_machine.travel(NOW + timedelta(days=days)), app.app_context():
            assert list(due(NOW + timedelta(days=days))) == ([] if there else [0])
            expire_drafts()
            assert len(db.session.scalars(select(Draft)).all()) == there
            db.session.remove()
