"""Looking at a page as axe does, light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from review_app.accounts.models import User
from tests.factories import PASSWORD

SCHEMES = ("light", "dark")
WIDTHS = (320, 1280)


def log_in(page: Page, user: User) -> None:
    """Log in as a person would."""
    page.goto("/login")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def looks(page: Page) -> Iterator[str]:
    """Let the page that stands be seen light and dark, narrow and wide; in words, each in turn."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            yield f"{page.url}, {scheme}, {width} wide"


def assert_accessible_in_each_look(page: Page) -> None:
    """The same, light and dark, narrow and wide."""
    for look in looks(page):
        try:
            assert_accessible(page)
        except AssertionError as error:
            raise AssertionError(f"{look}: {error}") from error


def assert_accessible(page: Page) -> None:
    """Axe finds nothing, and the page does not scroll sideways."""
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"{too_wide} pixels wider than the window"
