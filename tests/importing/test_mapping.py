"""A file says which of a source's names are which field, and which of its words are which status."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.base.errors import Invalid
from review_app.importing import rules
from review_app.importing.mapping import Mapping
from review_app.importing.record import RawRecord, Record, Refusal
from review_app.importing.validation import validate
from tests.importing.records import RECORD

ID = {"payload": {"source_id": "desk-000001"}}


def raw(fields: dict[str, Any], body: str = "") -> RawRecord:
    return RawRecord(3, 2, fields, body, "the raw text")


def mapped(fields: dict[str, Any], toml: str = "", format_name: str = "jsonl") -> RawRecord:
    found = Mapping.from_toml(toml).apply(raw(fields), format_name)
    assert isinstance(found, RawRecord), found
    return found


def refused(fields: dict[str, Any], toml: str = "", format_name: str = "jsonl") -> Refusal:
    found = Mapping.from_toml(toml).apply(raw(fields), format_name)
    assert isinstance(found, Refusal), found
    return found


def fields_of(fields: dict[str, Any], toml: str = "", format_name: str = "jsonl") -> dict[str, Any]:
    return mapped(fields, toml, format_name).fields


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_record_of_our_own_names_is_given_back_as_it_is() -> None:
    own = raw({**{name: value for name, value in RECORD.items() if name != "body"}, "unknown": {"a": [1]}})
    for _ in range(2):
        assert Mapping.default().apply(own, "jsonl") == own


@pytest.mark.parametrize("prefix", ["alphanode_", "anp_"])
def test_the_prefixes_of_the_source_are_dropped(prefix: str) -> None:
    fields = {f"{prefix}score": {"quality": 4}, f"{prefix}unknown": 1, f"{prefix}": 2, "other_topic": "a"}
    assert fields_of(fields) == {"score": {"quality": 4}, "unknown": 1, prefix: 2, "other_topic": "a"}


def test_a_file_adds_prefixes_and_the_longest_that_fits_is_dropped() -> None:
    toml = 'prefixes = ["x_", "x_y_"]'
    assert fields_of({"x_y_topic": "a", "x_notes": ["b"], "anp_hash": "c"}, toml) == {
        "topic": "a",
        "notes": ["b"],
        "hash": "c",
    }


def test_a_prefix_never_bites_into_the_name_of_a_field() -> None:
    assert fields_of({"reading_time": 1, "read_more": 2}, 'prefixes = ["read"]') == {
        "reading_time": 1,
        "_more": 2,
    }


def test_names_go_to_fields_and_into_groups_and_out_of_groups() -> None:
    toml = """
        [names]
        lang = "code_language"
        content = "body"
        "rating.overall" = "score.quality"
        rating.age = "score.freshness"
        "meta.uid" = "payload.source_id"
    """
    source = {
        "lang": "python",
        "content": "<p>a</p>",
        "anp_rating": {"overall": 4, "age": 5, "stars": 1},
        "meta": {"uid": "x-1"},
        "score": {"depth": 6},
        "score_clarity": 7,
        "reading time": 8,
    }
    found = mapped(source, toml)
    assert found.body_html == "<p>a</p>"
    assert found.fields == {
        "code_language": "python",
        "score": {"depth": 6, "quality": 4, "freshness": 5, "clarity": 7},
        "rating": {"stars": 1},
        "payload": {"source_id": "x-1"},
        "reading_time": 8,
    }
    assert source["score"] == {"depth": 6}


def test_a_field_may_be_said_twice_if_both_say_the_same_or_one_says_nothing() -> None:
    assert fields_of(
        {"topic": "a", "anp_topic": "a", "hash": "", "alphanode_hash": "b", "anp_hash": None}
    ) == {
        "topic": "a",
        "hash": "b",
    }


@pytest.mark.parametrize(
    ("fields", "field", "names"),
    [
        ({"topic": "a", "anp_topic": "b"}, "topic", ('"topic"', '"anp_topic"', '"a"', '"b"')),
        ({"anp_topic": "a", "alphanode_topic": "b"}, "topic", ('"anp_topic"', '"alphanode_topic"')),
        ({"anp_score": {"depth": 1}, "score_depth": 2}, "score.depth", ('"anp_score"', '"score_depth"')),
        ({"score": {"depth": 1}, "score_depth": True}, "score.depth", ('"score"', "true")),
        ({"score": 5, "score_depth": 2}, "score", ('"score"', '"score_depth"')),
    ],
)
def test_two_names_that_are_one_field_and_differ_refuse_the_record(
    fields: dict[str, Any], field: str, names: tuple[str, ...]
) -> None:
    found = refused(fields | ID)
    assert (found.line, found.item, found.field, found.source_id) == (3, 2, field, "desk-000001")
    assert found.raw == "the raw text"
    assert all(name in found.reason for name in names), found.reason


def test_two_bodies_that_differ_refuse_the_record() -> None:
    mapping = Mapping.from_toml('names = {content = "body"}')
    found = mapping.apply(raw({"content": "<p>b</p>"}, "<p>a</p>"), "jsonl")
    assert isinstance(found, Refusal)
    assert found.field == "body"
    assert (
        refused({"content": 5}, 'names = {content = "body"}').reason
        == "body must be a text (HTML), but is 5."
    )


def test_unknown_fields_are_kept_both_if_dropping_a_prefix_makes_them_one() -> None:
    assert fields_of({"anp_mood": 1, "mood": 2, "alphanode_mood": 3}) == {
        "mood": 2,
        "anp_mood": 1,
        "alphanode_mood": 3,
    }


def test_a_table_of_one_format_holds_for_that_format_alone_and_over_the_rest() -> None:
    toml = """
        names = {lang = "code_language"}
        [formats.csv]
        prefixes = ["col_"]
        names = {lang = "difficulty"}
    """
    assert fields_of({"lang": "a", "col_topic": "b"}, toml, "csv") == {"difficulty": "a", "topic": "b"}
    assert fields_of({"lang": "a", "col_topic": "b"}, toml) == {"code_language": "a", "col_topic": "b"}


def test_what_wordpress_keeps_for_itself_is_left_out_unless_it_is_named() -> None:
    source = {"_edit_lock": "1", "_mood": "a", "_acme_topic": "b"}
    toml = 'prefixes = ["_acme_"]\nnames = {"_mood" = "difficulty"}'
    assert fields_of(source, toml, "wxr") == {"difficulty": "a", "topic": "b"}
    assert fields_of(source, "[formats.wxr]\nleave_out = []", "wxr") == source
    assert fields_of(source) == source


def test_remarks_name_the_field_as_we_do() -> None:
    noted = replace(raw({"anp_topic": "a"}), remarks=(("anp_topic", "m"), ("", "n")))
    found = Mapping.default().apply(noted)
    assert isinstance(found, RawRecord)
    assert found.remarks == (("topic", "m"), ("", "n"))


def test_digits_are_numbers_where_all_is_text_and_only_there() -> None:
    source = {"anp_view_count": "9223372036854775807", "hash": "123", "score_depth": "7", "flags": {"a": "1"}}
    assert fields_of(source, format_name="wxr") == {
        "hash": "123",
        "flags": {"a": 1},
        "view_count": 9223372036854775807,
        "score": {"depth": 7},
    }
    assert fields_of(source)["score"] == {"depth": "7"}
    assert fields_of({"reading_time": "094"}, format_name="wxr") == {"reading_time": "094"}


def test_the_name_of_last_resort_is_used_if_no_field_says_one() -> None:
    def named(fields: dict[str, Any]) -> dict[str, Any]:
        found = Mapping.default().apply(replace(raw(fields), fallback_id="example.com:1"), "wxr")
        assert isinstance(found, RawRecord)
        return found.fields

    assert named({"title": "a"}) == {"title": "a", "source_id": "example.com:1"}
    assert named({"anp_payload": {"source_id": "x"}}) == {"payload": {"source_id": "x"}}
    assert named({"source_id": "x"}) == {"source_id": "x"}
    assert named({"payload": {"source_id": " "}})["source_id"] == "example.com:1"


names = st.sampled_from(
    ["topic", "anp_topic", "score", "anp_score", "score_depth", "x", "anp_x", "_y", "body", ""]
)
anything = st.none() | st.integers(0, 3) | st.text(max_size=3) | st.lists(st.integers(), max_size=2)


@given(st.dictionaries(names, anything | st.dictionaries(names, anything, max_size=3), max_size=6))
def test_whatever_a_record_holds_it_is_mapped_or_refused_and_stays_whole(fields: dict[str, Any]) -> None:
    before = repr(fields)
    for format_name in ("jsonl", "wxr"):
        found = Mapping.default().apply(raw(fields), format_name)
        assert isinstance(found, RawRecord) or (found.reason and found.field)
    assert repr(fields) == before


# --- statuses ---------------------------------------------------------------------------------------------------------


def judged(status: str, toml: str) -> Record:
    fields = {"title": "a", "revision": {"status": status}, **ID}
    found = validate(raw(fields, "<p>b</p>"), date(2026, 11, 22), statuses=Mapping.from_toml(toml).statuses)
    assert isinstance(found, Record)
    return found


def test_a_word_of_the_source_is_the_status_that_the_file_says() -> None:
    toml = '[statuses]\n"Needs Update" = "drafted"\nchecked = "reviewed"'
    assert judged("needs update", toml).warnings == ()
    found = judged(" Checked ", toml)
    assert (found.revision_status, found.warnings) == ("reviewed", ())
    assert found.meta["revision"] == {"status": " Checked "}
    assert judged("updated", toml).revision_status == "drafted"
    assert judged("approved", toml).revision_status == "drafted"


def test_the_defaults_are_the_statuses_that_an_import_knows() -> None:
    assert Mapping.default().statuses == rules.IMPORTED_STATUSES


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("names = \n", "no valid TOML: .*line 1"),
        ("names = {}\nnames = {}", "no valid TOML"),
        ("a = " + "[" * 20_000, "no valid TOML"),
        ("x" * 70_000, "more than 65,536 characters"),
        ("name = 1", '"name", which is none of: formats, leave_out, names, prefixes, statuses'),
        ("[formats.xml]", '"xml", which is none of: csv, json'),
        ("[formats.csv]\nstatuses = {}", r'\[formats.csv\] has "statuses"'),
        ("formats = 1", "formats must be a table"),
        ("[formats]\ncsv = 1", "formats.csv must be a table"),
        ("names = []", "names must be a table"),
        ("[formats.csv]\nnames = 1", r"formats.csv.names must be a table, \[formats.csv.names\]"),
        ("statuses = 1", "statuses must be a table"),
        ('prefixes = "a"', "prefixes must be a list of texts"),
        ("prefixes = [1]", "prefixes must be a list of texts"),
        ('leave_out = [""]', "leave_out must be a list of texts that are not empty"),
        ("names = {a = 1}", "none of our fields"),
        ('names = {a = "nothing"}', '"a" as "nothing", which is none of our fields'),
        ('names = {a = "score.fame"}', "none of our fields"),
        ('names = {a = "topic.b"}', "none of our fields"),
        ('names = {a = "flags."}', "none of our fields"),
        ('names = {a = ""}', "none of our fields"),
        ('names = {a = "indexable"}', "none of our fields"),
        ('names = {a = {b = {c = "topic"}}}', "none of our fields"),
        ('names = {a = "topic", b = "topic"}', r'\[names\] has "a" and "b", both as topic'),
        ('[formats.csv.names]\na = "topic"\nb = "topic"', r"\[formats.csv.names\] has"),
        (
            'statuses = {done = "approved"}',
            '"done" as "approved": an import can set only drafted or reviewed',
        ),
        ('statuses = {done = "rejected"}', "only drafted or reviewed"),
        ("statuses = {done = 1}", "only drafted or reviewed"),
        ("statuses = {done = []}", "only drafted or reviewed"),
        ('statuses = {done = "drafted", Done = "reviewed"}', '"done" twice'),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused_with_a_reason(toml: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        Mapping.from_toml(toml)


@given(st.text('abc=[]{}".\n', max_size=60))
def test_whatever_a_file_holds_it_is_read_or_refused(toml: str) -> None:
    try:
        said = repr(Mapping.from_toml(toml))
    except Invalid as invalid:
        said = invalid.detail
    assert said
