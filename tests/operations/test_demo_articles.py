"""The demo articles: ours, plausible, always the same, and a few of them odd."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable
from datetime import date

import pytest

from review_app.importing.readers import recognise
from review_app.importing.readers.json_lines import read
from review_app.importing.record import Record
from review_app.importing.validation import validate
from review_app.operations.demo.articles import SEED, as_json_lines, demo_records
from review_app.operations.demo.imports import asks_for_a_person

FIELDS = re.findall(
    r"\w+",
    "title excerpt topic summary ai_outline ai_brief stack tools code_language difficulty reading_time view_count score"
    " revision reference hash flags checklist entities image_sources payload notes body",
)
ADDRESS = re.compile(r"https?://([\w-]+(?:\.[\w-]+)+)")


@pytest.fixture(scope="module")
def imported() -> list[Record]:
    """What the importer makes of them; a refusal fails the test that asks."""
    stream = io.BytesIO(as_json_lines(demo_records()))
    found = [validate(raw, date(2026, 11, 25)) for raw in read(stream)]
    return [item for item in found if isinstance(item, Record)]


def test_there_are_three_hundred_each_with_a_title_and_a_name_of_its_own(imported: list[Record]):
    assert [record.source_id for record in imported] == [f"demo-{number:06}" for number in range(1, 301)]
    assert len({record.title for record in imported}) == 300


def test_they_are_the_same_every_time_and_others_for_another_seed():
    assert as_json_lines(demo_records()) == as_json_lines(demo_records(SEED))
    assert as_json_lines(demo_records()) != as_json_lines(demo_records(SEED + 1))


def test_they_have_the_fields_of_the_source_and_are_told_to_be_json_lines():
    records = demo_records()
    assert all(set(record) >= set(FIELDS) for record in records)
    assert recognise(as_json_lines(records)[:65536]) == "jsonl"


def test_about_sixty_in_a_hundred_ask_for_a_person(imported: list[Record]):
    assert 0.55 <= sum(record.needs_human_review for record in imported) / 300 <= 0.65


def test_the_generator_and_the_importer_agree_on_who_asks_for_a_person(imported: list[Record]):
    assert [asks_for_a_person(record) for record in demo_records()] == [
        record.needs_human_review for record in imported
    ]


def test_every_address_in_them_is_reserved_for_examples():
    hosts = set(ADDRESS.findall(as_json_lines(demo_records()).decode()))
    assert hosts
    assert all(re.search(r"(^|\.)example\.(com|org|net)\Z", host) for host in hosts), hosts


def test_no_sentence_has_a_gap(imported: list[Record]):
    for record in imported:
        said = f"{record.title} {record.excerpt} {record.plain_text} {record.meta}"
        assert not re.search(
            r"\{(stack|instrument|problem|scenario|number|theme|angle)\}", said, re.IGNORECASE
        )


def test_titles_begin_with_a_capital_or_a_name_and_go_on_as_sentences_do(imported: list[Record]):
    for record in imported:
        words = record.title.split()
        assert not record.title[0].islower() or "." in words[0], record.title
        if len(words) > 6:
            assert sum(word[0].isupper() for word in words) < len(words) / 2, record.title


def test_paragraphs_recur_but_texts_do_not(imported: list[Record]):
    texts = [record.plain_text for record in imported if record.plain_text]
    paragraphs = [paragraph for text in texts for paragraph in text.split("\n\n")]
    assert len(set(texts)) == len(texts)
    assert len(set(paragraphs)) < 0.9 * len(paragraphs)


def test_they_have_headings_lists_code_tables_quotes_and_figures(imported: list[Record]):
    for tag, least in {
        "h2": 290,
        "li": 280,
        "pre": 150,
        "table": 40,
        "blockquote": 30,
        "figcaption": 200,
    }.items():
        assert sum(f"<{tag}" in record.body_html for record in imported) >= least, tag


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


ODD: dict[str, Callable[[Record], bool]] = {
    "a very long title": lambda record: 470 <= len(record.title) <= 480,
    "Arabic": lambda record: any(unicodedata.bidirectional(letter) == "AL" for letter in record.title),
    "Hebrew": lambda record: any(unicodedata.bidirectional(letter) == "R" for letter in record.title),
    "emoji of several characters": lambda record: "\u200d" in record.title,
    "no score at all": lambda record: (
        {record.quality, record.freshness, record.depth, record.clarity} == {None}
    ),
    "some scores missing": lambda record: record.quality is not None and record.clarity is None,
    "a score of zero": lambda record: record.freshness == 0,
    "thirty images": lambda record: record.image_count == 30,
    "deeply nested metadata": lambda record: _depth(record.meta) > 20,
    "a title that looks like HTML": lambda record: "<script>" in record.title,
    "no text": lambda record: record.word_count == 0,
    "a word that no line can hold": lambda record: max(map(len, record.plain_text.split()), default=0) > 180,
    "text that looks like a label": lambda record: "reading time9" in record.plain_text,
    "a status that no import can set": lambda record: record.meta["revision"]["status"] == "published",
    "more views than 32 bits hold": lambda record: (record.view_count or 0) > 2**32,
}


@pytest.mark.parametrize("oddity", ODD)
def test_there_is_one_with(oddity: str, imported: list[Record]):
    assert any(map(ODD[oddity], imported))


def test_what_would_act_in_a_browser_is_gone_once_imported(imported: list[Record]):
    (record,) = [record for record in imported if ODD["a title that looks like HTML"](record)]
    assert "<script" not in record.body_html
    assert "onclick" not in record.body_html
    assert "javascript:" not in record.body_html
