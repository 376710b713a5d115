"""How quickly the next article stands there after a decision, in a real Chromium, with only the keyboard.

    .venv/bin/python -m benchmarks.next_in_browser [--articles 10000] [--decisions 100]

Imports that many articles into SQLite, serves them as `review-app serve` does, approves one after the other with `a`, and
prints, each at the 50th and 95th percentile: from the key to the next article's heading on the screen (goal 300 ms); and
from a key to the next paint after it, of typing a score and of `a`, by the Event Timing API (goal 200 ms).
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

from benchmarks import corpus

GOAL_NEXT_MS, GOAL_PAINT_MS = 300, 200
PASSWORD, EMAIL = "a long enough password", "bench@example.com"
WATCH = """
window.paints = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (entry.name === "keydown") window.paints.push(entry.duration);
}).observe({ type: "event", durationThreshold: 16, buffered: true });
addEventListener("keydown", () => {
  const before = document.querySelector("h1").textContent;
  const began = performance.now();
  const look = () => {
    if (document.querySelector("h1").textContent === before) requestAnimationFrame(look);
    else requestAnimationFrame(() => { window.shown = performance.now() - began; });
  };
  window.shown = null;
  requestAnimationFrame(look);
}, true);
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--decisions", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="keep the data here, and take what an earlier run left")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as fresh:
        folder = chosen.folder or Path(fresh)
        if not (folder / "var").exists():
            _fill(folder, chosen.articles)
        with _served(folder) as address:
            nexts, typing, approving = _decide(address, chosen.decisions)
    _tell("decision key to next article", nexts, GOAL_NEXT_MS)
    _tell("key to next paint, typing a score", typing, GOAL_PAINT_MS)
    _tell("key to next paint, approving", approving, GOAL_PAINT_MS)


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "REVIEW_DATA_DIR": str(folder / "var"), "REVIEW_ENV": "development"}


def _run(folder: Path, *words: str, text: str = "") -> None:
    command = [sys.executable, "-m", "review_app", *words]
    done = subprocess.run(
        command, env=_environment(folder), input=text, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _fill(folder: Path, articles: int) -> None:
    file = folder / "articles.jsonl"
    corpus.write(file, articles)
    _run(folder, "db", "upgrade")
    _run(folder, "user", "add", EMAIL, "--role", "reviewer", "--password-stdin", text=PASSWORD)
    _run(folder, "import", str(file))


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "review_app", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=_environment(folder), stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/healthz")
        yield address
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            with urlopen(url):  # noqa: S310  # our own server
                return
        except URLError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def _decide(address: str, decisions: int) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds: to each next article, to the paint after each key of a score, to the paint after each approval."""
    nexts: list[float] = []
    typing: list[float] = []
    approving: list[float] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(bypass_csp=True)  # or Playwright could not wait for what a page says
        page.add_init_script(WATCH)
        _begin(page, address)
        for _ in range(decisions):
            page.get_by_text("You hold this until").wait_for()
            unscored = page.locator("[data-score] [type=number]:placeholder-shown")
            while unscored.count():  # which a filled one no longer is
                unscored.first.fill("70")
                page.keyboard.press("Escape")
            typing += _paints(page, "1", "7", "8", "PageDown", "Escape")
            page.evaluate("window.paints = []")
            page.keyboard.press("a")
            page.wait_for_function("window.shown")
            nexts.append(page.evaluate("window.shown"))
            approving += _paints(page)
        browser.close()
    return nexts, typing, approving


def _begin(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Review next").click()


def _paints(page: Page, *keys: str) -> list[float]:
    """How long each key took to the paint after it; those under 16 ms are not told by the browser, and count as that."""
    if keys:
        page.evaluate("window.paints = []")
    for key in keys:
        page.keyboard.press(key)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
    told: list[float] = page.evaluate("window.paints")
    return told + [16.0] * (max(len(keys), 1) - len(told))


def _tell(what: str, milliseconds: Sequence[float], goal: int) -> None:
    ordered = sorted(milliseconds)
    middle, late = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.95))
    print(
        f"{what:36} p50 {middle:5.0f} ms   p95 {late:5.0f} ms   (goal {goal} at p95, {len(ordered)} of them)"
    )


if __name__ == "__main__":
    main()
