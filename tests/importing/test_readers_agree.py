"""What is written in a format is read back the same, and one article is the same record in every format."""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.limits import DEFAULT_LIMITS
from review_app.importing.readers import READERS, recognise
from review_app.importing.record import RawRecord, Record
from review_app.importing.rules import HEAD_BYTES
from review_app.importing.validation import validate
from tests.importing.records import record
from tests.support.writers import (
    Block,
    Written,
    as_csv,
    as_json,
    as_json_lines,
    as_markdown,
    html_of,
    markdown_of,
)

TODAY = date(2026, 11, 22)

# Not what YAML refuses unescaped; json.dumps writes controls as escapes, and a table holds all of them.
texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\x85\u2028\u2029"), min_size=1, max_size=12
)
words = st.text("abc -é'\"", min_size=1, max_size=8).map(str.strip).filter(bool)
unknown = st.text("uvwxyz", min_size=3, max_size=8)
count = st.integers(0, 10**30 - 1)
lists = st.lists(texts, max_size=3)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "excerpt": texts,
    "topic": texts,
    "summary": texts,
    "hash": texts,
    "reading_time": count,
    "view_count": count,
    "stack": lists,
    "notes": lists,
    "entities": st.lists(st.fixed_dictionaries({"name": texts}, optional={"type": texts}), max_size=3),
    "score": st.dictionaries(st.sampled_from(["quality", "depth"]), st.integers(0, 200), min_size=1),
    "revision": st.fixed_dictionaries({"status": texts}, optional={"version": texts, "last_reviewed": texts}),
    "flags": st.dictionaries(unknown, st.integers(0, 1), min_size=1, max_size=3),
}
payload = st.fixed_dictionaries({"source_id": words}, optional={"seed": count, "scenario": texts})
known = st.fixed_dictionaries({"title": texts, "payload": payload, "body": texts}, optional=FIELDS)
written_records = st.builds(
    lambda fields, others: {**others, **fields}, known, st.dictionaries(unknown, texts, max_size=2)
)
some_records = st.lists(written_records, min_size=1, max_size=3)


def read(data: bytes, name: str | None = None) -> list[RawRecord]:
    """The records of a file that nothing is wrong with, by the reader that recognises it."""
    reader = READERS[name or recognise(data[:HEAD_BYTES])]
    assert reader.name == (name or reader.name)
    reader.check(io.BytesIO(data), DEFAULT_LIMITS)
    found = list(reader.read(io.BytesIO(data), DEFAULT_LIMITS))
    assert all(isinstance(one, RawRecord) for one in found), found
    return [one for one in found if isinstance(one, RawRecord)]


def unread(found: list[RawRecord]) -> list[Written]:
    return [{**one.fields, "body": one.body_html} for one in found]


@given(some_records, st.sampled_from(["", "posts"]), st.sampled_from([None, 2]))
def test_json_is_read_back_as_it_was_written(records: list[Written], within: str, indent: int | None) -> None:
    assert unread(read(as_json(records, within=within, indent=indent), "json")) == records


@given(some_records, st.sampled_from([",", ";", "\t", "|"]))
def test_csv_is_read_back_as_it_was_written(records: list[Written], delimiter: str) -> None:
    found = read(as_csv(records, delimiter), "csv")
    assert unread(found) == records
    assert [one.item for one in found] == list(range(1, len(records) + 1))


@given(written_records)
def test_front_matter_is_read_back_as_it_was_written(written: Written) -> None:
    (found,) = read(as_markdown(written, "A text."), "markdown")
    assert found.fields == {name: value for name, value in written.items() if name != "body"}
    assert found.body_html == "<p>A text.</p>\n"


block = st.one_of(
    st.tuples(st.sampled_from(["p", "h2"]), st.text("abc", min_size=1)),
    st.tuples(st.just("ul"), st.lists(st.text("abc", min_size=1), min_size=1, max_size=3)),
    st.tuples(st.just("pre"), st.text("abc \n", min_size=1).map(str.strip).filter(bool)),
    st.tuples(
        st.just("figure"), st.tuples(st.just("https://x.example/a"), *[st.text("abc", min_size=1)] * 2)
    ),
)
# Two lists one after the other would be one in Markdown.
text_blocks = st.lists(block, max_size=5).filter(
    lambda blocks: all(one[0] != "ul" or next_one[0] != "ul" for one, next_one in pairwise(blocks))
)


@given(text_blocks)
def test_a_text_in_markdown_is_the_html_that_it_means(blocks: list[Block]) -> None:
    (found,) = read(as_markdown(record(), markdown_of(blocks)), "markdown")
    assert found.body_html == html_of(blocks)


def articles() -> list[tuple[Written, list[Block]]]:
    """Fifty articles, each another one and the same every time."""
    chance = random.Random(7)
    return [_article(number, chance) for number in range(50)]


def _article(number: int, chance: random.Random) -> tuple[Written, list[Block]]:
    nouns = ["cache", "queue", "index", "backup", "naïve plan", "probe"]
    thing = chance.choice(nouns)
    blocks: list[Block] = [
        ("p", f"Before the {thing} is changed, its cost is written down."),
        ("h2", f"What a {thing} costs"),
        ("ul", [f"count each {noun}" for noun in chance.sample(nouns, 3)]),
        ("figure", (f"https://photos.example.com/{number}", f"a {thing}", f"A {thing}, drawn")),
        ("pre", f"measure {number}\nreport"),
    ]
    made = record(
        f"desk-{number:06}",
        title=f"The {thing}, {number} days on",
        stack=chance.sample(nouns, 2),
        view_count=chance.randrange(2**63),
        **{
            "score.quality": chance.randrange(101),
            "revision.version": f"{number}.0.{chance.randrange(9)}",
            "flags.needs_human_review": number % 2,
        },
    )
    made["entities"] = [{"name": thing, "type": "stack"}]
    made["mood"] = f'"calm", {number}; or not'
    return {**made, "body": html_of(blocks)}, blocks


def one_each(records: list[tuple[Written, list[Block]]]) -> list[bytes]:
    return [as_markdown(made, markdown_of(blocks)) for made, blocks in records]


FORMATS: dict[str, Callable[[list[tuple[Written, list[Block]]]], list[bytes]]] = {
    "json": lambda all_of: [as_json(made for made, _ in all_of)],
    "json, in an object": lambda all_of: [as_json((made for made, _ in all_of), within="articles", indent=1)],
    "csv": lambda all_of: [as_csv(made for made, _ in all_of)],
    "csv, with semicolons and in UTF-16": lambda all_of: [
        as_csv((made for made, _ in all_of), ";").decode().encode("utf-16")
    ],
    "markdown": one_each,
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_articles_are_the_same_records_in_every_format(name: str) -> None:
    lines = judged([as_json_lines(made for made, _ in articles())])
    others = judged(FORMATS[name](articles()))
    assert len(others) == 50
    assert others == lines


def judged(files: list[bytes]) -> list[Record]:
    """The records as they get in, but for where they stood."""
    found = [validate(raw, TODAY) for data in files for raw in read(data)]
    return [
        dataclasses.replace(one, line=0, item=0, raw="", warnings=())
        for one in found
        if isinstance(one, Record)
    ]
