"""Dates as other servers write them in their headers, whatever nonsense they send instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)


def http_date(said: str) -> datetime | None:
    """A date as RFC 9110 (5.6.7) writes it, in UTC, two days off the ends of the calendar at least; None for what is none.

    A year or a day of twenty figures makes Python raise `OverflowError`, and so does a zone at the end of its calendar.
    """
    try:
        moment = parsedate_to_datetime(said)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return min(max(moment, EARLIEST), LATEST)
