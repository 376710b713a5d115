"""Notes of the team: written, answered, changed, removed, resolved; who is told; and that nobody else ever reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.queries import get_article
from review_app.base.database import insert_rows
from review_app.notifications.models import Notification
from review_app.outbox.models import Event, OutboxEvent
from review_app.reviewing.notes.actions import add_note
from review_app.reviewing.notes.models import Note
from review_app.reviewing.notes.queries import noted_among, notes_open, threads
from review_app.reviewing.notes.rules import MOST_OPEN, NOTE_LENGTH
from tests.evidence.texts import STACK_PARAGRAPH, measured, stock
from tests.factories import LONG_AGO, make_article, make_user
from tests.review_queue.test_query_plans import plans
from tests.reviewing.desk import NOW, Sessions, import_again, judge, retire_checklist
from tests.support.cast import Browser, Program

Browsers = Callable[[User], Browser]
HERE = "/articles/a/notes"
BODY = "<p>A lease ends <b>by itself</b>. Nobody needs to end it.</p><p>A lease ends by itself.</p>"


@pytest.fixture(autouse=True)
def desk(session_of: Sessions) -> None:
    with session_of() as session:
        retire_checklist(session)
        import_again(session, "a", BODY)


def write(browser: Browser, words: str = "Is that so?", path: str = HERE, **fields: Any) -> TestResponse:
    return browser.post(path, {"text": words, **fields})


def notes_in(session_of: Sessions) -> Sequence[Note]:
    with session_of() as session:
        return session.scalars(select(Note).order_by(Note.id)).all()


def told(session_of: Sessions) -> list[int]:
    with session_of() as session:
        return list(session.scalars(select(Notification.user_id).order_by(Notification.user_id)))


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/articles/a", "/articles/a/review", HERE])
def test_a_note_stands_where_the_article_is_read(
    browser_of: Browsers, reviewer: User, colleague: User, address: str
) -> None:
    answer = write(browser_of(reviewer), "Is <b>that</b> so?")
    assert (answer.status_code, answer.location) == (303, "/articles/a#note-1")
    shown = browser_of(colleague).get(address).text
    assert 'id="note-1"' in shown
    assert "Is &lt;b&gt;that&lt;/b&gt; so?" in shown
    assert "<b>reviewer</b>" in shown


def test_without_javascript_one_comes_back_to_where_one_wrote(browser_of: Browsers, reviewer: User) -> None:
    browser = browser_of(reviewer)
    there = "http://localhost/articles/a/review?stack=flask"
    answer = browser.post(HERE, {"text": "Hm."}, headers={"Referer": there})
    assert answer.location == "/articles/a/review?stack=flask#note-1"


def test_a_pasted_passage_is_marked_across_tags(
    browser_of: Browsers, reviewer: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    assert write(browser, quote=" ends   by itself.\nNobody ").status_code == 303
    note = notes_in(session_of)[0]
    assert (note.quote, note.prefix) == ("ends by itself. Nobody", "A lease")
    shown = browser.get("/articles/a").text
    assert 'id="passage-1"' in shown
    assert '<mark class="passage">by itself</mark></b>' in shown
    assert 'href="#passage-1"' in shown


def test_what_stands_around_it_tells_which_of_two_is_marked(browser_of: Browsers, reviewer: User) -> None:
    browser = browser_of(reviewer)
    write(browser, quote="by itself", prefix="Nobody needs to end it. A lease ends ")
    shown = browser.get("/articles/a").text
    assert "<b>by itself</b>" in shown
    assert '<mark class="passage">by itself</mark>.</p>' in shown


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": "  \u200b"}, "Note is needed."),
        ({"text": "x" * (NOTE_LENGTH + 1)}, "Note may have 5,000 characters."),
        ({"quote": "This never stood there"}, "Passage does not stand in the article"),
        ({"quote": "x" * 1001}, "Passage may have 1,000 characters"),
        ({"whom": "nobody"}, "Choose somebody from the list."),
    ],
)
def test_what_is_wrong_is_said_in_place_and_nothing_typed_is_lost(
    browser_of: Browsers, reviewer: User, session_of: Sessions, fields: dict[str, str], message: str
) -> None:
    browser = browser_of(reviewer)
    for headers in ({}, {"HX-Request": "true"}):
        answer = browser.post(HERE, {"text": "My words <i>", "quote": ""} | fields, headers=headers)
        assert answer.status_code == 422
        assert message in answer.text
        if "text" not in fields:
            assert "My words &lt;i&gt;</textarea>" in answer.text
        if "quote" in fields:
            assert f"{fields['quote']}</textarea>" in answer.text
    assert notes_in(session_of) == []


def test_hostile_words_stay_words(browser_of: Browsers, reviewer: User) -> None:
    attack = '"><script>alert(1)</script>{{ 7*7 }}<mark>'
    browser = browser_of(reviewer)
    write(browser, attack, quote="A lease ends by itself. Nobody", prefix=attack, suffix=attack)
    write(browser, attack, "/notes/1/replies")
    for page in ("/articles/a", "/articles/a/review", HERE):
        shown = browser.get(page).text
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}&lt;mark&gt;" in shown
    refused = write(browser, attack, quote=attack)
    assert refused.status_code == 422
    assert "<script>alert" not in refused.text


def test_the_part_for_htmx_holds_the_notes_and_the_marked_text(browser_of: Browsers, reviewer: User) -> None:
    answer = browser_of(reviewer).post(
        HERE, {"text": "Hm.", "quote": "A lease"}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="body"' in answer.text
    assert 'hx-swap-oob="true"' in answer.text
    assert 'id="passage-1"' in answer.text
    assert "Your note stands." in answer.text


# --- a thread ---------------------------------------------------------------------------------------------------------


def test_a_reply_stands_below_its_note_and_a_reply_to_a_reply_beside_it(
    browser_of: Browsers, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    write(browser_of(reviewer))
    browser = browser_of(colleague)
    assert write(browser, "It is.", "/notes/1/replies").status_code == 303
    write(browser, "Or is it?", "/notes/2/replies")
    assert [note.reply_to_id for note in notes_in(session_of)] == [None, 1, 1]
    shown = browser.get("/articles/a").text
    assert shown.index("Is that so?") < shown.index("It is.") < shown.index("Or is it?")
    assert browser.post("/notes/2/resolution?_method=PUT").status_code == 409


def test_one_s_own_note_can_be_changed_and_says_so(
    browser_of: Browsers, reviewer: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    write(browser)
    assert "edited" not in browser.get("/articles/a").text
    assert write(browser, "It is so.", "/notes/1?_method=PUT").status_code == 303
    shown = browser.get("/articles/a").text
    assert "It is so." in shown
    assert "edited" in shown
    with session_of() as session:
        entry = session.scalars(select(Event).where(Event.kind == "note.edited")).one()
        assert (entry.before, entry.after) == (
            {"note": 1, "text": "Is that so?"},
            {"note": 1, "text": "It is so."},
        )


def test_nobody_changes_or_removes_another_s_note_not_even_a_lead(
    browser_of: Browsers,
    program_of: Callable[[User], Program],
    reviewer: User,
    lead: User,
    session_of: Sessions,
) -> None:
    write(browser_of(reviewer))
    browser, program = browser_of(lead), program_of(lead)
    assert write(browser, "Mine now.", "/notes/1?_method=PUT").status_code == 403
    assert browser.post("/notes/1?_method=DELETE").status_code == 403
    assert program.patch("/notes/1", json={"text": "Mine now."}).status_code == 403
    assert program.delete("/notes/1").status_code == 403
    shown = browser.get("/articles/a").text
    assert "Edit" not in shown
    note = notes_in(session_of)[0]
    assert (note.text, note.removed_at, note.edited_at) == ("Is that so?", None, None)


def test_a_removed_note_is_no_longer_shown_and_the_log_keeps_it(
    browser_of: Browsers, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    write(browser, "A secret slip.", quote="A lease")
    write(browser_of(colleague), "An answer.", "/notes/1/replies")
    assert browser.post("/notes/1?_method=DELETE").status_code == 303
    shown = browser.get("/articles/a").text
    assert "A secret slip." not in shown
    assert "removed a note" in shown
    assert "An answer." in shown
    assert 'id="passage-1"' not in shown
    assert write(browser, "x", "/notes/1?_method=PUT").status_code == 404
    with session_of() as session:
        entry = session.scalars(select(Event).where(Event.kind == "note.removed")).one()
        assert (entry.before, entry.actor) == ({"note": 1, "text": "A secret slip."}, reviewer.email)


def test_anybody_resolves_and_reopens_a_note(
    browser_of: Browsers, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    write(browser_of(reviewer), quote="A lease")
    browser = browser_of(colleague)
    assert browser.post("/notes/1/resolution?_method=PUT").status_code == 303
    shown = browser.get("/articles/a").text
    assert "Resolved by colleague" in shown
    assert 'id="passage-1"' not in shown
    with session_of() as session:
        assert notes_open(session, [1]) == {}
    browser.post("/notes/1/resolution?_method=DELETE")
    assert 'id="passage-1"' in browser.get("/articles/a").text
    with session_of() as session:
        kinds = session.scalars(select(Event.kind).where(Event.kind.startswith("note.")).order_by(Event.id))
        assert list(kinds) == ["note.written", "note.resolved", "note.reopened"]


# --- the text changes -------------------------------------------------------------------------------------------------


def test_a_note_stays_with_its_passage_when_the_text_is_imported_anew(
    browser_of: Browsers, reviewer: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    write(browser, quote="A lease ends by itself.", prefix="needs to end it. ")
    with session_of() as session:
        import_again(session, "a", f"<h2>A lease ends by itself.</h2><p>New.</p>{BODY}<p>More.</p>")
    shown = browser.get("/articles/a").text
    assert '<mark class="passage">A lease ends by itself.</mark></p><p>More.' in shown
    assert "is gone" not in shown


def test_a_note_whose_passage_has_changed_a_little_says_so_and_stays(
    browser_of: Browsers, reviewer: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    write(browser, quote="A lease ends by itself. Nobody needs to end it.")
    with session_of() as session:
        import_again(session, "a", "<p>New.</p><p>A lease ends by itself. Somebody needs to end it.</p>")
    shown = browser.get("/articles/a").text
    assert "has changed since" in shown
    assert 'id="passage-1"' in shown


def test_a_note_says_when_its_passage_is_gone_and_shows_it(
    browser_of: Browsers, reviewer: User, session_of: Sessions, program_of: Callable[[User], Program]
) -> None:
    browser = browser_of(reviewer)
    write(browser, quote="Nobody needs to end it.")
    with session_of() as session:
        import_again(session, "a", "<p>Quite another text, about tea.</p>")
    shown = browser.get("/articles/a").text
    assert "The passage this was about is gone" in shown
    assert "Nobody needs to end it.</blockquote>" in shown
    assert 'id="passage-1"' not in shown
    passage = program_of(reviewer).get(HERE).json["items"][0]["passage"]
    assert (passage["quote"], passage["state"]) == ("Nobody needs to end it.", "gone")


def test_a_stock_paragraph_with_a_note_on_it_stands_open(
    browser_of: Browsers, reviewer: User, session_of: Sessions
) -> None:
    with session_of() as session:
        stock(session, STACK_PARAGRAPH)
        measured(session, "folded", f"<p>{STACK_PARAGRAPH}</p><p>Words of its own.</p>")
    browser = browser_of(reviewer)
    assert '<details class="fold"><summary class="muted">Stock' in browser.get("/articles/folded").text
    write(browser, path="/articles/folded/notes", quote="Words of its own.")
    assert '<details class="fold"><summary class="muted">Stock' in browser.get("/articles/folded").text
    write(browser, path="/articles/folded/notes", quote="Confirm permissions")
    shown = browser.get("/articles/folded").text
    assert '<details class="fold" open><summary class="muted">Stock' in shown
    assert '<mark class="passage">Confirm permissions</mark>' in shown


def test_undoing_an_import_leaves_what_the_team_has_notes_on(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        article = get_article(session, "a")
        add_note(session, article, reviewer, "Hm.", actor=reviewer.as_actor(), now=NOW)
        assert noted_among(session, [article.id, 99], NOW) == {article.id: "the team has notes on it"}


# --- mentions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["@colleague", "@Colleague@example.com", "(@colleague).", "@colleague @colleague"]
)
def test_who_is_mentioned_is_told_once(
    browser_of: Browsers, reviewer: User, colleague: User, session_of: Sessions, name: str
) -> None:
    write(browser_of(reviewer), f"Look, {name}, please")
    assert told(session_of) == [colleague.id]
    with session_of() as session:
        notice = session.scalars(select(Notification)).one()
        assert (notice.subject_kind, notice.subject_id, notice.by) == ("article", "a", reviewer.email)


def test_somebody_can_be_chosen_from_the_list(
    browser_of: Browsers, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    assert f'<option value="{colleague.id}"' in browser.get("/articles/a").text
    write(browser, whom=str(colleague.id))
    assert told(session_of) == [colleague.id]
    assert "Told: colleague." in browser.get("/articles/a").text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("@nobody, look", "Nobody here is called @nobody"),
        ("@ana, look", "@ana could be @ana.a@example.com or @ana.b@example.com"),
        ("@gone, look", "Nobody here is called @gone"),
    ],
)
def test_a_name_that_is_nobody_s_or_several_people_s_is_said_and_the_note_stands(
    browser_of: Browsers, reviewer: User, session_of: Sessions, words: str, message: str
) -> None:
    with session_of() as session:
        for letter in "ab":
            make_user(session, email=f"ana.{letter}@example.com", name=f"Ana {letter}")
        make_user(session, Role.REVIEWER, "gone@example.com", is_active=False)
    browser = browser_of(reviewer)
    assert write(browser, words).status_code == 303
    assert message in browser.get("/articles/a").text
    assert told(session_of) == []
    assert len(notes_in(session_of)) == 1


def test_code_between_backticks_mentions_nobody(
    browser_of: Browsers, reviewer: User, colleague: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    write(browser, "The `@colleague` decorator, and me@colleague.example")
    assert told(session_of) == []
    assert "Nobody here is called" not in browser.get("/articles/a").text


def test_changing_a_note_tells_only_who_is_mentioned_newly(
    browser_of: Browsers, reviewer: User, colleague: User, lead: User, session_of: Sessions
) -> None:
    browser = browser_of(reviewer)
    write(browser, "@colleague, and @reviewer")
    write(browser, "@colleague and @lead", "/notes/1?_method=PUT")
    assert told(session_of) == [colleague.id, lead.id]


# --- the team alone ---------------------------------------------------------------------------------------------------


def test_a_note_gets_into_nothing_that_goes_out(
    app: Any,
    browser_of: Browsers,
    program_of: Callable[[User], Program],
    reviewer: User,
    session_of: Sessions,
) -> None:
    write(browser_of(reviewer), "For us alone.", quote="A lease")
    with session_of() as session:
        decision = judge(session, "a", reviewer, "approve", scores=dict.fromkeys(("quality", "clarity"), 90))
        assert "For us alone." not in decision.note
        assert all(
            "For us alone." not in str(event.payload) for event in session.scalars(select(OutboxEvent))
        )
    assert "For us alone." not in program_of(reviewer).get("/articles/a").text
    assert "For us alone." not in program_of(reviewer).get("/articles/a/decisions").text
    assert "For us alone." not in browser_of(reviewer).get("/articles.csv").text
    assert app.test_client().get(HERE).status_code == 303


# --- many -------------------------------------------------------------------------------------------------------------


def test_notes_come_a_page_at_a_time_and_are_counted_along_their_index(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        ids = [make_article(session, f"n{number}").id for number in range(60)]
        one = {"author_id": reviewer.id, "text": "x", "written_at": LONG_AGO, "prefix": "", "suffix": ""}
        rows = [
            {"article_id": ids[n % 60], "resolved_at": (n // 60 % 4 and NOW) or None, **one}
            for n in range(6_000)
        ]
        insert_rows(session, Note, rows)
        session.execute(text("ANALYZE"))
    with session_of() as session:
        article = get_article(session, "n0")
        first = threads(session, article)
        second = threads(session, article, first.next)
        assert [len(first.rows), len(second.rows), second.next] == [50, 50, None]
        assert first.rows[-1].note.id < second.rows[0].note.id
        with plans(session, "FROM note") as found:
            threads(session, article, first.next)
            assert notes_open(session, ids) == dict.fromkeys(ids, 25)
    assert all("ix_note_article_id_reply_to_id_id" in plan for plan in found), found
    assert "TEMP B-TREE" not in found[0]


def test_there_is_a_bound_on_open_notes(session_of: Sessions, browser_of: Browsers, reviewer: User) -> None:
    with session_of() as session:
        article = get_article(session, "a")
        for _ in range(MOST_OPEN):
            session.add(Note(article_id=article.id, author_id=reviewer.id, text="x", written_at=LONG_AGO))
    answer = write(browser_of(reviewer))
    assert answer.status_code == 409
    assert "Please resolve some first." in answer.text
    assert "Is that so?</textarea>" in answer.text
