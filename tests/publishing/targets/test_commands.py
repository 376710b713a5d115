"""`review-app target …`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result as Ran
from flask import Flask
from standardwebhooks import Webhook

from review_app.base.errors import DomainError
from review_app.cli import group
from review_app.publishing.content import place_of
from review_app.publishing.kinds.face import Outcome, Result
from review_app.publishing.targets.queries import get_target
from tests.publishing.targets.conftest import PASSWORD, Add, DeliveryOf, SessionOf, StandIn

Run = Callable[..., Ran]
OWN = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.fixture
def run(app: Flask) -> Run:
    """`run("list")`: the result of the command in this process."""

    def call(*words: str, given: str = "") -> Ran:
        return app.test_cli_runner().invoke(group, ["target", *words], input=given)

    return call


def test_a_secret_that_is_made_is_printed_once_alone_on_the_last_line(run: Run) -> None:
    added = run("add", "webhook", "--name", "Hook", "--url", "https://hooks.example.com")
    assert Webhook(added.stdout.splitlines()[-1])
    assert added.stdout.count("\n") == 1
    rotated = run("rotate", "2", "--overlap-hours", "1")
    assert Webhook(rotated.stdout.splitlines()[-1])
    assert rotated.stdout != added.stdout
    assert "whsec" not in run("list", "--json").output + run("list").output


def test_a_secret_of_ones_own_comes_by_standard_input_and_is_not_printed(
    app: Flask, run: Run, session_of: SessionOf
) -> None:
    added = run(
        "add", "webhook", "--name", "H", "--url", "https://a.example.com", "--secret-stdin", given=f"{OWN}\n"
    )
    assert added.exit_code == 0
    assert OWN not in added.output
    with session_of() as session:
        assert place_of(get_target(session, 2), app.extensions["settings"]).secrets == (OWN,)


def test_a_password_comes_by_standard_input_is_never_printed_and_is_changed(
    app: Flask, run: Run, session_of: SessionOf
) -> None:
    words = ("add", "wordpress", "--name", "Blog", "--url", "https://blog.example.com", "--user", "editor")
    added = run(*words, "--password-stdin", given=f"{PASSWORD}\n")
    assert added.output == "Added target 2, Blog.\n"
    assert run("rotate", "2", "--password-stdin", given="another\n").exit_code == 0
    with session_of() as session:
        assert place_of(get_target(session, 2), app.extensions["settings"]).password == "another"
    assert "another" not in run("list", "--json").output


def test_a_target_is_tested_switched_off_and_on_and_removed(
    run: Run, add: Add, kinds: dict[str, StandIn]
) -> None:
    add("wordpress")
    assert (run("test", "2").exit_code, run("test", "2").output) == (
        0,
        "It can be reached and takes what the desk sends.\n",
    )
    kinds["wordpress"].says = Outcome(Result.FAILED, "The password was not accepted.\x1b[2J")
    failed = run("test", "2")
    assert (failed.exit_code, failed.output) == (1, "The password was not accepted.\ufffd[2J\n")
    run("disable", "2")
    assert json.loads(run("list", "--json").output)[1]["state"] == "off"
    run("enable", "2")
    assert "active" in run("list").output
    assert "removed" in run("remove", "2").output
    assert [one["kind"] for one in json.loads(run("list", "--json").output)] == ["site"]


def test_deliveries_are_listed_and_sent_again(run: Run, add: Add, delivery_of: DeliveryOf) -> None:
    target_id = str(add("webhook").target.id)
    first, second, third = (delivery_of(int(target_id), "dead") for _ in range(3))
    listed = run("deliveries", target_id, "--state", "dead").output
    assert listed.count("it answered 500") == 3
    assert "3 deliveries were given up" in run("list").output
    assert run("replay", str(first)).output.startswith("1 delivery is sent again")
    assert run("replay", "--dead", target_id).output.startswith("2 deliveries are sent again")
    told = json.loads(run("deliveries", target_id, "--json").output)
    assert [(one["id"], one["state"]) for one in told] == [
        (number, "waiting") for number in (third, second, first)
    ]
    assert run("replay").exit_code == run("replay", "1", "--dead", "1").exit_code == 2


WRONG = [
    (("add", "webhook", "--name", "H"), "url is needed."),
    (("add", "webhook", "--name", "H", "--url", "ftp://a"), "url is no address"),
    (("add", "webhook", "--name", "Odd", "--url", "http://2852039166/"), "is at 169.254.169.254"),
    (("rotate", "1"), "no secret that the desk makes"),
    (("remove", "1"), "cannot be removed"),
    (("test", "9"), "There is no target 9."),
    (("replay", "--dead", "9"), "There is no target 9."),
]


def test_what_cannot_be_is_refused_in_a_sentence(run: Run) -> None:
    for words, error in WRONG:
        refused = run(*words).exception
        assert isinstance(refused, DomainError)
        assert error in str(refused)
