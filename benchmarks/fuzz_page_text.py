"""Fuzz the page-text reader: `python -m benchmarks.fuzz_page_text [SECONDS] [SAMPLE…]`, a minute if nothing is said.

Pages are made of lines that mean something to the reader, of any text, of any bytes, and of changed sample pages. Each
must be one record or one refusal with a reason, whatever it is, within a second. Prints the examples tried and the rate;
a page that fails is printed, as small as it could be made, and the exit code is 1.
"""

from __future__ import annotations

import io
import sys
import time
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from review_app.importing.readers import page_text
from review_app.importing.record import RawRecord, Record, Refusal
from review_app.importing.validation import validate

TODAY = date(2026, 11, 22)
MOST_SECONDS = 1.0
EXAMPLES_OF_ONE_ROUND = 1_000
SAMPLES = Path(__file__).parents[1] / "tests" / "importing" / "samples"

LINES = [
    *(
        "",
        "a title",
        "a sentence of five words.",
        "Site post meta",
        "Similar Posts",
        "topica / b",
        "topic",
        "score",
    ),
    *(
        "  • quality: 94",
        "  • depth: x",
        "  •",
        "•",
        "    • name: b",
        "    • type: c",
        "stack",
        "tools",
        "entities",
    ),
    *(
        "image sources",
        "    • caption: c",
        "    • url: https://x.example/",
        "c. image source: d",
        "payload",
        "flags",
    ),
    *(
        "  • source id: a-1",
        "  • needs human review: 1",
        "{",
        "}",
        "def f(a):",
        "    return a",
        "reading time9",
        "hash",
    ),
    *(
        "hashtags",
        "view count12",
        "revision",
        "  • last reviewed: 2024-02-29",
        "1. one",
        "- two",
        "| |",
        "<b>x</b>",
    ),
    *(
        "$ ls -l",
        "select 1;",
        "\x0b",
        "\u2028",
        "\ufeff",
        "\r",
        "é",
        "—",
        "author: ada",
        "  wrapped",
        "summaryc d",
    ),
]


class PageFailed(Exception):
    """What should never happen to a page."""


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


lines = st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=60).map("\n".join).map(_encoded)


@st.composite
def changed(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """A sample page of which some parts are left out, doubled or replaced."""
    page = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, len(page)))
        end = start + draw(st.integers(0, 200))
        bit = draw(
            st.sampled_from(LINES).map(_encoded) | st.binary(max_size=8) | st.just(page[start:end] * 2)
        )
        page = page[:start] + bit + page[end:]
    return page


def try_page(page: bytes) -> None:
    """One page, which must be one record or one refusal."""
    started = time.perf_counter()
    (found,) = page_text.read(io.BytesIO(page))
    judged = validate(found, TODAY) if isinstance(found, RawRecord) else found
    if not isinstance(judged, (Record, Refusal)) or (isinstance(judged, Refusal) and not judged.reason):
        raise PageFailed(f"neither a record nor refused with a reason: {judged!r}")
    if isinstance(judged, Refusal):
        (judged.field + judged.reason + judged.raw).encode()  # storable, whatever the bytes were
    if time.perf_counter() - started > MOST_SECONDS:
        raise PageFailed(f"it took more than {MOST_SECONDS} s")


def main(seconds: float, paths: list[Path]) -> None:
    """Round after round until the time is up; each has a seed of its own, so that it can be repeated."""
    samples = [path.read_bytes() for path in paths]
    pages = lines | st.binary(max_size=2_000) | changed(samples)
    started, tried, rounds = time.monotonic(), 0, 0

    def one(page: bytes) -> None:
        nonlocal tried
        tried += 1
        try_page(page)

    quiet = settings(
        max_examples=EXAMPLES_OF_ONE_ROUND,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    while time.monotonic() - started < seconds:
        seed(rounds)(quiet(given(pages)(one)))()
        rounds += 1
    spent = time.monotonic() - started
    print(f"{tried:,} pages in {spent:.0f} s, {tried / spent:,.0f} a second; none failed")


if __name__ == "__main__":
    main(
        float(sys.argv[1]) if len(sys.argv) > 1 else 60,
        [Path(path) for path in sys.argv[2:]] or sorted(SAMPLES.glob("*.txt")),
    )
