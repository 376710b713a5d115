"""`review-app import`: files and folders from the command line, with a progress bar."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from review_app.base.clock import utc_now
from review_app.base.database import db, is_current, transaction
from review_app.base.errors import DomainError, Invalid
from review_app.base.jobs import Jobs
from review_app.importing.batches import add_paths, cancel_batch, counts, lock_batch, open_batch
from review_app.importing.folders import LeftOut, files_in
from review_app.importing.jobs import run_import
from review_app.importing.models import ImportBatch
from review_app.importing.queries import (
    all_left,
    get_batch,
    list_batches,
    list_differences,
    list_errors,
    list_warnings,
)
from review_app.importing.readers import READERS
from review_app.importing.receiving import Wishes, check_wishes, mapping_text
from review_app.importing.refused import write_again
from review_app.importing.rules import storable
from review_app.importing.undo import request_undo
from review_app.importing.workers import free_abandoned, interrupted
from review_app.outbox.actions import Actor

ALL_IN, SOME_REFUSED, NOTHING_IN = 0, 1, 2
SHOWN_REFUSALS = 10
COMMAND_LINE = Actor(None, "command line")


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "format_name", type=click.Choice(list(READERS)), help="Do not find the format out.")
@click.option("--encoding", help="Of files that are neither UTF-8 nor UTF-16 with a mark.")
@click.option(
    "--mapping",
    type=click.File("rb"),
    help="A TOML file: which name of the source is which field.",
)
@click.option("--reason", default="", help="Why; stands in the change record.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
@with_appcontext
def import_command(paths: tuple[Path, ...], mapping: BinaryIO | None, as_json: bool, **wanted: Any) -> None:
    """Import files, or all files in folders. Links that lead out of a folder are skipped, and told.

    The exit code is 0 when all records are in or unchanged, 1 when some were refused, 2 when nothing could be read or all
    were refused.
    """
    files = list(_files(paths))
    if not files:
        raise click.UsageError("There is no file in there.")
    check_database()
    wishes = _wishes(mapping.read() if mapping else b"", wanted)
    batch_id, size = _earlier(files, wishes) or _new(files, wishes)
    _run(batch_id, size, quiet=as_json)
    batch = get_batch(db.session(), batch_id)
    (_print_json if as_json else _print_report)(batch)
    sys.exit(_exit_code(batch))


def check_database() -> None:
    """Say what to do about a database without the tables of today, before anything is asked of it."""
    if not is_current(current_app._get_current_object()):  # type: ignore[attr-defined]  # as Werkzeug documents it
        raise click.ClickException("The database is not up to date. Run: review-app db upgrade")


def _earlier(files: Sequence[Path], wishes: Wishes) -> tuple[int, int] | None:
    """The same import if it was begun before and killed, and its size; it goes on where it stopped."""
    asked = {name: getattr(wishes, name) for name in ("format", "encoding", "mapping", "dry_run")}
    with transaction() as session:
        free_abandoned(session)
        batch = interrupted(session, {"origin": "command", **asked}, files)
        if batch is None:
            return None
        click.echo(f"Going on with import {batch.id}, which was interrupted.", err=True)
        return batch.id, batch.bytes_total


def _new(files: Sequence[Path], wishes: Wishes) -> tuple[int, int]:
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    with transaction() as session:
        batch = open_batch(
            session,
            f"{storable(files[0].name)}{more}",
            "command",
            user_id=None,
            actor=COMMAND_LINE,
            now=utc_now(),
            format_name=wishes.format,
            encoding=wishes.encoding,
            mapping=wishes.mapping,
            reason=wishes.reason,
            dry_run=wishes.dry_run,
        )
        add_paths(session, batch, files)
        return batch.id, batch.bytes_total


def _wishes(mapping: bytes, wanted: Mapping[str, Any]) -> Wishes:
    try:
        wishes = Wishes(
            format=wanted["format_name"],
            encoding=wanted["encoding"],
            mapping=mapping_text(mapping),
            reason=wanted["reason"],
            dry_run=wanted["dry_run"],
        )
        check_wishes(wishes)
    except Invalid as error:
        raise click.UsageError(error.detail) from error
    return wishes


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            for found in files_in(path):
                if isinstance(found, LeftOut):
                    click.echo(f"skipped: {storable(str(found.path))}: {found.reason}", err=True)
                else:
                    yield found
        elif path.is_file():
            yield path
        else:
            raise click.UsageError(f"There is no file or folder {path}.")


def _run(batch_id: int, size: int, *, quiet: bool) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("Importing", total=max(size, 1))

        def show(batch: ImportBatch) -> None:
            bar.update(task, completed=batch.bytes_done, description=f"{batch.total:,} records")

        run_import(batch_id, show)


def _exit_code(batch: ImportBatch) -> int:
    if batch.state == "failed" or (batch.total and batch.rejected == batch.total):
        return NOTHING_IN
    return SOME_REFUSED if batch.rejected else ALL_IN


def _print_report(batch: ImportBatch) -> None:
    figures = ", ".join(f"{count:,} {name}" for name, count in counts(batch).items() if name != "total")
    click.echo(f"{'Dry run' if batch.dry_run else 'Import'} {batch.id}: {figures} of {batch.total:,}")
    session = db.session()
    page = list_errors(session, batch.id, size=SHOWN_REFUSALS)
    for error in page.rows:
        named = not error.field or error.reason.startswith(error.field)
        field = "" if named else f"{error.field}: "
        click.echo(f"refused: {error.file}, line {error.line}: {field}{error.reason}", err=True)
    if page.next:
        click.echo(
            f"… and {batch.rejected - SHOWN_REFUSALS:,} more, all on the page /imports/{batch.id}", err=True
        )
    for difference in list_differences(session, batch.id)[: SHOWN_REFUSALS if batch.dry_run else 0]:
        what = ", ".join(field["name"] for field in difference.fields)
        click.echo(
            f"would be {difference.outcome}: {difference.source_id}{': ' + what if what else ''}", err=True
        )
    for warning in list_warnings(session, batch.id)[:SHOWN_REFUSALS]:
        click.echo(f"note: {warning.source_id}: {warning.field}: {warning.message}", err=True)


def _print_json(batch: ImportBatch) -> None:
    errors = list_errors(db.session(), batch.id, size=100).rows
    refused = [
        {"file": error.file, "line": error.line, "field": error.field, "reason": error.reason}
        for error in errors
    ]
    report = {
        "id": batch.id,
        "state": batch.state,
        "dry_run": batch.dry_run,
        **counts(batch),
        "errors": refused,
        "differences": [
            {"source_id": found.source_id, "outcome": found.outcome, "fields": found.fields}
            for found in list_differences(db.session(), batch.id)
        ],
    }
    click.echo(json.dumps(report | {"failure": batch.failure}))


@click.group("imports")
def imports() -> None:
    """Past imports: list, undo, cancel, and the refused records as a file."""


@imports.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@with_appcontext
def list_command(as_json: bool) -> None:
    """The newest imports."""
    for batch in list_batches(db.session()).rows:
        told = {"id": batch.id, "name": batch.name, "state": batch.state, **counts(batch)}
        if as_json:
            click.echo(json.dumps(told))
        else:
            figures = ", ".join(
                f"{count:,} {name}" for name, count in counts(batch).items() if name != "total"
            )
            click.echo(f"{batch.id:>6}  {batch.state:<10} {batch.name}: {figures}")


@imports.command("undo")
@click.argument("batch_id", type=int)
@click.option("--reason", required=True, help="Why; stands in the change record.")
@with_appcontext
def undo_command(batch_id: int, reason: str) -> None:
    """Take back what nobody has worked on since, and list what was left. The exit code is 1 if anything was."""
    with _refusing(), transaction() as session:
        batch = lock_batch(session, batch_id)
        request_undo(session, batch, reason, actor=COMMAND_LINE, user_id=None, now=utc_now())
    jobs: Jobs = current_app.extensions["jobs"]
    jobs.look_at("import_undo", batch_id)
    session = db.session()
    batch = get_batch(session, batch_id)
    click.echo(f"Import {batch_id}: {batch.taken_back:,} taken back, {batch.left_alone:,} left as they are.")
    for row in all_left(session, batch_id):
        click.echo(f"left: {row.source_id}: {row.undo}", err=True)
    sys.exit(1 if batch.left_alone else 0)


@imports.command("cancel")
@click.argument("batch_id", type=int)
@with_appcontext
def cancel_command(batch_id: int) -> None:
    """Stop an import where it is."""
    with _refusing(), transaction() as session:
        cancel_batch(session, lock_batch(session, batch_id), actor=COMMAND_LINE, now=utc_now())
    click.echo(f"Import {batch_id} is cancelled; what is in stays in.")


@imports.command("refused")
@click.argument("batch_id", type=int)
@click.argument("file", type=click.File("wb"))
@with_appcontext
def refused_command(batch_id: int, file: BinaryIO) -> None:
    """Write the refused records in the format they came in, to be corrected and imported again."""
    with _refusing():
        suffix = write_again(db.session(), get_batch(db.session(), batch_id).id, file)
    if suffix is None:
        raise click.ClickException(f"Import {batch_id} has no refused record whose text could be kept.")


@contextmanager
def _refusing() -> Iterator[None]:
    """What the desk refuses, as a message of the command."""
    try:
        yield
    except DomainError as error:
        raise click.ClickException(error.detail) from error


COMMANDS: tuple[click.Command, ...] = (import_command, imports)
