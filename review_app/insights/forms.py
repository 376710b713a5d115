"""The period and the zone that somebody asks for, as they stand in an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo, available_timezones

from review_app.base.errors import Invalid
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.insights.rules import DEFAULT_DAYS, EARLIEST, LATEST, MOST_DAYS, Period

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def period_of(values: Mapping[str, str], today: date) -> Period:
    """The days `from` to `to`; without them the 28 days up to `to`, or to today. Raises `Invalid` naming what is wrong."""
    wrong: dict[str, list[str]] = {}
    last = _date(values, "to", wrong) or today
    first = _date(values, "from", wrong) or last - timedelta(days=DEFAULT_DAYS - 1)
    if not wrong and first > last:
        wrong["from"] = [_l("the first day must not come after the last one.")]
    if not wrong and (last - first).days >= MOST_DAYS:
        wrong["from"] = [_l("a period may have %(most)s days.", most=Figure(MOST_DAYS))]
    if wrong:
        raise Invalid(_l("That is no period."), wrong)
    return Period(first, last)


def _date(values: Mapping[str, str], name: str, wrong: dict[str, list[str]]) -> date | None:
    text = values.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if ISO_DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        wrong[name] = [_l("“%(text)s” is no date; write it like 2026-11-16.", text=text[:40])]
        return None
    return day


def zone_of(name: str | None) -> ZoneInfo:
    """The time zone of that name; UTC without one. Raises `Invalid`."""
    if not name:
        return ZoneInfo("UTC")
    if name not in available_timezones():
        raise Invalid(
            _l("That time zone is not known."),
            {"tz": [_l("is not a known time zone, such as Europe/Berlin")]},
        )
    return ZoneInfo(name)
