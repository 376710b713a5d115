"""Whatever people decide and places answer, in whatever order: when all is quiet, the outside is what the desk says.

Random walks with fixed seeds over an article or two, a place that articles are brought to, and a program that is told.
`REVIEW_TEST_WALKS` is how many (6), beginning with `REVIEW_TEST_FIRST_WALK` (5); a failure names the walk and what was done.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update

from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.base.clock import utc_now
from review_app.base.database import db
from review_app.base.errors import DomainError
from review_app.outbox.actions import SYSTEM
from review_app.outbox.models import OutboxEvent
from review_app.publishing import queries as publishing_queries
from review_app.publishing.actions import Order, start_run
from review_app.publishing.deliveries.actions import replay
from review_app.publishing.deliveries.jobs import run_relay, send_all
from review_app.publishing.deliveries.parcels import NOT_THIS_VERSION
from review_app.publishing.jobs import due_runs, run_publish
from review_app.publishing.kinds import KINDS
from review_app.publishing.kinds.face import Outcome as Answered
from review_app.publishing.kinds.face import Parcel, Place, Remote, Result
from review_app.publishing.models import Delivery, Publication, PublishRun, Target
from review_app.publishing.rules import CONTENT_KINDS, UNENDED, Trigger
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.queries import standing_decision
from review_app.reviewing.rules import Outcome
from tests.factories import make_article
from tests.publishing.conftest import UNDO
from tests.publishing.deliveries.conftest import Notebook, make_target

WALKS = int(os.environ.get("REVIEW_TEST_WALKS", "6"))
FIRST = int(os.environ.get("REVIEW_TEST_FIRST_WALK", "5"))
STEPS = 45
BEGIN = datetime(2026, 11, 20, 9, tzinfo=UTC)
PAUSES = (1, 5, 25, 25, 400, 3 * 3600)
TOLD = ("article.approved", "article.published", "article.withdrawn")


class Shelf(Notebook):
    """A place that shows articles, and sometimes fails, or does what it is asked and says that it failed."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk
        self.shown: dict[str, str] = {}

    def _write(self, word: str, parcels: Sequence[Parcel]) -> list[Answered]:
        return [self._one(word, parcel) for parcel in parcels]

    def _one(self, word: str, parcel: Parcel) -> Answered:
        content = parcel.content
        assert content is not None
        if word == "publish":
            self.walk.assert_may_be_sent(content.source_id, content.version)
        self.walk.meanwhile(content.source_id)
        answer = self.walk.answer()
        if answer == "refused":
            return Answered(Result.RETRY, "no")
        if word == "publish":
            self.shown[content.source_id] = content.version
        else:
            self.shown.pop(content.source_id, None)
        self.walk.meanwhile(content.source_id)
        if answer == "unclear":
            return Answered(Result.RETRY, "it did not answer in time")
        state = "published" if word == "publish" else "withdrawn"
        url = f"https://shelf.example/{content.source_id}"
        return Answered(Result.DONE, remote=Remote("7", "guid", url, state, content.version))


class Listener(Notebook):
    """A program that is told, and sometimes says that it was not. It knows by its id what it has heard before."""

    hears = None

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk
        self.heard: dict[str, Parcel] = {}

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> list[Answered]:  # noqa: ARG002  # the face of a kind
        """Listen."""
        return [self._listen(parcel) for parcel in parcels]

    def _listen(self, parcel: Parcel) -> Answered:
        answer = self.walk.answer()
        if answer != "refused":
            self.heard.setdefault(parcel.message_id, parcel)
        return Answered(Result.DONE if answer == "done" else Result.RETRY)


class Walk:
    """One walk: its chance, its clock, the two targets and what was done."""

    def __init__(self, app, session_of, lead, number: int) -> None:
        self.app, self.session_of, self.lead, self.number = app, session_of, lead, number
        self.chance = random.Random(number)
        self.names = [f"w{number}-{place}" for place in range(self.chance.choice((1, 1, 2)))]
        self.done: list[str] = []
        self.quiet = False
        self.shelf, self.listener = Shelf(self), Listener(self)
        with session_of() as session:
            self.place = make_target(session, "https://shelf.example", f"shelf {number}", kind="shelf").id
            self.told = make_target(session, "https://ear.example", f"ear {number}", kind="listener").id
            for name in self.names:
                make_article(session, name, revision_status="drafted", indexable=False, awaiting_review=True)

    # --- what people do ---------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Something happens, and some time passes."""
        verbs: tuple[tuple[Callable[[], None], int], ...] = (
            (self.judge, 5),
            (self.roll_back, 4),
            (self.publish, 5),
            (self.work, 4),
            (self.hand_over, 6),
            (self.send_there, 6),
            (self.tell, 3),
            (self.again, 2),
            (self.hasten, 2),
        )
        verb = self.chance.choices([verb for verb, _ in verbs], [weight for _, weight in verbs])[0]
        self.done.append(verb.__name__)
        verb()

    def judge(self, name: str = "") -> None:
        """A lead decides."""
        name = name or self.chance.choice(self.names)
        outcome = self.chance.choice((Outcome.APPROVE, Outcome.APPROVE, Outcome.REJECT))
        try:
            with self.session_of() as session:
                article = lock_article(session, name)
                judgement = Judgement(outcome, article.row_version, note="Because.")
                decide(
                    session,
                    article,
                    session.merge(self.lead),
                    judgement,
                    actor=SYSTEM,
                    now=utc_now(),
                    undo=UNDO,
                )
            self.done.append(f"{outcome} {name}")
        except DomainError:
            pass

    def roll_back(self, name: str = "") -> None:
        """A lead rolls the last decision back."""
        name = name or self.chance.choice(self.names)
        try:
            with self.session_of() as session:
                article = lock_article(session, name)
                decision = standing_decision(session, article)
                if decision is not None:
                    person = session.merge(self.lead)
                    roll_back(
                        session, decision, article, person, note="No.", actor=SYSTEM, now=utc_now(), undo=UNDO
                    )
                    self.done.append(f"rolled back {decision.outcome} {name}")
        except DomainError:
            pass

    def publish(self) -> None:
        """Somebody has it published."""
        with self.session_of() as session:
            order = Order(self.names)
            run = start_run(
                session, order, Trigger.PAGE, user_id=None, actor=SYSTEM, now=utc_now(), undo=UNDO
            ).run
        self._in_app(lambda: run_publish(run.id))

    def again(self) -> None:
        """Somebody has an old delivery sent once more."""
        with self.session_of() as session:
            query = select(Delivery.id).where(Delivery.target_id.in_((self.place, self.told)))
            ids = session.scalars(query.order_by(Delivery.id)).all()
            if ids:
                chosen = replay(session, self.chance.choice(ids), actor=SYSTEM, now=utc_now())
                self.done.append(f"again {chosen.action} {chosen.id}")

    def hasten(self) -> None:
        """The time of all retries has come."""
        with self.session_of() as session:
            waiting = Delivery.state == "waiting", Delivery.attempts > 0
            session.execute(update(Delivery).where(*waiting).values(due_at=utc_now()))
            session.execute(update(Target).values(resting_until=None))

    # --- what workers do --------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """At the runs that are due."""
        for run_id in self._in_app(lambda: list(due_runs(utc_now()))):
            self._in_app(lambda run_id=run_id: run_publish(run_id))

    def hand_over(self) -> None:
        """What is released."""
        self._in_app(lambda: run_relay(0))

    def send_there(self) -> None:
        """What is due at the place."""
        self._in_app(lambda: send_all(self.place))

    def tell(self) -> None:
        """What the program is to hear."""
        self._in_app(lambda: send_all(self.told))

    def _in_app(self, work):
        with self.app.app_context():
            try:
                return work()
            finally:
                db.session.remove()

    # --- what the outside does --------------------------------------------------------------------------------------------

    def answer(self) -> str:
        """How a place answers."""
        if self.quiet:
            return "done"
        return self.chance.choices(("done", "refused", "unclear"), (6, 2, 2))[0]

    def meanwhile(self, name: str) -> None:
        """Sometimes a person does something while a place is at it."""
        if not self.quiet and self.chance.random() < 0.1:
            self.done.append("meanwhile")
            self.chance.choice((self.judge, self.roll_back))(name)

    def assert_may_be_sent(self, name: str, version: str) -> None:
        """Only what is approved in this version, and by a decision that nobody can take back as if it had never been."""
        with self.session_of() as session:
            article = session.scalars(select(Article).where(Article.source_id == name)).one()
            if (
                not article.indexable
                or article.revision_version != version
                or article.decided_at + UNDO > utc_now()
            ):
                self.wrong = f"{name} was sent in {version} at {utc_now()}"

    wrong = ""

    # --- the end ----------------------------------------------------------------------------------------------------------

    def calm(self, clock) -> None:
        """The places recover, people go home, and workers go on until nothing is left."""
        self.quiet = True
        for _ in range(60):
            clock.shift(30)
            self.hasten()
            for verb in (self.work, self.hand_over, self.send_there, self.tell):
                verb()
            if not self._is_left():
                return
        pytest.fail(f"it never ends: {self}")

    def _is_left(self) -> bool:
        with self.session_of() as session:
            left = (
                select(OutboxEvent.id).where(OutboxEvent.state == "waiting"),
                select(Delivery.id).where(
                    Delivery.target_id.in_((self.place, self.told)),
                    Delivery.state.in_(("waiting", "delivering")),
                ),
                select(PublishRun.id).where(PublishRun.state.in_(UNENDED)),
            )
            return any(session.scalar(query.limit(1)) is not None for query in left)

    def check(self, *, published: bool) -> None:
        """The place and the program know what the desk says."""
        assert not self.wrong, f"{self.wrong}: {self}"
        for name in self.names:
            with self.session_of() as session:
                article = session.scalars(select(Article).where(Article.source_id == name)).one()
                noted = Publication.article_id == article.id, Publication.target_id == self.place
                states = session.scalars(select(Publication.state).where(*noted)).all()
                unsure = self._is_unsure(session, article.id)
            shown = self.shelf.shown.get(name)
            assert article.indexable or shown is None, f"{name} {shown}: {self}"
            if not unsure:
                there = article.indexable and "delivered" in states
                assert there == (shown is not None), f"{name} {shown}: {self}"
            if published:
                assert shown == (article.revision_version if article.indexable else None), (
                    f"{name} {shown}: {self}"
                )
            self._check_words(name, indexable=article.indexable, shown=None if unsure else shown is not None)

    def _is_unsure(self, session, article_id: int) -> bool:
        """It is approved in another version than the one that a place did not say whether it had taken: the same text."""
        there = Delivery.target_id == self.place, Delivery.article_id == article_id
        given_up = select(func.max(Delivery.id)).where(*there, Delivery.reason == NOT_THIS_VERSION)
        arrived = select(func.max(Delivery.id)).where(*there, Delivery.state == "delivered")
        last = session.scalar(given_up.where(Delivery.begun_at.is_not(None)))
        return last is not None and last > (session.scalar(arrived) or 0)

    def _check_words(self, name: str, *, indexable: bool, shown: bool | None) -> None:
        heard = [
            one
            for one in self.listener.heard.values()
            if one.subject == f"article:{name}" and one.kind in TOLD
        ]
        numbers = [one.sequence for one in heard]
        assert numbers == sorted(numbers), f"{name} {numbers}: {self}"
        if heard:
            assert (heard[-1].kind != "article.withdrawn") == indexable, f"{name} {heard[-1].kind}: {self}"
        there = [
            one.kind
            for one in heard
            if one.kind == "article.withdrawn" or one.payload.get("target_id") == self.place
        ]
        if shown is not None:
            assert (there[-1:] == ["article.published"]) == shown, f"{name} {there}: {self}"

    def __str__(self) -> str:
        return f"walk {self.number}: {', '.join(self.done)}"


def test_when_all_is_quiet_the_outside_is_what_the_desk_says(app, session_of, lead, monkeypatch):
    monkeypatch.setattr(publishing_queries, "CONTENT_KINDS", (*CONTENT_KINDS, "shelf"))
    for number in range(FIRST, FIRST + WALKS):
        with time_machine.travel(BEGIN + timedelta(days=10 * number), tick=False) as clock:
            walk = Walk(app, session_of, lead, number)
            monkeypatch.setitem(KINDS, "shelf", walk.shelf)
            monkeypatch.setitem(KINDS, "listener", walk.listener)
            for _ in range(STEPS):
                walk.step()
                clock.shift(walk.chance.choice(PAUSES))
            walk.calm(clock)
            walk.check(published=False)
            walk.publish()
            walk.calm(clock)
            walk.check(published=True)
            with session_of() as session:
                session.execute(
                    update(Target).where(Target.id.in_((walk.place, walk.told))).values(enabled=False)
                )
