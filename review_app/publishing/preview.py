"""What a publish run would do, before it does anything: which articles, to which targets, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.publishing.actions import Order, portions, sorted_out
from review_app.publishing.drip import current_drip, last_day
from review_app.publishing.models import Publication, Target
from review_app.publishing.queries import Candidate, enabled_targets, stands


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """How many articles one target would be sent, and how many it has already."""

    target: Target
    sends: int
    has: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would take on and refuse; `newly` of the articles would become public.

    `a_day`: how many the policy allows on one day of `zone`, None for any number; `last_day`: when the last would, by that.
    """

    accepted: Sequence[str]
    refused: Sequence[dict[str, str]]
    targets: Sequence[TargetPlan]
    newly: int
    a_day: int | None
    zone: str
    last_day: date | None


def preview_run(session: Session, order: Order, now: datetime) -> Preview:
    """Ask what a run would do. Writes nothing. Raises `Invalid` for whatever `start_run` does."""
    chosen, refused = sorted_out(session, order, now)
    newly = sum(article.published_version is None for article in chosen)
    drip = current_drip(session)
    return Preview(
        accepted=[article.source_id for article in chosen],
        refused=refused,
        targets=[_plan(session, target, chosen) for target in enabled_targets(session)],
        newly=newly,
        a_day=drip.a_day if drip else None,
        zone=drip.zone.key if drip else "",
        last_day=last_day(session, drip, newly, max(now, order.publish_at or now)) if drip else None,
    )


def _plan(session: Session, target: Target, chosen: Sequence[Candidate]) -> TargetPlan:
    has = 0
    for some in portions(chosen):
        query = (
            select(func.count())
            .select_from(Publication)
            .join(Article, Article.id == Publication.article_id)
            .where(Publication.target_id == target.id, Publication.article_id.in_([one.id for one in some]))
            .where(Publication.version == Article.revision_version, stands())
        )
        has += session.scalar(query) or 0
    return TargetPlan(target, len(chosen) - has, has)
