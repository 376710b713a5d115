"""`review-app publish`."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from review_app.base.clock import utc_now
from review_app.publishing.commands import publish as command


@pytest.fixture
def run(app):
    """Run the command with these arguments."""
    return lambda *arguments: app.test_cli_runner().invoke(command, arguments)


def test_it_publishes_what_is_named_and_says_so(run, approve, article_of):
    approve("good")
    result = run("good")
    assert result.exit_code == 0
    assert result.stdout == "Publish run 1: 1 accepted, 0 refused; 1 published, 0 failed, 0 waiting\n"
    assert article_of("good").published_version == "1.2.3"


def test_all_approved_is_said_by_name(run, approve, article_of):
    approve("good-1", "good-2")
    assert run("--all-approved").exit_code == 0
    assert article_of("good-2").published_version == "1.2.3"


def test_some_refused_is_1_and_each_is_told(run, approve):
    approve("good")
    result = run("good", "unknown")
    assert result.exit_code == 1
    assert result.stderr == "refused: unknown: there is no such article\n"


def test_all_refused_is_2(run):
    assert run("unknown").exit_code == 2


@pytest.mark.parametrize("arguments", [(), ("good", "--all-approved")])
def test_it_wants_names_or_all_of_them(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "--all-approved" in result.stderr


def test_nothing_left_to_publish_is_no_failure(run):
    assert run("--all-approved").exit_code == 0


def test_what_has_to_wait_is_told_with_its_time(run, approve):
    decided = utc_now()
    approve("good", decided_at=decided)
    result = run("good")
    assert result.exit_code == 0
    assert "1 waiting" in result.stdout
    assert f"{decided + timedelta(seconds=20):%H:%M:%S} UTC" in result.stdout


def test_json_tells_all_of_it(run, approve):
    approve("good")
    result = run("good", "unknown", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told == {
        "run_id": 1,
        "accepted": ["good"],
        "refused": [{"source_id": "unknown", "reason": "there is no such article"}],
        "state": "finished",
        "published": 1,
        "failed": 0,
        "waiting": 0,
        "delivering": 0,
        "withdrawn": 0,
        "cancelled": 0,
        "next_due_at": None,
    }


def test_a_name_that_is_no_text_is_refused_like_any_other(run):
    result = run("\udcff")
    assert result.exit_code == 2
    assert "there is no such article" in result.stderr
