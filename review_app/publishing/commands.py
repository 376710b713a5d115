"""`review-app publish` and `review-app publish-run …`: runs from the command line, and at once what need not wait."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click
from flask.cli import AppGroup, with_appcontext

from review_app.accounts.queries import get_user
from review_app.accounts.rules import Permission
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import Forbidden
from review_app.base.web import settings
from review_app.outbox.actions import Actor
from review_app.publishing.actions import Order, pause_run, resume_run, start_run
from review_app.publishing.cohort import roll_back_run
from review_app.publishing.jobs import run_publish, run_rollback
from review_app.publishing.models import RunRollback
from review_app.publishing.preview import Preview, preview_run
from review_app.publishing.queries import (
    Progress,
    get_run,
    list_left_out,
    list_schedules,
    lock_run,
    run_progress,
)
from review_app.publishing.rules import Trigger
from review_app.publishing.schedules import add_schedule, remove_schedule
from review_app.publishing.schemas import ScheduleAnswer
from review_app.publishing.stopping import stop_run

ALL_ACCEPTED, SOME_REFUSED, NOTHING_ACCEPTED = 0, 1, 2
COMMAND_LINE = Actor(None, "command line")
LARGEST_LIST = 200
RUN_ID = click.argument("run_id", metavar="RUN", type=click.IntRange(1, 2**63 - 1))


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("it is not a moment such as 2026-11-30T14:00+01:00") from error
    if moment.tzinfo is None:
        raise click.BadParameter("it must say its zone, such as 2026-11-30T14:00+01:00")
    return moment


@click.command()
@click.argument("source_ids", nargs=-1, metavar="[SOURCE_ID]...")
@click.option("--all-approved", is_flag=True, help="Every approved article that is not published yet.")
@click.option("--at", callback=_moment, metavar="MOMENT", help="Not before, such as 2026-11-30T14:00+01:00.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def publish(
    source_ids: tuple[str, ...], *, all_approved: bool, at: datetime | None, dry_run: bool, as_json: bool
) -> None:
    """Publish the named articles, or all that are approved.

    The exit code is 0 when all were accepted, 1 when some were refused, 2 when all were refused or none was named.
    """
    if bool(source_ids) == all_approved:
        raise click.UsageError("Name the articles, or say --all-approved.")
    order = Order(None if all_approved else [_storable(source_id) for source_id in source_ids], at)
    if dry_run:
        preview = preview_run(db.session(), order, utc_now())
        click.echo(json.dumps(_as_json(preview)) if as_json else _in_words(preview))
        _tell_refused(preview.refused)
        sys.exit(_exit_code(preview.accepted, preview.refused))
    report = _start(order)
    run_publish(report["run_id"])
    progress = run_progress(db.session(), report["run_id"])
    if as_json:
        click.echo(json.dumps(report | _state(report["run_id"], progress)))
    else:
        _print_report(report, progress)
    sys.exit(_exit_code(report["accepted"], report["refused"]))


def _storable(argument: str) -> str:
    """Bytes that are no UTF-8 reach us as lone surrogates, which PostgreSQL does not take."""
    return argument.encode(errors="replace").decode()


def _as_json(preview: Preview) -> dict[str, Any]:
    targets = [
        {"target": plan.target.name, "kind": plan.target.kind, "sends": plan.sends, "has": plan.has}
        for plan in preview.targets
    ]
    return {
        "dry_run": True,
        "accepted": list(preview.accepted),
        "refused": list(preview.refused),
        "targets": targets,
        "newly": preview.newly,
        "publish_a_day": preview.a_day,
        "last_day": preview.last_day and preview.last_day.isoformat(),
    }


def _in_words(preview: Preview) -> str:
    lines = [f"Would accept {len(preview.accepted):,} and refuse {len(preview.refused):,}; nothing was done."]
    lines += [
        f"{plan.target.name}: {plan.sends:,} to send, {plan.has:,} there already" for plan in preview.targets
    ]
    if preview.a_day is not None:
        lines.append(
            f"At most {preview.a_day:,} become public a day ({preview.zone}); the last of these {preview.newly:,}"
            f" on {preview.last_day or 'no day'}."
        )
    return "\n".join(lines)


def _start(order: Order) -> dict[str, Any]:
    with transaction() as session:
        started = start_run(
            session,
            order,
            Trigger.COMMAND,
            user_id=None,
            actor=COMMAND_LINE,
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
        + (f", {progress.delivering:,} being delivered" if progress.delivering else "")
    )
    if progress.next_due_at is not None:
        click.echo(_why_it_waits(report["run_id"], progress.next_due_at))
    _tell_refused(report["refused"])


def _why_it_waits(run_id: int, due: datetime) -> str:
    """Within an undo window or before its time; else for the next day, since so many are allowed on one."""
    who = "`review-app serve` or `review-app worker` does it."
    if due > utc_now():
        return f"The next goes out at {due:%Y-%m-%d %H:%M:%S} UTC, when it can no longer be undone; {who}"
    again = get_run(db.session(), run_id).due_at
    return f"The policy allows no more today; it goes on at {again:%Y-%m-%d %H:%M:%S} UTC; {who}"


def _tell_refused(refused: Sequence[dict[str, str]]) -> None:
    for refusal in refused:
        click.echo(f"refused: {refusal['source_id']}: {refusal['reason']}", err=True)


def _exit_code(accepted: Sequence[str], refused: Sequence[dict[str, str]]) -> int:
    if not refused:
        return ALL_ACCEPTED
    return SOME_REFUSED if accepted else NOTHING_ACCEPTED


runs = AppGroup("publish-run", help="Pause, resume, stop or roll back a publish run.")


@runs.command("pause")
@RUN_ID
def pause(run_id: int) -> None:
    """Send nothing more of a run until it is resumed."""
    _change(run_id, pause_run)
    click.echo(f"Publish run {run_id} is paused.")


@runs.command("resume")
@RUN_ID
def resume(run_id: int) -> None:
    """Let a paused run go on; a worker does it."""
    _change(run_id, resume_run)
    click.echo(f"Publish run {run_id} goes on.")


@runs.command("stop")
@RUN_ID
def stop(run_id: int) -> None:
    """End a run where it is: what is out stays out, what is not sent is cancelled."""
    cancelled = _change(run_id, stop_run)
    click.echo(f"Publish run {run_id} is stopped; {cancelled:,} publications are cancelled.")


def _change(run_id: int, act: Callable[..., Any]) -> Any:
    with transaction() as session:
        return act(session, lock_run(session, run_id), actor=COMMAND_LINE, now=utc_now())


@runs.command("rollback")
@RUN_ID
@click.option("--user", "email", required=True, help="The team lead in whose name the approvals are undone.")
@click.option("--reason", required=True, help="Why; it stands with each of the decisions.")
def rollback(run_id: int, email: str, reason: str) -> None:
    """Withdraw all that a run published, here and now.

    What was decided on since stays as it is and is listed. The exit code is 1 when anything stayed.
    """
    with transaction() as session:
        user = get_user(session, email)
        if not user.may(Permission.PUBLISH):
            raise Forbidden(f"{user.name} may not publish, so may not roll a run back.")
        run = lock_run(session, run_id)
        asked = roll_back_run(session, run, user, reason, actor=user.as_actor(), now=utc_now()).id
    run_rollback(asked)
    done = db.session().get_one(RunRollback, asked)
    click.echo(f"{done.withdrawn:,} withdrawn, {done.stayed:,} left as they are. {done.failure}".rstrip())
    left = list_left_out(db.session(), done.id, None, LARGEST_LIST)
    for item in left.rows:
        click.echo(f"left: {item.article.source_id}: {item.reason}", err=True)
    sys.exit(1 if done.stayed or done.failure else 0)


schedules = AppGroup("publish-schedule", help="Publish all that is approved every day at a time.")


@schedules.command("add")
@click.argument("at", metavar="HH:MM")
@click.argument("zone")
def add(at: str, zone: str) -> None:
    """Publish all that is approved every day at this time of a zone, such as 07:30 Europe/Berlin."""
    with transaction() as session:
        added = add_schedule(session, at, zone, user_id=None, actor=COMMAND_LINE, now=utc_now())
        click.echo(
            f"Added schedule {added.id}; it starts its first run at {added.next_at:%Y-%m-%d %H:%M} UTC."
        )


@schedules.command("list")
def list_all() -> None:
    """List all schedules."""
    for one in map(ScheduleAnswer.of, list_schedules(db.session())):
        click.echo(f"{one.id:<5} {one.at} {one.zone}, next at {one.next_at:%Y-%m-%d %H:%M} UTC")


@schedules.command("remove")
@click.argument("schedule_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def remove(schedule_id: int) -> None:
    """Start no more runs by a schedule."""
    with transaction() as session:
        remove_schedule(session, schedule_id, actor=COMMAND_LINE, now=utc_now())
    click.echo(f"Schedule {schedule_id} is removed; the runs it started stay.")


COMMANDS: tuple[click.Command, ...] = (publish, runs, schedules)
