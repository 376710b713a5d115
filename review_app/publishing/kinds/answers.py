"""What an answer of a target means: done, to be tried again and when, or gone; and how it is kept."""

from __future__ import annotations

import http
from datetime import datetime, timedelta

from review_app.base.http_date import http_date
from review_app.base.outbound import MOST_ANSWER_BYTES, Answer
from review_app.publishing.kinds.face import Result

MOST_RETRY_AFTER = timedelta(days=1)


def judge(answer: Answer, now: datetime) -> tuple[Result, str, timedelta | None]:
    """The result, a reason for a person, and what `Retry-After` asks for. Only 2xx is success; a redirect is none."""
    if 200 <= answer.status < 300:
        return Result.DONE, "", None
    said = f"it answered {answer.status}{_phrase(answer.status)}"
    if answer.status == 410:
        return Result.GONE, said, None
    if 300 <= answer.status < 400:
        said += ", which leads elsewhere; the desk does not follow"
    return Result.RETRY, said, retry_after(answer, now)


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """What `Retry-After` asks for, seconds or a date (RFC 9110, 10.2.3), up to a day; None if it says nothing we can read."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return timedelta(seconds=min(int(said[:9]), MOST_RETRY_AFTER.total_seconds()))
    moment = http_date(said)
    return None if moment is None else min(max(moment - now, timedelta(0)), MOST_RETRY_AFTER)


def response_text(answer: Answer) -> str:
    """What the log keeps of an answer: its headers and its body as text, at most 64 kB; NUL, which no database takes, shown."""
    headers = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    whole = headers.encode() + b"\n" + answer.body
    return whole[:MOST_ANSWER_BYTES].decode(errors="replace").replace("\0", "\N{SYMBOL FOR NULL}")


def _phrase(status: int) -> str:
    try:
        return f" {http.HTTPStatus(status).phrase}"
    except ValueError:
        return ""
