"""The one place that asks what time it is. Everything else is told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def utc_now() -> datetime:
    """Now, in UTC, with its zone."""
    return datetime.now(UTC)


def utc_today() -> date:
    """Today's date in UTC."""
    return utc_now().date()


def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of this name, such as `Europe/Berlin`; None if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
