"""Targets in a real browser: a webhook from its form to what arrived, without anything for axe to find."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from review_app.accounts.models import User
from tests.importing.sources import Server
from tests.support.accessibility import assert_accessible, assert_accessible_in_each_look, log_in

pytestmark = pytest.mark.browser


def test_a_webhook_from_its_form_to_what_arrived(watched_page: Page, lead: User, receiver: Server) -> None:
    receiver.serve("/", "fine " + "long" * 400)
    page = watched_page
    log_in(page, lead)
    page.goto("/admin/targets")
    page.get_by_role("link", name="Webhook").click()
    page.get_by_label("Name", exact=True).fill("A hook " + "withalongname" * 6)
    page.get_by_label("Address").fill(receiver.url + "/" + "?long=" + "x" * 100)
    page.get_by_label("An import has finished").uncheck()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("textbox", name="The new secret")).to_have_value(re.compile("^whsec_"))
    page.get_by_text("Change this target").click()
    page.locator("summary", has_text="Make a new secret").click()
    page.get_by_text("Remove this target").click()
    assert_accessible_in_each_look(page)
    page.get_by_role("button", name="Send a test event").click()
    expect(page.get_by_text("HTTP 200")).to_be_visible()
    expect(page.locator("main [hx-get]")).to_have_count(0)
    page.get_by_text("What was sent").first.click()
    page.get_by_text("What it answered").first.click()
    expect(page.get_by_role("group", name="What was sent")).to_contain_text("desk.test")
    assert_accessible(page)
