"""Sources: folders, the schedule, and that a read happens once and loses nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Invalid
from review_app.base.settings import Settings, SettingsError
from review_app.importing.sources import jobs
from review_app.importing.sources.actions import change_source, remove_source, resume_source
from review_app.importing.sources.jobs import due, read_source
from review_app.importing.sources.models import ImportSourceItem
from review_app.importing.sources.queries import get_source
from review_app.importing.sources.reads import LEASE, claim_read
from review_app.importing.sources.rules import FAILURES_UNTIL_PAUSE, Kind, delay_after
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import Event
from review_app.worker import run_pending
from tests.importing.records import lines, record
from tests.importing.sources import add, batches, read, reads_of, state_of

SessionOf = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """A folder that may be read."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(settings: Settings, drop: Path) -> Settings:
    return replace(settings, import_folders=(drop,))


def put(folder: Path, name: str, *records: object, seconds_old: int = 60) -> Path:
    """A file that was written some time ago."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(lines(*records))
    written = time.time() - seconds_old
    os.utime(file, (written, written))
    return file


# --- folders ----------------------------------------------------------------------------------------------------------


def test_only_files_that_are_new_or_changed_are_read(app: Flask, drop: Path) -> None:
    put(drop, "one.jsonl", record("a-1"))
    put(drop, "more/two.jsonl", record("a-2"))
    put(drop, ".hidden.jsonl", record("a-9"))
    source = add(app, Kind.FOLDER, str(drop))
    assert read(app, source).state == "imported"
    assert batches(app) == [(["one.jsonl", "two.jsonl"], 2, 0)]
    assert read(app, source).state == "nothing_new"
    put(drop, "one.jsonl", record("a-1", title="Another title"), seconds_old=30)
    assert read(app, source).items == 1
    assert batches(app)[1:] == [(["one.jsonl"], 0, 1)]


def test_a_file_with_another_time_and_the_same_bytes_is_not_read_again(app: Flask, drop: Path) -> None:
    put(drop, "one.jsonl", record("a-1"))
    source = add(app, Kind.FOLDER, str(drop))
    read(app, source)
    put(drop, "one.jsonl", record("a-1"), seconds_old=30)
    assert read(app, source).state == "nothing_new"
    assert len(batches(app)) == 1


def test_a_file_that_may_still_be_written_waits(app: Flask, drop: Path) -> None:
    file = put(drop, "one.jsonl", record("a-1"), seconds_old=0)
    source = add(app, Kind.FOLDER, str(drop))
    waiting = read(app, source)
    assert (waiting.state, "Still being written" in waiting.note) == ("nothing_new", True)
    put(drop, file.name, record("a-1"))
    assert read(app, source).state == "imported"


def test_a_file_that_is_no_article_is_told_by_its_import(app: Flask, drop: Path) -> None:
    (drop / "photo.jsonl").write_bytes(b"\x89PNG\x00")
    os.utime(drop / "photo.jsonl", (1, 1))
    source = add(app, Kind.FOLDER, str(drop))
    assert read(app, source).batch is not None
    assert read(app, source).state == "nothing_new"


def test_links_that_lead_out_of_the_folder_are_not_followed(app: Flask, drop: Path, tmp_path: Path) -> None:
    put(tmp_path, "secret.jsonl", record("secret-1"))
    (drop / "link.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (drop / "up").symlink_to(tmp_path, target_is_directory=True)
    read_it = read(app, add(app, Kind.FOLDER, str(drop)))
    assert read_it.state == "nothing_new"
    assert "Left out, since they are links that lead out of the folder: 2." in read_it.note


@pytest.mark.parametrize("elsewhere", ["/etc", "..", "../..", "drop/../..", "relative"])
def test_only_folders_that_the_settings_name_can_be_sources(app: Flask, drop: Path, elsewhere: str) -> None:
    address = elsewhere if elsewhere in {"/etc", "relative"} else f"{drop}/{elsewhere}"
    with pytest.raises(Invalid) as refused:
        add(app, Kind.FOLDER, address)
    assert "address" in refused.value.fields


def test_a_link_inside_to_a_folder_outside_cannot_be_a_source(app: Flask, drop: Path) -> None:
    (drop / "out").symlink_to("/etc", target_is_directory=True)
    with pytest.raises(Invalid, match="not below"):
        add(app, Kind.FOLDER, f"{drop}/out")


def test_a_folder_that_the_settings_name_no_longer_is_not_read(app: Flask, drop: Path) -> None:
    put(drop, "one.jsonl", record("a-1"))
    source = add(app, Kind.FOLDER, str(drop))
    app.extensions["settings"] = replace(app.extensions["settings"], import_folders=())
    assert read(app, source).state == "failed"
    assert "REVIEW_IMPORT_FOLDERS" in state_of(app, source).failure
    assert batches(app) == []


def test_no_folder_may_be_read_unless_a_setting_says_so(tmp_path: Path) -> None:
    here = {"REVIEW_DATA_DIR": str(tmp_path)}
    assert Settings.from_environment(here).import_folders == ()
    named = Settings.from_environment(here | {"REVIEW_IMPORT_FOLDERS": "/srv/a:/srv/b"})
    assert named.import_folders == (Path("/srv/a"), Path("/srv/b"))
    with pytest.raises(SettingsError, match="whole path"):
        Settings.from_environment(here | {"REVIEW_IMPORT_FOLDERS": "a"})
    with pytest.raises(SettingsError, match="'on' or 'off'"):
        Settings.from_environment(here | {"REVIEW_ALLOW_PRIVATE_TARGETS": "perhaps"})


def test_a_folder_that_is_away_for_a_while_is_told_and_not_taken_for_empty(app: Flask, drop: Path) -> None:
    put(drop, "one.jsonl", record("a-1"))
    source = add(app, Kind.FOLDER, str(drop))
    read(app, source)
    away = drop.rename(drop.parent / "away")
    assert "no such folder" in read(app, source).note
    assert state_of(app, source).failures == 1
    away.rename(drop)
    assert read(app, source).state == "nothing_new"
    assert (state_of(app, source).failures, state_of(app, source).failure) == (0, "")


# --- the schedule -----------------------------------------------------------------------------------------------------


def test_a_source_is_read_when_its_time_has_come(app: Flask, drop: Path) -> None:
    put(drop, "one.jsonl", record("a-1"))
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
        source = add(app, Kind.FOLDER, str(drop), every_minutes=30)
        run_pending(app)
        assert len(reads_of(app, source)) == 1
        clock.shift(timedelta(minutes=29))
        run_pending(app)
        assert len(reads_of(app, source)) == 1
        clock.shift(timedelta(minutes=1))
        run_pending(app)
        run_pending(app)
        assert [one.state for one in reads_of(app, source)] == ["nothing_new", "imported"]


def test_after_failures_it_is_tried_ever_later_and_pauses_after_ten(
    app: Flask, drop: Path, session_of: SessionOf
) -> None:
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
        source = add(app, Kind.FOLDER, str(drop), every_minutes=5)
        drop.rmdir()
        waits = []
        for _ in range(FAILURES_UNTIL_PAUSE):
            run_pending(app)
            waits.append(state_of(app, source).next_read_at - utc_now())
            clock.shift(waits[-1])
        assert [wait // timedelta(minutes=1) for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        assert state_of(app, source).paused_at is not None
        run_pending(app)
        assert len(reads_of(app, source)) == FAILURES_UNTIL_PAUSE
        with session_of() as session:
            assert session.scalar(select(func.count()).where(Event.kind == "source.paused")) == 1
            resume_source(session, get_source(session, source), actor=SYSTEM, now=utc_now())
        drop.mkdir()
        run_pending(app)
        assert reads_of(app, source)[0].state == "nothing_new"


def test_one_that_is_read_seldom_backs_off_as_far_as_its_own_interval() -> None:
    assert delay_after(10, 10_080) == timedelta(minutes=512)
    assert delay_after(1, 10_080) == timedelta(minutes=1)


# --- once, and nothing lost -------------------------------------------------------------------------------------------


def test_of_many_schedulers_at_once_one_reads(app: Flask, drop: Path) -> None:
    source, claimed, barrier = add(app, Kind.FOLDER, str(drop)), [], threading.Barrier(6)
    now = utc_now()

    def claim(number: int) -> None:
        barrier.wait()
        with app.app_context():
            with transaction() as session:
                claimed.append(claim_read(session, source, f"worker {number}", now))
            db.session.remove()

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 6
    assert len([read_id for read_id in claimed if read_id is not None]) == 1
    assert len(reads_of(app, source)) == 1


def test_a_read_whose_worker_was_killed_is_read_again_and_nothing_is_doubled(
    app: Flask, drop: Path, session_of: SessionOf
) -> None:
    put(drop, "one.jsonl", record("a-1"))
    source = add(app, Kind.FOLDER, str(drop))
    with session_of() as session:
        killed = claim_read(session, source, "killed", utc_now())
    with app.app_context():
        assert source not in due(utc_now())
        assert source in due(utc_now() + LEASE)
    with time_machine.travel(utc_now() + LEASE + timedelta(seconds=1)):
        run_pending(app)
        run_pending(app)
    assert [(one.id, one.state) for one in reads_of(app, source)] == [(killed, "imported")]
    assert batches(app) == [(["one.jsonl"], 1, 0)]


def test_a_worker_that_lost_its_lease_imports_nothing(
    app: Flask, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(drop, "one.jsonl", record("a-1"))
    source = add(app, Kind.FOLDER, str(drop))
    found = jobs.READERS[Kind.FOLDER]

    def overtaken(reading: jobs.Reading) -> jobs.Found:
        with transaction() as session:
            claim_read(session, source, "faster", utc_now() + LEASE)
        return found(reading)

    monkeypatch.setattr(jobs, "READERS", {Kind.FOLDER: overtaken})
    with app.app_context():
        read_source(source)
        db.session.remove()
    assert [one.state for one in reads_of(app, source)] == ["reading"]
    assert batches(app) == []


@pytest.mark.parametrize("meanwhile", ["removed", "moved"])
def test_what_is_read_of_a_source_that_is_removed_or_moved_meanwhile_is_dropped(
    app: Flask, drop: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    put(drop, "one.jsonl", record("a-1"))
    (drop / "new").mkdir()
    source = add(app, Kind.FOLDER, str(drop))
    found = jobs.READERS[Kind.FOLDER]

    def disturbed(reading: jobs.Reading) -> jobs.Found:
        with transaction() as session:
            row = get_source(session, source)
            if meanwhile == "removed":
                remove_source(session, row, actor=SYSTEM, now=utc_now())
            else:
                address = {"address": str(drop / "new")}
                change_source(session, row, address, reading.settings, actor=SYSTEM, now=utc_now())
        return found(reading)

    monkeypatch.setattr(jobs, "READERS", {Kind.FOLDER: disturbed})
    with app.app_context():
        read_source(source)
        assert db.session.scalar(select(func.count()).select_from(ImportSourceItem)) == 0
        db.session.remove()
    assert batches(app) == []


def test_removing_a_source_leaves_what_it_imported(app: Flask, drop: Path, session_of: SessionOf) -> None:
    put(drop, "one.jsonl", record("a-1"))
    source = add(app, Kind.FOLDER, str(drop))
    read(app, source)
    with session_of() as session:
        remove_source(session, get_source(session, source), actor=SYSTEM, now=utc_now())
    with session_of() as session:
        assert session.scalar(select(func.count()).select_from(Article)) == 1
        assert session.scalar(select(func.count()).select_from(ImportSourceItem)) == 0
    assert len(batches(app)) == 1
