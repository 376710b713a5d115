"""How many articles may become public on one day, whose turn it is, and on which day the others follow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, Policy
from review_app.base.clock import zone_named
from review_app.publishing.marks import hold_mark
from review_app.publishing.models import Publication, PublishRun, PublishRunItem, RemoteArticle
from review_app.publishing.rules import AT_WORK, day_of_place, next_day, start_of_day


@dataclass(frozen=True, slots=True)
class Drip:
    """The policy's bound: so many articles a day of this zone."""

    a_day: int
    zone: ZoneInfo

    def tomorrow(self, now: datetime) -> datetime:
        """When the next day begins."""
        return next_day(now, self.zone)


def current_drip(session: Session) -> Drip | None:
    """What the policy allows now; None for any number."""
    query = select(Policy.publish_a_day, Policy.publish_zone).order_by(Policy.version.desc()).limit(1)
    found = session.execute(query).one_or_none()
    if found is None or found[0] is None:
        return None
    return Drip(found[0], zone_named(found[1]) or ZoneInfo("UTC"))


def left_today(session: Session, drip: Drip, now: datetime) -> int:
    """How many more may become public today."""
    since = start_of_day(now, drip.zone)
    used = select(PublishRunItem.run_id).where(PublishRunItem.newly, PublishRunItem.sent_at >= since)
    count = session.scalar(select(func.count()).select_from(used.limit(drip.a_day).subquery())) or 0
    return max(0, drip.a_day - count)


def room_for(session: Session, run_id: int, drip: Drip, now: datetime) -> tuple[int, int]:
    """How many a run may let out now, and how many may become public today at all: earlier runs, whose turn it is, come first.

    Until its transaction ends no other run gets an answer.
    """
    hold_mark(session, "drip")
    left = left_today(session, drip, now)
    if not left:
        return 0, 0
    ahead = session.scalar(select(func.count()).select_from(_ahead(run_id, now).limit(left).subquery())) or 0
    return left - ahead, left


def already_out(session: Session, articles: Collection[Article]) -> set[int]:
    """Those that the public can read somewhere, or that are on their way there: they become public no second time."""
    here = {article.id for article in articles if article.published_version is not None}
    others = [article.id for article in articles if article.id not in here]
    if not others:
        return here
    elsewhere = select(RemoteArticle.article_id).where(
        RemoteArticle.article_id.in_(others), RemoteArticle.state == "published"
    )
    on_the_way = (
        select(Publication.article_id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .join(Article, Article.id == Publication.article_id)
        .where(Publication.article_id.in_(others), Publication.state.in_(("delivering", "delivered")))
        .where(PublishRunItem.sent_at >= Article.decided_at)
    )
    return here | set(session.scalars(elsewhere)) | set(session.scalars(on_the_way))


def expected_days(
    session: Session, run: PublishRun, drip: Drip, *, ids: Sequence[int], now: datetime
) -> tuple[dict[int, date], date | None]:
    """On which day those of these publications go out that have to wait for their turn, and the last of the whole run."""
    if run.state not in AT_WORK:
        return {}, None
    waiting = _still_to_come(PublishRunItem.run_id == run.id).subquery()
    places = {
        article_id: place for place, article_id in enumerate(session.scalars(select(waiting.c.article_id)))
    }
    if not places:
        return {}, None
    ahead = session.scalar(select(func.count()).select_from(_ahead(run.id, now).subquery())) or 0
    left, today = left_today(session, drip, now), now.astimezone(drip.zone).date()

    def day(place: int) -> date:
        return day_of_place(ahead + place, left_today=left, a_day=drip.a_day, today=today)

    shown = select(Publication.id, Publication.article_id).where(
        Publication.id.in_(ids), Publication.state == "waiting", Publication.due_at <= now
    )
    days = {
        publication_id: day(places[article_id])
        for publication_id, article_id in session.execute(shown)
        if article_id in places
    }
    return days, day(len(places) - 1)


def last_day(session: Session, drip: Drip, newly: int, now: datetime) -> date | None:
    """On which day the last of so many more would become public, after all that waits already."""
    if not newly:
        return None
    ahead = session.scalar(select(func.count()).select_from(_ahead(None, now).subquery())) or 0
    left, today = left_today(session, drip, now), now.astimezone(drip.zone).date()
    return day_of_place(ahead + newly - 1, left_today=left, a_day=drip.a_day, today=today)


def _still_to_come(of_runs: ColumnElement[bool]) -> Select[int]:
    """The articles that have to become public yet, once each, in the order of the runs and within them."""
    return (
        select(Publication.article_id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .join(Article, Article.id == Publication.article_id)
        .where(of_runs, PublishRunItem.sent_at.is_(None), Publication.state == "waiting")
        .where(Article.published_version.is_(None))
        .group_by(Publication.article_id)
        .order_by(func.min(PublishRunItem.run_id), func.min(PublishRunItem.position))
    )


def _ahead(run_id: int | None, now: datetime) -> Select[int]:
    """Those of the runs that were started before this one (None: of all), as far as their time has come."""
    earlier = select(PublishRun.id).where(PublishRun.state.in_(AT_WORK))
    if run_id is not None:
        earlier = earlier.where(PublishRun.id < run_id)
    return _still_to_come(PublishRunItem.run_id.in_(earlier)).where(Publication.due_at <= now)
