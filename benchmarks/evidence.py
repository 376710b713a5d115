"""How quick evidence is: articles measured a second, and one article's evidence among a million.

    .venv/bin/python -m benchmarks.evidence                              (about a minute)
    .venv/bin/python -m benchmarks.evidence --articles 1000000           (about 4 GB in a temporary folder)
    .venv/bin/python -m benchmarks.evidence --corpus corpus.jsonl        (measures these articles; JSON Lines)

Goals: at least 1,000 articles a second a core, writes included; under 20 ms for one article's near-duplicates at a million.
The second part fills the tables in SQL: some real articles, and many whose paragraphs share bands with theirs, twenty to a
band, as in a site that repeats itself. Times are those of a warm file cache.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from flask import Flask
from sqlalchemy import Table, insert, text

from review_app.app import create_app
from review_app.articles.markup import sanitise
from review_app.articles.models import Article
from review_app.articles.queries import get_article
from review_app.base.database import Base, db, transaction, upgrade
from review_app.base.settings import Settings
from review_app.evidence.actions import request_evidence
from review_app.evidence.jobs import run_evidence
from review_app.evidence.likeness import names_of
from review_app.evidence.measuring import paragraphs_of
from review_app.evidence.models import EvidenceRun
from review_app.evidence.near import near_ones
from review_app.evidence.outline import outline_of
from review_app.evidence.queries import evidence_of

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REAL = 1_000
"""Articles of the second part that have a whole text, and are looked up."""
A_BAND = 20
"""So many of the others share each band of theirs."""
FILLED = ("article", "article_body", "article_meta", "article_evidence", "paragraph", "passage")


@click.command()
@click.option("--articles", default=200_000, help="Articles among which near-duplicates are looked for.")
@click.option("--measured", default=10_000, help="Articles that are measured.")
@click.option(
    "--corpus",
    type=click.Path(exists=True, path_type=Path),
    help="JSON Lines to measure instead of made texts.",
)
@click.option("--look-ups", default=300)
def main(articles: int, measured: int, corpus: Path | None, look_ups: int) -> None:
    """Print the figures of both parts."""
    texts = list(_read(corpus, measured) if corpus else _made(measured))
    with _desk():
        wall, cpu = _measure(texts)
    click.echo(
        f"measuring: {len(texts):,} articles, {len(texts) / wall:,.0f} a second, {len(texts) / cpu:,.0f} a second of CPU"
    )
    medians = [_look_up(size, look_ups) for size in (articles // 10, articles)]
    click.echo(
        f"near-duplicates: median at {articles:,} to that at {articles // 10:,}: {medians[1] / medians[0]:.2f}"
    )


@contextmanager
def _desk() -> Iterator[Flask]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "REVIEW_DATA_DIR": folder,
            "REVIEW_SECRET_KEY": "x" * 40,
            "REVIEW_DATABASE_URL": f"sqlite:///{folder}/desk.sqlite3",
        }
        app = create_app(Settings.from_environment(environment))
        upgrade(app)
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


# --- texts ------------------------------------------------------------------------------------------------------------

Text = tuple[str, str, str, str]
"""Title, topic, stack, HTML."""


def _read(corpus: Path, most: int) -> Iterator[Text]:
    with corpus.open("rb") as lines:
        for line, _ in zip(lines, range(most), strict=False):
            record = msgspec.json.decode(line)
            yield record["title"], record["topic"], record["stack"][0], sanitise(record["body"]).html


def _made(count: int) -> Iterator[Text]:
    """Articles of about 450 words: eight paragraphs, of which one in three is stock, a list, figures and code."""
    chance = random.Random(7)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=chance.randint(2, 9))) for _ in range(3_000)]
    stock = [_sentence(chance, words, 45) for _ in range(60)]
    for number in range(count):
        own = [_sentence(chance, words, 48) for _ in range(6)]
        items = "".join(f"<li>{chance.choice(stock)[:40]}</li>" for _ in range(5))
        body = "".join(
            f"<h2>{words[number % 3_000]}</h2><p>{own[at]}</p><p>{chance.choice(stock)}</p>"
            for at in range(3)
        )
        body += f"<ul>{items}</ul><pre><code>run --all</code></pre>" + "".join(
            f"<p>{one}</p>" for one in own[3:]
        )
        body += '<figure><img src="https://picsum.photos/9" alt=""><figcaption>One</figcaption></figure>'
        yield _sentence(chance, words, 9), "running jobs / flask", "flask", sanitise(body).html


def _sentence(chance: random.Random, words: Sequence[str], count: int) -> str:
    return " ".join(chance.choices(words, k=count)).capitalize() + "."


# --- measuring --------------------------------------------------------------------------------------------------------


def _measure(texts: Sequence[Text]) -> tuple[float, float]:
    """Seconds by the clock and of CPU."""
    with transaction() as session:
        _insert_articles(session, texts)
        run_id = request_evidence(session, 1, NOW).id
    wall, cpu = time.perf_counter(), time.process_time()
    while db.session().get_one(EvidenceRun, run_id, populate_existing=True).state != "finished":
        run_evidence(run_id)
    return time.perf_counter() - wall, time.process_time() - cpu


def _insert_articles(session: Any, texts: Sequence[Text]) -> None:
    rows = [_article(number, *text_[:3]) for number, text_ in enumerate(texts, 1)]
    session.execute(insert(_table("article")), rows)
    bodies = [
        {
            "article_id": number,
            "html": html,
            "plain_text": "",
            "word_count": 450,
            "image_count": 1,
            "sanitiser_version": 1,
        }
        for number, (*_, html) in enumerate(texts, 1)
    ]
    session.execute(insert(_table("article_body")), bodies)
    metas = [{"article_id": number, "imported": {}} for number in range(1, len(texts) + 1)]
    session.execute(insert(_table("article_meta")), metas)


def _article(number: int, title: str, topic: str, stack: str) -> dict[str, Any]:
    given = {
        "id": number,
        "source_id": f"bench-{number}",
        "slug": f"bench-{number}",
        "title": title,
        "topic": topic,
    }
    given |= {"primary_stack": stack, "batch_id": 1, "queue_rank": number, "text_digest": str(number)}
    plain = {str: "", int: 1, bool: False}
    return (
        {
            column.name: NOW
            if column.name in {"imported_at", "updated_at"}
            else plain.get(column.type.python_type)
            for column in _table("article").columns
        }
        | {"revision_status": "drafted", "published_version": None, "published_digest": None}
        | given
    )


def _table(name: str) -> Table:
    return Base.metadata.tables[name]


# --- near-duplicates --------------------------------------------------------------------------------------------------


def _look_up(articles: int, look_ups: int) -> float:
    """Fill a desk with so many articles, and look some up. Returns the median in seconds."""
    with _desk() as app:
        _measure(list(_made(min(REAL, articles))))
        _fill(articles)
        chance = random.Random(1)
        near, whole = [], []
        for _ in range(look_ups):
            article = get_article(db.session(), f"bench-{chance.randint(1, min(REAL, articles))}")
            near.append(_seconds_of_near(article))
            began = time.perf_counter()
            evidence_of(db.session(), article, NOW.date())
            whole.append(time.perf_counter() - began)
            db.session.remove()
        size = sum(file.stat().st_size for file in app.extensions["settings"].data_dir.iterdir()) / 1e9
    click.echo(
        f"at {articles:,} articles ({size:.1f} GB): near-duplicates {_told(near)}; all evidence {_told(whole)}"
    )
    return statistics.median(near)


def _seconds_of_near(article: Article) -> float:
    began = time.perf_counter()
    texts = {one.digest: one.normal for one in paragraphs_of(outline_of(article.body.html))}
    near_ones(db.session(), article.id, texts, names_of(article.topic, article.primary_stack))
    return time.perf_counter() - began


def _told(seconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms"


def _fill(articles: int) -> None:
    """Many articles like the real ones: the paragraphs of each are like those of one of them. Indexes are made last."""
    tables = [_table(name) for name in FILLED]
    with transaction() as session:
        connection = session.connection()
        indexes = [index for table in tables for index in table.indexes]
        for index in indexes:
            index.drop(connection)
        connection.execute(text(COPIES), {"most": max(1, articles // REAL) - 1})
        connection.execute(text(OWN))
        for table in tables:
            changed = COPIED[table.name]
            names = table.columns.keys()
            values = ", ".join(changed.get(name, f"t.{name}") for name in names)
            source = SOURCES.get(table.name, f"{table.name} t")
            connection.execute(
                text(
                    f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM copy CROSS JOIN {source}"
                )  # noqa: S608  # ours
            )
        for index in indexes:
            index.create(connection)


COPIES = """
    CREATE TEMP TABLE copy AS WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :most)
    SELECT k FROM n
"""
# Three of the paragraphs that no other article has.
OWN = """
    CREATE TEMP TABLE own AS SELECT article_id, min(digest) AS digest
    FROM (SELECT p.article_id, p.digest FROM paragraph p JOIN passage s ON s.digest = p.digest
          WHERE s.articles = 1 AND s.band_0 IS NOT NULL) GROUP BY article_id, abs(digest % 3)
"""
OTHER = f"+ k * {REAL}"
DIGEST = "(t.digest / 2 + k * 7919)"
SOURCES = {
    "passage": "(SELECT s.* FROM own JOIN passage s USING (digest)) t",
    "paragraph": "own t",
}
COPIED = {
    "article": {
        "id": f"t.id {OTHER}",
        "source_id": "'copy-' || k || '-' || t.id",
        "slug": "'copy-' || k || '-' || t.id",
    },
    "article_body": {
        "article_id": f"t.article_id {OTHER}",
        "html": f"CASE WHEN k < {A_BAND} THEN t.html ELSE substr(t.html, 1, 600) END",
    },
    "article_meta": {"article_id": f"t.article_id {OTHER}"},
    "article_evidence": {"article_id": f"t.article_id {OTHER}", "title_digest": "t.title_digest + k"}
    | {f"title_part_{number}": f"t.title_part_{number} + k / {A_BAND}" for number in range(3)},
    "paragraph": {"article_id": f"t.article_id {OTHER}", "digest": DIGEST},
    "passage": {"digest": DIGEST}
    | {f"band_{number}": f"t.band_{number} + k / {A_BAND}" for number in range(4)},
}


if __name__ == "__main__":
    main()
