"""What a person or a program selected, as a question to the database and in words."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.articles.filters import Filters
from review_app.articles.models import Article
from review_app.review_queue.queries import waiting
from review_app.reviewing.bulk.actions import Selection
from review_app.reviewing.bulk.rules import NAMED, Action, all_outside, all_that_wait

LONGEST_ADDRESS = 4_000


def all_that_match(session: Session, filters: Filters, action: Action, back: str = "") -> Selection:
    """All that wait and match; of what is put into the queue, all that match and do not wait."""
    chips = "; ".join(text for text, _ in filters.chips(""))
    if action is Action.PUT_IN:
        found = filters.apply(session, select(Article).where(Article.awaiting_review.is_(False)))
        return Selection(all_outside(chips), found=found)
    return Selection(all_that_wait(chips), found=waiting(session, filters), back=back)


def those_named(source_ids: Sequence[str], back: str = "") -> Selection:
    """Just these."""
    return Selection(NAMED, named=source_ids, back=back)


def way_back(query_string: str) -> str:
    """The same as a query string that leads back to the queue."""
    pairs = parse_qsl(query_string.lstrip("?")[:LONGEST_ADDRESS])
    return "?" + urlencode(pairs) if pairs else ""
