"""What people do with sources: add, change, pause, go on, read now, remove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete
from sqlalchemy.orm import Session

from review_app.base.errors import Invalid
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.base.outbound import Unreachable, check_address
from review_app.base.secrets import seal
from review_app.base.settings import Settings
from review_app.importing.batches import check_format
from review_app.importing.rules import NOT_STORABLE
from review_app.importing.sources import rules
from review_app.importing.sources.fetching import CannotRead
from review_app.importing.sources.folder import place_of
from review_app.importing.sources.models import ImportSource, ImportSourceItem, ImportSourceRead
from review_app.importing.sources.queries import unfinished_read
from review_app.importing.sources.rules import Kind
from review_app.outbox.actions import Actor, log_event

LOGGED = ("name", "address", "format", "username", "every_minutes")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source as somebody describes it. An empty password keeps the one that a source has."""

    kind: Kind
    name: str
    address: str
    every_minutes: int = rules.USUAL_MINUTES
    format: str | None = None
    username: str = ""
    password: str = ""

    @classmethod
    def of(cls, source: ImportSource) -> Wanted:
        """A source as it is, without its password."""
        known = {part.name: getattr(source, part.name) for part in fields(cls) if part.name != "password"}
        return cls(**known | {"kind": Kind(source.kind)})


def add_source(
    session: Session, wanted: Wanted, settings: Settings, *, user_id: int | None, actor: Actor, now: datetime
) -> ImportSource:
    """A new source, to be read at once. Raises `Invalid`."""
    wanted = _checked(wanted, settings, has_password=False)
    source = ImportSource(
        kind=wanted.kind.value,
        user_id=user_id,
        created_at=now,
        next_read_at=now,
        last_read_at=None,
        paused_at=None,
        sealed_password=None,
    )
    _take(source, wanted, settings)
    _forget_all(source)
    session.add(source)
    session.flush()
    log_event(session, "source.added", _subject(source), actor=actor, now=now, after=_logged(source))
    return source


def change_source(
    session: Session,
    source: ImportSource,
    changes: dict[str, Any],
    settings: Settings,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Change what `changes` names. Another address is another place: all of it is read anew. Raises `Invalid`."""
    old = Wanted.of(source)
    wanted = replace(old, **changes)
    if _site(wanted.address) != _site(old.address) and source.sealed_password and not wanted.password:
        problem = _l("is needed again, for another site must not get the password of this one")
        raise Invalid(_l("The password %(problem)s.", problem=problem), {"password": [problem]})
    wanted = _checked(wanted, settings, has_password=source.sealed_password is not None)
    before = _logged(source)
    _take(source, wanted, settings)
    if wanted.address != old.address:
        _forget_all(source)
        _forget_rows(session, source)
    source.next_read_at = now
    after = _logged(source) | ({"password": "changed"} if wanted.password else {})
    log_event(session, "source.changed", _subject(source), actor=actor, now=now, before=before, after=after)


def pause_source(session: Session, source: ImportSource, *, actor: Actor, now: datetime) -> None:
    """Read it no more by itself."""
    if source.paused_at is None:
        source.paused_at = now
        log_event(session, "source.paused", _subject(source), actor=actor, now=now)


def resume_source(session: Session, source: ImportSource, *, actor: Actor, now: datetime) -> None:
    """Read it again by itself, from now on, and count its failures anew."""
    if source.paused_at is not None:
        source.paused_at, source.failures, source.next_read_at = None, 0, now
        log_event(session, "source.resumed", _subject(source), actor=actor, now=now)


def remove_source(session: Session, source: ImportSource, *, actor: Actor, now: datetime) -> None:
    """Forget a source with its password and its reads. What it imported stays."""
    log_event(session, "source.removed", _subject(source), actor=actor, now=now, before=_logged(source))
    session.delete(source)


def ask_for_read(session: Session, source: ImportSource, *, actor: Actor, now: datetime) -> ImportSourceRead:
    """A read as soon as a worker is free, of a paused source too; the one that waits or is under way, if there is one."""
    read = unfinished_read(session, source.id)
    if read is None:
        read = ImportSourceRead(
            source_id=source.id,
            planned_at=now,
            state="waiting",
            leased_by=None,
            lease_until=None,
            started_at=None,
            finished_at=None,
            batch_id=None,
        )
        session.add(read)
        session.flush()
        log_event(session, "source.read_asked_for", _subject(source), actor=actor, now=now)
    return read


def _forget_rows(session: Session, source: ImportSource) -> None:
    """What was read at the old address, and the read of it that is under way: its worker will find that it is gone."""
    session.execute(delete(ImportSourceItem).where(ImportSourceItem.source_id == source.id))
    read = unfinished_read(session, source.id)
    if read is not None:
        session.delete(read)


def _checked(wanted: Wanted, settings: Settings, *, has_password: bool) -> Wanted:
    address = wanted.address.strip()
    if wanted.kind is not Kind.FEED:
        address = address.rstrip("/") or address[:1]
    wanted = replace(wanted, name=wanted.name.strip(), address=address, username=wanted.username.strip())
    problems = {name: [words] for name, words in _problems(wanted, has_password=has_password)}
    if problems:
        raise Invalid(" ".join(f"{name} {words}." for name, (words,) in problems.items()), problems)
    _check_place(wanted, settings)
    return replace(wanted, format=check_format(wanted.format))


def _problems(wanted: Wanted, *, has_password: bool) -> Iterator[tuple[str, str]]:
    yield from _unfit_texts(wanted)
    if not rules.LEAST_MINUTES <= wanted.every_minutes <= rules.MOST_MINUTES:
        yield (
            "every_minutes",
            _l(
                "must be between %(least)s and %(most)s",
                least=rules.LEAST_MINUTES,
                most=Figure(rules.MOST_MINUTES),
            ),
        )
    if wanted.kind is Kind.WORDPRESS:
        if not wanted.username or ":" in wanted.username:
            yield "username", _l("is needed, and has no colon")
        if not wanted.password and not has_password:
            yield (
                "password",
                _l("is needed: an application password, from the person's profile on that site"),
            )
    elif wanted.username or wanted.password:
        yield ("username" if wanted.username else "password"), _l("is for WordPress sites only")
    if wanted.kind is Kind.WORDPRESS and wanted.format:
        yield "format", _l("is for folders and files only")


def _unfit_texts(wanted: Wanted) -> Iterator[tuple[str, str]]:
    longest = {
        "name": rules.MOST_NAME_CHARACTERS,
        "address": rules.MOST_ADDRESS_CHARACTERS,
        "username": rules.MOST_NAME_CHARACTERS,
        "password": rules.MOST_NAME_CHARACTERS,
    }
    for name, most in longest.items():
        text = getattr(wanted, name)
        if len(text) > most or NOT_STORABLE.search(text):
            yield name, _l("may have %(most)s characters, none of them NUL", most=Figure(most))
    if not wanted.name:
        yield "name", _l("is needed")


def _check_place(wanted: Wanted, settings: Settings) -> None:
    """Raise `Invalid` for what could never be read; whether it is there now is for the reads to find out."""
    try:
        if wanted.kind is Kind.FOLDER:
            place_of(wanted.address, settings.import_folders)
        else:
            check_address(wanted.address, allow_private=settings.allow_private_targets)
    except CannotRead as error:
        raise Invalid(error.args[0], {"address": [error.args[0]]}) from error
    except Unreachable as error:
        problem = error.args[0]
        raise Invalid(_l("The address %(problem)s.", problem=problem), {"address": [problem]}) from error


def _take(source: ImportSource, wanted: Wanted, settings: Settings) -> None:
    for name in LOGGED:
        setattr(source, name, getattr(wanted, name))
    if wanted.password:
        source.sealed_password = seal(wanted.password, settings.secret_key)


def _forget_all(source: ImportSource) -> None:
    source.etag = source.last_modified = source.digest = source.modified_until = None
    source.listed_all_at = None


def _site(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.lower()


def _subject(source: ImportSource) -> tuple[str, str]:
    return "source", str(source.id)


def _logged(source: ImportSource) -> dict[str, Any]:
    return {"kind": source.kind} | {name: getattr(source, name) for name in LOGGED}
