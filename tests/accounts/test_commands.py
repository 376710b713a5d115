"""Accounts from the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from review_app.accounts.commands import COMMANDS
from review_app.accounts.queries import find_user
from review_app.base.errors import DomainError
from tests.factories import PASSWORD, make_user
from tests.support.application import environment
from tests.support.cast import Browser, Program


@pytest.fixture
def run(app):
    """`run("user add …", input)`: the result of the command in this process."""
    commands = {command.name: command for command in COMMANDS}

    def call(line: str, given: str = ""):
        group, *arguments = line.split()
        return app.test_cli_runner().invoke(commands[group], arguments, input=given)

    return call


def test_a_person_is_added_with_a_password_from_standard_input(run, app):
    result = run(
        "user add New@Example.com --role lead --name Somebody --password-stdin", f"{PASSWORD}\nmore\n"
    )
    assert (result.exit_code, result.output) == (0, "Added new@example.com as lead.\n")
    browser = Browser(app.test_client())
    assert browser.log_in("new@example.com").status_code == 303
    assert "Somebody" in browser.get("/profile").text


def test_a_password_that_is_asked_for_is_not_shown(run, app):
    result = run("user add new@example.com --role reviewer", f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert Browser(app.test_client()).log_in("new@example.com").status_code == 303


@pytest.mark.usefixtures("reviewer", "lead")
def test_people_are_listed_as_text_and_as_json(run):
    assert [line.split()[:3] for line in run("user list").output.splitlines()] == [
        ["lead@example.com", "lead", "active"],
        ["reviewer@example.com", "reviewer", "active"],
    ]
    assert json.loads(run("user list --json").output)[0] == {
        "email": "lead@example.com",
        "name": "lead",
        "role": "lead",
        "active": True,
    }


def test_the_list_has_more_than_one_page(run, session_of):
    with session_of() as session:
        for _ in range(51):
            make_user(session)
    assert len(json.loads(run("user list --json").output)) == 51


def test_disabling_and_enabling(run, reviewer, browser_of, app):
    browser = browser_of(reviewer)
    assert run(f"user disable {reviewer.email}").exit_code == 0
    assert browser.get("/profile").status_code == 303
    assert run(f"user enable {reviewer.email}").exit_code == 0
    assert Browser(app.test_client()).log_in(reviewer.email).status_code == 303


def test_a_role_is_changed(run, reviewer, session_of):
    assert run(f"user role {reviewer.email} admin").output == "reviewer@example.com is admin now.\n"
    with session_of() as session:
        assert find_user(session, reviewer.email).role == "admin"


def test_a_password_is_changed_and_ends_the_sessions(run, reviewer, browser_of, app):
    browser = browser_of(reviewer)
    assert run(f"user password {reviewer.email} --password-stdin", "brand new and long\n").exit_code == 0
    assert browser.get("/profile").status_code == 303
    assert Browser(app.test_client()).log_in(reviewer.email, "brand new and long").status_code == 303


def test_a_token_stands_alone_on_the_last_line_and_works_until_it_is_revoked(run, reviewer, app):
    result = run(f"token add builder --user {reviewer.email}")
    program = Program(app.test_client(), result.stdout.splitlines()[-1])
    assert program.get("/articles").status_code == 200
    listed = run(f"token list --user {reviewer.email}").output
    assert "builder" in listed
    assert "active" in listed
    assert run(f"token revoke {listed.split()[0]}").exit_code == 0
    assert program.get("/articles").status_code == 401
    assert "revoked" in run(f"token list --user {reviewer.email}").output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("user add reviewer@example.com --role lead --password-stdin", "has an account already"),
        ("user add nonsense --role lead --password-stdin", "not an email address"),
        ("user disable nobody@example.com", "Nobody here has the address"),
        ("user role admin@example.com lead", "last administrator"),
        ("user disable admin@example.com", "last administrator"),
        ("token add builder --user nobody@example.com", "Nobody here has the address"),
        ("token revoke 999999", "no such token"),
        (f"token add {'x' * 101} --user admin@example.com", "needs a name"),
    ],
)
@pytest.mark.usefixtures("reviewer", "admin")
def test_what_is_refused_is_refused_in_a_sentence(run, line, said):
    result = run(line, f"{PASSWORD}\n")
    assert isinstance(result.exception, DomainError)
    assert said in str(result.exception)


def test_a_password_that_is_too_short_is_refused(run):
    result = run("user add new@example.com --role lead --password-stdin", "short\n")
    assert isinstance(result.exception, DomainError)


@pytest.mark.parametrize(
    "line", ["user add a@example.com --role owner", "token revoke x", f"token revoke {10**30}"]
)
def test_what_is_misspelt_is_explained(run, line):
    result = run(line)
    assert result.exit_code == 2
    assert "Invalid value" in result.output


def test_a_refusal_is_a_sentence_on_standard_error_and_exit_code_2(database_url, tmp_path):
    command = [sys.executable, "-m", "review_app", "user", "disable", "nobody@example.com"]
    variables = environment(database_url, tmp_path) | {"PATH": ""}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "review-app: Nobody here has the address nobody@example.com.\n"
