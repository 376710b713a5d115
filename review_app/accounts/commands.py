"""`review-app user …` and `review-app token …`: accounts from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from review_app.accounts import actions
from review_app.accounts.models import User
from review_app.accounts.queries import get_user, list_users, token_by_id, tokens_of
from review_app.accounts.rules import Role
from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.outbox.actions import Actor

COMMAND_LINE = Actor(None, "command line")
ROLES = click.Choice([role.value for role in Role])
FROM_STDIN = click.option(
    "--password-stdin",
    "from_stdin",
    is_flag=True,
    help="Read the password from standard input, and do not ask.",
)

user = AppGroup("user", help="People and their roles.")
token = AppGroup("token", help="API tokens: a program that sends one acts as its person.")


@user.command("add")
@click.argument("email")
@click.option(
    "--role", type=ROLES, required=True, help="What the person may do; each role contains those before it."
)
@click.option("--name", default="", help="Default: the email address up to the @.")
@FROM_STDIN
def add(email: str, role: str, name: str, *, from_stdin: bool) -> None:
    """Add a person."""
    password = _password(from_stdin=from_stdin)
    with transaction() as session:
        added = actions.add_user(
            session, email, password, Role(role), actor=COMMAND_LINE, now=utc_now(), name=name
        )
    click.echo(f"Added {added.email} as {added.role}.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_all(*, as_json: bool) -> None:
    """List everybody who has an account."""
    people = [
        {"email": one.email, "name": one.name, "role": one.role, "active": one.is_active}
        for one in _everybody()
    ]
    if as_json:
        click.echo(json.dumps(people, ensure_ascii=False))
        return
    for one in people:
        click.echo(
            f"{one['email']:<40} {one['role']:<9} {'active' if one['active'] else 'disabled':<9} {one['name']}"
        )


@user.command("disable")
@click.argument("email")
def disable(email: str) -> None:
    """Shut a person out: no login, no session, no token."""
    _change(email, actions.disable_user)
    click.echo(f"{email} is shut out.")


@user.command("enable")
@click.argument("email")
def enable(email: str) -> None:
    """Let a person in again."""
    _change(email, actions.enable_user)
    click.echo(f"{email} may log in again.")


@user.command("role")
@click.argument("email")
@click.argument("role", type=ROLES)
def change_role(email: str, role: str) -> None:
    """Promote or demote a person."""
    with transaction() as session:
        actions.change_role(session, get_user(session, email), Role(role), actor=COMMAND_LINE, now=utc_now())
    click.echo(f"{email} is {role} now.")


@user.command("password")
@click.argument("email")
@FROM_STDIN
def change_password(email: str, *, from_stdin: bool) -> None:
    """Set a person's password. All their sessions end."""
    get_user(db.session(), email)
    password = _password(from_stdin=from_stdin)
    with transaction() as session:
        person = get_user(session, email)
        actions.change_password(session, person, password, actor=COMMAND_LINE, now=utc_now())
    click.echo(f"{email} has a new password, and every session of theirs has ended.")


@token.command("add")
@click.argument("name")
@click.option("--user", "email", required=True, help="The email address of the person as whom it acts.")
def add_token(name: str, email: str) -> None:
    """Make a token. It is printed once, alone on the last line."""
    with transaction() as session:
        made = actions.add_token(session, get_user(session, email), name, actor=COMMAND_LINE, now=utc_now())
    click.echo(f"This token acts as {email}. It is not kept and cannot be shown again:", err=True)
    click.echo(made)


@token.command("list")
@click.option("--user", "email", required=True, help="The email address of the person as whom they act.")
def list_tokens(email: str) -> None:
    """List a person's tokens; what opens the door is not kept."""
    session = db.session()
    for one in tokens_of(session, get_user(session, email)):
        state = f"revoked {_day(one.revoked_at)}" if one.revoked_at else "active"
        click.echo(f"{one.id:<6} made {_day(one.created_at)}  {state:<18} {one.name}")


@token.command("revoke")
@click.argument("token_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def revoke_token(token_id: int) -> None:
    """End a token for good."""
    with transaction() as session:
        actions.revoke_token(session, token_by_id(session, token_id), actor=COMMAND_LINE, now=utc_now())
    click.echo(f"Token {token_id} is revoked.")


def _password(*, from_stdin: bool) -> str:
    """The first line of standard input, or what is typed twice and not shown."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed


def _change(email: str, change: Callable[..., None]) -> None:
    with transaction() as session:
        change(session, get_user(session, email), actor=COMMAND_LINE, now=utc_now())


def _everybody() -> Iterator[User]:
    session: Session = db.session()
    page = list_users(session)
    yield from page.rows
    while page.next:
        page = list_users(session, page.next)
        yield from page.rows


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


COMMANDS: tuple[click.Command, ...] = (user, token)
