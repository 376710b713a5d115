"""Undoing a batch: what nobody has worked on since goes back to how it was; what somebody has, is left and listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.articles.ordering import forget_days
from review_app.articles.search import forget_articles, index_article
from review_app.base.errors import Conflict, Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.evidence.actions import forget, remeasure
from review_app.importing import sentences
from review_app.importing.actions import load_articles, take_turns
from review_app.importing.merging import wait_as_before
from review_app.importing.models import TAKEN_BACK, ImportBatch, ImportBefore, ImportRow
from review_app.importing.snapshots import put_back
from review_app.outbox.actions import SYSTEM, Actor, announce, log_event
from review_app.outbox.changes import note_change, observe_change

ENDED = ("finished", "failed", "cancelled")
ROWS = 200
"""Rows of one transaction."""

WorkedOn = Callable[[Session, Sequence[int], datetime], Mapping[int, str]]
"""Which of these articles somebody works on right now, by id, and who in a few words."""


def request_undo(
    session: Session, batch: ImportBatch, reason: str, *, actor: Actor, user_id: int | None, now: datetime
) -> None:
    """Ask for a batch to be undone, or for what an earlier undo had to leave; a worker does it.

    Raises `Conflict` while it runs, and when it is undone already; `Invalid` without a reason.
    """
    if not any(character.isprintable() and not character.isspace() for character in reason):
        raise Invalid(_l("Please say why."), {"reason": [_l("is needed to undo an import")]})
    again = batch.state == "undone" and batch.left_alone > 0
    if not again and (batch.state not in ENDED or batch.undo_requested_at is not None):
        raise Conflict(_why_not(batch))
    if batch.dry_run:
        raise Conflict(_l("A dry run changed nothing, so there is nothing to undo."))
    batch.state = "finished" if again else batch.state
    batch.undo_requested_at, batch.undo_position, batch.left_alone = now, "", 0
    batch.leased_by, batch.lease_until = None, None
    subject = ("import", str(batch.id))
    log_event(
        session, "import.undo_requested", subject, actor=actor, now=now, after={"reason": reason.strip()}
    )
    note_change(
        session,
        subject,
        user_id=user_id,
        actor=actor,
        reason=reason.strip(),
        expected=sentences.UNDO_EXPECTED
        % {"created": f"{batch.created:,}", "updated": f"{batch.updated:,}", "id": batch.id},
        rollback=sentences.UNDO_ROLLBACK,
        now=now,
    )


def _why_not(batch: ImportBatch) -> str:
    if batch.state == "undone":
        return _l("This import is undone already.")
    if batch.undo_requested_at is not None:
        return _l("This import is being undone.")
    return _l("This import is still running; cancel it first.")


def undo_some(session: Session, batch: ImportBatch, worked_on: Iterable[WorkedOn], now: datetime) -> bool:
    """Undo the next rows of a batch, in the transaction that also notes how far it is. Returns whether any were left."""
    take_turns(session)
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.batch_id == batch.id, ImportRow.source_id > batch.undo_position)
        .order_by(ImportRow.source_id)
        .limit(ROWS)
    ).all()
    changed = [row for row in rows if row.outcome in {"created", "updated"} and row.undo != TAKEN_BACK]
    if changed:
        _undo_rows(session, batch, changed, worked_on, now=now)
    if rows:
        batch.undo_position = rows[-1].source_id
    return bool(rows)


def _undo_rows(
    session: Session,
    batch: ImportBatch,
    rows: Sequence[ImportRow],
    worked_on: Iterable[WorkedOn],
    *,
    now: datetime,
) -> None:
    ids = session.scalars(
        select(Article.id).where(Article.source_id.in_([row.source_id for row in rows]))
    ).all()
    articles = {article.source_id: article for article in load_articles(session, ids)}
    busy = {article: who for asked in worked_on for article, who in asked(session, ids, now).items()}
    before = {
        row.source_id: row.article
        for row in session.scalars(
            select(ImportBefore).where(
                ImportBefore.batch_id == batch.id, ImportBefore.source_id.in_(list(articles))
            )
        )
    }
    gone: list[int] = []
    back: list[int] = []
    for row in rows:
        article = articles.get(row.source_id)
        row.undo = _why_left(row, batch, article, busy) or TAKEN_BACK
        if row.undo != TAKEN_BACK or article is None:
            batch.left_alone += 1
            continue
        batch.taken_back += 1
        if row.outcome == "created":
            gone.append(article.id)
        else:
            _put_back(session, batch, article, before[row.source_id], now=now)
            back.append(article.id)
    remeasure(session, back, now)
    _take_away(session, gone)


def _put_back(
    session: Session, batch: ImportBatch, article: Article, before: dict[str, Any], *, now: datetime
) -> None:
    was_indexable = article.indexable
    with session.no_autoflush:  # a query in between would show the database an article that is half changed
        put_back(article, before, now)
    session.flush()
    # As far as the import before this one is concerned, nobody has worked on the article since.
    earlier = update(ImportRow).where(
        ImportRow.batch_id == article.batch_id, ImportRow.source_id == article.source_id
    )
    unchanged_since = earlier.where(ImportRow.row_version == before["row_version"])
    session.execute(unchanged_since.values(row_version=article.row_version))
    wait_as_before(session, article, batch.id, before.get("proposal"), actor=SYSTEM, now=now)
    index_article(session, article, article.body.plain_text)
    if article.indexable != was_indexable:
        _tell(session, batch, article, now)


def _tell(session: Session, batch: ImportBatch, article: Article, now: datetime) -> None:
    """Tell the outside that an approval holds again which the import had ended, or the other way round.

    The import told so at once, and of one article what is told last must be what holds.
    """
    announce(
        session,
        "article.approved" if article.indexable else "article.withdrawn",
        f"article:{article.source_id}",
        cause=f"import:{batch.id}:undone:{batch.undo_requested_at}:{article.source_id}",
        payload={
            "source_id": article.source_id,
            "version": article.revision_version,
            "reason": "the import of another text was undone",
        },
        now=now,
    )


def _why_left(row: ImportRow, batch: ImportBatch, article: Article | None, busy: Mapping[int, str]) -> str:
    if article is None:
        return sentences.GONE
    if article.batch_id != batch.id:
        return sentences.CHANGED_LATER % {"id": article.batch_id}
    if article.row_version != row.row_version:
        return sentences.WORKED_ON
    return busy.get(article.id, "")


def _take_away(session: Session, article_ids: list[int]) -> None:
    if not article_ids:
        return
    forget_days(session, article_ids)
    forget(session, article_ids)
    forget_articles(session, article_ids)
    session.execute(
        delete(Article).where(Article.id.in_(article_ids)).execution_options(synchronize_session=False)
    )
    session.expire_all()


def finish_undo(session: Session, batch: ImportBatch, actor: Actor, now: datetime) -> None:
    """End the undoing of a batch, and say what came of it."""
    batch.state, batch.leased_by, batch.lease_until = "undone", None, None
    done = select(ImportRow.source_id).where(ImportRow.batch_id == batch.id, ImportRow.undo == TAKEN_BACK)
    session.execute(
        delete(ImportBefore).where(ImportBefore.batch_id == batch.id, ImportBefore.source_id.in_(done))
    )
    after = {"taken_back": batch.taken_back, "left": batch.left_alone}
    subject = ("import", str(batch.id))
    log_event(session, "import.undone", subject, actor=actor, now=now, after=after)
    observe_change(
        session,
        subject,
        sentences.UNDO_OBSERVED % {"back": f"{batch.taken_back:,}", "left": f"{batch.left_alone:,}"},
        now,
    )
    announce(
        session,
        "import.undone",
        f"import:{batch.id}",
        cause=f"import:{batch.id}:undone:{batch.undo_requested_at}",
        payload={"id": batch.id, **after},
        now=now,
    )


def lease_undo(session: Session, batch_id: int, worker: str, *, until: datetime, now: datetime) -> bool:
    """Take an undo that nobody works on. Returns whether this worker has it now."""
    taken = session.execute(
        update(ImportBatch)
        .where(
            ImportBatch.id == batch_id,
            ImportBatch.undo_requested_at.is_not(None),
            ImportBatch.state != "undone",
        )
        .where(ImportBatch.lease_until.is_(None) | (ImportBatch.lease_until <= now))
        .values(leased_by=worker, lease_until=until)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one
