"""Reading decisions and the policy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session, aliased, joinedload

from review_app.accounts.models import User
from review_app.articles.models import Article, Policy
from review_app.articles.rules import Ranking
from review_app.base.errors import NotFound
from review_app.base.messages import lazy_gettext as _l
from review_app.base.paging import PAGE_ROWS, Page, decode_cursor, encode_cursor, page_of
from review_app.importing.models import MergeProposal
from review_app.reviewing.models import CHOSEN, ChecklistItem, Decision, ReviewSlot
from review_app.reviewing.reasons.models import CannedReason
from review_app.reviewing.reasons.rules import MOST_USES
from review_app.reviewing.rules import COUNTED, Outcome


@dataclass(frozen=True, slots=True)
class Rules:
    """The policy that holds: its version (0 before any was set), the floor of each score that has one, the checklist.

    The rest is explained at `Policy`.
    """

    version: int
    floors: dict[str, int]
    checklist: Sequence[ChecklistItem]
    keep_indexable: bool = False
    ranking: Ranking = Ranking.OLDEST
    due_after_days: int | None = None
    due_a_day: int | None = None
    bulk_approve_limit: int = 0
    publish_a_day: int | None = None
    publish_zone: str = "UTC"
    publish_on_approval: bool = False


def current_rules(session: Session) -> Rules:
    """The policy and checklist that hold now."""
    policy = session.scalar(select(Policy).order_by(Policy.version.desc()).limit(1))
    items = session.scalars(
        select(ChecklistItem)
        .where(ChecklistItem.retired_at.is_(None))
        .order_by(ChecklistItem.position, ChecklistItem.id)
    ).all()
    if policy is None:
        return Rules(0, {}, items)
    return Rules(
        policy.version,
        policy.floors,
        items,
        policy.keep_indexable,
        Ranking(policy.ranking),
        policy.due_after_days,
        policy.due_a_day,
        policy.bulk_approve_limit,
        policy.publish_a_day,
        policy.publish_zone,
        policy.publish_on_approval,
    )


def known_items(session: Session, ids: Collection[int]) -> set[int]:
    """Those of the numbers that are, or once were, lines of the checklist."""
    storable = [number for number in ids if abs(number) < 2**63]
    return set(session.scalars(select(ChecklistItem.id).where(ChecklistItem.id.in_(storable))))


def uses_of_reasons(session: Session) -> dict[int, int]:
    """How many decisions name each reason that can be chosen, counted to one more than `MOST_USES`."""
    some = select(Decision.id).where(Decision.reason_id == CannedReason.id, CHOSEN).limit(MOST_USES + 1)
    uses = select(func.count()).select_from(some.correlate(CannedReason).subquery()).scalar_subquery()
    rows = session.execute(select(CannedReason.id, uses).where(CannedReason.retired_at.is_(None)))
    return dict(rows.all())


def policy_versions(session: Session, size: int = 20) -> Sequence[Policy]:
    """The latest versions of the policy, the newest first."""
    return session.scalars(select(Policy).order_by(Policy.version.desc()).limit(size)).all()


def get_decision(session: Session, decision_id: int) -> Decision:
    """One decision with its article and reviewer. Raises `NotFound`."""
    found = session.scalar(
        select(Decision)
        .where(Decision.id == decision_id)
        .options(joinedload(Decision.article), joinedload(Decision.reviewer))
    )
    if found is None:
        raise NotFound(_l("There is no decision %(number)s.", number=decision_id))
    return found


def decided_since(session: Session, user: User, moment: datetime) -> int:
    """How much this person has decided since then, saves aside: a sum of quarters of an hour."""
    return (
        session.scalar(
            select(func.sum(ReviewSlot.decisions)).where(
                ReviewSlot.reviewer_id == user.id,
                ReviewSlot.slot_start >= moment,
                ReviewSlot.outcome.in_(COUNTED),
            )
        )
        or 0
    )


def undone_decision(session: Session, article: Article, user: User, number: str) -> Decision | None:
    """This person's own decision on this article, if it is rolled back."""
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    undoing = aliased(Decision)
    return session.scalar(
        select(Decision)
        .join(undoing, undoing.reverts_id == Decision.id)
        .where(
            Decision.id == int(number),
            Decision.article_id == article.id,
            Decision.reviewer_id == user.id,
        )
    )


def list_merges(session: Session, after: str | None = None, size: int = PAGE_ROWS) -> Page[MergeProposal]:
    """The open proposals with their articles, the oldest first, a page at a time."""
    # The state stands in the statement itself: SQLite reads a partial index only where the query says its condition.
    is_open = MergeProposal.state == literal_column("'open'")
    query = select(MergeProposal).where(is_open).options(joinedload(MergeProposal.article))
    query = query.order_by(MergeProposal.id).limit(size + 1)
    if after:
        query = query.where(MergeProposal.id > decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda proposal: encode_cursor(proposal.id))


def history(session: Session, article: Article, after: str | None = None, size: int = 50) -> Page[Decision]:
    """The article's decisions, the newest first, a page at a time."""
    query = select(Decision).where(Decision.article_id == article.id).options(joinedload(Decision.reviewer))
    query = query.order_by(Decision.id.desc()).limit(size + 1)
    if after:
        query = query.where(Decision.id < decode_cursor(after, int)[0])
    return page_of(session.scalars(query).all(), size, lambda decision: encode_cursor(decision.id))


def standing_decision(session: Session, article: Article) -> Decision | None:
    """The last decision that nobody has rolled back: the one that made the article what it is."""
    undoing = aliased(Decision)
    return session.scalar(
        select(Decision)
        .outerjoin(undoing, undoing.reverts_id == Decision.id)
        .where(Decision.article_id == article.id, Decision.outcome != Outcome.ROLLBACK, undoing.id.is_(None))
        .order_by(Decision.id.desc())
        .limit(1)
    )
