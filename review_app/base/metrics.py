"""What each process measures of the requests it answers. Every label has few values, whoever asks for whatever.

With `PROMETHEUS_MULTIPROC_DIR` in the environment the figures are kept in a file of the process in that folder, where
`operations.metric_files` sums them up (https://prometheus.github.io/client_python/multiprocess/); without it, in its memory.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
"""HTTP lets a client make up methods (RFC 9110, 9.1); they count as this one."""
NO_ROUTE = "none"
"""The route of a request that none answers: 404 for the path, or 405 for the method."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
STATEMENTS = (0, 1, 2, 5, 10, 15, 20, 30, 50, 100)

disable_created_metrics()  # type: ignore[no-untyped-call]  # not kept in files either, so never told
registry = CollectorRegistry()

_seconds = Histogram(
    "review_http_request_duration_seconds",
    "From a request's arrival in the application until its answer began.",
    ("route", "method", "status"),
    buckets=SECONDS,
    registry=registry,
)
_statements = Histogram(
    "review_http_db_queries",
    "Statements sent to the database until the answer began.",
    ("route",),
    buckets=STATEMENTS,
    registry=registry,
)


def observe_request(route: str | None, method: str, status: int, *, seconds: float, statements: int) -> None:
    """Count one answer. `route` is the rule that answered, such as `/articles/<string:source_id>`, and never a path."""
    rule = route or NO_ROUTE
    known = method if method in METHODS else OTHER_METHOD
    _seconds.labels(rule, known, str(status)).observe(seconds)
    _statements.labels(rule).observe(statements)
