"""`review-app publish`: start a publish run from the command line, and do at once what need not wait."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click
from flask.cli import with_appcontext

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.web import settings
from review_app.outbox.actions import Actor
from review_app.publishing.actions import Order, start_run
from review_app.publishing.jobs import run_publish
from review_app.publishing.queries import Progress, get_run, run_progress
from review_app.publishing.rules import Trigger

ALL_ACCEPTED, SOME_REFUSED, NOTHING_ACCEPTED = 0, 1, 2


@click.command()
@click.argument("source_ids", nargs=-1, metavar="[SOURCE_ID]...")
@click.option("--all-approved", is_flag=True, help="Every approved article that is not published yet.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def publish(source_ids: tuple[str, ...], all_approved: bool, as_json: bool) -> None:
    """Publish the named articles, or all that are approved.

    The exit code is 0 when all were accepted, 1 when some were refused, 2 when all were refused or none was named.
    """
    if bool(source_ids) == all_approved:
        raise click.UsageError("Name the articles, or say --all-approved.")
    report = _start(Order(None if all_approved else [_storable(source_id) for source_id in source_ids]))
    run_publish(report["run_id"])
    progress = run_progress(db.session(), report["run_id"])
    if as_json:
        click.echo(json.dumps(report | _state(report["run_id"], progress)))
    else:
        _print_report(report, progress)
    sys.exit(_exit_code(report))


def _storable(argument: str) -> str:
    """Bytes that are no UTF-8 reach us as lone surrogates, which PostgreSQL does not take."""
    return argument.encode(errors="replace").decode()


def _start(order: Order) -> dict[str, Any]:
    with transaction() as session:
        started = start_run(
            session,
            order,
            Trigger.COMMAND,
            user_id=None,
            actor=Actor(None, "command line"),
            now=utc_now(),
            undo=timedelta(seconds=settings().undo_seconds),
        )
        return {"run_id": started.run.id, "accepted": started.accepted, "refused": started.refused}


def _state(run_id: int, progress: Progress) -> dict[str, Any]:
    due = progress.next_due_at
    return {
        "state": get_run(db.session(), run_id).state,
        **asdict(progress),
        "next_due_at": due and due.isoformat(),
    }


def _print_report(report: dict[str, Any], progress: Progress) -> None:
    click.echo(
        f"Publish run {report['run_id']}: {len(report['accepted']):,} accepted, {len(report['refused']):,} refused; "
        f"{progress.published:,} published, {progress.failed:,} failed, {progress.waiting:,} waiting"
    )
    if progress.next_due_at is not None:
        click.echo(
            f"The next goes out at {progress.next_due_at:%Y-%m-%d %H:%M:%S} UTC, when it can no longer be undone; "
            "`review-app serve` or `review-app worker` does it."
        )
    for refusal in report["refused"]:
        click.echo(f"refused: {refusal['source_id']}: {refusal['reason']}", err=True)


def _exit_code(report: dict[str, Any]) -> int:
    if not report["refused"]:
        return ALL_ACCEPTED
    return SOME_REFUSED if report["accepted"] else NOTHING_ACCEPTED


COMMANDS: tuple[click.Command, ...] = (publish,)
