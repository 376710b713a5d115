"""Reading reasons."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.reviewing.reasons.models import CannedReason
from review_app.reviewing.reasons.rules import MOST_REASONS, ReasonKind


def current_reasons(session: Session, kind: ReasonKind | None = None) -> Sequence[CannedReason]:
    """The reasons that can be chosen, requests before rejections, each in the leads' order."""
    query = select(CannedReason).where(CannedReason.retired_at.is_(None))
    if kind:
        query = query.where(CannedReason.kind == kind)
    order = (CannedReason.kind.desc(), CannedReason.position, CannedReason.id)
    return session.scalars(query.order_by(*order).limit(MOST_REASONS * len(ReasonKind))).all()


def get_reason(session: Session, reason_id: int) -> CannedReason:
    """A reason that can be chosen. Raises `NotFound`."""
    found = session.get(CannedReason, reason_id)
    if found is None or found.retired_at is not None:
        raise NotFound(_l("There is no such reason any more."))
    return found
