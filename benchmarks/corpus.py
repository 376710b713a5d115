"""Any number of articles for the benchmarks, about 6 kB each, made of the demo's: article i depends on i alone."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from review_app.operations.demo.articles import demo_records

PARAGRAPHS = 22
OWN = "For case {number} the figure was {figure} and the deadline week {week}; {name} wrote it down under {digest}."
NAMES = ("the first shift", "the second shift", "operations", "support", "the release team")


def source_id(number: int) -> str:
    """What article `number` is known by."""
    return f"bench-{number:07}"


def record(number: int) -> dict[str, Any]:
    """One article in the shape of JSON Lines. Most of its paragraphs recur elsewhere, as on generated sites."""
    chance = random.Random(number)
    base = _demo()[number % len(_demo())]
    digest = hashlib.sha256(str(number).encode()).hexdigest()[:24]
    own = OWN.format(
        number=number,
        figure=chance.randrange(10**6),
        week=chance.randrange(53),
        name=chance.choice(NAMES),
        digest=digest,
    )
    body = [*chance.sample(_paragraphs(), PARAGRAPHS), f"<p>{own}</p>"]
    return base | {
        "title": f"{base['title']} ({number})"[:490],
        "hash": digest,
        "payload": {"source_id": source_id(number), "seed": number},
        "body": "\n".join([base["body"][: base["body"].find("</p>") + 4], *body]),
    }


def write(path: Path, count: int, start: int = 1) -> None:
    """Articles `start` to `start + count - 1` as JSON Lines."""
    with path.open("wb") as file:
        for number in range(start, start + count):
            file.write(msgspec.json.encode(record(number)) + b"\n")


@cache
def _demo() -> list[dict[str, Any]]:
    plain = [record for record in demo_records() if None not in record["score"].values()]
    return [record | {"image_sources": record["image_sources"][:4]} for record in plain]


@cache
def _paragraphs() -> list[str]:
    found = dict.fromkeys(_blocks())
    return [block for block in found if 80 < len(block) < 600]


def _blocks() -> Iterator[str]:
    for one in _demo():
        yield from re.findall(r"<(?:p|h2)>.*?</(?:p|h2)>", one["body"], re.DOTALL)
