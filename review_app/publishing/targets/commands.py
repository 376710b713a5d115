"""`review-app target …`: targets from the command line. Secrets come by standard input, or are made and printed once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
from flask.cli import AppGroup

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.errors import DomainError, Invalid
from review_app.base.web import settings
from review_app.outbox.actions import Actor
from review_app.publishing.deliveries.actions import replay as replay_one
from review_app.publishing.deliveries.actions import replay_dead
from review_app.publishing.deliveries.queries import list_deliveries
from review_app.publishing.deliveries.relay import PUBLIC_KINDS
from review_app.publishing.deliveries.rules import State, shown_state
from review_app.publishing.models import Delivery, Target
from review_app.publishing.targets.actions import (
    Added,
    add_target,
    change_target,
    disable_target,
    enable_target,
    note_check,
    remove_target,
    rotate_secret,
)
from review_app.publishing.targets.queries import dead_counts, get_target, list_targets
from review_app.publishing.targets.rules import (
    MOST_OVERLAP_HOURS,
    SHAPES,
    USUAL_OVERLAP_HOURS,
    TargetKind,
    fit_overlap,
    harmless,
)
from review_app.publishing.targets.testing import try_target
from review_app.publishing.targets.wanted import Wanted

COMMAND_LINE = Actor(None, "command line")
KINDS = [kind.value for kind in SHAPES if kind is not TargetKind.SITE]
NUMBER = click.IntRange(1, 2**63 - 1)
ID = click.argument("target_id", metavar="ID", type=NUMBER)
JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
PASSWORD_STDIN = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password or API token from standard input, and do not ask.",
)
SECRET_STDIN = click.option(
    "--secret-stdin", is_flag=True, help="Read the secret from standard input. Default: the desk makes one."
)

target = AppGroup("target", help="Places that publications and events go.")


@target.command("list")
@JSON
def list_all(*, as_json: bool) -> None:
    """List all targets."""
    told = list(_all())
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        click.echo(f"{one['id']:<5} {one['state']:<8} {one['kind']:<10} {one['name']}  {one['url']}".rstrip())
        if one["off_reason"]:
            click.echo(f"      switched off: {harmless(one['off_reason'])}")
        if one["dead"]:
            click.echo(f"      {one['dead']:,} deliveries were given up")


@target.command("add")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--name", required=True, help="What lists call it; no two have the same.")
@click.option(
    "--url", default="", help="Its address; of cloudflare and indexnow only if it is not the usual one."
)
@click.option("--user", "username", default="", help="Of a WordPress site.")
@click.option("--zone", "zone_id", default="", help="The zone ID at Cloudflare.")
@click.option("--meta-key", default="", help="Of a WordPress site, if it is not that of our plugin.")
@click.option("--folder", default="", help="Where an export is written: from REVIEW_EXPORT_DIR, or whole.")
@click.option("--format", type=click.Choice(["markdown", "jsonl"]), help="Of an export (default markdown).")
@click.option(
    "--event", "events", multiple=True, type=click.Choice(PUBLIC_KINDS), help="Only these; several."
)
@click.option("--off", is_flag=True, help="Add it switched off.")
@PASSWORD_STDIN
@SECRET_STDIN
def add(
    kind: str,
    events: tuple[str, ...],
    *,
    off: bool,
    password_stdin: bool,
    secret_stdin: bool,
    **given: str | None,
) -> None:
    """Add a target. A secret that the desk makes is printed once, alone on the last line."""
    shape = SHAPES[TargetKind(kind)]
    wanted = Wanted(
        kind=TargetKind(kind),
        events=events or None,
        enabled=not off,
        password=_password(from_stdin=password_stdin) if "password" in shape.needs else "",
        secret=_line() if secret_stdin else "",
        **{name: value or "" for name, value in given.items()},
    )
    added = _in_words(lambda: _add(wanted))
    click.echo(f"Added target {added.target.id}, {added.target.name}.", err=added.secret is not None)
    if added.secret and not secret_stdin:
        _print_secret(added.secret)


def _add(wanted: Wanted) -> Added:
    with transaction() as session:
        return add_target(session, wanted, settings(), owner_id=None, actor=COMMAND_LINE, now=utc_now())


@target.command("test")
@ID
def try_it(target_id: int) -> None:
    """Test a target, changing nothing there. Exit code 1 if it does not take what the desk sends."""
    trial = try_target(db.session(), target_id, settings())
    with transaction() as session:
        found = get_target(session, target_id)
        note_check(session, found, fine=trial.fine, reason=trial.reason, actor=COMMAND_LINE, now=utc_now())
    click.echo(trial.reason)
    sys.exit(0 if trial.fine else 1)


@target.command("enable")
@ID
def enable(target_id: int) -> None:
    """Send there again, what has waited first."""
    _change(target_id, enable_target)
    click.echo(f"Target {target_id} is switched on.")


@target.command("disable")
@ID
def disable(target_id: int) -> None:
    """Send nothing there; what is due waits."""
    _change(target_id, disable_target)
    click.echo(f"Target {target_id} is switched off; what is due waits.")


@target.command("rotate")
@ID
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, MOST_OVERLAP_HOURS),
    default=USUAL_OVERLAP_HOURS,
    help=f"How long the old secret stays good (default {USUAL_OVERLAP_HOURS}; 0 ends it at once).",
)
@PASSWORD_STDIN
@SECRET_STDIN
def rotate(target_id: int, overlap_hours: int, *, password_stdin: bool, secret_stdin: bool) -> None:
    """Give a target a new secret, printed once, alone on the last line; or a new password of its place.

    A password holds from now on: the place itself keeps the old one good until it is revoked there.
    """
    found = get_target(db.session(), target_id)
    if found.sealed_password is not None:
        password = _password(from_stdin=password_stdin)
        _in_words(lambda: _change(target_id, change_target, {"password": password}, settings()))
        click.echo(f"Target {target_id} has a new password.")
        return
    given = _line() if secret_stdin else ""
    overlap = fit_overlap(overlap_hours)
    fresh = _in_words(lambda: _change(target_id, rotate_secret, overlap, settings(), secret=given))
    click.echo(
        f"Target {target_id} has a new secret; the old one stays good for {overlap_hours} hours.", err=True
    )
    if not given:
        _print_secret(fresh)


@target.command("remove")
@ID
@click.option(
    "--leave-articles", is_flag=True, help="Although articles stand there, which nobody can take down then."
)
def remove(target_id: int, *, leave_articles: bool) -> None:
    """Forget a target with its secrets and deliveries."""
    _change(target_id, remove_target, leave_articles=leave_articles)
    click.echo(f"Target {target_id} is removed.")


@target.command("deliveries")
@ID
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=25, help="How many at most (default 25).")
@JSON
def deliveries(target_id: int, state: str | None, limit: int, *, as_json: bool) -> None:
    """List what was sent to a target, the newest first."""
    session = db.session()
    get_target(session, target_id)
    page = list_deliveries(session, target_id, state=State(state) if state else None, size=limit)
    told = [_told_delivery(one) for one in page.rows]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        line = (
            f"{one['id']:<8} {one['state']:<10} {one['created_at'][:19]} {one['event']:<20} {one['subject']}"
        )
        click.echo(harmless(f"{line}  {one['reason']}".rstrip()))


@target.command("replay")
@click.argument("delivery_ids", metavar="[DELIVERY]...", nargs=-1, type=NUMBER)
@click.option("--dead", "dead_of", metavar="ID", type=NUMBER, help="All of this target that were given up.")
def replay(delivery_ids: tuple[int, ...], dead_of: int | None) -> None:
    """Send deliveries again: those named, or all of a target that were given up."""
    if bool(delivery_ids) == (dead_of is not None):
        raise click.UsageError("Name the deliveries, or say --dead with the number of a target.")
    with transaction() as session:
        if dead_of is not None:
            get_target(session, dead_of)
            count = replay_dead(session, dead_of, actor=COMMAND_LINE, now=utc_now())
        else:
            for delivery_id in delivery_ids:
                replay_one(session, delivery_id, actor=COMMAND_LINE, now=utc_now())
            count = len(delivery_ids)
    words = "1 delivery is" if count == 1 else f"{count:,} deliveries are"
    click.echo(f"{words} sent again; `review-app serve` or `review-app worker` does it.")


def _change(target_id: int, act: Callable[..., Any], *more: Any, **named: Any) -> Any:
    with transaction() as session:
        found = get_target(session, target_id, lock=True)
        return act(session, found, *more, actor=COMMAND_LINE, now=utc_now(), **named)


def _in_words(act: Callable[[], Any]) -> Any:
    """A refusal on the command line names the fields: there is no form beside which it would stand."""
    try:
        return act()
    except Invalid as error:
        named = [f"{name} {words}" for name, all_words in error.fields.items() for words in all_words]
        raise DomainError(f"{'. '.join(named)}." if named else error.detail) from error


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return _line()
    typed: str = click.prompt("Password or API token", hide_input=True, err=True)
    return typed


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _print_secret(secret: str) -> None:
    click.echo("Its secret cannot be shown again:", err=True)
    click.echo(secret)


def _all() -> Iterator[dict[str, Any]]:
    session, after = db.session(), ""
    while True:
        page = list_targets(session, after)
        dead = dead_counts(session, [one.id for one in page.rows])
        yield from (_told(one, dead[one.id]) for one in page.rows)
        if page.next is None:
            return
        after = page.next


def _told(one: Target, dead: int) -> dict[str, Any]:
    state = "failing" if one.failing_since else "active"
    same = ("id", "kind", "name", "url", "events", "off_reason")
    last = one.last_success_at.isoformat() if one.last_success_at else None
    known = {name: getattr(one, name) for name in same}
    return known | {"state": state if one.enabled else "off", "last_success_at": last, "dead": dead}


def _told_delivery(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": shown_state(one.state, one.attempts).value,
        "event": one.event.kind,
        "subject": one.subject,
        "webhook_id": one.message_id,
        "attempts": one.attempts,
        "reason": one.reason,
        "created_at": one.created_at.isoformat(),
        "due_at": one.due_at.isoformat(),
    }


COMMANDS: tuple[click.Command, ...] = (target,)
