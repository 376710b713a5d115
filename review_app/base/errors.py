"""Domain errors: plain exceptions that know nothing of HTTP. `problems.py` maps them to answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """Something the desk refuses. `detail` is a sentence for the person; `extra` is data for programs."""

    title = "Refused"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class Forbidden(DomainError):
    """This person may not do that."""

    title = "Not allowed"


class NotFound(DomainError):
    """It does not exist, or this person may not know of it."""

    title = "Not found"


class Conflict(DomainError):
    """The state of the desk stands against it."""

    title = "Conflict"


class TooMany(DomainError):
    """It was tried too often; `retry_seconds` in `extra` is when it may be tried again."""

    title = "Too many tries"


class Invalid(DomainError):
    """What was sent breaks a rule. `fields` names each wrong field with its messages."""

    title = "Not valid"

    def __init__(self, detail: str, fields: Mapping[str, list[str]] | None = None, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.fields: dict[str, list[str]] = {
            name: list(messages) for name, messages in (fields or {}).items()
        }
