"""Which records get in, as what, and why the others do not."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review_app.importing.record import RawRecord, Record, Refusal
from review_app.importing.rules import slugify
from review_app.importing.validation import validate
from tests.importing.records import record

TODAY = date(2026, 11, 22)
DEEP: Any = "x"
for _ in range(32):
    DEEP = [DEEP]


def raw(fields: dict[str, Any], body: str = "<p>One. Two.</p>") -> RawRecord:
    fields.pop("body", None)
    return RawRecord(7, 3, fields, body, "as it came")


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """The good record with changes; `source_id` and `payload` are those at the top."""
    tops = {name: value for name, value in changes.items() if name in {"source_id", "payload"}}
    return {**record(**{name: value for name, value in changes.items() if name not in tops}), **tops}


def accepted(body: str = "<p>One. Two.</p>", **changes: Any) -> Record:
    judged = validate(raw(changed(changes), body), TODAY)
    assert isinstance(judged, Record), judged
    return judged


def refused(body: str = "<p>One. Two.</p>", **changes: Any) -> Refusal:
    judged = validate(raw(changed(changes), body), TODAY)
    assert isinstance(judged, Refusal), judged
    return judged


def test_a_good_record_gets_in_with_every_value() -> None:
    found = accepted()
    assert (found.source_id, found.title) == ("desk-000001", "Retrying failed jobs without doubling them")
    assert (found.excerpt, found.topic) == (
        "A retry is a promise to do the same thing once.",
        "retrying failed jobs / celery",
    )
    assert (found.primary_stack, found.difficulty, found.code_language) == (
        "celery",
        "intermediate",
        "python",
    )
    assert (found.reading_minutes, found.view_count) == (6, 2**63 - 1)
    assert (found.quality, found.freshness, found.depth, found.clarity) == (81, 64, 70, 88)
    assert (found.revision_status, found.revision_version) == ("drafted", "1.4.2")
    assert found.last_reviewed_on == date(2023, 5, 17)
    assert found.needs_human_review
    assert found.flags == {
        "ai_generated_style": True,
        "has_images": False,
        "image_heavy": False,
        "needs_human_review": True,
    }
    assert (found.line, found.item, found.raw, found.warnings) == (7, 3, "as it came", ())
    assert (found.body_html, found.plain_text, found.word_count) == ("<p>One. Two.</p>", "One. Two.", 2)


def test_all_that_was_imported_is_kept_known_or_not() -> None:
    found = accepted(mood={"colour": ["red", None, 1.5]}, hash="c0ffee")
    expected = record(mood={"colour": ["red", None, 1.5]}, hash="c0ffee")
    del expected["body"]
    assert found.meta == expected


NO_SCORES = [101, -1, 94.0, 1e1, "94", "1e1", "1_0", "high", True, [94], {"value": 94}, 10**29]


@pytest.mark.parametrize("value", NO_SCORES, ids=repr)
@pytest.mark.parametrize("name", ["quality", "freshness", "depth", "clarity"])
def test_a_score_that_is_no_whole_number_of_0_to_100_refuses_the_record(name: str, value: object) -> None:
    refusal = refused(**{f"score.{name}": value})
    assert refusal.field == f"score.{name}"
    assert "must be a whole number from 0 to 100" in refusal.reason
    assert refusal.reason.startswith(f"score.{name} is ")


REFUSED: list[tuple[str, Any, str, str]] = [
    ("title", "", "title", "missing or empty"),
    ("title", " \t\n\u200b", "title", "missing or empty"),
    ("title", None, "title", "missing or empty"),
    ("title", "x" * 501, "title", "501 characters"),
    ("title", 7, "title", "must be a text"),
    ("title", "a\0b", "title", "NUL"),
    ("title", "a\ud800b", "title", "surrogate"),
    ("summary", ["x"], "summary", "must be a text"),
    ("topic", {"x": "y"}, "topic", "must be a text"),
    ("score", [94], "score", "must be a group"),
    ("score", "high", "score", "must be a group"),
    ("flags", "yes", "flags", "must be a group"),
    ("revision", 1, "revision", "must be a group"),
    ("payload", "desk-000001", "payload", "must be a group"),
    ("stack", "celery", "stack", "must be a list"),
    ("stack", [1], "stack[0]", "must be a text"),
    ("stack", [["celery"]], "stack[0]", "must be a single value"),
    ("checklist", {"a": "b"}, "checklist", "must be a list"),
    ("checklist", ["a", {"b": "c"}], "checklist[1]", "must be a single value"),
    ("entities", ["celery"], "entities[0]", "must be a group"),
    ("image_sources", [[{}]], "image_sources[0]", "must be a group"),
    ("payload.source_id", "", "payload.source_id", "missing"),
    ("payload.source_id", None, "payload.source_id", "missing"),
    ("payload.source_id", 17, "payload.source_id", "letters"),
    ("payload.source_id", ["a"], "payload.source_id", "letters"),
    ("payload.source_id", "x" * 201, "payload.source_id", "1 to 200"),
    ("payload.source_id", "-a", "payload.source_id", "begin with"),
    ("payload.source_id", "../a", "payload.source_id", "begin with"),
    ("payload.source_id", "a b", "payload.source_id", "letters"),
    ("payload.source_id", "a/b", "payload.source_id", "letters"),
    ("payload.source_id", "a\n", "payload.source_id", "letters"),
    ("payload.source_id", "ärger", "payload.source_id", "letters"),
    ("payload.source_id", "१२", "payload.source_id", "letters"),
    ("source_id", "desk-000002", "source_id", "twice"),
    ("revision.version", "1.4", "revision.version", "semantic version"),
    ("revision.version", "v1.4.2", "revision.version", "semantic version"),
    ("revision.version", "1.4.2.1", "revision.version", "semantic version"),
    ("revision.version", "01.4.2", "revision.version", "semantic version"),
    ("revision.version", "1.4.2-", "revision.version", "semantic version"),
    ("revision.version", "1.4.x", "revision.version", "semantic version"),
    ("revision.version", "1.4.2\n", "revision.version", "semantic version"),
    ("revision.version", "१.४.२", "revision.version", "semantic version"),
    ("revision.version", "1.4.9999999999", "revision.version", "semantic version"),
    ("revision.version", 1.4, "revision.version", "must be a text"),
    ("revision.status", 1, "revision.status", "must be a text"),
    ("revision.last_reviewed", "2023-02-29", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "2023-13-01", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "0000-01-01", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "20230517", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "2023-W20-3", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "2023-5-17", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "17.05.2023", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "2023-05-17T00:00:00", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "2023-05-17\n", "revision.last_reviewed", "real date"),
    ("revision.last_reviewed", "2026-11-23", "revision.last_reviewed", "future"),
    ("revision.last_reviewed", 20230517, "revision.last_reviewed", "must be a text"),
    ("view_count", -1, "view_count", "whole number from 0 to 9223372036854775807"),
    ("view_count", 2**63, "view_count", "whole number"),
    ("view_count", 1e3, "view_count", "whole number"),
    ("view_count", "many", "view_count", "whole number"),
    ("view_count", True, "view_count", "whole number"),
    ("view_count", 10**30, "view_count", "more than 30 digits"),
    ("view_count", 10**5000, "view_count", "more than 30 digits"),
    ("reading_time", "9 minutes", "reading_time", "whole number"),
    ("reading_time", 2.5, "reading_time", "whole number"),
    ("reading_time", 100_001, "reading_time", "whole number"),
    ("flags.needs_human_review", "maybe", "flags.needs_human_review", "yes or no"),
    ("flags.needs_human_review", 2, "flags.needs_human_review", "yes or no"),
    ("flags.needs_human_review", 1.0, "flags.needs_human_review", "yes or no"),
    ("flags.needs human review", 0, "flags.needs_human_review", "stands twice"),
    ("flags.has_images", ["yes"], "flags.has_images", "yes or no"),
    ("mood", DEEP, "mood" + "[0]" * 31, "nested more than 32 deep"),
    ("mood", [1] * 1001, "mood", "1,001 items"),
    ("mood", {str(number): 1 for number in range(5000)}, "", "more than 5,000 fields"),
    ("mood", {"x" * 201: 1}, "mood", "longer than 200 characters"),
    ("mood", {7: 1}, "mood", "no text"),
    ("mood", {"a\0": 1}, "mood.a\u2400", "NUL"),
    ("mood", {"colour": ["red", "b\udfff"]}, "mood.colour[1]", "surrogate"),
    ("mood", float("nan"), "mood", "NaN"),
    ("mood", float("-inf"), "mood", "Infinity"),
    ("mood", date(2020, 1, 1), "mood", "neither a text nor a number"),
    ("mood", "x" * (2 * 1024 * 1024 + 1), "mood", "2,097,153 characters"),
]


IDS = [f"{field}-{reason}-{number}" for number, (_, _, field, reason) in enumerate(REFUSED)]


@pytest.mark.parametrize(("name", "value", "field", "reason"), REFUSED, ids=IDS)
def test_a_wrong_value_refuses_the_record_and_names_its_field(
    name: str, value: Any, field: str, reason: str
) -> None:
    refusal = refused(**{name: value})
    assert (refusal.field, refusal.line, refusal.item, refusal.raw) == (field, 7, 3, "as it came")
    assert reason in refusal.reason
    assert field in refusal.reason or len(field) > 80 or not field
    refusal.reason.encode()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("x" * 1_000_001, "1,000,001 characters"),
        ("<div>" * 300, "within each other"),
        ("<br>" * 50_001, "tags"),
        ("<p>\0</p>", "NUL"),
        ("<p>\udc00</p>", "surrogate"),
    ],
)
def test_a_body_that_is_too_much_refuses_the_record(body: str, reason: str) -> None:
    refusal = refused(body)
    assert (refusal.field, refusal.source_id) == ("body", "desk-000001")
    assert reason in refusal.reason


def test_a_body_and_a_value_of_just_the_limit_get_in() -> None:
    assert accepted("x" * 1_000_000).word_count == 1
    assert accepted(mood="x" * (2 * 1024 * 1024)).meta["mood"]


def test_a_refusal_names_the_article_if_it_can_and_holds_what_a_database_can() -> None:
    assert refused(title="").source_id == "desk-000001"
    assert refused(**{"payload.source_id": "a b"}).source_id is None
    judged = validate(RawRecord(1, 1, {}, "", "a\0b\ud800"), TODAY)
    assert isinstance(judged, Refusal)
    assert judged.raw == "a\u2400b\ufffd"


@pytest.mark.parametrize("value", [0, 100, 77])
def test_a_score_of_0_to_100_is_taken(value: int) -> None:
    assert accepted(**{"score.depth": value}).depth == value


@pytest.mark.parametrize("value", [None, "", " "], ids=repr)
def test_an_article_with_a_score_missing_goes_to_the_queue_whatever_its_flag_says(value: str | None) -> None:
    found = accepted(**{"score.depth": value, "flags.needs_human_review": 0})
    assert found.depth is None
    assert found.needs_human_review
    assert found.flags["needs_human_review"]


@pytest.mark.parametrize("scores", [None, "", [], {}], ids=repr)
def test_an_article_without_scores_goes_to_the_queue(scores: object) -> None:
    found = accepted(score=scores, **{"flags.needs_human_review": "no"})
    assert (found.quality, found.freshness, found.needs_human_review) == (None, None, True)


@pytest.mark.parametrize("word", ["no", "No", " FALSE ", "0", 0, False], ids=repr)
def test_the_review_flag_understands_no(word: object) -> None:
    assert not accepted(**{"flags.needs_human_review": word}).needs_human_review


@pytest.mark.parametrize("word", ["yes", "True", "1", 1, True, "", None, []], ids=repr)
def test_the_review_flag_understands_yes_and_its_absence_means_yes(word: object) -> None:
    assert accepted(**{"flags.needs_human_review": word}).needs_human_review


def test_the_review_flag_may_be_spelled_as_its_label() -> None:
    assert not accepted(flags={"Needs Human  Review": 0}).needs_human_review
    assert accepted(flags={}).needs_human_review


def test_another_flag_that_is_neither_yes_nor_no_is_kept_as_metadata_with_a_warning() -> None:
    found = accepted(**{"flags.image_heavy": "rather"})
    assert "image_heavy" not in found.flags
    assert found.meta["flags"]["image_heavy"] == "rather"
    assert [(warning.field, warning.source_id) for warning in found.warnings] == [
        ("flags.image_heavy", "desk-000001")
    ]


@pytest.mark.parametrize(
    ("word", "status", "warned"),
    [
        ("drafted", "drafted", False),
        ("Reviewed ", "reviewed", False),
        ("updated", "drafted", False),
        ("", "drafted", False),
        (None, "drafted", False),
        ("approved", "drafted", True),
        ("rejected", "drafted", True),
        ("nonsense", "drafted", True),
    ],
)
def test_an_import_can_set_drafted_and_reviewed_alone(word: str | None, status: str, warned: bool) -> None:
    found = accepted(**{"revision.status": word})
    assert found.revision_status == status
    assert found.meta["revision"]["status"] == word
    assert [warning.field for warning in found.warnings] == (["revision.status"] if warned else [])


@pytest.mark.parametrize("revision", [None, "", {}, {"version": "", "last_reviewed": None}], ids=repr)
def test_a_revision_may_be_absent(revision: object) -> None:
    found = accepted(revision=revision)
    assert (found.revision_status, found.revision_version, found.last_reviewed_on) == (
        "drafted",
        "0.1.0",
        None,
    )


@pytest.mark.parametrize("version", ["1.4.2-rc.1", "1.4.2+build.7", "1.4.2-0a.b+0"])
def test_a_version_counts_by_its_three_numbers(version: str) -> None:
    found = accepted(**{"revision.version": version})
    assert (found.revision_version, found.meta["revision"]["version"]) == ("1.4.2", version)
    assert [warning.field for warning in found.warnings] == ["revision.version"]


def test_a_review_of_today_is_not_in_the_future() -> None:
    assert accepted(**{"revision.last_reviewed": "2026-11-22"}).last_reviewed_on == TODAY


@pytest.mark.parametrize("source_id", ["a", "7", "alpha-000001", "a.b_c:d-e", "x" * 200])
def test_these_are_good_source_ids(source_id: str) -> None:
    assert accepted(**{"payload.source_id": source_id}).source_id == source_id


def test_a_source_id_may_stand_outside_the_payload_and_the_same_one_in_both() -> None:
    assert accepted(payload=None, source_id="desk-9").source_id == "desk-9"
    assert accepted(source_id="desk-000001").source_id == "desk-000001"


def test_a_title_is_one_line_as_it_was_typed() -> None:
    title = "  A <b>bold</b>\nclaim \x01 \u202eabout 🎉 "
    assert accepted(title=title).title == "A <b>bold</b> claim \u202eabout 🎉"
    assert accepted(title="x" * 500).title == "x" * 500


def test_what_lists_filter_by_is_cut_and_stays_whole_in_the_metadata() -> None:
    found = accepted(topic="word " * 100)
    assert len(found.topic) <= 200
    assert found.topic.endswith("…")
    assert found.meta["topic"] == "word " * 100
    assert [warning.field for warning in found.warnings] == ["topic"]


@pytest.mark.parametrize(
    ("excerpt", "body", "expected"),
    [
        (" As\nimported. ", "<p>One. Two.</p>", "As imported."),
        ("", "<h2>Head</h2><p>One &amp; <em>only</em>. Two.</p>", "One & only."),
        (None, "<p>version 1.5 is out</p>", "version 1.5 is out"),
        (None, "<p>Is it? Yes.</p>", "Is it?"),
        (None, "<ul><li>x</li></ul>", ""),
        ("word " * 100, "", ("word " * 59).strip() + "…"),
    ],
)
def test_the_excerpt_is_the_imported_one_or_the_first_sentence(
    excerpt: str, body: str, expected: str
) -> None:
    assert accepted(body, excerpt=excerpt).excerpt == expected


def test_an_article_without_text_gets_in_with_a_warning() -> None:
    assert [warning.field for warning in accepted("").warnings] == ["body"]


def test_the_readers_remarks_become_warnings() -> None:
    judged = validate(RawRecord(7, 3, record(), "<p>x</p>", "", (("notes", "look here"),)), TODAY)
    assert isinstance(judged, Record)
    assert [(w.line, w.field, w.message) for w in judged.warnings] == [(7, "notes", "look here")]


def test_digests_tell_content_from_text() -> None:
    one = accepted()
    assert accepted() == one
    other_score = accepted(**{"score.depth": 1})
    assert other_score.content_digest != one.content_digest
    assert other_score.text_digest == one.text_digest
    for other_text in (accepted("<p>One. Three.</p>"), accepted(title="Another")):
        assert other_text.content_digest != one.content_digest
        assert other_text.text_digest != one.text_digest
    only_a_script = accepted("<p>One. Two.</p><script>x</script>")
    assert only_a_script.content_digest != one.content_digest
    assert only_a_script.text_digest == one.text_digest


def test_the_content_digest_does_not_hang_on_the_order_of_keys() -> None:
    turned = dict(reversed(record().items()))
    judged = validate(raw(turned), TODAY)
    assert isinstance(judged, Record)
    assert judged.content_digest == accepted().content_digest


def test_slugs_are_plain_short_and_differ_by_article() -> None:
    assert slugify("Ünïted — states of “cache”!", "a").startswith("united-states-of-cache-")
    assert slugify("日本語", "a").startswith("article-")
    assert slugify("x", "a") != slugify("x", "A")
    assert slugify("x", "a") == slugify("x", "a")
    assert len(slugify("word " * 100, "a")) <= 93


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=8)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
known = st.sampled_from(
    [*record(), "summary", "checklist", "entities", "image_sources", "notes", "source_id"]
)


@given(st.dictionaries(known, anything), st.text(st.characters()))
def test_whatever_the_values_are_a_record_is_judged_and_the_judgement_can_be_kept(
    changes: dict[str, Any], body: str
) -> None:
    judged = validate(raw({**record(), **changes}, body), TODAY)
    if isinstance(judged, Refusal):
        assert judged.reason
        json.dumps([judged.field, judged.reason, judged.raw], ensure_ascii=False).encode()
    else:
        json.dumps(
            [judged.title, judged.meta, judged.body_html], ensure_ascii=False, allow_nan=False
        ).encode()
        assert judged.revision_status in {"drafted", "reviewed"}
        assert all(score is None or 0 <= score <= 100 for score in (judged.quality, judged.depth))


@given(
    st.dictionaries(
        st.sampled_from(["score", "flags", "revision", "payload"]),
        st.dictionaries(
            st.sampled_from(
                ["quality", "needs_human_review", "version", "status", "last_reviewed", "source_id"]
            ),
            anything,
        ),
    )
)
def test_whatever_the_values_within_groups_are_a_record_is_judged(groups: dict[str, Any]) -> None:
    assert isinstance(validate(raw({**record(), **groups}), TODAY), (Record, Refusal))
