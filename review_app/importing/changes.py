"""An article that is known comes again with other content: the import is followed, what people decided stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from review_app.articles.actions import Entry, State, began_to_wait, keep_text, set_state
from review_app.articles.markup import SANITISER_VERSION
from review_app.articles.models import Article
from review_app.articles.queries import keeps_indexable
from review_app.articles.rules import SCORES, RevisionStatus, is_indexable
from review_app.importing.merging import STATUS, Merge, propose, values_of
from review_app.importing.models import ImportBatch
from review_app.importing.record import Record
from review_app.importing.snapshots import take_flags
from review_app.outbox.actions import Actor, announce, log_event

BESIDE_THE_TEXT = ("topic", "reading_minutes")
"""What the public reads of an article that is no part of its text: a change of it goes out with the next approval."""


def change(session: Session, batch: ImportBatch, article: Article, record: Record, *, now: datetime) -> None:
    """Known, with other content: what nobody decided follows the import, what a person decided stays.

    Where the two differ a proposal waits for a person. An approval holds for the text that was read and for no other.
    """
    # All is read before anything changes: a query in between would show the database an article that is half changed.
    moved = article.text_digest != record.text_digest
    with session.no_autoflush:
        before, merge = State.of(article), Merge.of(session, article)
        keeps = moved and before.status == RevisionStatus.APPROVED and keeps_indexable(session)
        if moved or any(getattr(article, name) != getattr(record, name) for name in BESIDE_THE_TEXT):
            keep_text(session, article, now)
    take_content(article, batch, record, now)
    if before.decided_at is None:
        take_judgement(article, record, now)
    else:
        batch.kept += 1
        after = _with_new_text(_merged(before, record, merge), article, moved=moved, keeps=keeps, now=now)
        set_state(article, after, now)
        _tell(session, batch, article, before=before, record=record, now=now)
    propose(session, batch, article, values_of(record, article), merge=merge, now=now)


def take_content(article: Article, batch: ImportBatch, record: Record, now: datetime) -> None:
    """The words, the metadata and the flags, as they came."""
    for name in (
        "title",
        "excerpt",
        "topic",
        "primary_stack",
        "difficulty",
        "code_language",
        "reading_minutes",
    ):
        setattr(article, name, getattr(record, name))
    article.view_count = record.view_count
    article.content_digest, article.text_digest = record.content_digest, record.text_digest
    article.batch_id, article.updated_at = batch.id, now
    article.body.html, article.body.plain_text = record.body_html, record.plain_text
    article.body.word_count, article.body.image_count = record.word_count, record.image_count
    article.body.sanitiser_version = SANITISER_VERSION
    article.meta.imported, article.meta.imported_status = record.meta, record.revision_status
    take_flags(article, record.flags)


def take_judgement(article: Article, record: Record, now: datetime) -> None:
    """Scores, status and place in the queue, of an article that no person has decided."""
    article.needs_human_review = record.needs_human_review
    state = State(
        scores={score: getattr(record, score) for score in SCORES},
        status=record.revision_status,
        version=record.revision_version,
        last_reviewed=record.last_reviewed_on,
        awaiting_review=record.needs_human_review,
        **_entry(article) if article.awaiting_review else began_to_wait(now),
        published_version=None,
        decided_at=None,
        text_digest=article.text_digest,
        assigned_to_id=article.assigned_to_id,
    )
    set_state(article, state, now)


def _entry(article: Article) -> Entry:
    return {"queue_rank": article.queue_rank, "waiting_since": article.waiting_since}


def _merged(before: State, record: Record, merge: Merge) -> State:
    """What a person set as it was; what nobody did as it came."""
    scores = {
        name: value if name in merge.pinned else getattr(record, name)
        for name, value in before.scores.items()
    }
    status = before.status if STATUS in merge.pinned else record.revision_status
    return replace(before, scores=scores, status=status)


def _with_new_text(state: State, article: Article, *, moved: bool, keeps: bool, now: datetime) -> State:
    """Where an article that a person decided stands once its text is the imported one.

    `keeps` is the policy's word: the approval goes on to hold for the text it was given to, which the public goes on reading.
    """
    waits = state if state.awaiting_review else replace(state, awaiting_review=True, **began_to_wait(now))
    if state.status == RevisionStatus.APPROVED:
        if article.text_digest == state.decided_digest:
            return replace(state, awaiting_review=False)
        if keeps or not moved:
            return waits
        return replace(
            waits, status=RevisionStatus.DRAFTED.value, published_version=None, published_digest=None
        )
    return waits if state.status == RevisionStatus.CHANGES_REQUESTED else state


def _tell(
    session: Session, batch: ImportBatch, article: Article, *, before: State, record: Record, now: datetime
) -> None:
    """Log what was kept against what came; and tell the outside of an article that is no longer indexable."""
    incoming = {
        "scores": {score: getattr(record, score) for score in SCORES},
        "status": record.revision_status,
        "version": record.revision_version,
        "batch": batch.id,
    }
    log_event(
        session,
        "import.kept_decision",
        ("article", article.source_id),
        actor=Actor(batch.user_id, f"import {batch.id}"),
        now=now,
        before=before.as_json(),
        after=incoming,
    )
    if is_indexable(before.status) and not article.indexable:
        announce(
            session,
            "article.withdrawn",
            f"article:{article.source_id}",
            cause=f"import:{batch.id}:{article.source_id}:withdrawn",
            payload={"source_id": article.source_id, "reason": "its text was imported anew"},
            now=now,
        )
