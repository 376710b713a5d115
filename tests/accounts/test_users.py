"""The administrator's page of people."""

from __future__ import annotations

import re

import pytest

from review_app.accounts.models import User
from review_app.accounts.queries import find_user
from review_app.accounts.rules import Role
from tests.factories import PASSWORD, make_user
from tests.support.cast import Browser

SECRET = re.compile(r'<input value="([\w-]{16})"')
PERSON = {"email": "new@example.com", "name": "New Person", "role": "lead", "password": ""}


@pytest.fixture
def office(browser_of, admin):
    """The administrator's browser, on the page of people."""
    browser = browser_of(admin)
    browser.get("/admin/users")
    return browser


@pytest.fixture
def find(session_of):
    """Read a person anew."""

    def read(email: str) -> User | None:
        with session_of() as session:
            user = find_user(session, email)
            if user:
                session.refresh(user)
                session.expunge(user)
            return user

    return read


def test_everybody_is_listed_with_role_and_access(office, reviewer, lead):
    page = office.get("/admin/users").text
    for text in (reviewer.email, lead.email, "Reviewer", "Team lead", "Administrator", "Active", "(you)"):
        assert text in page


def test_a_person_is_added_with_a_password_that_is_shown_once(office, app):
    answer = office.post("/admin/users", PERSON)
    assert answer.status_code == 201
    secret = SECRET.search(answer.text).group(1)
    assert secret not in office.get("/admin/users").text
    newcomer = Browser(app.test_client())
    assert newcomer.log_in("new@example.com", secret).status_code == 303
    assert "Team lead" in newcomer.get("/profile").text


def test_a_person_is_added_with_a_chosen_password_that_is_not_shown(office, app):
    answer = office.post("/admin/users", {**PERSON, "password": "chosen with care"})
    assert answer.status_code == 201
    assert "new@example.com may log in now." in answer.text
    assert "chosen with care" not in answer.text
    assert Browser(app.test_client()).log_in("new@example.com", "chosen with care").status_code == 303


def test_fields_that_are_not_in_the_form_change_nothing(office, find):
    office.post("/admin/users", {**PERSON, "is_demo": "1", "is_active": "", "id": "77", "theme": "dark"})
    added = find("new@example.com")
    assert (added.is_demo, added.is_active, added.theme, added.id != 77) == (False, True, "", True)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"email": "no address"}, "That is not an email address."),
        ({"email": ""}, "Type an email address."),
        ({"email": "nul\0@example.com"}, "That is not an email address."),
        ({"name": "x" * 101}, "A name has at most 100 characters."),
        ({"role": "owner"}, "Not a valid choice."),
        ({"password": "short"}, "A password has 10 to 200 characters."),
    ],
)
def test_a_bad_form_comes_back_with_what_was_typed(office, find, field, said):
    answer = office.post("/admin/users", {**PERSON, **field})
    assert answer.status_code == 422
    assert said in answer.text
    assert "There is a problem" in answer.text
    assert ("New Person" in answer.text) or "name" in field
    assert find("new@example.com") is None


def test_an_address_that_is_taken_is_said_at_its_field(office, reviewer, find):
    answer = office.post("/admin/users", {**PERSON, "email": reviewer.email.upper()})
    assert answer.status_code == 422
    assert "reviewer@example.com has an account already." in answer.text
    assert find(reviewer.email).role == "reviewer"


def test_a_promotion_counts_at_once_and_keeps_the_session(office, reviewer, browser_of):
    theirs = browser_of(reviewer)
    assert theirs.get("/imports").status_code == 403
    answer = office.post(f"/admin/users/{reviewer.id}/role?_method=PUT", {"role": "lead"})
    assert (answer.status_code, answer.location) == (303, "/admin/users")
    assert "reviewer: team lead, may log in." in office.get("/admin/users").text
    assert theirs.get("/imports").status_code == 200


def test_a_role_that_is_none_is_refused(office, reviewer, find):
    answer = office.post(f"/admin/users/{reviewer.id}/role?_method=PUT", {"role": "owner"})
    assert answer.status_code == 422
    assert "Choose one of the roles." in answer.text
    assert find(reviewer.email).role == "reviewer"


def test_shutting_out_and_letting_in(office, reviewer, browser_of, app):
    theirs = browser_of(reviewer)
    assert office.post(f"/admin/users/{reviewer.id}/access?_method=DELETE").status_code == 303
    assert theirs.get("/profile").status_code == 303
    assert Browser(app.test_client()).log_in(reviewer.email).status_code == 422
    assert "Disabled" in office.get("/admin/users").text
    assert office.post(f"/admin/users/{reviewer.id}/access?_method=PUT").status_code == 303
    assert Browser(app.test_client()).log_in(reviewer.email).status_code == 303


def test_a_reset_password_is_shown_once_and_ends_the_sessions(office, reviewer, browser_of, app):
    theirs = browser_of(reviewer)
    answer = office.post(f"/admin/users/{reviewer.id}/password")
    assert answer.status_code == 200
    secret = SECRET.search(answer.text).group(1)
    assert theirs.get("/profile").status_code == 303
    assert Browser(app.test_client()).log_in(reviewer.email, PASSWORD).status_code == 422
    assert Browser(app.test_client()).log_in(reviewer.email, secret).status_code == 303


@pytest.mark.parametrize(
    ("path", "sent"), [("role?_method=PUT", {"role": "lead"}), ("access?_method=DELETE", {})]
)
def test_the_last_administrator_stays_one(office, admin, find, path, sent):
    answer = office.post(f"/admin/users/{admin.id}/{path}", sent)
    assert answer.status_code == 409
    assert "This is the last administrator." in answer.text
    assert (find(admin.email).role, find(admin.email).is_active) == ("admin", True)


def test_a_disabled_administrator_does_not_count_as_another(office, admin, session_of, find):
    with session_of() as session:
        make_user(session, Role.ADMIN, "gone@example.com", is_active=False)
    assert office.post(f"/admin/users/{admin.id}/access?_method=DELETE").status_code == 409
    assert find(admin.email).is_active


def test_an_administrator_may_step_down_when_there_is_another(office, admin, session_of):
    with session_of() as session:
        make_user(session, Role.ADMIN, "second@example.com")
    assert office.post(f"/admin/users/{admin.id}/role?_method=PUT", {"role": "reviewer"}).status_code == 303
    assert office.get("/admin/users").location.startswith("/login")


@pytest.mark.parametrize(
    "path", ["role?_method=PUT", "access?_method=DELETE", "access?_method=PUT", "password"]
)
def test_somebody_who_does_not_exist_is_not_found(office, path):
    assert office.post(f"/admin/users/999999/{path}", {"role": "lead"}).status_code == 404
    assert office.post(f"/admin/users/{10**30}/{path}", {"role": "lead"}).status_code in {404, 405}


@pytest.mark.parametrize("path", ["role?_method=PUT", "access?_method=DELETE", "password", ""])
def test_a_lead_manages_no_accounts(browser_of, lead, reviewer, find, path):
    browser = browser_of(lead)
    browser.get("/profile")
    before = find(reviewer.email)
    where = f"/admin/users/{reviewer.id}/{path}" if path else "/admin/users"
    assert browser.post(where, {**PERSON, "role": "admin"}).status_code == 403
    after = find(reviewer.email)
    assert (after.role, after.is_active, after.password_hash) == (
        before.role,
        before.is_active,
        before.password_hash,
    )
    assert find("new@example.com") is None


def test_the_list_goes_on_where_the_page_before_ended(office, session_of):
    with session_of() as session:
        for number in range(60):
            make_user(session, email=f"many{number:02}@example.com")
    first = office.get("/admin/users").text
    assert "many00@example.com" in first
    assert "many59@example.com" not in first
    onward = re.search(r'href="(/admin/users\?after=[\w-]+)" rel="next"', first).group(1)
    second = office.get(onward).text
    assert "many59@example.com" in second
    assert "admin@example.com" not in re.sub(r"<body[^>]*>|<header.*?</header>", "", second, flags=re.S)
    action = re.search(r'action="(/admin/users/\d+/access\?_method=DELETE[^"]*)"', second).group(1)
    assert office.post(action.replace("&amp;", "&")).location == onward


@pytest.mark.parametrize("cursor", ["nonsense", "WzFd", "WyJcdTAwMDAiXQ", "é", "["])
def test_a_cursor_that_is_none_is_refused(office, cursor):
    assert office.get("/admin/users", query_string={"after": cursor}).status_code == 422
