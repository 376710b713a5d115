"""What is said of an article deep down in English, and told in the reader's language: with its figures, days and words."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from review_app.articles.filters import Filters
from review_app.articles.ranking import Standing
from review_app.articles.rules import Ranking
from review_app.base.errors import Invalid
from review_app.base.languages import told
from review_app.base.messages import Day, Figure, joined, lazy_gettext
from review_app.review_queue.filters import QueueFilters
from review_app.review_queue.reasons import WHY, ordinal

GERMAN = {"Accept-Language": "de"}
SCORES: dict[str, int | None] = {"quality": 70, "freshness": 40, "depth": 50, "clarity": 60}
STANDING = Standing(datetime(2026, 10, 2, tzinfo=UTC), date(2026, 11, 24), SCORES, "beginner", 12_000, 12)


def test_figures_and_days_are_written_as_each_language_writes_them(app: Flask) -> None:
    said = joined([Figure(12_000), Day(date(2026, 10, 2)), Day(date(2026, 10, 2), full=True)], " / ", ".")
    assert said == "12,000 / 2 Oct 2026 / 2 October 2026."
    with app.test_request_context("/queue"):
        assert told(said) == said
    with app.test_request_context("/queue", headers=GERMAN):
        assert told(said) == "12.000 / 2. Okt. 2026 / 2. Oktober 2026."
        assert told(Figure(1_200)) == "1.200"


@pytest.mark.parametrize(
    ("ranking", "said", "in_german"),
    [
        (Ranking.OLDEST, "It has waited since 2 Oct 2026;", "Er wartet seit dem 2. Okt. 2026;"),
        (Ranking.VIEWS, "It has 12,000 views (synthetic);", "Er hat 12.000 Aufrufe (synthetisch);"),
        (
            Ranking.LOWEST_SCORE,
            "Its lowest score is freshness 40;",
            "Seine niedrigste Bewertung ist Aktualität 40;",
        ),
    ],
)
def test_why_an_article_stands_where_it_stands(
    app: Flask, ranking: Ranking, said: str, in_german: str
) -> None:
    _, sentence = WHY[ranking](STANDING)
    assert sentence.startswith(said)
    with app.test_request_context("/queue", headers=GERMAN):
        assert told(sentence).startswith(in_german)


def test_ordinals() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 113)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "113th")
    ]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (
            Filters,
            {"depth_max": "abc"},
            "“abc” is no highest depth: it must be a whole number from 0 to 100.",
        ),
        (
            Filters,
            {"overall_min": "70", "overall_max": "60"},
            "“60” is no highest overall score: it must not be below the lowest, 70.",
        ),
        (Filters, {"scored": "x"}, "“x” is no choice for “Scored”: it must be one of: yes, no."),
        (Filters, {"batch": "x"}, "“x” is no import: it must be the number of an import."),
        (
            QueueFilters,
            {"age": "0"},
            "“0” is no number of days: it must be a whole number from 1 to 3650.",
        ),
        (
            QueueFilters,
            {"claimed": "them"},
            "“them” is no choice for “Held by”: it must be one of: no, yes, me.",
        ),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_what_it_must_be(
    kind: type[Filters], value: dict[str, str], said: str
) -> None:
    with pytest.raises(Invalid) as refused:
        kind.of(value)
    assert refused.value.detail == said


def test_filters_are_told_in_the_readers_language(app: Flask) -> None:
    found, _ = QueueFilters.read(
        {"age": "1", "status": "changes_requested", "difficulty": "expert", "depth_min": "3", "repeats": "7"}
    )
    chips = [text for text, _ in found.chips("/queue")]
    assert chips == [
        "Difficulty: expert",
        "Status: changes requested",
        "Depth from 3",
        "Waiting for a day or more",
        "Repeats others: 7% or more",
    ]
    with app.test_request_context("/queue", headers=GERMAN):
        assert [told(text) for text in chips] == [
            "Schwierigkeit: Experten",
            "Status: Änderungen angefordert",
            "Tiefe ab 3",
            "Wartet seit mindestens einem Tag",
            "Wiederholt andere: mindestens 7 %",
        ]


def test_what_stands_in_a_message_is_told_as_well(app: Flask) -> None:
    said = lazy_gettext("%(field)s %(fault)s.", field=lazy_gettext("Status"), fault="x")
    assert said == "Status x."
    with app.test_request_context("/queue", headers=GERMAN):
        assert told(said) == "„Status“ x."
