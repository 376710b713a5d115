"""Each limit of an import is a setting, and what passes it is refused by a sentence that says it."""

from __future__ import annotations

import gzip
import io
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest

from review_app.base.settings import IMPORT_LIMITS, Settings, SettingsError
from review_app.importing.limits import DEFAULT_LIMITS, Limits, size
from review_app.importing.readers import READERS, UnreadableFile
from review_app.importing.record import RawRecord, Record
from review_app.importing.unpacking import Member, UnreadableMember, members
from review_app.importing.validation import validate
from tests.importing.records import lines, record
from tests.importing.test_unpacking import zipped

PAGE = "a title\n\na paragraph\n\nsite post meta\n\ntopicx\npayload\n  • source id: a-1\n"


def outcome(data: bytes, format_name: str, limits: Limits) -> str:
    """Why the one record of a file is refused, or "accepted"."""
    try:
        (member,) = members(lambda: io.BytesIO(data), "file", limits)
        if isinstance(member, UnreadableMember):
            return member.reason
        return read(data, format_name, limits)
    except UnreadableFile as error:
        return error.reason


def read(data: bytes, format_name: str, limits: Limits) -> str:
    for member in members(lambda: io.BytesIO(data), "file", limits):
        assert isinstance(member, Member)
        (found,) = READERS[format_name].read(member.open(), limits)
        judged = validate(found, date(2026, 11, 22), limits=limits) if isinstance(found, RawRecord) else found
        return "accepted" if isinstance(judged, Record) else str(getattr(judged, "reason", judged))
    return "nothing"


DEEP = {"a": {"b": {"c": 1}}}


@pytest.mark.parametrize(
    ("limit", "value", "data", "reason"),
    [
        ("page_bytes", 60, PAGE.encode(), "larger than 60 bytes"),
        ("page_lines", 5, PAGE.encode(), "more than 5 lines"),
        ("line_bytes", 100, lines(record()), "longer than 100 bytes"),
        ("cell_characters", 30, lines(record()), "excerpt has 47 characters; at most 30"),
        ("json_depth", 3, lines(record(more=DEEP)), "more.a.b is nested more than 3 deep"),
        ("body_characters", 20, lines(record()), "body has 76 characters; at most 20"),
        (
            "html_depth",
            1,
            lines(record(body="<div><p>x</p></div>")),
            "more than 1 elements within each other",
        ),
        ("html_tags", 3, lines(record(body="<p>x</p>" * 4)), "more than 3 tags"),
        ("html_attributes", 2, lines(record(body="<p a b c>x</p>")), "more than 2 attributes: <p>"),
        ("list_items", 1, lines(record()), "items; a list may have 1"),
        ("fields", 5, lines(record()), "more than 5 fields"),
        (
            "archive_ratio",
            1,
            gzip.compress(lines(record(more="x" * 5_000))),
            "more than 1 times its packed size",
        ),
        ("archive_members", 1, zipped({"a": b"x", "b": b"y"}), "more than 1 members"),
    ],
)
def test_what_passes_a_limit_is_refused_by_a_sentence_that_says_it(
    limit: str, value: int, data: bytes, reason: str
) -> None:
    format_name = "text" if data.startswith(b"a title") else "jsonl"
    small = replace(DEFAULT_LIMITS, archive_free_bytes=1_000, **{limit: value})
    assert reason in outcome(data, format_name, small)
    if limit != "archive_members":
        assert outcome(data, format_name, DEFAULT_LIMITS) == "accepted"


def test_what_may_be_unpacked_freely_is_a_limit_too() -> None:
    data = gzip.compress(lines(record(more="x" * 50_000)))
    small = replace(DEFAULT_LIMITS, archive_ratio=1)
    assert outcome(data, "jsonl", small) == "accepted"
    assert "more than 1 times" in outcome(data, "jsonl", replace(small, archive_free_bytes=40_000))


def test_every_limit_is_a_setting(tmp_path: Path) -> None:
    assert set(IMPORT_LIMITS) == {field.name for field in fields(Limits)}
    named = {f"REVIEW_IMPORT_{name.upper()}": str(number) for number, name in enumerate(IMPORT_LIMITS, 7)}
    limits = Limits.of(Settings.from_environment({"REVIEW_DATA_DIR": str(tmp_path), **named}))
    assert [getattr(limits, name) for name in IMPORT_LIMITS] == list(range(7, 7 + len(IMPORT_LIMITS)))


def test_a_limit_that_is_not_set_is_the_usual_one(tmp_path: Path) -> None:
    environment = {"REVIEW_DATA_DIR": str(tmp_path), "REVIEW_IMPORT_LINE_BYTES": "5000"}
    assert Limits.of(Settings.from_environment(environment)) == replace(DEFAULT_LIMITS, line_bytes=5000)


@pytest.mark.parametrize("value", ["0", "-1", "4MiB", "1e6", "٣"])
def test_a_limit_that_is_no_number_stops_the_start(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="REVIEW_IMPORT_COLUMNS"):
        Settings.from_environment({"REVIEW_DATA_DIR": str(tmp_path), "REVIEW_IMPORT_COLUMNS": value})


@pytest.mark.parametrize(
    ("count", "words"), [(4 * 1024 * 1024, "4 MiB"), (1_048_577, "1,048,577 bytes"), (1000, "1,000 bytes")]
)
def test_a_size_is_said_in_words(count: int, words: str) -> None:
    assert size(count) == words
