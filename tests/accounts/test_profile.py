"""What people may change about themselves, and what they may not."""

from __future__ import annotations

import re

import pytest

from review_app.accounts.models import User
from review_app.accounts.queries import tokens_of
from review_app.base.security import LOGIN_FAILURES
from tests.factories import PASSWORD
from tests.support.cast import Browser

GOOD = {"name": "Someone Else", "time_zone": "Asia/Kolkata", "theme": "dark"}
NEW = "another long password"
TOKEN = re.compile(r'value="(rd_[\w-]+)"')


@pytest.fixture
def at_home(browser_of, reviewer):
    """The reviewer's browser, on the profile page."""
    browser = browser_of(reviewer)
    browser.get("/profile")
    return browser


@pytest.fixture
def now_is(session_of, reviewer):
    """Read the reviewer anew."""

    def read() -> User:
        with session_of() as session:
            user = session.get_one(User, reviewer.id)
            session.refresh(user)
            session.expunge(user)
            return user

    return read


def change_password(browser, old=PASSWORD, new=NEW, again=None):
    return browser.post(
        "/profile/password", {"old": old, "new": new, "again": new if again is None else again}
    )


def test_name_zone_and_colours_are_taken_over(at_home, now_is):
    answer = at_home.post("/profile", GOOD)
    assert (answer.status_code, answer.location) == (303, "/profile")
    page = at_home.get("/profile").text
    assert "Your profile is saved." in page
    assert 'data-theme="dark"' in page
    assert (now_is().name, now_is().time_zone, now_is().theme) == ("Someone Else", "Asia/Kolkata", "dark")


def test_times_are_shown_in_the_chosen_zone(at_home):
    at_home.post("/profile", {**GOOD, "time_zone": "Pacific/Kiritimati"})
    with_token = at_home.post("/profile/tokens", {"token_name": "builder"}).text
    stamp = re.search(r'datetime="([^"]+)" title="([^"]+)"', with_token)
    hours = int(stamp.group(2)[-5:-3]) - int(stamp.group(1)[11:13])
    assert hours % 24 == 14


@pytest.mark.parametrize(
    "field",
    [
        {"name": "  "},
        {"name": "x" * 101},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "Europe"},
        {"time_zone": "../../etc/passwd"},
        {"theme": "purple"},
    ],
)
def test_a_bad_profile_is_given_back_as_it_was_typed(at_home, now_is, field):
    answer = at_home.post("/profile", {**GOOD, **field})
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert field.get("name", "Someone Else") in answer.text or not field.get("name", "x").strip()
    assert now_is().name == "reviewer"


def test_a_zone_that_is_an_old_alias_stays_a_choice(at_home, session_of, reviewer, now_is):
    with session_of() as session:
        session.get_one(User, reviewer.id).time_zone = "US/Eastern"
    assert '<option selected value="US/Eastern">' in at_home.get("/profile").text
    assert at_home.post("/profile", {**GOOD, "time_zone": "US/Eastern"}).status_code == 303
    assert now_is().time_zone == "US/Eastern"


def test_a_name_is_text_and_never_markup(at_home):
    at_home.post("/profile", {**GOOD, "name": "<b>Bold</b> \0"})
    page = at_home.get("/profile").text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "<b>Bold" not in page


def test_fields_that_are_not_in_the_form_change_nothing(at_home, now_is):
    before = now_is()
    sneaked = {
        "role": "admin",
        "is_active": "",
        "is_demo": "1",
        "email": "root@example.com",
        "password": NEW,
        "password_hash": "x",
        "id": "1",
        "session_token": "x",
        "created_at": "2000-01-01",
    }
    assert at_home.post("/profile", {**GOOD, **sneaked}).status_code == 303
    assert at_home.post("/profile/theme", {"theme": "dark", **sneaked}).status_code == 303
    after = now_is()
    for column in ("id", "email", "role", "is_active", "is_demo", "password_hash", "created_at"):
        assert getattr(after, column) == getattr(before, column), column


def test_the_switch_at_the_foot_changes_the_colours_and_leads_back(at_home, now_is):
    answer = at_home.post(
        "/profile/theme", {"theme": "light"}, headers={"Referer": "http://localhost/queue?topic=x"}
    )
    assert (answer.status_code, answer.location) == (303, "/queue?topic=x")
    assert now_is().theme == "light"
    assert at_home.post("/profile/theme", {"theme": "purple"}).location == "/profile"
    assert now_is().theme == "light"


@pytest.mark.parametrize(
    "referrer", ["http://evil.example/queue", "http://localhost//evil.example", "nonsense"]
)
def test_the_switch_never_leads_elsewhere(at_home, referrer):
    answer = at_home.post("/profile/theme", {"theme": "light"}, headers={"Referer": referrer})
    assert answer.location == "/profile"


def test_a_new_password_ends_every_other_session_and_keeps_this_browser_in(
    browser_of, reviewer, at_home, app
):
    elsewhere = browser_of(reviewer)
    copied = at_home.client.get_cookie("review").value
    answer = change_password(at_home)
    assert (answer.status_code, answer.location) == (303, "/profile")
    assert "Your password is changed." in at_home.get("/profile").text
    assert elsewhere.get("/profile").location.startswith("/login")
    stale = app.test_client()
    stale.set_cookie("review", copied)
    assert stale.get("/profile").status_code == 303


def test_only_the_new_password_opens_the_door(at_home, reviewer, app):
    change_password(at_home)
    assert Browser(app.test_client()).log_in(reviewer.email).status_code == 422
    assert Browser(app.test_client()).log_in(reviewer.email, NEW).status_code == 303


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"old": "not mine at all"}, "That is not your password."),
        ({"old": ""}, "Type the password you have now."),
        ({"new": "short"}, "A password has 10 to 200 characters."),
        ({"new": "x" * 201}, "A password has 10 to 200 characters."),
        ({"again": "something else"}, "The two new passwords differ."),
    ],
)
def test_a_refused_password_changes_nothing_and_is_not_shown_again(at_home, reviewer, app, sent, said):
    answer = change_password(at_home, **sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert NEW not in answer.text
    assert at_home.get("/profile").status_code == 200
    assert Browser(app.test_client()).log_in(reviewer.email).status_code == 303


def test_guessing_the_old_password_is_slowed_and_stopped_as_at_the_login(at_home, pauses):
    for _ in range(LOGIN_FAILURES):
        assert change_password(at_home, old="a wrong guess").status_code == 422
    assert len(pauses) == LOGIN_FAILURES
    answer = change_password(at_home)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]


def test_a_token_is_shown_once_and_acts_as_its_person(at_home, reviewer, session_of):
    answer = at_home.post("/profile/tokens", {"token_name": "builder"})
    assert answer.status_code == 201
    token = TOKEN.search(answer.text).group(1)
    page = at_home.get("/profile").text
    assert "builder" in page
    assert token not in page
    assert token not in str(answer.headers)
    with session_of() as session:
        (kept,) = tokens_of(session, reviewer)
        assert token not in {kept.name, kept.token_digest}


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_token_needs_a_name(at_home, name):
    answer = at_home.post("/profile/tokens", {"token_name": name})
    assert answer.status_code == 422
    assert not TOKEN.search(answer.text)


def test_a_revoked_token_is_dead(at_home, reviewer, session_of, app):
    token = TOKEN.search(at_home.post("/profile/tokens", {"token_name": "builder"}).text).group(1)
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/articles", headers=headers).status_code == 200
    with session_of() as session:
        token_id = tokens_of(session, reviewer)[0].id
    assert f'action="/profile/tokens/{token_id}?_method=DELETE"' in at_home.get("/profile").text
    answer = at_home.post(f"/profile/tokens/{token_id}?_method=DELETE")
    assert (answer.status_code, answer.location) == (303, "/profile")
    assert "Revoked" in at_home.get("/profile").text
    assert app.test_client().get("/api/v1/articles", headers=headers).status_code == 401


def test_nobody_revokes_the_token_of_another(at_home, browser_of, admin, session_of, reviewer):
    at_home.post("/profile/tokens", {"token_name": "builder"})
    with session_of() as session:
        token_id = tokens_of(session, reviewer)[0].id
    other = browser_of(admin)
    other.get("/profile")
    assert other.post(f"/profile/tokens/{token_id}?_method=DELETE").status_code == 404
    assert other.post("/profile/tokens/999999?_method=DELETE").status_code == 404
    with session_of() as session:
        assert tokens_of(session, reviewer)[0].revoked_at is None


# --- keys and undo ----------------------------------------------------------------------------------------------------


def test_keys_and_undo_are_kept(browser_of, reviewer, session_of):
    browser = browser_of(reviewer)
    assert 'data-key="?"' in browser.get("/profile").text
    assert browser.post("/profile/handling", {"undo_seconds": "45"}).status_code == 303
    page = browser.get("/profile").text
    assert "data-key=" not in page
    assert "<kbd" not in page
    with session_of() as session:
        user = session.get_one(User, reviewer.id)
        assert (user.single_keys, user.undo_seconds) == (False, 45)
    browser.post("/profile/handling", {"single_keys": "y", "undo_seconds": ""})
    with session_of() as session:
        user = session.get_one(User, reviewer.id)
        assert (user.single_keys, user.undo_seconds) == (True, None)


@pytest.mark.parametrize("seconds", ["4", "61", "-5", "soon", "9" * 30])
def test_an_undo_of_another_length_is_refused(browser_of, reviewer, seconds):
    answer = browser_of(reviewer).post("/profile/handling", {"single_keys": "y", "undo_seconds": seconds})
    assert answer.status_code == 422
    assert f'value="{seconds}"' in answer.text


def test_the_chosen_language_holds_for_what_a_validator_refuses_and_for_an_address_that_is_nothing(at_home):
    saved = at_home.post("/profile", {**GOOD, "language": "de"})
    assert "Ihr Profil ist gespeichert." in at_home.get(saved.location).text
    refused = at_home.post("/profile", {**GOOD, "language": "de", "name": "x" * 101})
    assert refused.text.count("Ein Name hat höchstens 100 Zeichen.") == 2, "above the form, and at the field"
    assert "Hier ist nichts" in at_home.get("/nothing-of-ours").text


def test_words_that_an_imported_template_holds_are_told_to_each_reader_in_their_language(browser_of, admin):
    browser = browser_of(admin)
    for code, active, other in (("de", "Aktiv", "Active"), ("en", "Active", "Aktiv")):
        browser.post("/profile", {**GOOD, "language": code})
        people = browser.get("/admin/users").text
        assert re.search(rf"</span>\s*{active}\s*</span>", people)
        assert not re.search(rf"</span>\s*{other}\s*</span>", people)
