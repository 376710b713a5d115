"""Saving a draft and ending it. A draft changes nothing of the article: it raises no version and renews no lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, or_
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.errors import Conflict, Invalid
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.reviewing.drafts.models import Draft
from review_app.reviewing.drafts.rules import (
    ENDED_KEPT_FOR,
    KEPT_FOR,
    LATEST_SEQUENCE,
    LONGEST_TAB,
    MOST_CHARACTERS,
    MOST_VALUES,
    Fields,
    sequence_at,
)


class NewerDraft(Conflict):
    """What was sent is older than the draft that is kept; `sequence` and `saved_at` are those of the newer one."""

    title = "A newer draft is kept"

    def __init__(self, draft: Draft) -> None:
        super().__init__(
            _l("A newer draft of yours is kept already. Nothing was saved over it."),
            sequence=draft.sequence,
            saved_at=draft.saved_at.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form of an open page (`tab`; empty if it is none).

    `row_version` and `text_digest` are those of the article as that page shows it. `sequence` says when it was typed (None:
    now), `knows` is the sequence of the draft that the page was opened with.
    """

    fields: Fields
    row_version: int
    text_digest: str = ""
    tab: str = ""
    sequence: int | None = None
    knows: int = 0


@dataclass(frozen=True, slots=True)
class Saved:
    """What is kept now. `taken` is False if what was sent came too late.

    `elsewhere` is when another page of the same person had saved what this page did not know of.
    """

    draft: Draft
    taken: bool
    elsewhere: datetime | None


def save_draft(session: Session, article: Article, user: User, typed: Typed, *, now: datetime) -> Saved:
    """Keep what was typed, unless newer is kept already. The caller holds the article's row.

    Whoever holds the claim, and whatever happened to the article: a draft is always kept. Raises `Invalid` if it is too
    long.
    """
    _check_size(typed)
    before = session.get(Draft, (user.id, article.id))
    elsewhere = _elsewhere(before, typed)
    sequence = typed.sequence if typed.sequence is not None else _next_sequence(before, now)
    draft = _put(session, article, user, typed, sequence=min(sequence, LATEST_SEQUENCE), now=now)
    if draft is not None:
        return Saved(draft, taken=True, elsewhere=elsewhere)
    return Saved(session.get_one(Draft, (user.id, article.id)), taken=False, elsewhere=elsewhere)


def end_draft(session: Session, article: Article, user: User, *, tab: str, now: datetime) -> None:
    """The draft was decided or discarded. What comes late from the page it was done on (`tab`) is not kept any more."""
    if not tab:
        session.execute(delete(Draft).where(Draft.article_id == article.id, Draft.user_id == user.id))
        return
    nothing: dict[str, Any] = {
        "fields": {},
        "tab": tab[:LONGEST_TAB],
        "ended_at": now,
        "keep_until": now + ENDED_KEPT_FOR,
        "saved_at": now,
    }
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    ended = insert(Draft).values(
        user_id=user.id, article_id=article.id, row_version=0, text_digest="", sequence=0, **nothing
    )
    session.execute(ended.on_conflict_do_update(index_elements=["user_id", "article_id"], set_=nothing))


def remove_expired(session: Session, now: datetime) -> int:
    """Remove the drafts whose time has passed. Returns how many."""
    gone = session.execute(delete(Draft).where(Draft.keep_until <= now).returning(Draft.article_id))
    return len(gone.all())


def _check_size(typed: Typed) -> None:
    values = [value for given in typed.fields.values() for value in given]
    if len(values) > MOST_VALUES or sum(map(len, values)) > MOST_CHARACTERS:
        raise Invalid(
            _l("That is more than a draft may hold."),
            {"note": [_l("may have %(most)s characters as a draft", most=Figure(MOST_CHARACTERS))]},
        )


def _elsewhere(before: Draft | None, typed: Typed) -> datetime | None:
    if before is None or before.ended_at is not None or not typed.tab:
        return None
    known = before.tab == typed.tab or before.sequence <= typed.knows
    return None if known else before.saved_at


def _next_sequence(before: Draft | None, now: datetime) -> int:
    return max(sequence_at(now), before.sequence + 1 if before else 0)


def _put(
    session: Session, article: Article, user: User, typed: Typed, *, sequence: int, now: datetime
) -> Draft | None:
    """The draft as it is kept now; None if what was kept is newer, or if the page it came from has ended it."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    fresh = insert(Draft).values(
        user_id=user.id,
        article_id=article.id,
        fields=typed.fields,
        row_version=typed.row_version,
        text_digest=typed.text_digest or _text_read(article, typed),
        tab=typed.tab[:LONGEST_TAB],
        sequence=sequence,
        saved_at=now,
        ended_at=None,
        keep_until=now + KEPT_FOR,
    )
    given = fresh.excluded
    names = ("fields", "row_version", "text_digest", "tab", "sequence", "saved_at", "ended_at", "keep_until")
    newer = and_(Draft.ended_at.is_(None), Draft.sequence < given.sequence)
    begins_anew = and_(Draft.ended_at.is_not(None), Draft.tab != given.tab)
    kept = fresh.on_conflict_do_update(
        index_elements=["user_id", "article_id"],
        set_={name: given[name] for name in names},
        where=or_(newer, begins_anew),
    ).returning(Draft)
    return session.scalar(kept, execution_options={"populate_existing": True})


def _text_read(article: Article, typed: Typed) -> str:
    return article.text_digest if typed.row_version == article.row_version else ""
