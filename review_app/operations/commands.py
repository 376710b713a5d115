"""`serve`, `worker`, `run`, `demo`, `db`: running the desk."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from review_app.articles.queries import anything
from review_app.base.clock import utc_now
from review_app.base.database import db, is_current, upgrade
from review_app.base.web import settings as current_settings
from review_app.operations.demo.loading import demo_is_loaded, load_demo, remove_demo
from review_app.operations.metric_files import VARIABLE, metrics_folder
from review_app.operations.serving import port_is_free, run_all, web_command, worker_command

LOGINS = "demo-logins.txt"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=5000, show_default=True, help="The port to listen on.")
@click.option("--processes", default=2, show_default=True, help="How many processes answer.")
@click.option("--no-jobs", is_flag=True, help="Web only; run `review-app worker` elsewhere.")
@with_appcontext
def serve(host: str, port: int, processes: int, no_jobs: bool) -> None:
    """Serve the web pages, and the jobs beside them."""
    _check_port(host, port)
    _bring_up_to_date()
    web = web_command(host, port, processes)
    sys.exit(_serve(host, port, [web] if no_jobs else [web, worker_command()], greeting=[]))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=5000, show_default=True, help="The port to listen on.")
@with_appcontext
def run(host: str, port: int) -> None:
    """Migrate, load the demo data into an empty desk, and serve: what `make run` does."""
    _check_port(host, port)
    _bring_up_to_date()
    greeting = [] if anything(db.session()) else _load_demo()
    if not greeting and _logins_file().exists():
        greeting = [f"The demo logins stand in {_logins_file()}"]
    # One process starts twice as fast as two, and is enough for a laptop.
    sys.exit(_serve(host, port, [web_command(host, port, 1), worker_command()], greeting=greeting))


@click.command()
@click.option("--remove", is_flag=True, help="Take all demo data away again.")
@with_appcontext
def demo(remove: bool) -> None:
    """Load the demo data (300 articles, some reviews, three logins), or remove it."""
    _bring_up_to_date()
    if remove:
        removed = remove_demo(now=utc_now())
        _logins_file().unlink(missing_ok=True)
        click.echo("Removed: " + ", ".join(f"{count} {name}" for name, count in removed.items()))
        return
    if demo_is_loaded(db.session()):
        raise click.ClickException(f"The demo data is there already. Its logins stand in {_logins_file()}")
    for line in _load_demo():
        click.echo(line)


@click.group("db")
def database() -> None:
    """The database's schema."""


@database.command("upgrade")
@with_appcontext
def upgrade_command() -> None:
    """Bring the database up to date."""
    upgrade(_app())
    click.echo("The database is up to date.")


def _serve(host: str, port: int, commands: list[list[str]], *, greeting: list[str]) -> int:
    """Serve until stopped. The connections of this process are closed first: it only watches over others."""
    db.session.remove()
    db.engine.dispose()
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def greet() -> None:
        for line in [*greeting, f"Review Desk is at {address}", "Stop it with Ctrl-C."]:
            click.echo(line)

    with metrics_folder(current_settings().data_dir) as folder:
        return run_all(commands, greet, health=f"{address}/healthz", variables={VARIABLE: str(folder)})


def _check_port(host: str, port: int) -> None:
    if not port_is_free(host, port):
        raise click.ClickException(f"Port {port} of {host} is taken. Choose another: --port {port + 1}")


def _bring_up_to_date() -> None:
    """Migrate the embedded database by itself; on a shared one that is an administrator's step."""
    if db.engine.dialect.name == "sqlite":
        upgrade(_app())
    elif not is_current(_app()):
        raise click.ClickException("The database is not up to date. Run: review-app db upgrade")


def _load_demo() -> list[str]:
    """Load the demo data; the logins as lines to show, kept in a file that only its owner can read."""
    click.echo("Loading the demo data …")
    settings = current_settings()
    logins = load_demo(now=utc_now(), undo=timedelta(seconds=settings.undo_seconds), progress=None)
    lines = [f"{login.role:<14} {login.email:<28} {login.password}" for login in logins]
    file = _logins_file()
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n")
    return [
        "Log in as one of these (shown once, kept in " + str(file) + "):",
        *("  " + line for line in lines),
    ]


def _logins_file() -> Path:
    return current_settings().data_dir / LOGINS


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what the proxy stands for
    return app


COMMANDS: tuple[click.Command, ...] = (serve, run, demo, database)
