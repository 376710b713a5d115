"""Sources as people and programs meet them: pages, commands, the API."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from playwright.sync_api import Page, expect

from review_app.accounts.models import User
from review_app.base.errors import DomainError, Invalid, NotFound
from review_app.base.settings import Settings
from review_app.cli import group
from review_app.importing.sources.rules import Kind
from review_app.worker import run_pending
from tests.importing.records import lines, record
from tests.importing.sources import PASSWORD, add, read
from tests.support.accessibility import assert_accessible, log_in
from tests.support.cast import Browser, Program

BrowserOf = Callable[[User], Browser]
ProgramOf = Callable[[User], Program]
BLOG = {"kind": "wordpress", "name": "Blog", "address": "https://blog.example.com", "username": "editor"}


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """A folder with one article."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "one.jsonl").write_bytes(lines(record("a-1")))
    os.utime(folder / "one.jsonl", (1, 1))
    return folder


@pytest.fixture
def settings(settings: Settings, drop: Path) -> Settings:
    return replace(settings, import_folders=(drop,))


# --- pages ------------------------------------------------------------------------------------------------------------


def test_an_administrator_adds_a_source_and_sees_what_it_brings(
    app: Flask, admin: User, browser_of: BrowserOf, drop: Path
) -> None:
    browser = browser_of(admin)
    assert "/imports/sources" in browser.get("/imports").text
    assert "No source yet" in browser.get("/imports/sources").text
    sent = browser.post(
        "/imports/sources", {"kind": "folder", "name": "Night", "address": str(drop), "every_minutes": "30"}
    )
    assert sent.status_code == 303
    assert "Not read yet" in browser.get(sent.location).text
    run_pending(app)
    page = browser.get(sent.location).text
    assert "Imported" in page
    assert "/imports/1" in page
    assert "30 minutes" in page
    assert "Night: one.jsonl" in browser.get("/imports/1").text
    assert "Night" in browser.get("/imports/sources").text


def test_a_source_is_read_now_paused_changed_and_removed(
    app: Flask, admin: User, browser_of: BrowserOf, drop: Path
) -> None:
    source = add(app, Kind.FOLDER, str(drop))
    here, browser = f"/imports/sources/{source}", browser_of(admin)
    read(app, source)
    browser.get(here)
    assert browser.post(f"{here}/reads").location == here
    run_pending(app)
    assert "Nothing new" in browser.get(here).text
    browser.post(f"{here}/pause?_method=PUT")
    assert "Paused" in browser.get(here).text
    browser.post(f"{here}/pause?_method=DELETE")
    assert "Paused" not in browser.get(here).text
    changed = {"name": "Day", "address": str(drop), "every_minutes": "60"}
    assert browser.post(f"{here}?_method=PUT", changed).status_code == 303
    assert "Day" in browser.get(here).text
    assert "Tick that you mean it." in browser.post(f"{here}?_method=DELETE").text
    removed = browser.post(f"{here}?_method=DELETE", {"sure": "yes"})
    assert "What it imported stays" in browser.get(removed.location).text
    assert browser.get(here).status_code == 404


def test_the_page_asks_for_its_reads_while_one_is_due_and_no_longer(
    app: Flask, admin: User, browser_of: BrowserOf, drop: Path
) -> None:
    source = add(app, Kind.FOLDER, str(drop))
    here, browser = f"/imports/sources/{source}", browser_of(admin)
    wanted = {"HX-Request": "true", "HX-Target": f"section#source-reads-{source}"}
    asks = f'hx-get="{here}" hx-trigger="every 1s"'
    assert asks in browser.get(here).text, "its first read is due"
    read(app, source)
    assert asks not in browser.get(here).text
    browser.post(f"{here}/reads")
    assert asks in browser.get(here).text
    part = browser.get(here, headers=wanted).text
    assert part.lstrip().startswith(f'<section id="source-reads-{source}"')
    assert (asks in part, "Waiting" in part) == (True, True)
    run_pending(app)
    part = browser.get(here, headers=wanted).text
    assert (asks in part, "Nothing new" in part) == (False, True)


@pytest.mark.browser
def test_what_a_read_brings_shows_by_itself(watched_page: Page, app: Flask, admin: User, drop: Path) -> None:
    source = add(app, Kind.FOLDER, str(drop))
    log_in(watched_page, admin)
    watched_page.goto(f"/imports/sources/{source}")
    expect(watched_page.get_by_role("cell").get_by_text("Imported")).to_be_visible()
    watched_page.get_by_role("button", name="Read now").click()
    expect(watched_page.get_by_role("cell").get_by_text("Nothing new")).to_be_visible()
    expect(watched_page.locator(f"#source-reads-{source}")).not_to_have_attribute("hx-get", re.compile("."))
    assert_accessible(watched_page)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "Name is needed"),
        ({"every_minutes": "4"}, "must be between 5 and 10,080"),
        ({"every_minutes": "often"}, "must be a whole number"),
        ({"address": "/etc"}, "not below"),
        ({"kind": "feed", "address": "http://127.0.0.1/"}, "REVIEW_ALLOW_PRIVATE_TARGETS"),
        ({"kind": "odd"}, "There is a problem"),
        (BLOG, "Application password is needed"),
        ({"username": "me"}, "for WordPress sites only"),
        ({"name": "x" * 101}, "may have 100 characters"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(
    admin: User, browser_of: BrowserOf, drop: Path, wrong: dict[str, str], words: str
) -> None:
    browser = browser_of(admin)
    browser.get("/imports/sources")
    typed = {"kind": "folder", "name": "Night", "address": str(drop), "every_minutes": "30"} | wrong
    sent = browser.post("/imports/sources", typed)
    assert sent.status_code == 422
    assert words in sent.text
    assert f'value="{typed["address"]}"' in sent.text


def test_a_password_that_was_typed_never_comes_back(app: Flask, admin: User, browser_of: BrowserOf) -> None:
    browser = browser_of(admin)
    browser.get("/imports/sources")
    refused = browser.post("/imports/sources", BLOG | {"password": PASSWORD, "every_minutes": "1"})
    sent = browser.post("/imports/sources", BLOG | {"password": PASSWORD, "every_minutes": "30"})
    page = browser.get(sent.location)
    assert "editor" in page.text
    assert all("ijkl" not in one.text for one in (refused, sent, page, browser.get("/imports/sources")))


def test_a_lead_sees_no_sources(lead: User, browser_of: BrowserOf) -> None:
    browser = browser_of(lead)
    assert "/imports/sources" not in browser.get("/imports").text
    assert browser.get("/imports/sources").status_code == 403


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(app: Flask) -> Callable[..., Result]:
    """`run("source list")`: the result of the command in this process."""

    def call(*words: str, given: str = "") -> Result:
        return app.test_cli_runner().invoke(group, ["source", *words], input=given)

    return call


def test_sources_from_the_command_line(app: Flask, run: Callable[..., Result], drop: Path) -> None:
    assert run("add", "folder", str(drop), "--every", "15").output == "Added source 1, drop.\n"
    assert run("read", "1").output == "1 new or changed; import 1 is waiting for a worker.\n"
    run_pending(app)
    assert run("read", "1").output == "Nothing new.\n"
    run("pause", "1")
    assert run("list").output.split()[:4] == ["1", "paused", "folder", "drop"]
    run("resume", "1")
    assert json.loads(run("list", "--json").output)[0]["state"] == "active"
    drop.rename(drop.parent / "away")
    failed = run("read", "1")
    assert (failed.exit_code, failed.output) == (1, "There is no such folder on this machine.\n")
    assert "failing" in run("list").output
    assert "removed" in run("remove", "1").output
    assert run("list").output == ""


def test_the_password_comes_by_standard_input_and_is_never_printed(run: Callable[..., Result]) -> None:
    words = ("add", "wordpress", BLOG["address"], "--user", "editor", "--name", "Blog")
    piped = run(*words, "--password-stdin", given=f"{PASSWORD}\n")
    asked = run(*words, given=f"{PASSWORD}\n")
    assert piped.exit_code == asked.exit_code == 0
    assert "Added source 2" in asked.output
    assert PASSWORD not in piped.output + asked.output + run("list", "--json").output


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["read", "7"], NotFound),
        (["add", "folder", "/etc"], Invalid),
        (["add", "feed", "nonsense"], Invalid),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(
    run: Callable[..., Result], words: list[str], error: type[DomainError]
) -> None:
    assert isinstance(run(*words).exception, error)


# --- the API ----------------------------------------------------------------------------------------------------------


def test_sources_by_api(app: Flask, admin: User, program_of: ProgramOf, drop: Path) -> None:
    program = program_of(admin)
    added = program.post("/sources", json={"kind": "folder", "name": "Night", "address": str(drop)})
    assert added.status_code == 201
    here = added.headers["Location"].removeprefix("/api/v1")
    assert program.get(here).json == added.json
    assert added.json["every_minutes"] == 60
    run_pending(app)
    run_pending(app)
    (imported,) = program.get(f"{here}/reads").json["items"]
    assert (imported["state"], imported["items"]) == ("imported", 1)
    assert program.get(f"/imports/{imported['import_id']}").json["origin"] == "source"
    asked = program.post(f"{here}/reads")
    assert (asked.status_code, asked.json["state"]) == (202, "waiting")
    assert program.post(f"{here}/reads").json["id"] == asked.json["id"]
    changed = program.patch(here, json={"paused": True, "name": "Day", "every_minutes": 5}).json
    assert (changed["paused"], changed["name"], changed["next_read_at"]) == (True, "Day", None)
    assert program.patch(here, json={"paused": False}).json["paused"] is False
    assert [one["id"] for one in program.get("/sources").json["items"]] == [added.json["id"]]
    assert program.delete(here).status_code == 204
    assert program.get(here).status_code == 404


def test_the_api_refuses_what_the_page_does_and_tells_no_password(admin: User, program_of: ProgramOf) -> None:
    program = program_of(admin)
    refused = program.post("/sources", json={"kind": "folder", "name": "Night", "address": "/etc"})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["address"])
    added = program.post("/sources", json=BLOG | {"password": PASSWORD})
    assert added.status_code == 201
    assert PASSWORD not in added.text + program.get("/sources").text
    moved = program.patch(f"/sources/{added.json['id']}", json={"address": "https://thief.example.com"})
    assert list(moved.json["errors"]) == ["password"]


def test_a_lead_may_not_use_the_api_of_sources(lead: User, program_of: ProgramOf) -> None:
    assert program_of(lead).get("/sources").status_code == 403
