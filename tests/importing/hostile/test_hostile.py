"""Whatever a file is: no crash, every record in or refused with a reason, and nothing of it acts in any page."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from review_app.accounts.models import User
from review_app.articles.models import Article, ArticleBody
from review_app.base.clock import utc_now
from review_app.base.csv import FORMULA_BEGINS
from review_app.base.database import db, transaction
from review_app.base.settings import Settings
from review_app.importing.batches import Upload, add_uploads, counts, open_batch
from review_app.importing.jobs import run_import
from review_app.importing.models import ImportRowError
from review_app.importing.queries import get_batch
from review_app.outbox.actions import SYSTEM
from tests.importing.hostile.danger import dangers
from tests.importing.hostile.files import GROUPS
from tests.importing.hostile.wrong_values import WRONG
from tests.importing.records import lines, record
from tests.support.application import environment
from tests.support.cast import Browser

BrowserOf = Callable[[User], Browser]
MOST_RESIDENT_MB = 300
csv.field_size_limit(16 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a batch, and of the records it refused."""

    id: int
    state: str
    failure: str
    figures: dict[str, int]
    refused: list[tuple[str, str]]


def imported(data: bytes) -> Ended:
    """The real import of one file, in the application's context."""
    with transaction() as session:
        batch = open_batch(session, "hostile", "page", user_id=None, actor=SYSTEM, now=utc_now())
        add_uploads(session, batch, [Upload("a file", io.BytesIO(data))])
        batch_id = batch.id
    run_import(batch_id)
    batch = get_batch(db.session(), batch_id)
    errors = db.session.scalars(select(ImportRowError).where(ImportRowError.batch_id == batch_id)).all()
    refused = [(error.field, error.reason) for error in errors]
    ended = Ended(batch.id, batch.state, batch.failure or "", counts(batch), refused)
    db.session.remove()
    return ended


def check(ended: Ended) -> None:
    """What holds of every import, however it went."""
    assert ended.state == "finished" or (ended.state == "failed" and ended.failure)
    assert sum(ended.figures.values()) == 2 * ended.figures["total"], "the figures do not add up"
    assert len(ended.refused) == ended.figures["rejected"]
    for field, reason in ended.refused:
        assert len(reason) > 10
        assert field or reason.startswith(("The ", "There ", "It ")), f"names no field: {reason}"


@pytest.mark.parametrize("group", GROUPS)
def test_no_hostile_file_gets_the_better_of_an_import(
    app: Flask, group: str, lead: User, browser_of: BrowserOf
) -> None:
    batches = []
    with app.app_context():
        for name, data in GROUPS[group]().items():
            try:
                ended = imported(data)
                check(ended)
            except Exception as error:
                raise AssertionError(f"{name}: {error!r}") from error
            batches.append(ended.id)
        ids = look_at_what_is_stored()
    look_at_pages(browser_of(lead), ids, batches)


def look_at_what_is_stored() -> list[str]:
    """The ids of all articles, whose HTML is harmless and none of which is approved."""
    ids = []
    query = select(Article, ArticleBody.html).join(ArticleBody, ArticleBody.article_id == Article.id)
    for article, html in db.session.execute(query):
        assert not article.indexable
        assert article.revision_status != "approved"
        assert not dangers(html, stored=True), f"{article.source_id}: {html[:500]}"
        ids.append(article.source_id)
    db.session.remove()
    return ids


def look_at_pages(browser: Browser, ids: list[str], batches: list[int]) -> None:
    """Every page that shows them, and every table that a spreadsheet may open."""
    pages = ["/articles", "/queue", "/imports"]
    pages += [f"/articles/{source_id}{end}" for source_id in ids[:80] for end in ("", "/review")]
    pages += [f"/imports/{batch}" for batch in batches]
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert not dangers(answer.text), path
    for path in ["/articles.csv", *(f"/imports/{batch}/errors.csv" for batch in batches)]:
        rows = csv.reader(io.StringIO(browser.get(path).text, newline=""))
        assert not [cell for row in rows for cell in row if cell.lstrip(" ").startswith(FORMULA_BEGINS)], path


@pytest.mark.parametrize(("field", "values"), WRONG.items())
def test_a_wrong_value_refuses_its_record_by_the_name_of_the_field(
    app: Flask, field: str, values: list[object]
) -> None:
    bad = [record(f"w-{number}", **{field: value}) for number, value in enumerate(values)]
    with app.app_context():
        ended = imported(lines(record("first"), *bad, record("last")))
    check(ended)
    assert (ended.figures["created"], ended.figures["rejected"]) == (2, len(values))
    for (named, reason), value in zip(ended.refused, values, strict=True):
        assert named.startswith(field), f"{value!r}: {named} {reason}"
        assert field.rpartition(".")[2] in reason


def test_the_worst_files_are_read_in_little_memory(settings: Settings, tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.importing.hostile.weigh"],
        env=environment(settings.database_url, tmp_path) | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    weighed = json.loads(child.stdout)
    assert weighed["megabytes"] < MOST_RESIDENT_MB, weighed
