"""`review-app export`: the published corpus from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.web import settings
from review_app.publishing.export.folder import BadFolder
from review_app.publishing.export.queries import moment_of
from review_app.publishing.export.rules import Format
from review_app.publishing.export.streams import Export
from review_app.publishing.export.writing import write_file, write_folder


@click.command("export")
@click.option(
    "--format",
    "format_name",
    type=click.Choice([kind.value for kind in Format]),
    default=Format.JSONL.value,
    show_default=True,
    help="Markdown in one file is a tar.",
)
@click.option("--since", default="", metavar="CURSOR", help="Only what changed after an earlier export.")
@click.option("--folder", default="", help="Below REVIEW_EXPORT_DIR: one file an article.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="One file, gzipped if its name ends in .gz or .tgz; - is standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@with_appcontext
def export_command(*, format_name: str, since: str, folder: str, file: Path | None, as_json: bool) -> None:
    """Write what is published, with the scores of the desk, in a form that `review-app import` reads.

    Into a folder what was withdrawn is taken away from it. The last line of the report, on standard error, is the cursor
    for the next export.
    """
    if bool(folder) == bool(file):
        raise click.UsageError("Say --folder or --file.")
    kind, address = Format(format_name), settings().base_url
    before = f"{address}/p/" if address else ""
    export = Export(db.session(), utc_now(), moment_of(since), before)
    try:
        _write(export, kind, folder, file)
    except (BadFolder, OSError) as error:
        raise click.ClickException(str(error)) from error
    _report(export, as_json=as_json)


def _write(export: Export, kind: Format, folder: str, file: Path | None) -> None:
    if file is None:
        write_folder(export, kind, settings().export_dir, folder)
    elif str(file) == "-":
        for piece in export.stream(kind):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    else:
        write_file(export, kind, file)


def _report(export: Export, *, as_json: bool) -> None:
    if as_json:
        told = {"published": export.published, "withdrawn": export.withdrawn, "cursor": export.cursor}
        click.echo(json.dumps(told), err=True)
        return
    click.echo(f"{export.published:,} published articles, {export.withdrawn:,} withdrawn", err=True)
    click.echo(export.cursor, err=True)


COMMANDS: tuple[click.Command, ...] = (export_command,)
