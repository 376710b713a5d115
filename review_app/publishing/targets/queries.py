"""Reading targets: which there are, their secrets without the secrets, and what stands at a place of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Subquery, exists, func, literal, or_, select, union, union_all
from sqlalchemy.orm import Session, joinedload

from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import Page, decode_cursor, encode_cursor, page_of
from review_app.publishing.deliveries.queries import DEAD, OPEN
from review_app.publishing.kinds.face import Action
from review_app.publishing.models import Delivery, RemoteArticle, Target
from review_app.publishing.targets.rules import MOST_DEAD_COUNTED


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What may be told of a secret: which it is, since when, and until when (None: until it is rotated)."""

    id: str
    created_at: datetime
    until: datetime | None


def get_target(session: Session, target_id: int, *, lock: bool = False) -> Target:
    """One target with its owner, or locked without. Raises `NotFound`."""
    query = select(Target).where(Target.id == target_id)
    query = query.with_for_update() if lock else query.options(joinedload(Target.owner))
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound(_l("There is no target %(number)s.", number=target_id))
    return found


def list_targets(session: Session, after: str | None = None, size: int = 25) -> Page[Target]:
    """Targets with their owners, the oldest first (so our own pages lead), a page at a time."""
    query = select(Target).options(joinedload(Target.owner)).order_by(Target.id)
    if after:
        query = query.where(Target.id > decode_cursor(after, int)[0])
    return page_of(session.scalars(query.limit(size + 1)).all(), size, lambda row: encode_cursor(row.id))


def good_secrets(target: Target, now: datetime) -> Sequence[SecretInfo]:
    """The secrets that hold now, the newest first."""
    known = [
        SecretInfo(
            one["id"],
            datetime.fromisoformat(one["created_at"]),
            datetime.fromisoformat(one["until"]) if one["until"] else None,
        )
        for one in target.sealed_secrets
    ]
    return [secret for secret in known if secret.until is None or secret.until > now]


def articles_left(session: Session, target_id: int) -> int:
    """How many articles stand at a place of others, or may: where a try ended without an answer, or goes on right now.

    What was read there, or taken down, after a worker had last begun to bring an article says more than that it began.
    """
    known = select(RemoteArticle.article_id).where(
        RemoteArticle.target_id == target_id, RemoteArticle.state != "withdrawn"
    )
    read_since = exists().where(
        RemoteArticle.target_id == Delivery.target_id,
        RemoteArticle.article_id == Delivery.article_id,
        RemoteArticle.updated_at >= Delivery.begun_at,
    )
    begun = select(Delivery.article_id).where(
        Delivery.target_id == target_id,
        Delivery.action == Action.PUBLISH.value,
        Delivery.begun_at.is_not(None),
        Delivery.article_id.is_not(None),
        or_(Delivery.state == "delivering", ~read_since),
    )
    found = union(known, begun).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def last_failure(session: Session, target: Target) -> Delivery | None:
    """What failed there last, of a target that is failing: what waits to be tried again, or else was given up."""
    if target.failing_since is None:
        return None
    here = select(Delivery).where(Delivery.target_id == target.id).limit(1)
    waiting = here.where(OPEN, Delivery.attempts > 0).order_by(Delivery.due_at.desc(), Delivery.id.desc())
    return session.scalar(waiting) or session.scalar(here.where(DEAD).order_by(Delivery.id.desc()))


def dead_counts(session: Session, target_ids: Sequence[int]) -> Mapping[int, int]:
    """How many deliveries of each of these targets were given up, at most `MOST_DEAD_COUNTED` of each."""
    if not target_ids:
        return {}
    counted = (
        select(literal(target_id).label("target_id"), func.count().label("dead")).select_from(
            _dead(target_id)
        )
        for target_id in target_ids
    )
    return {row.target_id: row.dead for row in session.execute(union_all(*counted))}


def _dead(target_id: int) -> Subquery:
    dead = select(Delivery.id).where(Delivery.target_id == target_id, DEAD)
    return dead.limit(MOST_DEAD_COUNTED).subquery()
