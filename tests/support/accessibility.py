"""Looking at a page as axe does, light and dark, narrow and wide."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from review_app.accounts.models import User
from tests.factories import PASSWORD

LOOKS = [
    pytest.param(
        {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}, id=f"{scheme} {width}"
    )
    for scheme in ("light", "dark")
    for width in (320, 1280)
]
"""For `@pytest.mark.parametrize("look", LOOKS)` and `open_page(**look)`."""


def log_in(page: Page, user: User) -> None:
    """Log in as a person would."""
    page.goto("/login")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def assert_accessible(page: Page) -> None:
    """Axe finds nothing, and the page does not scroll sideways."""
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"{too_wide} pixels wider than the window"
