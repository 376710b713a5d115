"""The words of the demo data, as they stand in the TOML files beside this module."""

from __future__ import annotations

import random
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec


class Theme(msgspec.Struct, frozen=True):
    """What an article is about. In its sentences {stack} and {instrument} are those of the article's stack."""

    name: str
    problem: str
    areas: tuple[str, ...]
    headings: tuple[str, ...]
    opening: tuple[str, ...]
    paragraphs: tuple[str, ...]
    steps: tuple[str, ...]
    closing: str


class Stack(msgspec.Struct, frozen=True):
    """What an article works with; `name` is for filters, `title` for sentences, `notes` hold for it alone.

    `instrument` is what shows what it does.
    """

    name: str
    title: str
    area: str
    language: str
    instrument: str
    tools: tuple[str, ...]
    notes: tuple[str, ...]
    code: tuple[str, ...]


class Vocabulary(msgspec.Struct, frozen=True):
    """All of it. `remarks` are what reviewers write, by outcome; `images` addresses at reserved example domains."""

    themes: tuple[Theme, ...]
    stacks: tuple[Stack, ...]
    titles: tuple[str, ...]
    angles: tuple[str, ...]
    scenarios: tuple[str, ...]
    recurring: tuple[str, ...]
    quotes: tuple[str, ...]
    captions: tuple[str, ...]
    notes: tuple[str, ...]
    images: dict[str, str]
    remarks: dict[str, tuple[str, ...]]


@cache
def vocabulary() -> Vocabulary:
    """The words, read once."""
    words = {"themes": _read("themes")["theme"], "stacks": _read("stacks")["stack"], **_read("phrases")}
    return msgspec.convert(words, Vocabulary)


def chance(*parts: object) -> random.Random:
    """Chance that falls the same way every time it is named so."""
    return random.Random(":".join(map(str, parts)))  # noqa: S311  # for variety, not for secrecy


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))
