"""The one place that asks what time it is. Everything else is told."""

from __future__ import annotations

from datetime import UTC, date, datetime


def utc_now() -> datetime:
    """Now, in UTC, with its zone."""
    return datetime.now(UTC)


def utc_today() -> date:
    """Today's date in UTC."""
    return utc_now().date()
