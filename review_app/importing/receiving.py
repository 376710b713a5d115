"""Taking files in from a person or a program: what they ask for is checked, then a batch is opened for a worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.base.errors import Invalid
from review_app.base.messages import lazy_gettext as _l
from review_app.importing.batches import (
    Upload,
    add_uploads,
    check_format,
    check_quota,
    check_readable,
    open_batch,
)
from review_app.importing.decoding import check_encoding
from review_app.importing.mapping import mapping_of
from review_app.importing.models import ImportBatch
from review_app.outbox.actions import Actor

MOST_MAPPING_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Wishes:
    """How files shall be imported, as somebody said it. `mapping` is the text of a mapping file."""

    format: str | None = None
    encoding: str | None = None
    mapping: str = ""
    reason: str = ""
    expected: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """How many imports one person may have running, and begin within an hour."""

    at_once: int
    an_hour: int


def check_wishes(wishes: Wishes) -> None:
    """Raises `Invalid` for a format, an encoding or a mapping that there is not."""
    check_format(wishes.format)
    check_encoding(wishes.encoding)
    mapping_of(wishes.mapping)


def check_uploads(uploads: Sequence[Upload], wishes: Wishes) -> None:
    """Raises `Invalid` for wishes that cannot be met, or when none of the files can be read."""
    check_wishes(wishes)
    check_readable(uploads, wishes.format or None, wishes.encoding)


def mapping_text(content: bytes) -> str:
    """The text of a mapping file that was sent. Raises `Invalid`."""
    if len(content) > MOST_MAPPING_BYTES:
        most = MOST_MAPPING_BYTES // 1024
        raise Invalid(
            _l("The mapping file is too large."), {"mapping": [_l("may have %(most)s kB", most=most)]}
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            _l("The mapping file is no UTF-8 text."), {"mapping": [_l("must be a TOML file in UTF-8")]}
        ) from error


def receive(
    session: Session,
    uploads: Sequence[Upload],
    wishes: Wishes,
    *,
    origin: str,
    user: User,
    quota: Quota,
    actor: Actor,
    now: datetime,
) -> ImportBatch:
    """Keep files that were checked, in a batch that waits for a worker. Raises `TooMany` beyond the quota."""
    check_quota(session, user.id, at_once=quota.at_once, an_hour=quota.an_hour, now=now)
    batch = open_batch(
        session,
        name_of([upload.name for upload in uploads]),
        origin,
        user_id=user.id,
        actor=actor,
        now=now,
        format_name=wishes.format or None,
        encoding=wishes.encoding or None,
        mapping=wishes.mapping,
        reason=wishes.reason,
        expected=wishes.expected,
        dry_run=wishes.dry_run,
    )
    add_uploads(session, batch, uploads)
    return batch


def name_of(names: Sequence[str]) -> str:
    """What lists call an import of these files."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
