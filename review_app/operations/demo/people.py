"""The people of the demo data, and how each of them reviews."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from review_app.accounts.actions import add_user
from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.filters import Filters
from review_app.outbox.actions import Actor
from review_app.reviewing.rules import Outcome

DEMO = Actor(None, "demo data")
PASSWORD_BYTES = 12
ANYTHING: Final = Filters()


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """With what somebody who tries the desk logs in. The password is random and kept nowhere else."""

    role: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody reviews: how many on a weekday, and how many seconds in the middle.

    Also by how much scores are moved, how often each outcome is chosen and an article passed over, what is looked for first.
    """

    a_day: float
    seconds: float
    correction: float
    outcomes: Mapping[Outcome, float]
    skips: float = 0.05
    first: Filters = ANYTHING


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo data. `shown_as` names the login that is shown; empty if it is not."""

    key: str
    name: str
    role: Role
    shown_as: str = ""
    habits: Habits | None = None

    @property
    def email(self) -> str:
        """The address, in a domain that is reserved for examples."""
        return f"{self.key}@example.com"


def _outcomes(approve: float, save: float, request_changes: float, reject: float) -> dict[Outcome, float]:
    return {
        Outcome.APPROVE: approve,
        Outcome.SAVE: save,
        Outcome.REQUEST_CHANGES: request_changes,
        Outcome.REJECT: reject,
    }


LEAD, ADMINISTRATOR = "team-lead", "administrator"
PEOPLE: Final = (
    Person(
        "reviewer-a", "Reviewer A", Role.REVIEWER, "reviewer", Habits(2.8, 70, 1, _outcomes(74, 8, 12, 6))
    ),
    Person("reviewer-b", "Reviewer B", Role.REVIEWER, "", Habits(2.4, 130, -5, _outcomes(46, 10, 30, 14))),
    Person(
        "reviewer-c",
        "Reviewer C",
        Role.REVIEWER,
        "",
        Habits(1.8, 180, -2, _outcomes(60, 14, 20, 6), first=Filters(code_language="python")),
    ),
    Person(
        "reviewer-d",
        "Reviewer D",
        Role.REVIEWER,
        "",
        Habits(1.2, 105, 2, _outcomes(64, 12, 18, 6), skips=0.12),
    ),
    Person(LEAD, "Team lead", Role.LEAD, "lead", Habits(0.7, 90, -1, _outcomes(68, 4, 18, 10))),
    Person(ADMINISTRATOR, "Administrator", Role.ADMIN, "administrator"),
)
HABITS: Final = {person.key: person.habits for person in PEOPLE if person.habits}


def add_people(session: Session, now: datetime) -> tuple[dict[str, User], list[DemoLogin]]:
    """Add them all, by key, and the logins to show. Raises `Conflict` when an address is taken."""
    people, logins = {}, []
    for person in PEOPLE:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        people[person.key] = add_user(
            session, person.email, password, person.role, actor=DEMO, now=now, name=person.name, is_demo=True
        )
        if person.shown_as:
            logins.append(DemoLogin(person.shown_as, person.email, password))
    return people, logins
