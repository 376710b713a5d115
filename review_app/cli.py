"""The `review-app` command: wires the capabilities' commands together."""

from __future__ import annotations

import sys

import click
from flask import current_app
from flask.cli import FlaskGroup, with_appcontext

from review_app.accounts import commands as accounts
from review_app.app import create_app
from review_app.base.errors import DomainError
from review_app.base.settings import SettingsError
from review_app.importing import commands as importing
from review_app.importing.sources import commands as sources
from review_app.operations import commands as operations
from review_app.publishing import commands as publishing
from review_app.publishing.export import commands as export
from review_app.publishing.targets import commands as targets
from review_app.publishing.truth import commands as truth
from review_app.worker import work


@click.command()
@with_appcontext
def worker() -> None:
    """Run the jobs: imports and publish runs."""
    work(current_app._get_current_object())  # type: ignore[attr-defined]  # what the proxy stands for


GROUPS: tuple[click.Command, ...] = (
    *accounts.COMMANDS,
    *importing.COMMANDS,
    *sources.COMMANDS,
    *operations.COMMANDS,
    *publishing.COMMANDS,
    *truth.COMMANDS,
    *targets.COMMANDS,
    *export.COMMANDS,
    worker,
)


@click.group(cls=FlaskGroup, create_app=create_app, add_default_commands=False, add_version_option=False)
def group() -> None:
    """Review Desk: import, review, approve, publish."""


for command in GROUPS:
    group.add_command(command)


def main() -> None:
    """Run the command; what the desk refuses is a sentence on standard error and exit code 2, not a traceback."""
    try:
        group(standalone_mode=True)
    except (SettingsError, DomainError) as error:
        click.echo(f"review-app: {error}", err=True)
        sys.exit(2)
