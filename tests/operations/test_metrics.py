"""`GET /metrics`: what it tells, what it costs, and to whom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from werkzeug.test import TestResponse

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.jobs import Job
from review_app.base.metrics import METHODS, NO_ROUTE, OTHER_METHOD
from review_app.base.settings import Settings, SettingsError
from review_app.outbox.actions import announce
from review_app.publishing.models import DeliveryCount, Target
from review_app.worker import jobs_of, write_down
from tests.factories import make_article
from tests.reviewing.desk import Sessions, judge, retire_checklist, undo
from tests.reviewing.test_query_counts import counted
from tests.support.cast import Browser

ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
TOKEN = "the-token-of-our-Prometheus"
NAMES = {
    "review_http_request_duration_seconds": {"route", "method", "status", "le"},
    "review_http_db_queries": {"route", "le"},
    "review_queue_waiting": set(),
    "review_queue_oldest_seconds": set(),
    "review_decisions": {"outcome"},
    "review_jobs": {"job", "result"},
    "review_jobs_pending": set(),
    "review_outbox_pending": set(),
    "review_outbox_oldest_seconds": set(),
    "review_deliveries": {"target", "result"},
    "review_truth_differences": {"kind"},
    "review_build_info": {"version"},
    "review_database_up": set(),
}
Key = tuple[str, frozenset[tuple[str, str]]]


def figures(client: FlaskClient) -> dict[Key, float]:
    """What a scrape tells: each sample's name and labels, and its value. No sample stands twice."""
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    samples = [one for family in text_string_to_metric_families(answer.text) for one in family.samples]
    found = {(one.name, frozenset(one.labels.items())): one.value for one in samples}
    assert len(found) == len(samples)
    return found


def figure(client: FlaskClient, name: str, **labels: str) -> float:
    """One of them; 0 if it is not told."""
    return figures(client).get((name, frozenset(labels.items())), 0.0)


# --- what it tells ----------------------------------------------------------------------------------------------------


def test_every_figure_has_its_name_its_labels_and_what_it_means(
    client: FlaskClient, session_of: Sessions
) -> None:
    with session_of() as session:
        target = Target(kind="webhook", name='Elsewhere “quoted”\n"')
        session.add(target)
        session.flush()
        session.add(DeliveryCount(target_id=target.id, result="done", tries=3))
    client.get("/healthz")
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    labels = {family.name: set[str]().union(*(one.labels for one in family.samples)) for family in families}
    assert labels == NAMES
    assert all(family.documentation for family in families)
    assert figure(client, "review_deliveries_total", target='Elsewhere “quoted”\n"', result="done") == 3


def test_an_answer_is_counted_by_its_rule_method_and_status(client: FlaskClient) -> None:
    series = "review_http_request_duration_seconds_count"
    labels = {"route": "/p/<slug:slug>", "method": "GET", "status": "404"}
    before = figure(client, series, **labels)
    for number in range(3):
        client.get(f"/p/nothing-{number}")
    assert figure(client, series, **labels) == before + 3


def test_the_statements_of_an_answer_are_counted(client: FlaskClient) -> None:
    def sums() -> tuple[float, float]:
        found = figures(client)
        route = frozenset({("route", "/healthz")})
        return (
            found.get(("review_http_db_queries_sum", route), 0),
            found.get(("review_http_db_queries_count", route), 0),
        )

    statements, answers = sums()
    client.get("/healthz")
    assert sums() == (statements + 1, answers + 1)


def test_the_queue_says_how_many_wait_and_how_long_the_oldest_does(
    client: FlaskClient, session_of: Sessions
) -> None:
    assert figure(client, "review_queue_waiting") == 0
    assert figure(client, "review_queue_oldest_seconds") == 0
    with session_of() as session:
        make_article(session, "old", waiting_since=utc_now() - timedelta(hours=2))
        make_article(session, "new", waiting_since=utc_now())
        make_article(session, "settled", awaiting_review=False)
    assert figure(client, "review_queue_waiting") == 2
    assert figure(client, "review_queue_oldest_seconds") == pytest.approx(7200, abs=30)


def test_the_count_of_decisions_never_falls_though_one_is_rolled_back(
    client: FlaskClient, session_of: Sessions, lead: User
) -> None:
    with session_of() as session:
        retire_checklist(session)
        for name in ("a", "b"):
            make_article(session, name)
        judge(session, "a", lead, "approve")
        mistaken = judge(session, "b", lead, "approve")
    assert figure(client, "review_decisions_total", outcome="approve") == 2
    with session_of() as session:
        undo(session, session.merge(mistaken), lead)
    assert figure(client, "review_decisions_total", outcome="approve") == 2
    assert figure(client, "review_decisions_total", outcome="rollback") == 1
    assert figure(client, "review_decisions_total", outcome="reject") == 0


@pytest.mark.only_sqlite(reason="PostgreSQL chooses by what the table holds")
def test_rollbacks_are_found_without_reading_the_other_decisions(app: Flask, client: FlaskClient) -> None:
    with counted() as statements:
        client.get("/metrics")
    asked = next(one for one in statements if "reverts_id > " in one)
    sums = next(one for one in statements if "sum(review_slot.decisions)" in one)
    with app.app_context():
        connection = db.session.connection()
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (0,)).all())
        assert "SCAN" not in plan
        assert "COVERING INDEX" in str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sums}").all())


@pytest.fixture
def errands(app: Flask) -> Iterator[list[int]]:
    """A kind of job of this test: rows that are due; the even ones can be done."""
    due: list[int] = []

    def run(row: int) -> None:
        due.remove(row)
        if row % 2:
            raise ArithmeticError("odd")

    kinds = jobs_of(app).kinds
    kinds["errand"] = Job("errand", run, lambda _now: list(due))
    yield due
    del kinds["errand"]


def test_jobs_are_counted_by_how_they_ended_and_those_that_wait_are_told(
    app: Flask, client: FlaskClient, errands: list[int]
) -> None:
    jobs, before = jobs_of(app), figure(client, "review_jobs_pending")
    errands += [2, 3, 4]
    assert figure(client, "review_jobs_pending") == before + 3
    for row in (2, 4):
        jobs.look_at("errand", row)
    with pytest.raises(ArithmeticError):
        jobs.look_at("errand", 3)
    write_down(jobs)
    write_down(jobs)
    assert figure(client, "review_jobs_pending") == before
    assert figure(client, "review_jobs_total", job="errand", result="done") == 2
    assert figure(client, "review_jobs_total", job="errand", result="failed") == 1
    assert figure(client, "review_jobs_total", job="import", result="failed") == 0


def test_counts_that_could_not_be_written_wait_for_the_next_time(
    app: Flask, client: FlaskClient, errands: list[int], session_of: Sessions
) -> None:
    jobs = jobs_of(app)
    errands += [2, 4]
    jobs.look_at("errand", 2)
    with session_of() as session:
        session.execute(text("ALTER TABLE job_count RENAME TO away"))
    write_down(jobs)
    jobs.look_at("errand", 4)
    with session_of() as session:
        session.execute(text("ALTER TABLE away RENAME TO job_count"))
    write_down(jobs)
    assert figure(client, "review_jobs_total", job="errand", result="done") == 2


def test_the_outbox_says_how_much_waits_and_how_long(client: FlaskClient, session_of: Sessions) -> None:
    now = utc_now()
    with session_of() as session:
        for number, minutes in enumerate((10, 5, -5)):  # the last is not released yet
            announce(
                session,
                "article.approved",
                "article:a",
                cause=f"test:{number}",
                payload={},
                now=now,
                release_at=now - timedelta(minutes=minutes),
            )
    assert figure(client, "review_outbox_pending") == 2
    assert figure(client, "review_outbox_oldest_seconds") == pytest.approx(600, abs=30)


def test_without_its_database_it_still_tells_what_the_processes_measured(
    client: FlaskClient, session_of: Sessions
) -> None:
    client.get("/healthz")
    assert figure(client, "review_database_up") == 1
    with session_of() as session:
        session.execute(text("ALTER TABLE delivery_count RENAME TO away"))
    found = {name for name, _ in figures(client)}
    assert "review_http_request_duration_seconds_count" in found
    assert "review_queue_waiting" not in found
    assert figure(client, "review_database_up") == 0


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 30])
def test_a_scrape_costs_so_many_statements_however_much_there_is(
    app: Flask, client: FlaskClient, session_of: Sessions, lead: User, size: int
) -> None:
    with session_of() as session:
        retire_checklist(session)
        for number in range(size):
            make_article(session, f"n{number:02}")
            judge(session, f"n{number:02}", lead, "approve")
            session.add(Target(kind="webhook", name=f"target {number}"))
    with counted() as looking:
        jobs_of(app).due()
    with counted() as statements:
        client.get("/metrics")
    assert len(statements) - len(looking) == 10, "\n".join(statements)
    assert len(looking) == 23, "\n".join(looking)


def test_no_label_takes_what_a_stranger_makes_up(app: Flask, client: FlaskClient) -> None:
    def try_all(name: str) -> None:
        for path in (
            f"/{name}",
            f"/p/{name}",
            f"/{name * 3}.txt",
            f"/static/{name}",
            f"/hooks/publish?{name}",
        ):
            client.get(path)
        client.open("/healthz", method=name.upper())
        client.open(f"/{name}", method=name.upper())
        client.post("/healthz")

    try_all("first")
    series = set(figures(client))
    told = {"first", "FIRST", "firstfirstfirst"}
    assert not [one for _, labels in series for one in labels if told & set(re.split(r"\W", one[1]))]
    for number in range(20):
        try_all(f"made{number}")
    found = set(figures(client))
    assert found == series
    labels = [dict(labels) for _, labels in found]
    # The figures are the process's: applications of other tests may have had routes that this one has not.
    routes = {one["route"] for one in labels if "route" in one}
    assert {"/p/<slug:slug>", "/static/<path:filename>", NO_ROUTE} <= routes
    assert {one["method"] for one in labels if "method" in one} <= METHODS | {OTHER_METHOD}


# --- to whom ----------------------------------------------------------------------------------------------------------


def ask(client: FlaskClient, *, host: str = "localhost", **environ: str) -> TestResponse:
    """Ask as somebody who comes from there."""
    return client.get("/metrics", base_url=f"http://{host}/", environ_overrides=environ)


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """With what the test changes."""
    return replace(settings, **getattr(request, "param", {}))


PROXY = {"trusted_proxies": (ip_network("127.0.0.0/8"),)}
with_token = pytest.mark.parametrize("settings", [{"metrics_token": TOKEN}], indirect=True, ids=["token"])
with_or_without_proxy = pytest.mark.parametrize(
    "settings", [{}, PROXY], indirect=True, ids=["stranger", "trusted"]
)


def test_a_program_on_this_machine_may_read(client: FlaskClient) -> None:
    for address in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"):
        assert ask(client, REMOTE_ADDR=address).status_code == 200
    for host in ("127.0.0.1:5000", "[::1]:5000", "LOCALHOST:5000"):
        assert ask(client, host=host).status_code == 200


def test_to_a_stranger_it_is_not_there(client: FlaskClient) -> None:
    for address in ("203.0.113.9", "10.0.0.1", "2001:db8::1", ""):
        answer = ask(client, REMOTE_ADDR=address)
        assert answer.status_code == 404
        assert "review_" not in answer.text
    assert (
        client.get("/metrics", headers={"Authorization": "Bearer "}, environ_overrides=ELSEWHERE).status_code
        == 404
    )


def test_no_session_helps(browser_of: Callable[[User], Browser], admin: User) -> None:
    assert browser_of(admin).get("/metrics", environ_overrides=ELSEWHERE).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto"])
@with_or_without_proxy
def test_whoever_comes_through_a_proxy_on_this_machine_is_a_stranger(
    client: FlaskClient, header: str
) -> None:
    for said in ("203.0.113.9", "127.0.0.1", "for=127.0.0.1", ""):
        assert client.get("/metrics", headers={header: said}).status_code == 404
    assert client.get("/metrics").status_code == 200


def test_a_page_whose_name_leads_to_this_machine_reads_nothing(client: FlaskClient) -> None:
    for host in ("attacker.example", "127.0.0.1.attacker.example", "localhost.attacker.example:5000"):
        assert ask(client, host=host).status_code == 404


@with_token
def test_the_token_opens_it_from_anywhere_and_nothing_else_does(client: FlaskClient) -> None:
    def sent(value: str | None) -> TestResponse:
        headers = {} if value is None else {"Authorization": value}
        return client.get("/metrics", headers=headers, environ_overrides=ELSEWHERE)

    assert sent(f"Bearer {TOKEN}").status_code == sent(f"bearer  {TOKEN}").status_code == 200
    for wrong in (
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        "Bearer é",
    ):
        answer = sent(wrong)
        assert answer.status_code == 401, wrong
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "review_" not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/metrics").status_code == 200


@with_token
def test_it_opens_nothing_else(client: FlaskClient) -> None:
    assert client.get("/api/v1/articles", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 401


def test_a_token_that_no_header_can_carry_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="REVIEW_METRICS_TOKEN"):
        Settings.from_environment({"REVIEW_DATA_DIR": str(tmp_path), "REVIEW_METRICS_TOKEN": "two words"})
