"""`review-app source …`: sources from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
from flask.cli import AppGroup

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.web import settings
from review_app.importing.readers import READERS
from review_app.importing.sources import rules
from review_app.importing.sources.actions import (
    Wanted,
    add_source,
    ask_for_read,
    pause_source,
    remove_source,
    resume_source,
)
from review_app.importing.sources.jobs import read_source
from review_app.importing.sources.models import ImportSource
from review_app.importing.sources.queries import get_source, list_reads, list_sources
from review_app.importing.sources.rules import Kind, ReadState
from review_app.outbox.actions import Actor

COMMAND_LINE = Actor(None, "command line")
ID = click.argument("source_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
NAME = click.option("--name", default="", help="What lists call it. Default: the end of its address.")
EVERY = click.option(
    "--every",
    "every_minutes",
    type=click.IntRange(rules.LEAST_MINUTES, rules.MOST_MINUTES),
    default=rules.USUAL_MINUTES,
    help=f"Read it every so many minutes (default {rules.USUAL_MINUTES}).",
)
FORMAT = click.option(
    "--format", "format_name", type=click.Choice(list(READERS)), help="Do not find the format out."
)

source = AppGroup("source", help="Places that are read by themselves, every so many minutes.")


@source.group("add")
def add() -> None:
    """Add a source; a worker reads it at once."""


@add.command("folder")
@click.argument("address", metavar="PATH")
@NAME
@EVERY
@FORMAT
def add_folder(address: str, format_name: str | None, **given: Any) -> None:
    """A folder of this machine, below one that REVIEW_IMPORT_FOLDERS names."""
    _add(Kind.FOLDER, address, format=format_name, **given)


@add.command("feed")
@click.argument("address", metavar="URL")
@NAME
@EVERY
@FORMAT
def add_feed(address: str, format_name: str | None, **given: Any) -> None:
    """A file behind an address, in any import format."""
    _add(Kind.FEED, address, format=format_name, **given)


@add.command("wordpress")
@click.argument("address", metavar="URL")
@NAME
@EVERY
@click.option("--user", "username", required=True, help="An editor of that site.")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the application password from standard input, and do not ask.",
)
def add_wordpress(address: str, *, password_stdin: bool, **given: Any) -> None:
    """A WordPress site, with a user and an application password of that site."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Application password", hide_input=True, err=True)
    _add(Kind.WORDPRESS, address, password=password, **given)


def _add(kind: Kind, address: str, *, name: str, **given: Any) -> None:
    name = name or address.rstrip("/").rpartition("/")[2][: rules.MOST_NAME_CHARACTERS]
    wanted = Wanted(kind=kind, name=name, address=address, **given)
    with transaction() as session:
        added = add_source(session, wanted, settings(), user_id=None, actor=COMMAND_LINE, now=utc_now())
    click.echo(f"Added source {added.id}, {added.name}.")


@source.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_all(*, as_json: bool) -> None:
    """List all sources."""
    told = [_told(one) for one in _all()]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        click.echo(f"{one['id']:<5} {one['state']:<8} {one['kind']:<10} {one['name']}  {one['address']}")
        if one["failure"]:
            click.echo(f"      {one['failure']}")


@source.command("read")
@ID
def read(source_id: int) -> None:
    """Read a source here and now. Exit code 1 if it could not be read."""
    with transaction() as session:
        asked = ask_for_read(
            session, get_source(session, source_id, lock=True), actor=COMMAND_LINE, now=utc_now()
        ).id
    read_source(source_id)
    last = next(one for one in list_reads(db.session(), source_id).rows if one.id == asked)
    words = {
        ReadState.IMPORTED: f"{last.items} new or changed; import {last.batch_id} is waiting for a worker.",
        ReadState.NOTHING_NEW: "Nothing new.",
        ReadState.FAILED: last.note,
    }
    click.echo(words.get(ReadState(last.state), "Somebody else reads it just now."))
    sys.exit(1 if last.state == ReadState.FAILED else 0)


@source.command("pause")
@ID
def pause(source_id: int) -> None:
    """Read a source no more by itself."""
    _change(source_id, pause_source)
    click.echo(f"Source {source_id} is paused.")


@source.command("resume")
@ID
def resume(source_id: int) -> None:
    """Read a paused source again by itself."""
    _change(source_id, resume_source)
    click.echo(f"Source {source_id} is read again.")


@source.command("remove")
@ID
def remove(source_id: int) -> None:
    """Forget a source with its password and its reads. What it imported stays."""
    _change(source_id, remove_source)
    click.echo(f"Source {source_id} is removed; what it imported stays.")


def _change(source_id: int, act: Callable[..., None]) -> None:
    with transaction() as session:
        act(session, get_source(session, source_id, lock=True), actor=COMMAND_LINE, now=utc_now())


def _all() -> Iterator[ImportSource]:
    page = list_sources(db.session())
    yield from page.rows
    while page.next:
        page = list_sources(db.session(), page.next)
        yield from page.rows


def _told(one: ImportSource) -> dict[str, Any]:
    state = "paused" if one.paused_at else "failing" if one.failures else "active"
    same = ("id", "kind", "name", "address", "every_minutes", "failure")
    last = one.last_read_at.isoformat() if one.last_read_at else None
    return {"state": state, "last_read_at": last} | {name: getattr(one, name) for name in same}


COMMANDS: tuple[click.Command, ...] = (source,)
