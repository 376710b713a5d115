"""Takes the pictures of the documents from a running demo: `python docs/screenshots.py ADDRESS DATA_DIR`.

ADDRESS is where `make run` serves, DATA_DIR its data folder, in which the demo's logins stand. Each of the nine screens is
taken light and dark. It decides on one article of the demo, to show a conflict.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

HERE = Path(__file__).parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
Taken = Callable[[Page, str], None]


def main(address: str, data_dir: str) -> None:
    """Walk through the screens, once light and once dark."""
    lines = (Path(data_dir) / "demo-logins.txt").read_text().splitlines()
    logins = {role: (email, password) for role, email, password in map(str.split, lines) if role in ROLES}
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for scheme in ("light", "dark"):
            _take_all(Desk(browser, address, logins, scheme), scheme)
        browser.close()


ROLES = ("reviewer", "lead", "administrator")


class Desk:
    """The demo, as its people see it in one colour scheme."""

    def __init__(
        self, browser: Browser, address: str, logins: dict[str, tuple[str, str]], scheme: str
    ) -> None:
        self.browser, self.address, self.logins, self.scheme = browser, address, logins, scheme

    def door(self) -> Page:
        """A browser of its own, before the login."""
        size = {"width": 1280, "height": 900}
        page = self.browser.new_page(viewport=size, color_scheme=self.scheme, base_url=self.address)  # type: ignore[arg-type]  # a literal
        page.goto("/login")
        return page

    def logged_in(self, role: str) -> Page:
        """A browser of this person."""
        page = self.door()
        email, password = self.logins[role]
        page.fill("[name=email]", email)
        page.fill("[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/queue*")
        return page


def _take_all(desk: Desk, scheme: str) -> None:
    def take(page: Page, name: str) -> None:
        page.screenshot(path=HERE / f"{name}{'' if scheme == 'light' else '-dark'}.png")

    take(desk.door(), "login")
    lead = desk.logged_in("lead")
    take(lead, "queue")
    _review(lead, take)
    _conflict(lead, desk, take)
    _bulk(lead, take)
    lead.goto("/stats")
    take(lead, "statistics")
    lead.goto("/publications")
    take(lead, "publishing")
    administrator = desk.logged_in("administrator")
    administrator.goto("/imports")
    take(administrator, "imports")
    administrator.goto("/profile")
    take(administrator, "profile")


def _review(page: Page, take: Taken) -> None:
    page.get_by_role("button", name="Review next").click()
    page.get_by_text("You hold this until").wait_for()
    take(page, "review")
    page.get_by_role("button", name="Release").click()


def _conflict(page: Page, desk: Desk, take: Taken) -> None:
    """Somebody saves an article while it stands open here."""
    page.goto("/queue?claimed=no&sort=newest")
    address = page.locator("#results th a.title").first.get_attribute("href") or ""
    page.goto(address)
    page.get_by_label("Quality", exact=True).fill("61")
    page.get_by_role("button", name="Release").click()
    other = desk.logged_in("reviewer")
    other.goto(address)
    other.get_by_label("Quality", exact=True).fill("74")
    other.locator("#note").fill("The second example does not run.")
    other.locator("#actions").get_by_role("button", name="Save", exact=True).click()
    expect(other.get_by_text("Saved “")).to_be_visible()
    page.goto(address)
    take(page, "conflict")
    page.get_by_role("button", name="Discard mine").click()


def _bulk(page: Page, take: Taken) -> None:
    page.goto("/queue?difficulty=beginner")
    page.get_by_role("checkbox", name="Select ").first.check()
    page.get_by_label("What to do with many articles").select_option(label="Request changes")
    page.get_by_role("button", name="on this page").click()
    page.get_by_role("button", name="Confirm").wait_for()
    take(page, "bulk")


if __name__ == "__main__":
    main(*sys.argv[1:])
