"""The demo articles: records as the source site gives them, the same ones for the same seed."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import msgspec

from review_app.articles.rules import SCORES
from review_app.operations.demo.body import Figure, Text, as_html
from review_app.operations.demo.oddities import ODDITIES
from review_app.operations.demo.vocabulary import Stack, Theme, chance, vocabulary

COUNT = 300
SEED = 20
SHARE_FOR_PEOPLE = 0.6
"""So many of the articles ask for a person."""
IMAGES = (0, 1, 2, 2, 2, 3, 3, 4, 5)
MOST_USUAL_VIEWS = 5_000_000

Record = dict[str, Any]


def demo_records(seed: int = SEED) -> list[Record]:
    """All demo articles in the order of their numbers; a few of them are odd on purpose."""
    pairs = _pairs(seed)
    return [_record(seed, number, *pairs[(number - 1) % len(pairs)]) for number in range(1, COUNT + 1)]


def as_json_lines(records: list[Record]) -> bytes:
    """The records as a file that the importer reads."""
    return b"".join(msgspec.json.encode(record) + b"\n" for record in records)


def source_id_of(number: int) -> str:
    """What the article of this number is known by."""
    return f"demo-{number:06}"


def revised(record: Record) -> Record:
    """The same article as it comes a second time: one paragraph more, a later version, newer than its review."""
    major, minor, _patch = record["revision"]["version"].split(".")
    later = {"status": "updated", "version": f"{major}.{int(minor) + 1}.0"}
    addition = "<h2>Added since</h2>\n<p>The figures were taken again after an upgrade. The order of the steps is the same.</p>\n"
    return record | {"revision": record["revision"] | later, "body": record["body"] + addition}


@cache
def _pairs(seed: int) -> list[tuple[Theme, Stack]]:
    """Every theme with every stack it fits, shuffled."""
    words = vocabulary()
    pairs = [(theme, stack) for theme in words.themes for stack in words.stacks if stack.area in theme.areas]
    chance(seed, "pairs").shuffle(pairs)
    return pairs


def _record(seed: int, number: int, theme: Theme, stack: Stack) -> Record:
    record = _Article(seed, number, theme, stack).as_record()
    odd = ODDITIES.get(number)
    if odd is not None:
        odd(record)
    return record


@dataclass
class _Article:
    """One article in the making. What is drawn is drawn in one fixed order, so that it comes out the same."""

    seed: int
    number: int
    theme: Theme
    stack: Stack

    def as_record(self) -> Record:
        """It, in the shape of the source."""
        figures, code = self._figures(), self._code()
        text = self._text(figures, code)
        return {
            "title": self._title(),
            "excerpt": self._excerpt(text.opening),
            **self._about(),
            "code_language": self.stack.language,
            "difficulty": self.chance.choice(("beginner", "intermediate", "advanced")),
            "reading_time": 2 + text.words // 180,
            "view_count": min(int(30 * self.chance.paretovariate(0.6)), MOST_USUAL_VIEWS),
            **self._judged(),
            "reference": f"demo-ref-{self.number:06}-{self.chance.randrange(10_000):04}",
            "hash": hashlib.blake2b(f"{self.seed}:{self.number}".encode(), digest_size=12).hexdigest(),
            "flags": self._flags(figures, code),
            "checklist": list(self.theme.steps),
            "entities": [
                {"name": self.stack.name, "type": "stack"},
                {"name": self.stack.area, "type": "area"},
                {"name": self.theme.problem, "type": "problem"},
            ],
            "image_sources": [{"source": at.source, "url": at.url, "caption": at.caption} for at in figures],
            "payload": {
                "source_id": source_id_of(self.number),
                "generator": "review desk demo writer",
                "paragraphs": text.paragraphs,
                "scenario": self.scenario,
                "seed": self.number,
            },
            "notes": list(vocabulary().notes),
            "body": as_html(text),
        }

    @cached_property
    def chance(self) -> random.Random:
        """What falls for this article."""
        return chance(self.seed, self.number)

    @cached_property
    def scenario(self) -> str:
        """Where it takes place."""
        return chance(self.seed, self.number, "scenario").choice(vocabulary().scenarios)

    def _said(self, sentence: str) -> str:
        return sentence.format(
            stack=self.stack.title,
            instrument=self.stack.instrument,
            problem=self.theme.problem,
            scenario=self.scenario,
        )

    def _title(self) -> str:
        """A pair that comes a second time gets the next template, so no two titles are the same."""
        words = vocabulary()
        template = words.titles[(self.number + self.number // len(_pairs(self.seed))) % len(words.titles)]
        theme, angle = self.theme.name, self.chance.choice(words.angles)
        title = template.format(Theme=capitalised(theme), theme=theme, stack=self.stack.title, angle=angle)
        return capitalised(title)

    def _excerpt(self, opening: str) -> str:
        """One sentence of the opening, and not the shortest."""
        sentences = sorted(opening.split(". "), key=len)
        return self.chance.choice(sentences[-2:]).rstrip(".") + "."

    def _figures(self) -> list[Figure]:
        words = vocabulary()
        sources = list(words.images.items())
        captions = self.chance.sample(words.captions, len(words.captions))
        figures = []
        for position in range(self.chance.choice(IMAGES)):
            source, address = self.chance.choice(sources)
            caption = capitalised(self._said(captions[position]))
            figures.append(Figure(source, address.format(number=self.number * 100 + position), caption))
        return figures

    def _code(self) -> str:
        return self.chance.choice(self.stack.code) if self.chance.random() < 0.7 else ""

    def _text(self, figures: list[Figure], code: str) -> Text:
        words, draw = vocabulary(), self.chance
        own = draw.sample(self.theme.paragraphs, draw.choice((3, 4, 5)))
        own.insert(draw.randrange(1, len(own)), draw.choice(self.stack.notes))
        own += draw.sample(words.recurring, draw.choice((0, 1, 1, 2)))
        return Text(
            opening=self._said(draw.choice(self.theme.opening)),
            headings=self.theme.headings[: 3 if len(own) > 5 else 2],
            prose=[self._said(paragraph) for paragraph in own],
            figures=figures,
            code=code,
            steps=self.theme.steps,
            quote=draw.choice(words.quotes) if draw.random() < 0.2 else "",
            measured=self._measured() if draw.random() < 0.25 else (),
            closing=self._said(self.theme.closing),
        )

    def _measured(self) -> tuple[tuple[str, str, str], ...]:
        slow, failed = self.chance.randrange(900, 9_000), self.chance.randrange(12, 90)
        return (
            ("Slowest of a hundred", f"{slow:,} ms", f"{slow // self.chance.randrange(3, 12):,} ms"),
            ("Failed in a week", str(failed), str(failed // self.chance.randrange(4, 13))),
        )

    def _about(self) -> Record:
        stack, theme = self.stack, self.theme
        return {
            "topic": f"{theme.problem} / {stack.name}",
            "summary": f"How {theme.problem} come about in {stack.title}, what helped in {self.scenario}, and how to tell"
            " that it did.",
            "ai_outline": [
                f"setting: {self.scenario}",
                f"trouble: {theme.problem}",
                f"stack: {stack.name}",
                f"way out: {theme.steps[0].lower()}, {theme.steps[1].lower()}, and so on",
            ],
            "ai_brief": "A draft for an editor: the order of the steps is meant, the figures are examples.",
            "stack": [stack.name, stack.area, stack.language],
            "tools": [*stack.tools, "version control"],
        }

    def _judged(self) -> Record:
        draw = self.chance
        middle = draw.gauss(76, 9)
        reviewed = f"{draw.randrange(2019, 2026)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
        return {
            "score": {name: max(31, min(99, round(draw.gauss(middle, 8)))) for name in SCORES},
            "revision": {
                "status": self._status(),
                "version": f"1.{draw.randrange(10)}.{draw.randrange(10)}",
                "last_reviewed": reviewed,
            },
        }

    def _status(self) -> str:
        weights = (80, 2, 18) if self.for_people else (25, 65, 10)
        return self.chance.choices(("drafted", "reviewed", "updated"), weights)[0]

    @cached_property
    def for_people(self) -> bool:
        """Whether it asks for a person; the odd ones always do."""
        drawn = chance(self.seed, self.number, "for people").random() < SHARE_FOR_PEOPLE
        return drawn or self.number in ODDITIES

    def _flags(self, figures: list[Figure], code: str) -> dict[str, int]:
        flags = {
            "ai_generated_style": int(self.chance.random() < 0.85),
            "has_images": int(bool(figures)),
            "image_heavy": int(len(figures) >= 4),
            "needs_human_review": int(self.for_people),
        }
        return flags | ({"has_code": 1} if code else {})


def capitalised(words: str) -> str:
    """With a capital at the beginning, and the rest as it is."""
    return words[:1].upper() + words[1:]
