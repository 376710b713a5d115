"""How many articles become due on each day, and which day has room for one more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from review_app.articles.models import Article, DueDay
from review_app.articles.ranking import HORIZON, next_working_day
from review_app.base.database import insert_rows

ONE_AT_A_TIME = 0x5244_0007
"""The advisory lock under which PostgreSQL lets one at a time hand out days by the hundred."""
MOST_ROWS_BESIDES = 200
"""So many rows more than days may stand in the table before they are added up."""

MOST_ADDED_UP = 10_000
"""So many of them at once: a statement takes no more than some ten thousand values."""


def take_turns(session: Session) -> None:
    """Wait until nobody else hands out days by the hundred. Take no other locks after this one."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})


class Days:
    """The days of one version of the policy. `most` articles become due on one of them; None: as many as there are."""

    def __init__(self, session: Session, version: int, most: int | None) -> None:
        self.session, self.version, self.most = session, version, most
        self.changes: Counter[date] = Counter()
        self._taken: Counter[date] | None = None
        self._full_until: dict[date, date] = {}

    def first_free(self, day: date) -> date:
        """The first working day from this one on that has room, but none beyond the horizon."""
        if self.most is None:
            return day
        found, last = self._full_until.get(day, day), day + HORIZON
        while self.taken[found] >= self.most and found < last:
            found = next_working_day(found)
        self._full_until[day] = found
        return found

    def change(self, day: date, by: int) -> None:
        """So many more, or fewer, are due that day."""
        if self.most is None:
            return
        self.changes[day] += by
        if self._taken is not None:
            self._taken[day] += by
        if by < 0:
            self._full_until.clear()

    @property
    def taken(self) -> Counter[date]:
        """How many are due on each day, with what has changed here."""
        if self._taken is None:
            self._taken = self._read() + self.changes
        return self._taken

    def _read(self) -> Counter[date]:
        query = select(DueDay.day, func.sum(DueDay.articles), func.count()).where(
            DueDay.version == self.version
        )
        rows = self.session.execute(query.group_by(DueDay.day)).all()
        if sum(row[2] for row in rows) > len(rows) + MOST_ROWS_BESIDES:
            self._add_up()
        return Counter({row[0]: int(row[1]) for row in rows})

    def _add_up(self) -> None:
        """Make one row of the many of a day. Rows that another is just adding up are left to them: nobody waits here."""
        query = select(DueDay.id).where(DueDay.version == self.version).order_by(DueDay.id)
        query = query.limit(MOST_ADDED_UP).with_for_update(skip_locked=True)
        gone = delete(DueDay).where(DueDay.id.in_(self.session.scalars(query).all()))
        sums: Counter[date] = Counter()
        for day, articles in self.session.execute(gone.returning(DueDay.day, DueDay.articles)):
            sums[day] += articles
        self._insert(sums)

    def write(self) -> None:
        """Write down what has changed."""
        self._insert(self.changes)
        self.changes = Counter()

    def _insert(self, sums: Counter[date]) -> None:
        rows = [
            {"version": self.version, "day": day, "articles": sums[day]} for day in sorted(sums) if sums[day]
        ]
        insert_rows(self.session, DueDay, rows)


def give_days_back(session: Session, version: int, article_ids: Iterable[int]) -> None:
    """Before articles are deleted: nothing of them is due any more."""
    query = select(Article.due_on, func.count()).where(
        Article.id.in_(list(article_ids)),
        Article.awaiting_review,
        Article.due_on.is_not(None),
        Article.due_by == version,
    )
    days = Days(session, version, most=1)
    for day, articles in session.execute(query.group_by(Article.due_on)):
        if day is not None:
            days.change(day, -articles)
    days.write()
