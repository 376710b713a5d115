"""How quick a reviewer's next is: the hottest query of the desk, with much that is assigned to others and skipped.

    .venv/bin/python -m benchmarks.next_article [--articles 10000] [--database sqlite | postgresql://…/empty_database]

Fills a queue, assigns its first half to others (as a lead might who gives a whole view away), lets the reviewer skip 200 of
the rest and own 50, and prints from one run the median and the 95th percentile of claiming the next: one's own, nobody's,
nobody's within a filter, and nobody's within a filter that is all assigned to others but its last article.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.app import create_app
from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.articles.ordering import place_new
from review_app.base.database import db, insert_rows, transaction, upgrade
from review_app.base.settings import Settings
from review_app.review_queue.actions import claim_next, release
from review_app.review_queue.models import Skip

LEASE = timedelta(minutes=15)
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
AT_ONCE = 5_000
STACKS = ("flask", "celery", "nginx", "redis")
GIVEN_AWAY = "cobol"
SKIPPED, OWN = 200, 50


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--database", default="sqlite")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _desk(chosen.database, folder) as app, app.app_context():
        began = time.perf_counter()
        reviewer = _fill(chosen.articles)
        print(f"{chosen.articles:,} articles wait; made in {time.perf_counter() - began:.0f} s")
        _measure("one's own", reviewer, Filters(), chosen.rounds)
        with transaction() as session:
            session.execute(
                update(Article).where(Article.assigned_to_id == reviewer.id).values(awaiting_review=False)
            )
        _measure("nobody's", reviewer, Filters(), chosen.rounds)
        _measure("nobody's of a stack", reviewer, Filters(stack=STACKS[0]), chosen.rounds)
        _measure("the last of a stack given away", reviewer, Filters(stack=GIVEN_AWAY), chosen.rounds)


@contextmanager
def _desk(database: str, folder: str) -> Iterator[Flask]:
    url = f"sqlite:///{Path(folder) / 'next.sqlite3'}" if database == "sqlite" else database
    app = create_app(Settings(data_dir=Path(folder), database_url=url, secret_key="s" * 32))
    upgrade(app)
    yield app
    with app.app_context():
        db.engine.dispose()


def _fill(articles: int) -> User:
    with transaction() as session:
        reviewer, other = (_person(session, name) for name in ("reviewer", "other"))
    for first in range(0, articles, AT_ONCE):
        with transaction() as session:
            rows = [_article(number) for number in range(first, min(first + AT_ONCE, articles))]
            place_new(session, rows)
            for number, row in enumerate(rows, start=first):
                given = number < articles // 2 or (
                    row["primary_stack"] == GIVEN_AWAY and number < articles - 20
                )
                row["assigned_to_id"] = other.id if given else None
            insert_rows(session, Article, rows)
    with transaction() as session:
        free = select(Article.id).where(Article.assigned_to_id.is_(None)).order_by(Article.queue_rank)
        ids = session.scalars(free.limit(SKIPPED + OWN)).all()
        session.execute(update(Article).where(Article.id.in_(ids[:OWN])).values(assigned_to_id=reviewer.id))
        skips = [
            {"user_id": reviewer.id, "article_id": id_, "reason": "", "skipped_at": NOW} for id_ in ids[OWN:]
        ]
        session.execute(insert(Skip), skips)
    with transaction() as session:
        session.execute(text("ANALYZE"))
    return reviewer


def _person(session: Session, name: str) -> User:
    user = User(email=f"{name}@example.com", name=name, password_hash="", role="reviewer", created_at=NOW)
    session.add(user)
    session.flush()
    return user


def _article(number: int) -> dict[str, object]:
    since = NOW - timedelta(days=30) + timedelta(seconds=number)
    texts = ("source_id", "slug", "title", "content_digest", "text_digest")
    empty = (
        "published_version",
        "published_digest",
        "source_hash",
        "batch_id",
        "decided_at",
        "decided_digest",
    )
    return (
        dict.fromkeys(texts, f"bench-{number:07}")
        | dict.fromkeys(empty)
        | dict.fromkeys(("quality", "freshness", "depth", "clarity"), number % 101)
        | {
            "id": number + 1,
            "excerpt": "A first sentence of some length, as articles have one.",
            "topic": f"topic {number % 50}",
            "primary_stack": GIVEN_AWAY if number % 20 == 0 else STACKS[number % len(STACKS)],
            "difficulty": "beginner",
            "code_language": "python",
            "reading_minutes": 4,
            "view_count": number,
            "revision_status": "drafted",
            "revision_version": "1.0.0",
            "last_reviewed_on": None,
            "needs_human_review": True,
            "awaiting_review": True,
            "waiting_since": since,
            "indexable": False,
            "row_version": 1,
            "imported_at": since,
            "updated_at": since,
            "affirmed": False,
        }
    )


def _measure(what: str, reviewer: User, filters: Filters, rounds: int) -> None:
    """Claim and give back, again and again; only the claiming is timed, with the transaction around it."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        with transaction() as session:
            claim = claim_next(session, reviewer, filters, now=NOW, lease=LEASE)
        times.append((time.perf_counter() - began) * 1000)
        if claim is None:
            raise SystemExit(f"{what}: nothing was free")
        with transaction() as session:
            release(session, session.get_one(Article, claim.article_id), reviewer)
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"{what:32} p50 {statistics.median(times):7.2f} ms   p95 {p95:7.2f} ms")


if __name__ == "__main__":
    main()
