"""The statistics' pages: what a lead reads, what a reviewer may read, and what bad addresses get."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import g
from lxml import html as lxml_html

from review_app.reviewing.rules import Outcome
from tests.factories import make_article

NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
EMAIL_FORMULA = "=cmd@example.com"


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(browser_of, lead):
    """The lead's browser."""
    return browser_of(lead)


def figures_of(page):
    """The figures at the top of a page, by their names."""
    tree = lxml_html.fromstring(page.text)
    return {
        one.findtext("dt").strip(): " ".join(part.text_content().strip() for part in one.findall("dd"))
        for one in tree.findall(".//dl[@class='figures']/div")
    }


def test_the_page_tells_what_waits_and_what_was_decided(desk, session_of, decided, reviewer, colleague):
    for days in (0, 0, 3, 20, 40):
        decided(reviewer, NOW - timedelta(days=days, minutes=5), wait=7200, handling=90)
    decided(colleague, NOW - timedelta(days=1), Outcome.REJECT, wait=7200, handling=90)
    with session_of() as session:
        make_article(session, "waiting", waiting_since=NOW - timedelta(days=6))
    page = desk.get("/stats")
    assert figures_of(page) == {
        "Waiting now": "1 the oldest for 6 days",
        "Decided today": "2",
        "Decided in 7 days": "4 today included",
        "Decided in 28 days": "5 today included",
        "Decided": "5 0 saved besides",
        "Approval rate": "80% 4 of 5 that were judged",
        "Median from import to decision": "2 h 120 minutes",
        "Median from claim to decision": "90 s",
    }
    assert "at most 1% off" in page.text
    assert "20 Oct 2026 to 16 Nov 2026" in page.text


def test_the_chart_has_its_data_table(desk, decided, reviewer):
    decided(reviewer, NOW)
    decided(reviewer, NOW, Outcome.REQUEST_CHANGES)
    tree = lxml_html.fromstring(desk.get("/stats").text)
    assert len(tree.findall(".//svg//rect")) == 2
    rows = tree.findall(".//figure//tbody/tr")
    cells = [[cell.text_content().strip() for cell in row] for row in rows]
    assert len(cells) == 28
    assert cells[-1] == ["16 Nov 2026", "1", "1", "0", "0", "2"]


def test_the_period_stands_in_the_address(desk, decided, reviewer):
    decided(reviewer, NOW - timedelta(days=40))
    page = desk.get("/stats?from=2026-10-01&to=2026-10-31")
    assert figures_of(page)["Decided"].startswith("1 ")
    assert 'value="2026-10-01"' in page.text
    assert "/stats.csv?from=2026-10-01&amp;to=2026-10-31" in page.text


def test_days_are_those_of_the_viewer(desk, decided, reviewer, session_of, lead):
    decided(reviewer, datetime(2026, 11, 15, 23, 30, tzinfo=UTC))
    assert figures_of(desk.get("/stats"))["Decided today"] == "0"
    with session_of() as session:
        session.merge(lead).time_zone = "Europe/Berlin"
    page = desk.get("/stats")
    assert figures_of(page)["Decided today"] == "1"
    assert "Days are those of Europe/Berlin" in page.text


def test_a_desk_without_decisions_says_so_and_computes_nothing_from_nothing(desk):
    page = desk.get("/stats")
    assert page.status_code == 200
    assert "No decisions in these days" in page.text
    assert figures_of(page)["Waiting now"] == "0 the queue is empty"
    assert figures_of(page)["Approval rate"] == "– nothing was judged"
    assert not any(word in page.text for word in ("NaN", "None", "inf"))
    assert "<svg" not in re.sub(r"<header.*?</header>", "", page.text, flags=re.S)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from=2026-02-30", "From: “2026-02-30” is no date"),
        ("to=yesterday", "To: “yesterday” is no date"),
        ("from=2026-W10-1", "is no date"),
        ("from=20261101", "is no date"),
        ("from=٢٠٢٦-١١-٠١", "is no date"),
        ("from=0001-01-01", "is no date"),
        ("to=9999-12-31", "is no date"),
        ("from=2026-11-10&to=2026-11-09", "From: the first day must not come after the last one."),
        ("from=2026-11-17", "must not come after"),
        ("from=2000-01-01&to=2026-11-01", "From: a period may have 3,660 days."),
        ("from=%00", "is no date"),
        ("from=%3Cb%3E", "“&lt;b&gt;” is no date"),
    ],
)
def test_a_bad_period_is_told_in_place_and_the_usual_one_is_shown(desk, query, message):
    page = desk.get(f"/stats?{query}")
    assert page.status_code == 422
    assert message in page.text
    assert "Below are the last 28 days instead." in page.text
    assert "20 Oct 2026 to 16 Nov 2026" in page.text
    assert desk.get(f"/stats.csv?{query}").status_code == 422


@pytest.mark.parametrize(
    "query", ["", "from=&to=", "to=2026-11-16", "from=2026-10-20", "from=2026-10-20&to=2026-11-16"]
)
def test_what_is_left_out_is_28_days_up_to_today(desk, query):
    assert "20 Oct 2026 to 16 Nov 2026" in desk.get(f"/stats?{query}").text


def test_a_long_period_is_read_too(desk, decided, reviewer):
    decided(reviewer, NOW)
    page = desk.get("/stats?from=2017-01-01&to=2026-11-16")
    assert page.status_code == 200
    assert "Decisions per quarter" in page.text


def test_the_reviewers_table_leads_to_each(desk, decided, reviewer, colleague):
    decided(reviewer, NOW)
    decided(colleague, NOW, Outcome.REJECT)
    decided(colleague, NOW, Outcome.SAVE)
    tree = lxml_html.fromstring(desk.get("/stats").text)
    rows = tree.findall(".//table[@id='reviewers']/tbody/tr")
    assert [[cell.text_content().strip() for cell in row.findall("td")] for row in rows] == [
        ["1", "0", "0", "1", "0", "1", "0%", "60 s"],
        ["1", "1", "0", "0", "0", "0", "100%", "60 s"],
    ]
    assert desk.get(rows[0].find(".//a").get("href")).status_code == 200


# --- a reviewer's own -------------------------------------------------------------------------------------------------


def test_a_reviewer_reads_their_own_figures_and_nobody_elses(browser_of, decided, reviewer, colleague):
    decided(reviewer, NOW)
    decided(colleague, NOW)
    decided(colleague, NOW)
    browser = browser_of(reviewer)
    own = browser.get(f"/stats/reviewers/{reviewer.id}")
    assert figures_of(own)["Decided today"] == "1"
    assert "the whole desk" not in own.text
    assert browser.get(f"/stats/reviewers/{colleague.id}").status_code == 404
    assert browser.get("/stats").status_code == 403
    assert browser.get("/stats.csv").status_code == 403


def test_a_lead_reads_anybodys(desk, decided, colleague):
    decided(colleague, NOW, Outcome.REJECT)
    page = desk.get(f"/stats/reviewers/{colleague.id}")
    assert figures_of(page)["Approval rate"] == "0% 0 of 1 that were judged"
    assert "the whole desk" in page.text


@pytest.mark.parametrize(
    "path", ["/stats/reviewers/999999", "/stats/reviewers/99999999999999999999", "/stats/reviewers/x"]
)
def test_there_is_no_page_of_nobody(desk, path):
    assert desk.get(path).status_code == 404


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_the_csv_holds_the_same_figures_and_no_formula(desk, decided, reviewer, session_of):
    with session_of() as session:
        session.merge(reviewer).email = EMAIL_FORMULA
    decided(reviewer, NOW, quality=60)
    decided(reviewer, NOW, Outcome.SAVE)
    answer = desk.get("/stats.csv?from=2026-11-15&to=2026-11-16")
    assert answer.mimetype == "text/csv"
    assert "statistics-2026-11-15-2026-11-16.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["of"], row["name"], row["decisions"], row["saves"]) for row in rows] == [
        ("all", "2026-11-15 to 2026-11-16", "1", "1"),
        ("reviewer", f"'{EMAIL_FORMULA}", "1", "1"),
        ("day", "2026-11-15", "0", "0"),
        ("day", "2026-11-16", "1", "1"),
    ]
    assert (rows[0]["mean_change_quality"], rows[0]["approval_rate"], rows[2]["approval_rate"]) == (
        "-10.0",
        "1.0",
        "",
    )


# --- cost -------------------------------------------------------------------------------------------------------------


def test_the_number_of_queries_is_always_the_same(desk, decided, reviewer, colleague, lead):
    def queries(path):
        with desk.client:
            assert desk.get(path).status_code == 200
            return g.database_queries

    paths = ("/stats", f"/stats/reviewers/{reviewer.id}", "/stats.csv")
    empty = [queries(path) for path in paths]
    for user in (reviewer, colleague, lead):
        for days in range(0, 25, 4):
            decided(user, NOW - timedelta(days=days))
    assert [queries(path) for path in paths] == empty == [6, 5, 2]
