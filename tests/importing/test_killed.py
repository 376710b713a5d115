"""An import that is killed at any moment and begun again ends as one that never was."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.importing.records import lines, record
from tests.support.application import environment

KILLS = int(os.environ.get("REVIEW_TEST_KILLS", "4"))
"""50 take some three minutes."""
RECORDS = max(2_000, 1_000 * KILLS)
"""More than are imported between two kills, or the last of them would find it done."""


def start(file: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    """The command, as a process of its own."""
    command = [sys.executable, "-m", "review_app", "import", str(file)]
    whole = {**os.environ, **variables}
    return subprocess.Popen(command, env=whole, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(url: str, process: subprocess.Popen[str], *, settled: int) -> None:
    """Until the import is under way and has settled so many records."""
    engine = create_engine(url)
    with engine.connect() as connection:
        while process.poll() is None:
            done = connection.scalar(text("SELECT total FROM import_batch WHERE state = 'running'"))
            connection.rollback()
            if done is not None and done >= settled:
                break
            time.sleep(0.02)
    engine.dispose()


def standing(url: str) -> dict[str, list[Any]]:
    """What there is of every article, but for times and numbers of imports."""
    questions = {
        "articles": "SELECT source_id, slug, title, quality, revision_status, awaiting_review, indexable, row_version,"
        " content_digest, text_digest FROM article ORDER BY source_id",
        "texts": "SELECT source_id, html, word_count FROM article_body JOIN article ON id = article_id ORDER BY source_id",
        "flags": "SELECT source_id, name, value FROM article_flag JOIN article ON id = article_id ORDER BY source_id, name",
        "found": "SELECT count(*) FROM article_search",
        "rows": "SELECT source_id, outcome, place FROM import_row ORDER BY source_id",
        "refused": "SELECT line, field, reason FROM import_row_error ORDER BY line",
        "batches": "SELECT state, created, updated, unchanged, rejected, skipped, total FROM import_batch",
    }
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            name: [tuple(row) for row in connection.execute(text(ask))] for name, ask in questions.items()
        }
    engine.dispose()
    return found


@pytest.mark.slow
def test_killed_and_begun_again_it_ends_as_if_it_never_was(database_url: str, tmp_path: Path) -> None:
    variables = environment(database_url, tmp_path / "var")
    file = tmp_path / "articles.jsonl"
    bad = (record(f"a-{number:05}", title="") for number in range(5))
    file.write_bytes(
        lines(*(record(f"a-{number:05}", hash=str(number)) for number in range(5, RECORDS)), *bad)
    )
    chance, went_on = random.Random(7), 0
    for kill in range(KILLS):
        process = start(file, variables)
        wait_until(database_url, process, settled=RECORDS * kill // (KILLS + 2))
        time.sleep(chance.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        _, told = process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL, told
        went_on += "Going on with import 1," in told
    process = start(file, variables)
    _, told = process.communicate(timeout=120)
    went_on += "Going on with import 1," in told
    assert process.returncode == 1, told
    assert went_on, "it begins anew"
    ended = standing(database_url)
    assert ended["batches"] == [("finished", RECORDS - 5, 0, 0, 5, 0, RECORDS)]
    assert len(ended["articles"]) == len(ended["texts"]) == ended["found"][0][0] == RECORDS - 5
    assert len({row[0] for row in ended["rows"]}) == len(ended["rows"]) == RECORDS - 5
    assert [row[0] for row in ended["refused"]] == list(range(RECORDS - 4, RECORDS + 1))
    assert len(ended["flags"]) == 4 * (RECORDS - 5)
