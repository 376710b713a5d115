"""`review-app import`: files and folders from the command line, with a progress bar."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import with_appcontext
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.importing.batches import add_paths, counts, open_batch
from review_app.importing.jobs import run_import
from review_app.importing.models import ImportBatch
from review_app.importing.queries import get_batch, list_errors, list_warnings
from review_app.importing.readers import READERS
from review_app.outbox.actions import Actor

ALL_IN, SOME_REFUSED, NOTHING_IN = 0, 1, 2
SHOWN_REFUSALS = 10


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "format_name", type=click.Choice(list(READERS)), help="Do not find the format out.")
@click.option("--dry-run", is_flag=True, help="Tell what would happen and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
@with_appcontext
def import_command(paths: tuple[Path, ...], format_name: str | None, dry_run: bool, as_json: bool) -> None:
    """Import files, or all files in folders.

    The exit code is 0 when all records are in or unchanged, 1 when some were refused, 2 when nothing could be read or all
    were refused.
    """
    files = list(_files(paths))
    if not files:
        raise click.UsageError("There is no file in there.")
    with transaction() as session:
        name = files[0].name if len(files) == 1 else f"{paths[0].name} and others ({len(files)} files)"
        batch = open_batch(
            session,
            name,
            "command",
            user_id=None,
            actor=Actor(None, "command line"),
            now=utc_now(),
            format_name=format_name,
            dry_run=dry_run,
        )
        add_paths(session, batch, files)
        batch_id, size = batch.id, batch.bytes_total
    _run(batch_id, size, quiet=as_json)
    batch = get_batch(db.session(), batch_id)
    (_print_json if as_json else _print_report)(batch)
    sys.exit(_exit_code(batch))


def _files(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(
                file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")
            )
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
    }
    click.echo(json.dumps(report | {"failure": batch.failure}))


COMMANDS: tuple[click.Command, ...] = (import_command,)
