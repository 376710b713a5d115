"""The reviews of the demo data: real claims and real decisions, at times that have passed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.queries import lock_article
from review_app.articles.rules import SCORES, SETTLED, RevisionStatus
from review_app.operations.demo.calendar import Sitting
from review_app.operations.demo.people import ANYTHING, HABITS, LEAD, Habits
from review_app.operations.demo.queries import demo_batches, of_demo_import
from review_app.operations.demo.vocabulary import chance, vocabulary
from review_app.review_queue.actions import claim_next, hold, put_into_queue, skip
from review_app.review_queue.models import Claim
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.models import Decision
from review_app.reviewing.queries import Rules, current_rules, standing_decision
from review_app.reviewing.rules import Outcome

LEASE = timedelta(minutes=15)
"""Of a claim: longer than anybody takes."""
CORRECTED = 0.45
"""So often a reviewer changes a score."""
FIRST_SCORE = (70, 10)
"""Mean and standard deviation of a score that was missing."""
MEAN_OF_APPROVED = 74.0
"""Around this mean score approving is as likely as the reviewer's habits say; each score more makes it likelier."""
LATELY = 15
"""A rollback takes one of so many last decisions."""

Wanted = Callable[[datetime, float], bool]
"""Whether, at this time and with this share of the reviews still to come, the queue should become shorter."""


@dataclass
class Desk:
    """Who is there, what they read, and when the queue should become shorter."""

    session: Session
    people: Mapping[str, User]
    undo: timedelta
    reads_from_queue: Wanted
    sittings: int
    begun: int = 0
    reading: dict[str, str] = field(default_factory=dict)

    def begin(self, sitting: Sitting) -> None:
        """Somebody takes an article: the next of the queue, or one from the list of all."""
        self.begun += 1
        user, now = self.people[sitting.key], sitting.begins
        article = None
        if self.reads_from_queue(now, 1 - self.begun / self.sittings):
            article = self._next(user, HABITS[sitting.key], now)
        article = article or self._from_the_list(user, now)
        if article is not None:
            self.reading[sitting.key] = article.source_id

    def end(self, sitting: Sitting) -> None:
        """The same person decides, or passes it over."""
        source_id = self.reading.pop(sitting.key, None)
        if source_id is None:
            return
        user, now = self.people[sitting.key], sitting.ends
        article, draw, habits = (
            lock_article(self.session, source_id),
            chance(source_id, now),
            HABITS[sitting.key],
        )
        if draw.random() < habits.skips:
            reason = draw.choice(vocabulary().remarks["skip"])
            skip(self.session, article, user, reason, actor=user.as_actor(), now=now)
            return
        judgement = judge(article, habits, current_rules(self.session), draw)
        decide(self.session, article, user, judgement, actor=user.as_actor(), now=now, undo=self.undo)

    def roll_back(self, now: datetime) -> None:
        """The lead takes back one of the last decisions, with a note."""
        draw, lead = chance("rollback", now.date()), self.people[LEAD]
        decision = self._one_to_roll_back(draw)
        if decision is not None:
            article = self.session.get_one(Article, decision.article_id)
            note = draw.choice(vocabulary().remarks["rollback"])
            roll_back(
                self.session,
                decision,
                article,
                lead,
                note=note,
                actor=lead.as_actor(),
                now=now,
                undo=self.undo,
            )

    def put_into_queue(self, now: datetime) -> None:
        """The lead wants somebody to look at an article that asks for nobody."""
        found = self._untouched(now)
        if found is not None:
            put_into_queue(self.session, found, actor=self.people[LEAD].as_actor(), now=now)

    def keep_open(self, key: str, since: datetime) -> None:
        """Somebody is reading right now."""
        self._next(self.people[key], HABITS[key], since)

    def _next(self, user: User, habits: Habits, now: datetime) -> Article | None:
        """The oldest of what this person looks for first, else the oldest; never an article that is not of the demo."""
        batches = self.session.scalars(demo_batches()).all()
        preferred = chance(user.email, now).choice((habits.first, ANYTHING))
        for filters in [
            replace(some, batch=str(batch)) for some in (preferred, ANYTHING) for batch in batches
        ]:
            claim = claim_next(self.session, user, filters, now=now, lease=LEASE)
            if claim is not None:
                return self.session.get(Article, claim.article_id)
        return None

    def _from_the_list(self, user: User, now: datetime) -> Article | None:
        article = self._untouched(now)
        if article is not None:
            hold(self.session, article, user, now=now, lease=LEASE)
        return article

    def _untouched(self, now: datetime) -> Article | None:
        """A demo article that does not wait, that nobody has decided on, and that nobody holds."""
        query = select(Article.id).where(
            of_demo_import(), ~Article.awaiting_review, Article.decided_at.is_(None)
        )
        query = query.where(
            Article.revision_status.not_in(SETTLED), Article.id.not_in(select(Claim.article_id))
        )
        ids = self.session.scalars(query.order_by(Article.id)).all()
        return self.session.get(Article, chance("list", now).choice(ids)) if ids else None

    def _one_to_roll_back(self, draw: random.Random) -> Decision | None:
        lately = select(Decision).where(Decision.outcome.in_([Outcome.APPROVE, Outcome.REJECT]))
        lately = lately.where(Decision.reviewer_id.in_([user.id for user in self.people.values()]))
        decisions = list(self.session.scalars(lately.order_by(Decision.id.desc()).limit(LATELY)))
        draw.shuffle(decisions)
        for decision in decisions:
            standing = standing_decision(self.session, self.session.get_one(Article, decision.article_id))
            if standing is not None and standing.id == decision.id:
                return decision
        return None


def judge(article: Article, habits: Habits, rules: Rules, draw: random.Random) -> Judgement:
    """What somebody of these habits would say of an article, within the policy."""
    scores = {name: _score(score, habits, draw) for name, score in article.scores.items()}
    outcome = _outcome(article, scores, habits, draw)
    if outcome is Outcome.APPROVE and any(scores[name] < rules.floors.get(name, 0) for name in SCORES):
        outcome = Outcome.REQUEST_CHANGES
    ticked = [item.id for item in rules.checklist if outcome is Outcome.APPROVE or draw.random() < 0.5]
    return Judgement(
        outcome=outcome,
        row_version=article.row_version,
        scores=scores,
        status=draw.choice((RevisionStatus.DRAFTED, RevisionStatus.REVIEWED))
        if outcome is Outcome.SAVE
        else None,
        note=draw.choice(vocabulary().remarks[outcome.value]),
        checklist=frozenset(ticked),
    )


def _score(score: int | None, habits: Habits, draw: random.Random) -> int:
    if score is None:
        return max(0, min(100, round(draw.gauss(*FIRST_SCORE))))
    if draw.random() >= CORRECTED:
        return score
    return max(0, min(100, score + round(draw.gauss(habits.correction, 6))))


def _outcome(article: Article, scores: Mapping[str, int], habits: Habits, draw: random.Random) -> Outcome:
    mean = sum(scores.values()) / len(scores)
    weights = dict(habits.outcomes)
    weights[Outcome.APPROVE] *= (mean / MEAN_OF_APPROVED) ** 4
    if not article.awaiting_review:
        weights[Outcome.SAVE] = 0
    return draw.choices(list(weights), list(weights.values()))[0]
