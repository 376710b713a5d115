"""Importing in a real browser: an upload bar, progress that moves by itself, undo."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from review_app.accounts.models import User
from tests.importing.records import lines, record
from tests.support.accessibility import assert_accessible, log_in

pytestmark = pytest.mark.browser


def test_a_file_is_sent_with_a_bar_and_its_import_watched_and_undone(
    watched_page: Page, lead: User, tmp_path: Path
) -> None:
    page, file = watched_page, tmp_path / "articles.jsonl"
    file.write_bytes(lines(*(record(f"a-{number}") for number in range(30)), record("bad", title="")))
    log_in(page, lead)
    page.goto("/imports")
    page.get_by_label("Files to import").set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="articles.jsonl")).to_be_visible()
    expect(page.get_by_text("Finished")).to_be_visible()
    page.reload()
    expect(page.get_by_text("title is missing or empty.")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Why is it undone?").fill("It was the wrong file.")
    page.get_by_role("button", name="Undo this import").click()
    expect(page.get_by_text("Undone")).to_be_visible()
    assert_accessible(page)
    page.goto("/admin/changes")
    expect(page.get_by_text("It was the wrong file.")).to_be_visible()
    assert_accessible(page)


def test_a_file_that_cannot_be_read_is_told_in_place_after_the_bar(
    watched_page: Page, page_watch: object, lead: User, tmp_path: Path
) -> None:
    page, file = watched_page, tmp_path / "picture.png"
    page_watch.expected_statuses |= {422}  # type: ignore[attr-defined]
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    log_in(page, lead)
    page.goto("/imports")
    page.get_by_label("Files to import").set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("alert").get_by_text("is an image")).to_be_visible()
    page.get_by_label("Files to import").set_input_files(file)
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_enabled()
