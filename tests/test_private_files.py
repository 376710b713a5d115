"""What the desk writes for itself can be read by the user alone as whom it runs, whatever the umask of a server is."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from review_app.app import create_app
from review_app.base.database import db
from review_app.base.jobs import wake
from review_app.base.settings import Settings


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """With which whoever has an account on the machine may read what others make."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def start(data_dir: Path) -> dict[str, int]:
    """Start a desk there, let it write and wake a worker. Returns the mode of each file."""
    settings = Settings.from_environment({"REVIEW_DATA_DIR": str(data_dir)})
    app = create_app(settings)
    with app.app_context():
        db.session.execute(text("CREATE TABLE IF NOT EXISTS kept (secret TEXT)"))
        db.session.commit()
        wake("relay", 0)
        found = {file.name: mode(file) for file in data_dir.iterdir() if file.is_file()}
        db.session.remove()
        db.engine.dispose()
    return found


def test_what_the_desk_makes_is_for_its_user_alone(tmp_path: Path) -> None:
    found = start(tmp_path / "var")
    names = {"review.sqlite3", "jobs.sqlite3", "secret_key", "publish_hook_secret"}
    assert names | {"review.sqlite3-wal", "review.sqlite3-shm"} <= set(found)
    assert {name: mode for name, mode in found.items() if mode != 0o600} == {}
    assert mode(tmp_path / "var") == 0o700


def test_what_was_there_keeps_the_mode_that_somebody_gave_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    file = tmp_path / "review.sqlite3"
    sqlite3.connect(file).close()
    file.touch()
    file.chmod(0o640)
    assert start(tmp_path)["review.sqlite3"] == 0o640
    assert mode(tmp_path) == 0o750


def test_a_database_in_a_folder_that_is_not_there_is_still_an_error_of_its_own(tmp_path: Path) -> None:
    where = tmp_path / "nowhere" / "review.sqlite3"
    variables = {"REVIEW_DATA_DIR": str(tmp_path), "REVIEW_DATABASE_URL": f"sqlite:///{where}"}
    app = create_app(Settings.from_environment(variables))
    with app.app_context(), pytest.raises(Exception, match="unable to open database file"):
        db.session.execute(text("SELECT 1"))
