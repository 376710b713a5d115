"""The verbs: ask for an import's articles to be measured, measure a few at once, forget some; and a run's lease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleBody
from review_app.evidence import passages
from review_app.evidence.likeness import names_of
from review_app.evidence.measuring import Measured, measure
from review_app.evidence.models import ArticleEvidence, EvidenceRun
from review_app.evidence.rules import MEASURE_VERSION

LEASE = timedelta(minutes=2)
READ_AT_ONCE = 10
"""So many texts are in memory, of a million characters each at worst."""
MEASURED_AT_ONCE = 500
MOST_CHARACTERS = 8_000_000
"""What is measured and not yet written comes from no more text than this and one article's."""


def request_evidence(session: Session, batch_id: int | None, now: datetime) -> EvidenceRun:
    """Have a worker measure the articles of an import, or all there are; what is measured already costs little."""
    run = EvidenceRun(batch_id=batch_id, created_at=now, leased_by=None, lease_until=None, finished_at=None)
    session.add(run)
    session.flush()
    return run


def remeasure(session: Session, article_ids: Sequence[int], now: datetime) -> None:
    """Measure a handful of articles here and now, such as those that somebody edited."""
    session.flush()
    passages.write(session, list(_measured(session, article_ids)), now)


def forget(session: Session, article_ids: Sequence[int]) -> None:
    """Take articles out of the evidence, before they are deleted: else the counts of their paragraphs would stay."""
    session.flush()
    passages.remove(session, article_ids)


def lease_run(session: Session, run_id: int, worker: str, now: datetime) -> bool:
    """Take a run that nobody works on. Returns whether this worker has it now."""
    taken = session.execute(
        update(EvidenceRun)
        .where(EvidenceRun.id == run_id, EvidenceRun.state.in_(["queued", "running"]))
        .where(EvidenceRun.lease_until.is_(None) | (EvidenceRun.lease_until <= now))
        .values(state="running", leased_by=worker, lease_until=now + LEASE)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]  # an UPDATE has one


def leased(session: Session, run_id: int, worker: str, now: datetime) -> EvidenceRun | None:
    """The run, locked and its lease renewed, if this worker still has it."""
    run = session.scalars(select(EvidenceRun).where(EvidenceRun.id == run_id).with_for_update()).one()
    if run.state != "running" or run.leased_by != worker:
        return None
    run.lease_until = now + LEASE
    return run


def measure_next(session: Session, run: EvidenceRun) -> tuple[list[Measured], int | None]:
    """Measure the next articles of a run, but for those that are measured as they are now. Writes nothing.

    Returns with them the position that the run has when they are written, or None if there are no articles left.
    """
    ids = _next_articles(session, run)
    measured, characters = [], 0
    for one in _measured(session, _unmeasured(session, ids)):
        measured.append(one)
        characters += one.characters
        if characters > MOST_CHARACTERS:
            return measured, one.article_id
    return measured, ids[-1] if ids else None


def _next_articles(session: Session, run: EvidenceRun) -> list[int]:
    query = select(Article.id).where(Article.id > run.position).order_by(Article.id).limit(MEASURED_AT_ONCE)
    return list(
        session.scalars(query if run.batch_id is None else query.where(Article.batch_id == run.batch_id))
    )


def _unmeasured(session: Session, article_ids: Sequence[int]) -> list[int]:
    query = (
        select(ArticleEvidence.article_id)
        .join(Article, Article.id == ArticleEvidence.article_id)
        .where(
            ArticleEvidence.article_id.in_(article_ids), ArticleEvidence.measure_version == MEASURE_VERSION
        )
        .where(ArticleEvidence.text_digest == Article.text_digest)
    )
    done = set(session.scalars(query))
    return [article_id for article_id in article_ids if article_id not in done]


def keep(session: Session, measured: Sequence[Measured], now: datetime) -> int:
    """Write what was measured, but for articles that have gone or changed since. Returns how many were written.

    The articles are held until the transaction ends: they can still be decided on, but neither deleted nor renamed.
    """
    ids = [one.article_id for one in measured]
    query = select(Article.id, Article.text_digest).where(Article.id.in_(ids)).order_by(Article.id)
    texts = dict(session.execute(query.with_for_update(read=True, key_share=True)).all())
    same = [one for one in measured if texts.get(one.article_id) == one.text_digest]
    passages.write(session, same, now)
    return len(same)


def _measured(session: Session, article_ids: Sequence[int]) -> Iterator[Measured]:
    columns = (Article.id, Article.text_digest, Article.title, Article.topic, Article.primary_stack)
    for start in range(0, len(article_ids), READ_AT_ONCE):
        some = article_ids[start : start + READ_AT_ONCE]
        query = select(*columns, ArticleBody.html).join(ArticleBody).where(Article.id.in_(some))
        for row in session.execute(query.order_by(Article.id)):
            names = names_of(row.topic, row.primary_stack)
            yield measure(row.id, row.text_digest, title=row.title, html=row.html, names=names)
