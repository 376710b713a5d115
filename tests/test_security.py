"""What keeps strangers out, tried from outside: headers, cookies, forgery, redirects, sessions, guessing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask, jsonify
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from review_app.accounts import actions, views
from review_app.accounts.models import ApiToken, User, UserSession
from review_app.accounts.permissions import permit
from review_app.accounts.queries import user_of_session
from review_app.accounts.rules import Permission, Role
from review_app.app import create_app
from review_app.base.clock import utc_now
from review_app.base.problems import TOO_OLD
from review_app.base.security import LOGIN_FAILURES, LOGIN_WINDOW, safe_next_path
from review_app.base.settings import Settings, SettingsError
from review_app.outbox.actions import SYSTEM
from tests.factories import PASSWORD
from tests.support.application import SECRET_KEY, closing, environment
from tests.support.cast import Browser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURE = "https://desk.example"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits in tests."""
    monkeypatch.setattr(views, "pause", lambda _seconds: None)


@pytest.fixture
def stranger(client) -> Browser:
    """The browser of somebody who has not logged in."""
    return Browser(client)


@pytest.fixture
def production(database_url, tmp_path) -> Iterator[Flask]:
    """The application as it runs in production."""
    variables = environment(database_url, tmp_path) | {"REVIEW_ENV": "production"}
    with closing(create_app(Settings.from_environment(variables))) as app:
        app.testing = True
        yield app


@pytest.fixture
def change(session_of):
    """`change(user, action, …)`: an administrator's action on a person, in a transaction of its own."""

    def do(user, action, *arguments):
        with session_of() as session:
            action(session, session.get_one(User, user.id), *arguments, actor=SYSTEM, now=utc_now())

    return do


# --- headers ----------------------------------------------------------------------------------------------------------

ANSWERS = {
    "page": ("GET", "/login", 200),
    "redirect": ("GET", "/", 303),
    "page of a person": ("GET", "/profile", 303),
    "unknown address": ("GET", "/nothing/here", 404),
    "wrong method": ("DELETE", "/login", 405),
    "get where one must post": ("GET", "/logout", 405),
    "forged form": ("POST", "/login", 400),
    "own file": ("GET", "/static/css/base.css", 200),
    "file of others": ("GET", "/vendor/htmx/htmx.min.js", 200),
    "missing file": ("GET", "/static/nothing.css", 404),
    "health": ("GET", "/healthz", 200),
    "api without a token": ("GET", "/api/v1/articles", 401),
    "api, unknown": ("GET", "/api/v1/nothing", 404),
    "hook without a signature": ("POST", "/hooks/publish", 401),
    "robots": ("GET", "/robots.txt", 200),
    "unpublished": ("GET", "/p/nothing", 404),
    "head": ("HEAD", "/login", 200),
    "options": ("OPTIONS", "/login", 200),
    "slashes": ("GET", "/login//", 404),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_kind_of_answer_carries_the_headers(client, kind):
    method, path, status = ANSWERS[kind]
    answer = client.open(path, method=method, buffered=True)
    assert answer.status_code == status
    assert_headers(answer)


def assert_headers(answer) -> None:
    policy = answer.headers["Content-Security-Policy"]
    assert policy == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["X-Request-ID"]


def test_an_error_that_nobody_expected_carries_the_headers_and_tells_nothing(app, client):
    def fail() -> None:
        raise RuntimeError("the password is hunter2")

    app.add_url_rule("/fails", "fails", permit(Permission.PUBLIC)(fail))
    app.config["ANSWER_UNEXPECTED"] = True
    answer = client.get("/fails")
    assert answer.status_code == 500
    assert_headers(answer)
    assert "hunter2" not in answer.text


def test_only_image_hosts_that_the_settings_name_enter_the_policy(database_url, tmp_path):
    variables = environment(database_url, tmp_path) | {"REVIEW_IMAGE_HOSTS": "cdn.example IMG.example"}
    with closing(create_app(Settings.from_environment(variables))) as app:
        policy = app.test_client().get("/login").headers["Content-Security-Policy"]
    assert policy == POLICY.replace(
        "img-src 'self'", "img-src 'self' https://cdn.example https://img.example"
    )


def test_production_insists_on_encryption(production, client):
    there = production.test_client().get("/login", base_url=SECURE)
    assert there.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "Strict-Transport-Security" not in client.get("/login").headers


@pytest.mark.parametrize(
    "path",
    ["/profile", "/admin/users", "/queue", "/articles", "/nothing/here", "/static/nothing.css", "/imports"],
)
def test_what_a_logged_in_person_sees_is_never_stored(browser_of, admin, path):
    answer = browser_of(admin).get(path)
    assert admin.name in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_login_page_and_api_answers_are_never_stored(client, program_of, reviewer):
    assert client.get("/login").headers["Cache-Control"] == "no-store"
    assert program_of(reviewer).get("/articles").headers["Cache-Control"] == "no-store"
    assert client.get("/api/v1/articles").headers["Cache-Control"] == "no-store"


# --- cookies ----------------------------------------------------------------------------------------------------------


def attributes_of(header: str) -> set[str]:
    return {part.strip() for part in header.split(";")[1:] if not part.strip().startswith("Expires")}


def test_the_cookie_in_development(stranger, reviewer):
    header = stranger.log_in(reviewer.email).headers["Set-Cookie"]
    assert header.startswith("review=")
    assert "Expires=" in header
    assert attributes_of(header) == {"HttpOnly", "SameSite=Lax", "Path=/"}


def test_the_cookie_in_production(production):
    header = production.test_client().get("/login", base_url=SECURE).headers["Set-Cookie"]
    assert header.startswith("__Host-review=")
    assert attributes_of(header) == {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"}


def test_a_whole_visit_works_in_production(production, reviewer):
    client = production.test_client()
    token = re.search(r'csrf_token" value="([^"]+)"', client.get("/login", base_url=SECURE).text).group(1)
    sent = {"csrf_token": token, "email": reviewer.email, "password": PASSWORD}
    headers = {"Referer": f"{SECURE}/login"}
    assert client.post("/login", data=sent, base_url=SECURE, headers=headers).status_code == 303
    assert reviewer.email in client.get("/profile", base_url=SECURE).text


def test_answers_that_change_no_session_set_no_cookie(browser_of, reviewer):
    browser = browser_of(reviewer)
    browser.get("/profile")
    for path in ("/static/css/base.css", "/robots.txt", "/profile", "/p/nothing", "/healthz"):
        assert "Set-Cookie" not in browser.client.get(path, buffered=True).headers, path


def test_the_public_pages_set_no_cookie_for_strangers(client):
    for path in (
        "/robots.txt",
        "/sitemap.xml",
        "/p/nothing",
        "/nothing/here",
        "/static/css/base.css",
        "/healthz",
    ):
        assert "Set-Cookie" not in client.get(path, buffered=True).headers, path


@pytest.mark.parametrize("key", ["", "short", "x" * 31])
def test_production_does_not_start_without_a_long_secret_key(database_url, tmp_path, key):
    variables = environment(database_url, tmp_path) | {"REVIEW_ENV": "production", "REVIEW_SECRET_KEY": key}
    with pytest.raises(SettingsError, match="REVIEW_SECRET_KEY must be set to at least 32 bytes"):
        Settings.from_environment(variables)
    assert len(SECRET_KEY) >= 32


def test_a_misspelt_environment_is_no_development(database_url, tmp_path):
    with pytest.raises(SettingsError, match="REVIEW_ENV"):
        Settings.from_environment(environment(database_url, tmp_path) | {"REVIEW_ENV": "prod"})


# --- forgery ----------------------------------------------------------------------------------------------------------

PROFILE = {"name": "Forged", "time_zone": "UTC", "theme": "dark"}


@pytest.mark.parametrize("token", [None, "", "forged", "WyJ4Il0.aaaa.bbbb"])
def test_a_form_without_our_token_changes_nothing(browser_of, reviewer, token):
    browser = browser_of(reviewer)
    sent = {**PROFILE, "token_name": "x"} | ({} if token is None else {"csrf_token": token})
    for path in ("/profile", "/profile/password", "/profile/tokens", "/logout", "/queue/next"):
        answer = browser.client.post(path, data=sent)
        assert answer.status_code == 400, path
        assert TOO_OLD in answer.text
    page = browser.get("/profile").text
    assert "Forged" not in page
    assert "Revoke" not in page


def test_the_token_of_another_session_is_forged(browser_of, reviewer, colleague):
    mine, theirs = browser_of(reviewer), browser_of(colleague)
    mine.get("/profile")
    theirs.get("/profile")
    answer = mine.client.post("/profile", data={**PROFILE, "csrf_token": theirs.forgery_token})
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_method_in_the_address_does_not_slip_past_the_token(browser_of, admin, reviewer, method):
    browser = browser_of(admin)
    path = f"/admin/users/{reviewer.id}/access?_method={method}"
    assert browser.client.post(path).status_code == 400
    assert browser.client.open(path, method=method).status_code == 400
    assert browser.client.get(path).status_code == 405


def test_a_forged_form_does_not_log_a_stranger_in(client, reviewer):
    assert client.post("/login", data={"email": reviewer.email, "password": PASSWORD}).status_code == 400
    assert client.get("/profile").status_code == 303


# --- where a login may lead -------------------------------------------------------------------------------------------

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "////evil.example/x",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\\/evil.example",
    "/queue\\@evil.example",
    "https://evil.example",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "queue",
    "?x",
    "",
    " /queue",
    " //evil.example",
    "/ /evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nLocation: //evil.example",
    "\t//evil.example",
    "\x00//evil.example",
    "/\x7f/evil.example",
    "\x0b//evil.example",
]
OURS = [
    "/",
    "/queue",
    "/queue?stack=flask&topic=a%20b",
    "/articles/a:b.c/review#note",
    "/%2F%2Fevil.example",
    "/%5Cevil",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_login_never_leads_elsewhere(stranger, reviewer, target):
    assert safe_next_path(target) is None
    page = stranger.get("/login", query_string={"next": target})
    assert page.status_code == 200
    assert "evil" not in page.text
    sent = {"email": reviewer.email, "password": PASSWORD, "next": target}
    answer = stranger.post("/login", sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/queue")
    assert stranger.get("/login", query_string={"next": target}).headers["Location"] == "/queue"


@pytest.mark.parametrize("target", OURS)
def test_a_login_leads_to_a_path_of_ours(stranger, reviewer, target):
    assert safe_next_path(target) == target
    stranger.get("/login", query_string={"next": target})
    answer = stranger.post("/login", {"email": reviewer.email, "password": PASSWORD, "next": target})
    assert answer.headers["Location"] == target


@pytest.mark.parametrize(
    "path", ["//evil.example", "//evil.example/%2e%2e", "/%2F/evil.example/", "//evil.example//"]
)
def test_no_address_of_ours_redirects_elsewhere(client, browser_of, reviewer, path):
    raw = {"PATH_INFO": path}
    for one in (client, browser_of(reviewer).client):
        answer = one.get("/", environ_overrides=raw)
        location = answer.headers.get("Location", "/")
        assert not re.match(r"[/\\]{2}|[a-z]+:(?!//localhost/)", location), location


# --- sessions ---------------------------------------------------------------------------------------------------------


def cookie_of(browser: Browser) -> str:
    return browser.client.get_cookie("review").value


def with_cookie(app: Flask, value: str) -> Browser:
    browser = Browser(app.test_client())
    browser.client.set_cookie("review", value)
    return browser


def is_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


def test_the_session_after_the_login_is_not_the_one_before(stranger, reviewer, app):
    stranger.get("/login")
    before = cookie_of(stranger)
    victim = with_cookie(app, before)
    assert victim.log_in(reviewer.email).status_code == 303
    assert cookie_of(victim) != before
    assert is_in(victim)
    assert not is_in(with_cookie(app, before))


def test_a_login_takes_nothing_over_from_before(client, reviewer):
    with client.session_transaction() as session:
        session["planted"] = "by an attacker"
        session["_user_id"] = "guessed"
    Browser(client).log_in(reviewer.email)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session["_user_id"] != "guessed"


def test_a_cookie_that_was_copied_is_dead_after_the_logout(browser_of, reviewer, app):
    browser = browser_of(reviewer)
    browser.get("/profile")
    copied = cookie_of(browser)
    assert is_in(with_cookie(app, copied))
    browser.post("/logout")
    assert not is_in(with_cookie(app, copied))


def test_logging_out_of_one_browser_leaves_the_other_in(browser_of, reviewer):
    here, there = browser_of(reviewer), browser_of(reviewer)
    here.get("/profile")
    here.post("/logout")
    assert is_in(there)


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        (actions.disable_user, ()),
        (actions.change_role, (Role.REVIEWER,)),
        (actions.change_password, ("a brand new password",)),
    ],
    ids=["disabled", "demoted", "password changed"],
)
def test_every_session_dies_at_once(browser_of, lead, change, app, action, arguments):
    browsers = [browser_of(lead), browser_of(lead)]
    copied = [cookie_of(one) for one in browsers]
    change(lead, action, *arguments)
    assert not any(is_in(one) for one in browsers)
    assert not any(is_in(with_cookie(app, value)) for value in copied)


def test_a_session_of_a_disabled_person_does_not_come_back(browser_of, lead, change, app):
    browser = browser_of(lead)
    copied = cookie_of(browser)
    change(lead, actions.disable_user)
    change(lead, actions.enable_user)
    assert not is_in(with_cookie(app, copied))


def test_a_session_ends_after_twelve_hours_however_busy(browser_of, reviewer, app):
    with time_machine.travel(utc_now()) as clock:
        browser = browser_of(reviewer)
        for _ in range(11):
            clock.shift(timedelta(hours=1))
            assert is_in(browser)
        copied = cookie_of(browser)
        clock.shift(timedelta(hours=1, seconds=1))
        assert not is_in(browser)
        assert not is_in(with_cookie(app, copied))


def test_the_server_itself_ends_a_session_and_asks_each_time_whether_its_person_may_come_in(
    browser_of, reviewer, session_of
):
    browser = browser_of(reviewer)
    with browser.client.session_transaction() as cookie:
        token = cookie["_user_id"]
    with session_of() as session:
        end = session.scalar(select(UserSession.expires_at))
        assert end - utc_now() <= timedelta(hours=12)
        assert user_of_session(session, token, end - timedelta(seconds=1)).id == reviewer.id
        assert user_of_session(session, token, end) is None
        assert user_of_session(session, token, end + timedelta(days=1)) is None
        session.get_one(User, reviewer.id).is_active = False
    assert browser.get("/profile").location == "/login?next=/profile"


def test_a_cookie_signed_with_another_key_is_none(app, browser_of, reviewer, database_url, tmp_path):
    copied = cookie_of(browser_of(reviewer))
    variables = environment(database_url, tmp_path) | {
        "REVIEW_SECRET_KEY": "another key of more than 32 bytes of length"
    }
    with closing(create_app(Settings.from_environment(variables))) as other:
        assert not is_in(with_cookie(other, copied))
    assert not is_in(with_cookie(app, copied[:-3] + "xyz"))


def test_the_database_keeps_no_token_that_opens_anything(browser_of, program_of, reviewer, session_of):
    browser, program = browser_of(reviewer), program_of(reviewer)
    with browser.client.session_transaction() as session:
        secrets = [session["_user_id"], program.headers["Authorization"].split()[1]]
    with session_of() as session:
        for table in (UserSession.__table__, ApiToken.__table__):
            kept = str(session.execute(select(table)).all())
            assert kept != "[]"
            assert not any(secret in kept for secret in secrets)


# --- programs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def who(app: Flask) -> str:
    """An address of the API that a reviewer may read."""
    app.add_url_rule("/api/v1/who", "who", permit(Permission.READ_ARTICLES)(lambda: jsonify(ok=True)))
    return "/api/v1/who"


def test_a_token_opens_the_api_and_no_page(program_of, reviewer, app, who):
    program = program_of(reviewer)
    assert app.test_client().get(who, headers=program.headers).status_code == 200
    assert app.test_client().get("/profile", headers=program.headers).status_code == 303
    assert app.test_client().post("/logout", headers=program.headers).status_code == 400


def test_a_cookie_never_opens_the_api(browser_of, admin, who):
    browser = browser_of(admin)
    assert browser.client.get(who).status_code == 401
    assert browser.client.get("/api/v1/articles").status_code == 401
    assert browser.client.post("/api/v1/queue/next").status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer nul\\x00",
        "Basic {}",
        "{}",
        "Bearer {}x",
        "Bearer  x {}",
    ],
)
def test_what_is_no_token_opens_nothing(app, program_of, reviewer, who, header):
    token = program_of(reviewer).headers["Authorization"].split()[1]
    answer = app.test_client().get(who, headers={"Authorization": header.format(token)})
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_token_of_a_disabled_person_is_dead_and_a_demotion_reaches_it(program_of, lead, change):
    program = program_of(lead)
    assert program.get("/imports").status_code == 200
    change(lead, actions.change_role, Role.REVIEWER)
    assert program.get("/imports").status_code == 403
    assert program.get("/articles").status_code == 200
    change(lead, actions.disable_user)
    assert program.get("/articles").status_code == 401


# --- guessing ---------------------------------------------------------------------------------------------------------


WRONG = "a wrong guess"


def guess(app: Flask, email: str, password: str = WRONG, **options):
    browser = Browser(app.test_client())
    browser.get("/login", **options)
    return browser.post("/login", {"email": email, "password": password}, **options)


def from_address(address: str) -> dict[str, dict[str, str]]:
    return {"environ_overrides": {"REMOTE_ADDR": address}}


def test_ten_failures_close_an_account_for_every_address_and_the_right_password(app, reviewer, colleague):
    for number in range(LOGIN_FAILURES):
        assert guess(app, reviewer.email, **from_address(f"192.0.2.{number}")).status_code == 422
    elsewhere = from_address("198.51.100.1")
    answer = guess(app, reviewer.email, PASSWORD, **elsewhere)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= LOGIN_WINDOW.total_seconds()
    assert guess(app, f" {reviewer.email.upper()}", PASSWORD, **elsewhere).status_code == 429
    assert guess(app, colleague.email, PASSWORD, **elsewhere).status_code == 303


def test_ten_failures_close_an_address_for_every_account(app, reviewer):
    for number in range(LOGIN_FAILURES):
        assert guess(app, f"nobody{number}@example.com").status_code == 422
    assert guess(app, reviewer.email, PASSWORD).status_code == 429
    assert guess(app, reviewer.email, PASSWORD, **from_address("198.51.100.1")).status_code == 303


def test_no_header_makes_another_address(app, reviewer):
    for number in range(LOGIN_FAILURES + 1):
        address = f"203.0.113.{number}"
        names = ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP")
        claim = dict.fromkeys(names, address) | {"Forwarded": f"for={address}"}
        last = guess(app, f"nobody{number}@example.com", headers=claim)
        assert last.status_code == (422 if number < LOGIN_FAILURES else 429)
    assert guess(app, reviewer.email, PASSWORD, headers=claim).status_code == 429


def test_behind_a_trusted_proxy_the_address_is_the_one_that_the_proxy_saw(database_url, tmp_path, reviewer):
    variables = environment(database_url, tmp_path) | {"REVIEW_TRUSTED_PROXIES": "127.0.0.0/8"}
    with closing(create_app(Settings.from_environment(variables))) as app:
        for number in range(LOGIN_FAILURES):
            claim = {"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.9"}
            assert guess(app, f"nobody{number}@example.com", headers=claim).status_code == 422
        blocked, free = {"X-Forwarded-For": "1.1.1.1, 198.51.100.9"}, {"X-Forwarded-For": "198.51.100.10"}
        assert guess(app, reviewer.email, PASSWORD, headers=blocked).status_code == 429
        assert guess(app, reviewer.email, PASSWORD, headers=free).status_code == 303


def test_the_door_opens_again_when_the_window_has_passed(app, reviewer):
    with time_machine.travel(utc_now(), tick=False) as clock:
        for _ in range(LOGIN_FAILURES):
            guess(app, reviewer.email)
        clock.shift(LOGIN_WINDOW - timedelta(seconds=1))
        assert guess(app, reviewer.email, PASSWORD).status_code == 429
        clock.shift(timedelta(seconds=1))
        assert guess(app, reviewer.email, PASSWORD).status_code == 303


def test_knocking_on_a_closed_door_does_not_keep_it_closed(app, reviewer):
    with time_machine.travel(utc_now(), tick=False) as clock:
        for _ in range(LOGIN_FAILURES):
            guess(app, reviewer.email)
        for _ in range(3):
            clock.shift(LOGIN_WINDOW / 4)
            assert guess(app, reviewer.email).status_code == 429
        clock.shift(LOGIN_WINDOW / 4)
        assert guess(app, reviewer.email, PASSWORD).status_code == 303


def test_nine_failures_and_the_right_password_begin_anew(app, reviewer):
    for _ in range(2):
        for _ in range(LOGIN_FAILURES - 1):
            assert guess(app, reviewer.email).status_code == 422
        assert guess(app, reviewer.email, PASSWORD).status_code == 303


def test_guesses_sent_at_the_same_moment_are_counted_too(app, reviewer):
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: guess(app, reviewer.email).status_code, range(24)))
    assert Counter(statuses) == {422: LOGIN_FAILURES, 429: 24 - LOGIN_FAILURES}


def without_what_differs(page: str, email: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page.replace(email, ""))


def test_nobody_learns_who_has_an_account(app, reviewer, colleague, change, monkeypatch):
    for person in (reviewer, colleague):
        change(person, actions.change_password, "a brand new password")
    change(colleague, actions.disable_user)
    checked, made = [], []

    class Watched:
        def verify(self, password, hashed):
            checked.append(hashed)
            return Argon2Hasher().verify(password, hashed)

        def hash(self, password):
            made.append(password)
            return Argon2Hasher().hash(password)

    monkeypatch.setattr(actions, "passwords", Watched())
    emails = [reviewer.email, colleague.email, "nobody@example.com"]
    answers = [guess(app, email) for email in emails]
    assert {answer.status_code for answer in answers} == {422}
    pages = [without_what_differs(answer.text, email) for answer, email in zip(answers, emails, strict=True)]
    assert len(set(pages)) == 1
    assert "The email or the password is not right." in pages[0]
    assert len(checked) == len(emails)
    assert len(made) <= 1, "the hash of nobody is made once and for all"
    costs = {tuple(hashed.split("$")[1:4]) for hashed in checked}
    assert costs == {("argon2id", "v=19", "m=65536,t=3,p=4")}, "they must all take as long"


def test_a_disabled_person_is_not_told_so_even_with_the_right_password(app, reviewer, change):
    change(reviewer, actions.disable_user)
    answer = guess(app, reviewer.email, PASSWORD)
    assert answer.status_code == 422
    assert "The email or the password is not right." in answer.text


def test_passwords_are_kept_as_argon2id(reviewer, change, session_of):
    change(reviewer, actions.change_password, "a brand new password")
    with session_of() as session:
        kept = session.get_one(User, reviewer.id).password_hash
    assert kept.startswith("$argon2id$")
    assert "brand new" not in kept


# --- size and failure -------------------------------------------------------------------------------------------------


def test_a_form_that_is_too_large_is_refused_before_it_is_read(client):
    answer = client.post("/login", data={"email": "x" * 3_000_000})
    assert answer.status_code == 413
    assert_headers(answer)


@pytest.mark.parametrize(("path", "status"), [("/profile", 500), ("/nothing/here", 500), ("/healthz", 200)])
def test_an_error_page_needs_nothing_from_a_database_that_is_away(
    browser_of, reviewer, app, monkeypatch, path, status
):
    browser = browser_of(reviewer)
    app.testing = False

    def away(*_) -> None:
        raise ConnectionError("the database is away")

    monkeypatch.setattr("review_app.accounts.permissions.user_of_session", away)
    answer = browser.get(path)
    assert answer.status_code == status
    assert_headers(answer)
    assert reviewer.name not in answer.text
    assert "away" not in answer.text


def test_a_program_is_never_asked_for_a_forgery_token(program_of, reviewer):
    assert program_of(reviewer).post("/queue/next").status_code == 204
