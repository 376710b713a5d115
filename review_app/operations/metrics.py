"""The metrics as Prometheus reads them: what the processes measured, and what the database says at this moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import version

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from review_app.articles.filters import Filters
from review_app.base.jobs import RESULTS, Jobs
from review_app.base.metrics import registry as own
from review_app.operations.metric_files import measured
from review_app.operations.queries import decisions_made, jobs_ended
from review_app.publishing.deliveries.queries import pending, tries_by_result
from review_app.publishing.truth.queries import difference_counts
from review_app.review_queue.queries import queue_length

log = structlog.get_logger()

Values = dict[tuple[str, ...], float]
"""A figure for each of the values of some labels."""
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def exposition(session: Session, jobs: Jobs, now: datetime) -> bytes:
    """All metrics as text (https://prometheus.io/docs/instrumenting/exposition_formats/)."""
    all_of_them = CollectorRegistry()
    all_of_them.register(measured(own))
    all_of_them.register(Figures(session, jobs, now))
    return generate_latest(all_of_them)


class Figures(Collector):
    """What the database says."""

    def __init__(self, session: Session, jobs: Jobs, now: datetime) -> None:
        self.session, self.jobs, self.now = session, jobs, now

    def collect(self) -> Iterator[Metric]:
        """Each figure, and whether the database answered at all: what the processes measured is told without it too."""
        yield _gauge(
            "review_build_info", "Which version answers.", ("version",), {(version("review-desk"),): 1}
        )
        found: list[Metric] = []
        try:
            found = [*self._queue(), *self._work(), *self._outside()]
        except SQLAlchemyError:
            log.exception("metrics_without_database")
            self.session.rollback()
        yield from found
        yield _single("review_database_up", "1 if the database told its figures, else 0.", float(bool(found)))

    def _queue(self) -> Iterator[Metric]:
        length = queue_length(self.session, Filters())
        yield _single("review_queue_waiting", "Articles waiting for a person.", length.waiting)
        yield _single("review_queue_oldest_seconds", "How long the oldest waits.", self._age(length.oldest))
        made: Values = {(outcome,): count for outcome, count in decisions_made(self.session).items()}
        yield _counter("review_decisions", "Decisions made.", ("outcome",), made)

    def _work(self) -> Iterator[Metric]:
        ended: Values = {(job, result): 0 for job in self.jobs.kinds for result in RESULTS}
        ended.update(jobs_ended(self.session))
        yield _counter("review_jobs", "Rows that jobs have looked at.", ("job", "result"), ended)
        due = len(self.jobs.due_now(self.now))
        yield _single("review_jobs_pending", "Rows that a worker should look at now.", due)

    def _outside(self) -> Iterator[Metric]:
        waits = pending(self.session, self.now)
        yield _single("review_outbox_pending", "Events and deliveries that have not arrived.", waits.count)
        yield _single(
            "review_outbox_oldest_seconds", "How long the oldest waits.", self._age(waits.oldest_at)
        )
        tries: Values = {(one.target, one.result): one.tries for one in tries_by_result(self.session)}
        yield _counter("review_deliveries", "Tries to deliver.", ("target", "result"), tries)
        differing: Values = {("differs",): 0, ("unreadable",): 0}
        for one in difference_counts(self.session):
            differing[one.state,] += one.pages
        yield _gauge("review_truth_differences", "Pages not as the desk says.", ("kind",), differing)

    def _age(self, since: datetime | None) -> float:
        """Seconds since then; 0 for what does not exist, and for what another machine's clock puts ahead."""
        return max(0.0, (self.now - since).total_seconds()) if since else 0.0


def _single(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value)


def _gauge(name: str, meaning: str, labels: Sequence[str], values: Values) -> Metric:
    return _filled(GaugeMetricFamily(name, meaning, labels=labels), values)


def _counter(name: str, meaning: str, labels: Sequence[str], values: Values) -> Metric:
    """A counter; `_total` is added to its name."""
    return _filled(CounterMetricFamily(name, meaning, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Values) -> Metric:
    for labels, value in sorted(values.items()):
        family.add_metric(labels, value)
    return family
