"""Loading the demo data and taking them away again: the edge, which the `demo` command calls inside an app context.

Each of the two is one transaction, so that a desk never has half of them: whoever stops the first `make run` in the middle
starts anew the next time, and no worker meets an import that is only being told of.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.base.database import transaction
from review_app.base.errors import Conflict
from review_app.operations.demo.articles import COUNT, demo_records, source_id_of
from review_app.operations.demo.calendar import BEGAN
from review_app.operations.demo.people import DemoLogin, add_people
from review_app.operations.demo.queries import demo_is_loaded
from review_app.operations.demo.removal import remove
from review_app.operations.demo.story import tell
from review_app.operations.demo.traces import keep_quiet

__all__ = ["DemoLogin", "demo_is_loaded", "load_demo", "remove_demo"]


def load_demo(
    *, now: datetime, undo: timedelta, progress: Callable[[str], None] | None = None
) -> list[DemoLogin]:
    """Load 300 articles with five weeks of imports, reviews and publish runs that end `now`; returns the logins to show.

    `undo` is the desk's undo window. `progress` hears of each longer step in a few words. Raises `Conflict` when demo data
    are there already, or articles or accounts of the same names.
    """
    with transaction() as session:
        _check_room(session)
        people, logins = add_people(session, now - BEGAN)
        tell(session, people, demo_records(), now=now, undo=undo, progress=progress or _say_nothing)
        keep_quiet(session)
    return logins


def remove_demo(*, now: datetime) -> dict[str, int]:
    """Take all demo data away; returns how many of each kind went, by their names for people."""
    with transaction() as session:
        return remove(session, now)


def _check_room(session: Session) -> None:
    if demo_is_loaded(session):
        raise Conflict("The demo data are there already.")
    names = [source_id_of(number) for number in range(1, COUNT + 1)]
    taken = session.scalar(select(Article.source_id).where(Article.source_id.in_(names)).limit(1))
    if taken is not None:
        raise Conflict(f"An article that is not of the demo data is named {taken}, as one of theirs is.")


def _say_nothing(_step: str) -> None:
    pass
