"""Takes the pictures of the documents from a running demo: `python docs/screenshots.py ADDRESS DATA_DIR`.

ADDRESS is where `make run` serves, DATA_DIR its data folder, in which the demo's logins stand.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]


def main(address: str, data_dir: str) -> None:
    """Log in as the demo's lead and take the review page and the statistics."""
    lines = (Path(data_dir) / "demo-logins.txt").read_text().splitlines()
    _, email, password = next(line.split() for line in lines if line.startswith("lead"))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto(f"{address}/login")
        page.fill("[name=email]", email)
        page.fill("[name=password]", password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/queue*")
        page.screenshot(path=HERE / "queue.png")
        page.get_by_role("button", name="Review next").click()
        page.wait_for_url("**/review*")
        page.get_by_text("You hold this until").wait_for()
        page.screenshot(path=HERE / "review.png")
        page.get_by_role("button", name="Release").click()
        page.goto(f"{address}/stats")
        page.screenshot(path=HERE / "statistics.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
