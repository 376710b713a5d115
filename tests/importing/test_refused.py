"""Refused records come back in the format they had, to be corrected and imported again."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from review_app.accounts.models import User
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.importing import reading
from review_app.importing.batches import Upload, add_uploads, counts, open_batch
from review_app.importing.jobs import run_import
from review_app.importing.queries import get_batch, list_errors
from review_app.outbox.actions import SYSTEM
from tests.importing.records import lines, record
from tests.support.cast import Browser, Program
from tests.support.writers import as_csv, as_json, as_json_lines, as_markdown
from tests.support.wxr_writer import Post, export

GOOD = record("good-1")
BAD = record("bad-1", **{"score.quality": 104})


def bring(*files: bytes) -> int:
    """Import files; gives the batch's number."""
    with transaction() as session:
        batch = open_batch(session, "test", "page", user_id=None, actor=SYSTEM, now=utc_now())
        add_uploads(session, batch, [Upload(f"file{n}", io.BytesIO(data)) for n, data in enumerate(files)])
        number = batch.id
    run_import(number)
    return number


def figures(number: int) -> dict[str, int]:
    return {name: count for name, count in counts(get_batch(db.session(), number)).items() if count}


def posts(quality: int) -> bytes:
    """An export of two posts, the second with this score."""
    scores = {"quality": quality, "freshness": 1, "depth": 2, "clarity": 3}
    bad = Post(post_id="2", meta={"anp_payload": {"source_id": "bad-1"}, "anp_score": scores})
    return export(Post(meta={"anp_payload": {"source_id": "good-1"}}), bad)


FORMATS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "jsonl": (as_json_lines([GOOD, BAD]), lambda content: content.replace(b"104", b"14")),
    "json": (as_json([GOOD, BAD]), lambda content: content.replace(b"104", b"14")),
    "csv": (as_csv([GOOD, BAD]), lambda content: content.replace(b"104", b"14")),
    "xml": (posts(104), lambda content: content.replace(b"i:104", b"i:14")),
}


@pytest.fixture
def desk(app: Flask) -> Iterator[Flask]:
    """An application context."""
    with app.app_context():
        yield app
        db.session.remove()


@pytest.mark.parametrize("suffix", FORMATS)
def test_refused_records_can_be_corrected_and_sent_again(
    app: Flask, lead: User, program_of: Callable[[User], Program], suffix: str
) -> None:
    content, corrected = FORMATS[suffix]
    with app.app_context():
        number = bring(content)
        assert figures(number) == {"created": 1, "rejected": 1, "total": 2}
        db.session.remove()
    answer = program_of(lead).get(f"/imports/{number}/refused")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="import-{number}-refused.{suffix}"'
    assert b"good-1" not in answer.data
    with app.app_context():
        again = bring(corrected(answer.data))
        answer.close()
        assert figures(again) == {"created": 1, "total": 1}
        db.session.remove()


def test_one_file_an_article_and_several_formats_come_in_a_zip(
    app: Flask, lead: User, browser_of: Callable[[User], Browser]
) -> None:
    with app.app_context():
        bad = [as_markdown(record(f"bad-{n}", **{"score.quality": 104}), "Some text.") for n in range(2)]
        number = bring(*bad, lines(BAD))
        assert figures(number) == {"rejected": 3, "total": 3}
        db.session.remove()
    answer = browser_of(lead).get(f"/imports/{number}/refused")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert sorted(name.rpartition(".")[2] for name in archive.namelist()) == ["jsonl", "md", "md"]
    answer.close()


def test_every_refused_record_is_in_the_download_however_many(
    app: Flask, lead: User, browser_of: Callable[[User], Browser]
) -> None:
    with app.app_context():
        number = bring(lines(*(record(f"bad-{n:05}", title="") for n in range(1_200))))
        db.session.remove()
    browser = browser_of(lead)
    answer = browser.get(f"/imports/{number}/refused")
    again = [json.loads(line) for line in answer.data.splitlines()]
    answer.close()
    assert [one["payload"]["source_id"] for one in again] == [f"bad-{n:05}" for n in range(1_200)]
    rows = list(csv.DictReader(io.StringIO(browser.get(f"/imports/{number}/errors.csv").text)))
    assert len(rows) == 1_200
    assert {row["field"] for row in rows} == {"title"}
    assert [int(row["item"]) for row in rows] == list(range(1, 1_201))


def test_an_import_without_refused_records_has_no_such_file(
    desk: Flask, lead: User, program_of: Callable[[User], Program]
) -> None:
    number = bring(lines(GOOD))
    db.session.remove()
    assert program_of(lead).get(f"/imports/{number}/refused").status_code == 404


def test_a_table_that_is_refused_whole_leaves_nothing_to_send_again(desk: Flask) -> None:
    number = bring(
        b"<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'b'>]><rss xmlns:wp='http://wordpress.org/export/1.2/'/>"
    )
    batch: Any = get_batch(db.session(), number)
    assert (batch.state, batch.created) == ("failed", 0)
    assert "DOCTYPE" in batch.failure


def test_what_only_stands_in_for_bytes_is_not_given_back_as_the_text(
    app: Flask, lead: User, program_of: Callable[[User], Program]
) -> None:
    with app.app_context():
        latin = lines(record("latin-1", title="caf?")).replace(b"caf?", "café".encode("latin-1"))
        number = bring(latin, lines(record("nul-1", title="a?b")).replace(b"a?b", b"a\0b"), lines(BAD))
        assert figures(number) == {"rejected": 3, "total": 3}
        db.session.remove()
    answer = program_of(lead).get(f"/imports/{number}/refused")
    assert [json.loads(line)["payload"]["source_id"] for line in answer.data.splitlines()] == ["bad-1"]
    answer.close()


def test_a_document_on_one_line_is_not_one_record_with_its_articles_as_metadata(desk: Flask) -> None:
    number = bring(json.dumps({"items": [record("in-1"), record("in-2")], **record("out-1")}).encode())
    assert figures(number) == {"rejected": 1, "total": 1}


def test_a_name_of_a_field_that_is_no_text_refuses_just_that_record(desk: Flask) -> None:
    odd = b"---\ntitle: t\n1: x\npayload: {source_id: odd-1}\n---\nText."
    null = b"---\ntitle: t\nnull: x\npayload: {source_id: odd-2}\n---\nText."
    assert figures(bring(odd, null, lines(GOOD))) == {"created": 1, "rejected": 2, "total": 3}


def test_a_mistake_of_ours_in_one_record_ends_neither_the_import_nor_in_silence(
    desk: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reading.validate

    def failing(raw: Any, *arguments: Any, **named: Any) -> Any:
        if raw.fields["payload"]["source_id"] == "bad-1":
            raise ZeroDivisionError
        return real(raw, *arguments, **named)

    monkeypatch.setattr(reading, "validate", failing)
    number = bring(lines(GOOD, BAD, record("good-2")))
    assert figures(number) == {"created": 2, "rejected": 1, "total": 3}
    (error,) = list_errors(db.session(), number).rows
    assert "mistake of ours" in error.reason
