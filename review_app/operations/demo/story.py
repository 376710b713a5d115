"""The past of the demo desk, told in the order in which it happened: imports, reviews, second thoughts, publish runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.operations.demo import calendar
from review_app.operations.demo.articles import Record
from review_app.operations.demo.imports import LOTS, asks_for_a_person, comes_later, import_lot
from review_app.operations.demo.people import ADMINISTRATOR, HABITS, LEAD
from review_app.operations.demo.queries import count_waiting
from review_app.operations.demo.releases import publish_approved, publish_by_hook
from review_app.operations.demo.reviews import Desk
from review_app.reviewing.policy import set_floors
from review_app.reviewing.queries import current_rules

WAIT_IN_THE_END = 120
"""About so many articles wait when a visitor comes."""
FLOORS = {"quality": 25}
"""Low, so that it shows what a floor is and stands in nobody's way."""
WHY_FLOORS = (
    "The source's own quality score is a guess. Below this figure an article goes back, however it reads."
)

Step = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened then. `said` is what whoever waits for the loading reads; mostly nothing."""

    moment: datetime
    step: Step
    said: str = ""


def tell(
    session: Session,
    people: Mapping[str, User],
    records: Sequence[Record],
    *,
    now: datetime,
    undo: timedelta,
    progress: Callable[[str], None],
) -> None:
    """Let all of it happen."""
    story = [
        *_policy(session, people[LEAD], now),
        *_imports(session, people[ADMINISTRATOR], records, now),
        *_reviews(session, people, records, now=now, undo=undo),
        *_releases(session, people[LEAD], now=now, undo=undo),
    ]
    for happening in sorted(story, key=lambda happening: happening.moment):
        if happening.said:
            progress(happening.said)
        happening.step()


def _policy(session: Session, lead: User, now: datetime) -> list[Happening]:
    """The lead sets a floor. A desk that has a policy of its own keeps it."""
    if current_rules(session).version:
        return []
    moment = now - calendar.POLICY_SET
    return [
        Happening(
            moment,
            partial(
                set_floors, session, lead, FLOORS, WHY_FLOORS, based_on=0, actor=lead.as_actor(), now=moment
            ),
        )
    ]


def _imports(
    session: Session, administrator: User, records: Sequence[Record], now: datetime
) -> list[Happening]:
    return [
        Happening(
            now - lot.ago,
            partial(import_lot, session, lot, records, administrator, now=now - lot.ago),
            f"Importing {len(lot.numbers)} articles",
        )
        for lot in LOTS
    ]


def _reviews(
    session: Session, people: Mapping[str, User], records: Sequence[Record], *, now: datetime, undo: timedelta
) -> list[Happening]:
    """Each sitting is two happenings, so that several people read at a time."""
    sittings = calendar.sittings(now, HABITS)
    desk = Desk(session, people, undo, _keeps_the_backlog(session, records, now), len(sittings))
    moments = {step: [now - ago for ago in agos] for step, agos in _leads_work(desk).items()}
    return [
        *(Happening(sitting.begins, partial(desk.begin, sitting)) for sitting in sittings),
        *(Happening(sitting.ends, partial(desk.end, sitting)) for sitting in sittings),
        *(
            Happening(moment, partial(step, moment))
            for step, all_of_it in moments.items()
            for moment in all_of_it
        ),
        *(
            Happening(now - ago, partial(desk.keep_open, key, now - ago))
            for key, ago in calendar.OPEN_CLAIMS.items()
        ),
    ]


def _leads_work(desk: Desk) -> dict[Callable[[datetime], None], Sequence[timedelta]]:
    return {desk.roll_back: calendar.ROLLED_BACK, desk.put_into_queue: calendar.PUT_INTO_QUEUE}


def _keeps_the_backlog(
    session: Session, records: Sequence[Record], now: datetime
) -> Callable[[datetime, float], bool]:
    """Whether the queue is longer than it should be at that point, if it is to shrink evenly to its length in the end.

    Otherwise people read articles that ask for nobody: any day's share of both differs, and the end is the same.
    """
    leave = sum(map(asks_for_a_person, records)) - WAIT_IN_THE_END

    def longer_than_wanted(moment: datetime, share_to_come: float) -> bool:
        wanted = WAIT_IN_THE_END - comes_later(records, now, moment) + leave * share_to_come
        return count_waiting(session) > wanted

    return longer_than_wanted


def _releases(session: Session, lead: User, *, now: datetime, undo: timedelta) -> list[Happening]:
    runs = [
        Happening(
            now - ago,
            partial(publish_approved, session, lead, now=now - ago, undo=undo),
            f"Publishing what was approved by {now - ago:%d %B}",
        )
        for ago in calendar.PUBLISHED
    ]
    called = now - calendar.HOOK_CALLED
    return [*runs, Happening(called, partial(publish_by_hook, session, now=called, undo=undo))]
