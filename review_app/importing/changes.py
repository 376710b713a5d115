"""An article that is known comes again with other content: the import is followed, what people decided stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from review_app.articles.actions import State, rank_of, set_state, touch
from review_app.articles.markup import SANITISER_VERSION
from review_app.articles.models import Article, ArticleFlag
from review_app.articles.rules import SCORES, RevisionStatus
from review_app.importing.models import ImportBatch
from review_app.importing.record import Record
from review_app.outbox.actions import Actor, announce, log_event


def change(session: Session, batch: ImportBatch, article: Article, record: Record, *, now: datetime) -> None:
    """Known, with other content: what nobody decided follows the import, what a person decided stays.

    Only an approval does not: it holds for the text that was read and for no other.
    """
    before, text_changed = State.of(article), article.text_digest != record.text_digest
    take_content(article, batch, record, now)
    if before.decided_at is None:
        take_judgement(article, record, now)
    else:
        batch.kept += 1
        _keep_judgement(
            session, batch, article, before=before, record=record, text_changed=text_changed, now=now
        )


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
    article.meta.imported = record.meta
    _take_flags(article, record.flags)


def _take_flags(article: Article, flags: dict[str, bool]) -> None:
    kept = {flag.name: flag for flag in article.flags}
    for name, value in flags.items():
        if name in kept:
            kept[name].value = value
        else:
            article.flags.append(ArticleFlag(name=name, value=value))
    for name in set(kept) - set(flags):
        article.flags.remove(kept[name])


def take_judgement(article: Article, record: Record, now: datetime) -> None:
    """Scores, status and place in the queue, of an article that no person has decided."""
    article.needs_human_review = record.needs_human_review
    waited = article.awaiting_review
    state = State(
        scores={score: getattr(record, score) for score in SCORES},
        status=record.revision_status,
        version=record.revision_version,
        last_reviewed=record.last_reviewed_on,
        awaiting_review=record.needs_human_review,
        queue_rank=article.queue_rank if waited else rank_of(now),
        published_version=None,
        decided_at=None,
        text_digest=article.text_digest,
    )
    set_state(article, state, now)


def _keep_judgement(
    session: Session,
    batch: ImportBatch,
    article: Article,
    *,
    before: State,
    record: Record,
    text_changed: bool,
    now: datetime,
) -> None:
    touch(article, now)
    actor = Actor(batch.user_id, f"import {batch.id}")
    incoming = {
        "scores": {score: getattr(record, score) for score in SCORES},
        "status": record.revision_status,
        "version": record.revision_version,
        "batch": batch.id,
    }
    subject = ("article", article.source_id)
    log_event(
        session,
        "import.kept_decision",
        subject,
        actor=actor,
        now=now,
        before=before.as_json(),
        after=incoming,
    )
    if before.status == RevisionStatus.APPROVED and text_changed:
        back = replace(
            before, status=RevisionStatus.DRAFTED.value, awaiting_review=True, queue_rank=rank_of(now)
        )
        set_state(article, replace(back, published_version=None), now)
        announce(
            session,
            "article.withdrawn",
            f"article:{article.source_id}",
            cause=f"import:{batch.id}:{article.source_id}:withdrawn",
            payload={"source_id": article.source_id, "reason": "its text was imported anew"},
            now=now,
        )
    elif before.status == RevisionStatus.CHANGES_REQUESTED and not before.awaiting_review:
        set_state(article, replace(before, awaiting_review=True, queue_rank=rank_of(now)), now)
