"""How quick an import is, against the floor: JSON parsing and a bare executemany of the same rows into the same tables.

    .venv/bin/python -m benchmarks.intake [--records 20000] [--database sqlite | postgresql://…/empty_database_prefix]

Prints, from one run: the floor's time over the import's (1 would be no cost above the floor; the goal is 0.35, better
0.5), the rate of the last tenth over that of the first (goal 0.8), the most memory the import held (goal 300 MB), and how
quick the second pass is that measures the evidence (goal 1,000 articles a second a core).
With PostgreSQL, the databases NAME_import and NAME_floor are dropped and made anew.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import create_engine, make_url, text

from benchmarks import corpus
from review_app.app import create_app
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction, upgrade
from review_app.base.settings import Settings
from review_app.importing.batches import add_paths, open_batch
from review_app.importing.jobs import RECORDS, run_import
from review_app.importing.models import ImportBatch
from review_app.outbox.actions import Actor
from review_app.worker import jobs_of

TABLES = ("article", "article_body", "article_meta", "article_flag", "article_search", "import_row")
KEYS = {"article": "id", "article_search": "rowid", "import_row": "source_id"}
SECRET = "s" * 32


class Mark(NamedTuple):
    """How far the import was: seconds by the clock, seconds of CPU (the database's too), records done."""

    clock: float
    processor: float
    records: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--database", default="sqlite")
    parser.add_argument(
        "--only-import", action="store_true", help="neither floor nor evidence, for very large runs"
    )
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "articles.jsonl"
        corpus.write(file, chosen.records)
        print(f"{chosen.records:,} articles, {file.stat().st_size / 1e6:,.0f} MB of JSON Lines")
        ours = _fresh(chosen.database, folder, "import")
        figures = _in_child(_import, ours, file, not chosen.only_import)
        _report(figures, chosen.records)
        if not chosen.only_import:
            _tell_evidence(figures)
            floor = _in_child(_floor, ours, _fresh(chosen.database, folder, "floor"), file, chosen.records)
            print(
                f"floor   {chosen.records / floor['seconds']:8,.0f} a second"
                f" (parsing {floor['parsing']:.1f} s, executemany {floor['writing']:.1f} s)"
            )
            print(
                f"ratio   {floor['seconds'] / figures['seconds']:.2f} of the floor's speed (goal 0.35, aim 0.5)"
            )


def _report(figures: dict[str, Any], records: int) -> None:
    marks = figures["marks"]
    tenth = max(1, len(marks) // 10)
    beginning, ending = marks[: tenth + 1], marks[-tenth - 1 :]
    first, last = _rate(beginning), _rate(ending)
    print(
        f"import  {records / figures['seconds']:8,.0f} a second, at most {figures['megabytes']:,.0f} MB resident"
    )
    print(
        f"rate    {first:8,.0f} a second in the first tenth, {last:,.0f} in the last: {last / first:.2f} (goal 0.8)"
    )
    print(
        f"cost    {_cost(beginning):8,.2f} ms of CPU a record in the first tenth, {_cost(ending):.2f} in the last:"
        f" {_cost(beginning) / _cost(ending):.2f}, which other work on the machine does not sway"
    )


def _tell_evidence(figures: dict[str, Any]) -> None:
    print(
        f"evidence {figures['evidence']:7,.0f} a second by the clock,"
        f" {figures['evidence_cpu']:,.0f} a second of CPU (goal 1,000 a second a core)"
    )


def _rate(marks: Sequence[Mark]) -> float:
    first, last = marks[0], marks[-1]
    return (last.records - first.records) / (last.clock - first.clock)


def _cost(marks: Sequence[Mark]) -> float:
    """Milliseconds of CPU a record, the database's with it."""
    first, last = marks[0], marks[-1]
    return 1000 * (last.processor - first.processor) / (last.records - first.records)


def _fresh(database: str, folder: str, name: str) -> Settings:
    data_dir = Path(folder) / name
    data_dir.mkdir()
    url = f"sqlite:///{data_dir / 'review.sqlite3'}"
    if database != "sqlite":
        base = make_url(database)
        own = f"{base.database}_{name}"
        with create_engine(
            base.set(database="postgres"), isolation_level="AUTOCOMMIT"
        ).connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{own}"'))
            connection.execute(text(f'CREATE DATABASE "{own}"'))
        url = base.set(database=own).render_as_string(hide_password=False)
    return Settings(data_dir=data_dir, database_url=url, secret_key=SECRET)


def _in_child(work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _import(settings: Settings, file: Path, with_evidence: bool) -> dict[str, Any]:
    app = create_app(settings)
    upgrade(app)
    with app.app_context():
        with transaction() as session:
            batch = open_batch(
                session, file.name, "command", user_id=None, actor=Actor(None, "benchmark"), now=utc_now()
            )
            add_paths(session, batch, [file])
        marks: list[Mark] = []
        server_seconds = _server_clock()

        def note(batch: ImportBatch) -> None:
            used = time.process_time() + server_seconds()
            marks.append(Mark(time.perf_counter(), used, batch.total))

        run_import(batch.id, note)
        seconds, most = marks[-1].clock - marks[0].clock, _most_resident()
        evidence, worked = time.perf_counter(), time.process_time()
        while with_evidence and jobs_of(app).run_pending():
            pass
        clock, cpu = time.perf_counter() - evidence, time.process_time() - worked
        total = marks[-1].records
    return {
        "seconds": seconds,
        "marks": marks[:-1],
        "megabytes": most,
        "evidence": total / clock,
        "evidence_cpu": total / cpu,
    }


def _server_clock() -> Callable[[], float]:
    """What tells the seconds of CPU that a PostgreSQL server on this machine has used, in all of its processes.

    SQLite has none of its own: it works in ours.
    """
    if db.engine.dialect.name == "sqlite":
        return lambda: 0.0
    backend = db.session.scalar(text("SELECT pg_backend_pid()"))
    server = _stat(f"/proc/{backend}/stat")[1]
    ticks = os.sysconf("SC_CLK_TCK")

    def used() -> float:
        own = _stat(f"/proc/{server}/stat")
        # Its own time, that of its children who have ended, and that of those who live.
        whole = sum(own[11:15])
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = _stat(str(path))
                whole += sum(fields[11:13]) if fields[1] == server else 0
        return whole / ticks

    return used


def _stat(path: str) -> list[int]:
    """The numbers of a process from its state on (proc(5)); the state itself, a letter, counts as 0."""
    return [0 if word.isalpha() else int(word) for word in Path(path).read_text().rpartition(")")[2].split()]


def _most_resident() -> float:
    """Megabytes. Not from `getrusage`, which counts what the parent held when it started this process."""
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def _floor(ours: Settings, floor: Settings, file: Path, records: int) -> dict[str, Any]:
    begun = time.perf_counter()
    with file.open("rb") as lines:
        for line in lines:
            json.loads(line)
    parsing = time.perf_counter() - begun
    app = create_app(floor)
    upgrade(app)
    writing = 0.0
    with app.app_context(), create_engine(ours.database_url).connect() as source:
        with transaction() as session:
            open_batch(
                session, "floor", "command", user_id=None, actor=Actor(None, "benchmark"), now=utc_now()
            )
        for after in range(0, records, RECORDS):
            portions = [(table, *_portion(source, table, after)) for table in TABLES]
            begun = time.perf_counter()
            _write(portions)
            writing += time.perf_counter() - begun
    return {"parsing": parsing, "writing": writing, "seconds": parsing + writing}


def _portion(source: Any, table: str, after: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The rows of one transaction, as the driver takes them."""
    first, last = after + 1, after + RECORDS
    sqlite = source.dialect.name == "sqlite"
    if table == "article_search":
        key = "rowid" if sqlite else "article_id"
        columns = "rowid, title, topic, body" if sqlite else "article_id, document::text AS document"
    elif table == "import_row":
        key, columns = "source_id", "*"
    else:
        key, columns = ("id" if table == "article" else "article_id"), "*"
    bounds: tuple[Any, Any] = (first, last)
    if table == "import_row":
        bounds = (corpus.source_id(first), corpus.source_id(last))
    if not sqlite and table == "article_meta":
        columns = "article_id, imported::text AS imported"
    query = text(f"SELECT {columns} FROM {table} WHERE {key} BETWEEN :first AND :last ORDER BY {key}")  # noqa: S608
    result = source.execute(query, {"first": bounds[0], "last": bounds[1]})
    return list(result.keys()), [tuple(row) for row in result]


def _write(portions: Iterator[Any] | list[Any]) -> None:
    """The bare driver: one executemany a table, in one transaction."""
    with transaction() as session:
        connection = session.connection().connection.driver_connection
        sqlite = session.get_bind().dialect.name == "sqlite"
        assert connection is not None
        cursor = connection.cursor()
        for table, columns, rows in portions:
            if rows:
                places = ", ".join(["?" if sqlite else "%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)  # noqa: S608
        cursor.close()
    db.session.remove()


if __name__ == "__main__":
    main()
