"""The promise that all the rest serves: nothing is indexable but what a person approved, in just the text they read.

With the policy that keeps an article indexable while a new text waits, the public goes on reading the approved one.

Random people do random things to a few articles, with pages that may have gone stale; after each step it must hold.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.accounts.rules import Role
from review_app.articles.filters import Filters
from review_app.articles.models import Article, ArticleMeta
from review_app.articles.queries import approved_wording, lock_article, wording
from review_app.articles.rules import SCORES, SETTLED, RevisionStatus
from review_app.base.database import db, transaction
from review_app.base.errors import DomainError, NotFound
from review_app.importing.actions import Place, settle
from review_app.importing.merging import FIELDS, imported_values, open_proposal
from review_app.importing.models import ImportBatch
from review_app.importing.record import RawRecord, Record
from review_app.importing.validation import validate
from review_app.outbox.actions import SYSTEM
from review_app.publishing.actions import Order, start_run
from review_app.publishing.queries import public_page
from review_app.publishing.rules import Trigger
from review_app.publishing.running import lease_run, publish_some
from review_app.review_queue.actions import claim_next, hold, put_into_queue, release, skip
from review_app.reviewing.actions import Judgement, decide, roll_back
from review_app.reviewing.merging import Taking, settle_proposal
from review_app.reviewing.models import Decision
from review_app.reviewing.policy import add_item, set_floors
from review_app.reviewing.queries import current_rules, standing_decision
from review_app.reviewing.rules import Outcome
from tests.factories import LONG_AGO, make_user
from tests.importing.records import record as as_sent
from tests.reviewing.desk import UNDO, retire_checklist

LEASE = timedelta(minutes=15)
ARTICLES = range(2)
PEOPLE = range(3)
LEAD = 2
TEXTS = ("<p>One.</p>", "<p>Two.</p>", "<p>Three.</p>")
MOST_EXAMPLES = 100
"""Of twenty steps each; in seconds this is the dearest of all tests."""
DECIDING = [outcome for outcome in Outcome if outcome is not Outcome.ROLLBACK]

which_article = st.sampled_from(ARTICLES)
which_person = st.sampled_from(PEOPLE)
which_text = st.sampled_from(range(len(TEXTS)))
which_fields = st.sets(st.sampled_from(FIELDS), max_size=2)
scores = st.dictionaries(st.sampled_from(SCORES), st.one_of(st.none(), st.integers(-1, 101)))


class Desk(RuleBasedStateMachine):
    """Two articles, two reviewers and a lead. `pages[person, article]` is what that person's open page was made from."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.now = LONG_AGO + timedelta(days=1)
        self.pages: dict[tuple[int, int], tuple[int, str]] = {}
        self.html_of: dict[str, str] = {}
        self.ever_kept = False
        self.context = self.app.app_context()
        self.context.push()
        with transaction() as session:
            retire_checklist(session)
            people = [make_user(session, role) for role in (Role.REVIEWER, Role.REVIEWER, Role.LEAD)]
            self.people = [person.id for person in people]
            self.names = [f"gate-{people[0].id}-{number}" for number in ARTICLES]
            self.line = add_item(session, "Read it", required=True, actor=SYSTEM, now=self.now).id
            self._set_floor(session, people[LEAD])
        for number in ARTICLES:
            self.import_again(number, 0, "drafted", 81, waits=True)

    def _set_floor(self, session: Session, lead: User, *, keep: bool = False) -> None:
        version = current_rules(session).version
        floors = {"quality": 40}
        set_floors(
            session, lead, floors, "test", based_on=version, keep_indexable=keep, actor=SYSTEM, now=self.now
        )

    def teardown(self) -> None:
        db.session.remove()
        self.context.pop()

    def attempt(self, work: Callable[[Session, User, Article], Any], person: int, article: int) -> bool:
        """Do it in a transaction of its own. Returns whether the desk allowed it."""
        with suppress(DomainError):
            with transaction() as session:
                user = session.get_one(User, self.people[person])
                work(session, user, lock_article(session, self.names[article]))
            return True
        return False

    # --- what people do -----------------------------------------------------------------------------------------------

    @rule(person=which_person, article=which_article)
    def open_page(self, person: int, article: int) -> None:
        with transaction() as session:
            found = lock_article(session, self.names[article])
            self.pages[person, article] = (found.row_version, found.text_digest)

    @rule(
        person=which_person,
        article=which_article,
        outcome=st.sampled_from(DECIDING),
        given=scores,
        status=st.none() | st.sampled_from(RevisionStatus),
        note=st.sampled_from(["", "Because."]),
        ticked=st.booleans(),
        override=st.sampled_from(["", "the only page on it"]),
    )
    def decide_from_the_open_page(self, person: int, article: int, **said: Any) -> None:
        self._decide(person, article, **said)

    @rule(person=which_person, article=which_article)
    def approve_as_one_should(self, person: int, article: int) -> None:
        """Chance alone would rarely tick, score and open the page afresh."""
        self.open_page(person, article)
        good: dict[str, Any] = {
            "given": dict.fromkeys(SCORES, 80),
            "status": None,
            "note": "",
            "override": "",
        }
        self._decide(person, article, outcome=Outcome.APPROVE, ticked=True, **good)

    def _decide(
        self,
        person: int,
        article: int,
        *,
        outcome: Outcome,
        given: dict[str, int | None],
        status: RevisionStatus | None,
        note: str,
        ticked: bool,
        override: str,
    ) -> None:
        row_version, text_read = self.pages.get((person, article), (-1, "never opened"))
        checklist = frozenset({self.line}) if ticked else frozenset()
        judgement = Judgement(outcome, row_version, given, status, note, checklist, override)

        def work(session: Session, user: User, found: Article) -> None:
            decision = decide(session, found, user, judgement, actor=SYSTEM, now=self.now, undo=UNDO)
            assert decision.before["text_digest"] == text_read, "decided on a text that was not read"

        self.attempt(work, person, article)

    @rule(
        person=which_person, article=which_article, back=st.integers(0, 3), note=st.sampled_from(["", "Oh."])
    )
    def roll_back_some_decision(self, person: int, article: int, back: int, note: str) -> None:
        def work(session: Session, user: User, found: Article) -> None:
            latest = select(Decision).where(Decision.article_id == found.id).order_by(Decision.id.desc())
            decision = session.scalar(latest.offset(back).limit(1))
            if decision is not None:
                roll_back(session, decision, found, user, note=note, actor=SYSTEM, now=self.now, undo=UNDO)

        self.attempt(work, person, article)

    @rule(article=which_article)
    def roll_back_the_standing_decision(self, article: int) -> None:
        def work(session: Session, user: User, found: Article) -> None:
            decision = standing_decision(session, found)
            if decision is not None:
                roll_back(session, decision, found, user, note="Oh.", actor=SYSTEM, now=self.now, undo=UNDO)

        self.attempt(work, LEAD, article)

    @rule(article=which_article, text=st.sampled_from(range(len(TEXTS))))
    def approve_reject_import_and_roll_back(self, article: int, text: int) -> None:
        """The way by which an old approval could come back over a text that nobody has read."""
        self.approve_as_one_should(LEAD, article)
        self.open_page(LEAD, article)
        on_second_thought: dict[str, Any] = {"given": {}, "status": None, "note": "No.", "override": ""}
        self._decide(LEAD, article, outcome=Outcome.REJECT, ticked=False, **on_second_thought)
        self.import_again(article, text, "reviewed", 70, waits=False)
        self.roll_back_the_standing_decision(article)

    @rule(keep=st.booleans())
    def set_the_policy_for_new_texts(self, *, keep: bool) -> None:
        self.ever_kept |= keep
        with transaction() as session:
            self._set_floor(session, session.get_one(User, self.people[LEAD]), keep=keep)

    @rule(article=which_article, text=which_text, keep=st.booleans(), first=st.booleans())
    def approve_publish_and_import(self, article: int, text: int, *, keep: bool, first: bool) -> None:
        """The way by which a text that nobody has read could reach the public."""
        self.set_the_policy_for_new_texts(keep=keep)
        self.approve_as_one_should(LEAD, article)
        self.time_passes(25)
        if first:
            self.publish_both()
        self.import_again(article, text, "reviewed", 70, waits=False)
        self.publish_both()

    @rule(person=which_person, article=which_article, fresh=st.booleans(), take=which_fields)
    def merge_what_was_imported(self, person: int, article: int, take: set[str], *, fresh: bool) -> None:
        if fresh:
            self.open_page(person, article)
        row_version, _ = self.pages.get((person, article), (-1, ""))

        def work(session: Session, user: User, found: Article) -> None:
            taking = Taking(frozenset(take), row_version)
            settle_proposal(session, found, user, taking, actor=SYSTEM, now=self.now, undo=UNDO)

        self.attempt(work, person, article)

    @rule(person=which_person, article=which_article)
    def hold_it(self, person: int, article: int) -> None:
        self.attempt(
            lambda session, user, found: hold(session, found, user, now=self.now, lease=LEASE),
            person,
            article,
        )

    @rule(person=which_person, article=which_article)
    def take_the_next(self, person: int, article: int) -> None:
        def work(session: Session, user: User, _found: Article) -> None:
            claim_next(session, user, Filters(), now=self.now, lease=LEASE)

        self.attempt(work, person, article)

    @rule(person=which_person, article=which_article)
    def release_it(self, person: int, article: int) -> None:
        self.attempt(lambda session, user, found: release(session, found, user), person, article)

    @rule(person=which_person, article=which_article)
    def skip_it(self, person: int, article: int) -> None:
        def work(session: Session, user: User, found: Article) -> None:
            skip(session, found, user, "", actor=SYSTEM, now=self.now)

        self.attempt(work, person, article)

    @rule(article=which_article)
    def put_it_into_the_queue(self, article: int) -> None:
        def work(session: Session, _user: User, found: Article) -> None:
            put_into_queue(session, found, actor=SYSTEM, now=self.now)

        self.attempt(work, LEAD, article)

    # --- what happens to them -----------------------------------------------------------------------------------------

    @rule(
        article=which_article,
        text=st.sampled_from(range(len(TEXTS))),
        status=st.sampled_from([*RevisionStatus, "updated", "indexed"]),
        quality=st.sampled_from([70, 81]),
        waits=st.booleans(),
    )
    def import_again(self, article: int, text: int, status: str, quality: int, *, waits: bool) -> None:
        """The same article comes again, with this text and whatever it says of itself."""
        sent = as_sent(
            self.names[article],
            body=TEXTS[text],
            **{
                "revision.status": status,
                "score.quality": quality,
                "flags.needs_human_review": int(waits),
            },
        )
        raw = RawRecord(line=1, item=1, fields=sent, body_html=sent.pop("body"), raw="")
        read = validate(raw, self.now.date())
        assert isinstance(read, Record)
        with transaction() as session:
            batch = ImportBatch(name="gate", origin="command", state="running", created_at=self.now)
            session.add(batch)
            session.flush()
            settle(session, batch, [(Place("gate.jsonl", "jsonl"), read)], now=self.now)
            assert batch.rejected == 0
        with transaction() as session:
            self.html_of[lock_article(session, self.names[article]).text_digest] = read.body_html

    @rule()
    def publish_both(self) -> None:
        with transaction() as session:
            order = Order(self.names)
            user = session.get_one(User, self.people[LEAD])
            run = start_run(
                session, order, Trigger.API, user_id=user.id, actor=SYSTEM, now=self.now, undo=UNDO
            ).run.id
        with transaction() as session:
            if lease_run(session, run, "gate", self.now):
                publish_some(session, run, "gate", now=self.now, undo=UNDO)

    @rule(seconds=st.sampled_from([1, 19, 25, 20 * 60]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # --- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def what_must_hold(self) -> None:
        """Looked at in one transaction: to begin five of them after each step costs more than what they ask."""
        with transaction() as session:
            articles = [lock_article(session, name) for name in self.names]
            for promise in (
                self.nothing_is_indexable_but_what_was_approved_in_the_text_that_was_read,
                self.the_public_reads_nothing_but_what_was_approved,
                self.what_is_settled_does_not_wait_nor_is_published_without_being_indexable,
                self.a_text_that_was_decided_on_is_never_lost,
                self.what_waits_to_be_merged_is_no_more_than_what_differs,
            ):
                for article in articles:
                    promise(session, article)

    def nothing_is_indexable_but_what_was_approved_in_the_text_that_was_read(
        self, session: Session, article: Article
    ) -> None:
        assert article.indexable == (article.revision_status == "approved")
        if not article.indexable:
            return
        standing = standing_decision(session, article)
        assert standing is not None
        assert standing.outcome == "approve"
        assert standing.after["scores"] == article.scores
        assert standing.before["text_digest"] == article.decided_digest
        assert article.awaiting_review == (article.decided_digest != article.text_digest)
        assert self.ever_kept or not article.awaiting_review

    def the_public_reads_nothing_but_what_was_approved(self, session: Session, article: Article) -> None:
        approved = {self.html_of[digest] for digest in approved_digests(session, article)}
        out = approved_wording(session, article)
        assert (out is not None) == article.indexable, "what was approved is lost"
        assert out is None or out.html == self.html_of[str(article.decided_digest)]
        assert out is None or out.html in approved
        with suppress(NotFound):
            page = public_page(session, article.slug)
            assert (page.text is not None) == (article.published_version is not None)
            assert page.text is None or page.text.html in approved

    def what_is_settled_does_not_wait_nor_is_published_without_being_indexable(
        self, _: Session, article: Article
    ) -> None:
        assert not (article.awaiting_review and article.revision_status in SETTLED - {"approved"})
        assert article.published_version is None or article.indexable

    def a_text_that_was_decided_on_is_never_lost(self, session: Session, article: Article) -> None:
        kept = wording(session, article, article.decided_digest)
        assert article.decided_digest is None or kept is not None
        assert kept is None or kept.html == self.html_of[str(article.decided_digest)]

    def what_waits_to_be_merged_is_no_more_than_what_differs(
        self, session: Session, article: Article
    ) -> None:
        proposal = open_proposal(session, article)
        if proposal is None:
            return
        imported = imported_values(session.get_one(ArticleMeta, article.id))
        assert proposal.fields
        assert {name: values["now"] for name, values in proposal.fields.items()}.items() <= imported.items()

    @rule(article=which_article)
    def the_database_itself_refuses_to_break_it(self, article: int) -> None:
        with transaction() as session:
            found = lock_article(session, self.names[article])
            for change in breaking(found):
                with pytest.raises(IntegrityError), session.begin_nested():
                    session.execute(update(Article).where(Article.id == found.id).values(**change))


def breaking(article: Article) -> list[dict[str, Any]]:
    """Changes that would break the gate, as the article stands."""
    changes: list[dict[str, Any]] = [{"revision_status": "indexed"}, {"quality": 101}]
    unread = article.decided_digest not in {None, article.text_digest}
    if article.indexable:
        changes += [{"revision_status": status} for status in RevisionStatus if status != "approved"]
        changes += [{"awaiting_review": not unread}, {"decided_digest": None}]
        changes += [] if article.awaiting_review else [{"text_digest": "of a text that nobody read"}]
        changes += [
            {"published_digest": None} if article.published_version else {"published_version": "9.9.9"}
        ]
    else:
        changes += [{"published_version": "9.9.9"}]
        if article.revision_status != "approved":
            changes += [{"indexable": True}]
    settled = SETTLED - {"approved"} if unread else SETTLED
    if article.revision_status in settled:
        changes += [{"awaiting_review": True}]
    if article.awaiting_review:
        changes += [{"revision_status": status} for status in settled]
    return changes


def approved_digests(session: Session, article: Article) -> set[str]:
    """The texts that people approved and nobody has rolled back."""
    undone = select(Decision.reverts_id).where(Decision.reverts_id.is_not(None))
    query = select(Decision).where(Decision.article_id == article.id, Decision.outcome == "approve")
    return {
        decision.before["text_digest"]
        for decision in session.scalars(query.where(Decision.id.not_in(undone)))
    }


def test_the_gate_holds_whatever_people_do(app: Flask, examples: int) -> None:
    Desk.app = app
    run_state_machine_as_test(
        Desk, settings=settings(stateful_step_count=20, max_examples=min(examples, MOST_EXAMPLES))
    )
