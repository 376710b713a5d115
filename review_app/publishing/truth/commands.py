"""`review-app truth …`: read what the public sees, list what differs, mend it."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator

import click
import msgspec
from flask.cli import AppGroup

from review_app.base.clock import utc_now
from review_app.base.database import db, transaction
from review_app.base.web import settings
from review_app.outbox.actions import Actor
from review_app.publishing.deliveries.jobs import run_delivery, run_relay
from review_app.publishing.truth.actions import ask_for_check, mend
from review_app.publishing.truth.jobs import check_pages, site_url_of
from review_app.publishing.truth.models import PublicCheck
from review_app.publishing.truth.pages import track
from review_app.publishing.truth.queries import article_ids, list_checks
from review_app.publishing.truth.schemas import CheckAnswer
from review_app.publishing.truth.words import differences

COMMAND_LINE = Actor(None, "command line")
AGREES, DIFFERS, NOTHING = 0, 1, 2
MOST_SECONDS, WAIT_SECONDS = 3600.0, 0.5
NO_BASE_URL = "REVIEW_BASE_URL is not set, so the desk's own pages are not checked."

truth = AppGroup(
    "truth", help="What the public sees of published articles, compared with what the desk says."
)


@truth.command("check")
@click.argument("source_ids", nargs=-1, metavar="[SOURCE_ID]...")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of what differs.")
def check(source_ids: tuple[str, ...], *, as_json: bool) -> None:
    """Read the pages of the named articles, or of all, here and now, and list what differs.

    The exit code is 0 when all agree, 1 when something differs or cannot be read, 2 when none of those named was ever
    published.
    """
    now, site_url = utc_now(), site_url_of(settings())
    if not site_url:
        click.echo(NO_BASE_URL, err=True)
    with transaction() as session:
        chosen = list(article_ids(session, source_ids).values()) if source_ids else None
        if chosen is not None:
            track(session, dict.fromkeys(chosen, now), site_url)
        count = ask_for_check(session, now, chosen)
    if chosen is not None and not count:
        click.echo("None of these was ever published.", err=True)
        sys.exit(NOTHING)
    while (more := check_pages(MOST_SECONDS, chosen)) is not False:
        if more is None:
            time.sleep(WAIT_SECONDS)  # a worker is at it, and does ours as well
    _list(chosen, as_json=as_json)


@truth.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def list_all(*, as_json: bool) -> None:
    """List what differed, or could not be read, when it was last looked at. Exit code 1 if anything."""
    _list(None, as_json=as_json)


def _list(chosen: Collection[int] | None, *, as_json: bool) -> None:
    found = list(_all(chosen))
    if as_json:
        click.echo(msgspec.json.encode([CheckAnswer.of(one) for one in found]).decode())
    for one in found if not as_json else ():
        click.echo(f"{one.id:<6} {one.article.source_id}  {one.target.name}  {one.url}")
        for sentence, since in differences(one):
            click.echo(f"       {sentence} since {since:%Y-%m-%d %H:%M:%S} UTC")
    if not found and not as_json:
        click.echo("The public sees what the desk says.")
    sys.exit(DIFFERS if found else AGREES)


def _all(chosen: Collection[int] | None) -> Iterator[PublicCheck]:
    after: str | None = ""
    while after is not None:
        page = list_checks(db.session(), after=after or None, size=200)
        yield from (one for one in page.rows if chosen is None or one.article_id in chosen)
        after = page.next


@truth.command("mend")
@click.argument("check_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def mend_one(check_id: int) -> None:
    """Mend a difference: publish again or withdraw again, as the desk says now.

    It is what the button of the page does. A worker reads the page after that.
    """
    with transaction() as session:
        done, target_id = mend(
            session, check_id, actor=COMMAND_LINE, now=utc_now(), site_url=site_url_of(settings())
        )
        said = f"Sent {done.article.source_id} to {done.target.name} again; it is read anew in a moment."
    run_relay(0)
    if target_id is not None:
        run_delivery(target_id)
    click.echo(said)


COMMANDS: tuple[click.Command, ...] = (truth,)
