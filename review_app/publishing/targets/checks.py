"""Whether a target can be as somebody describes it. Looks nothing up: whether a place answers is for its test to find out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from review_app.base.errors import Invalid
from review_app.base.messages import Figure
from review_app.base.messages import lazy_gettext as _l
from review_app.base.outbound import Unreachable, check_target_address
from review_app.base.settings import Settings
from review_app.publishing.deliveries.relay import PUBLIC_KINDS
from review_app.publishing.export.folder import BadFolder, parts_below
from review_app.publishing.export.rules import Format
from review_app.publishing.kinds import KINDS
from review_app.publishing.targets.rules import (
    LEAST_SECRET_BYTES,
    LONGEST,
    META_KEY,
    MOST_SECRET_BYTES,
    SHAPES,
    ZONE_ID,
    TargetKind,
    fit_secret,
)
from review_app.publishing.targets.wanted import Wanted


def kinds_on_offer() -> list[TargetKind]:
    """What can be added: our own pages are there already."""
    return [kind for kind in SHAPES if kind in KINDS and kind is not TargetKind.SITE]


def checked(wanted: Wanted, settings: Settings, *, has_password: bool) -> Wanted:
    """The same, tidied. Raises `Invalid` and says of each field what is wrong with it."""
    wanted = _tidied(wanted)
    problems: dict[str, list[str]] = {}
    for name, words in _problems(wanted, settings, has_password=has_password):
        problems.setdefault(name, []).append(words)
    if problems:
        raise Invalid(_l("Please correct what is named."), problems)
    return replace(wanted, secret=fit_secret(wanted.kind, wanted.secret) or "")


def _tidied(wanted: Wanted) -> Wanted:
    stripped = {name: getattr(wanted, name).strip() for name in LONGEST if name not in {"password"}}
    events = wanted.events and tuple(name for name in PUBLIC_KINDS if name in wanted.events)
    unknown = set(wanted.events or ()) - set(PUBLIC_KINDS)
    if unknown:
        wrong = _l("there is no event %(name)s", name=min(unknown))
        raise Invalid(_l("Please correct what is named."), {"events": [wrong]})
    if wanted.kind is TargetKind.WORDPRESS:
        stripped["url"] = stripped["url"].rstrip("/")
    return replace(wanted, **stripped, events=None if events == PUBLIC_KINDS else events)


def _problems(wanted: Wanted, settings: Settings, *, has_password: bool) -> Iterator[tuple[str, str]]:
    shape = SHAPES[wanted.kind]
    yield from _of_names(wanted)
    for name in LONGEST:
        given = getattr(wanted, name)
        if len(given) > LONGEST[name] or "\0" in given:
            yield name, _l("may have %(most)s characters, none of them NUL", most=Figure(LONGEST[name]))
        elif given and name not in {"name", *shape.fields}:
            yield name, _l("is not for this kind")
        elif not given and name in shape.needs and not (name == "password" and has_password):
            yield name, _l("is needed")
    if wanted.events is not None and "events" not in shape.fields:
        yield "events", _l("is not for this kind")
    elif wanted.events == ():
        yield "events", _l("must name at least one; to hear of nothing, switch the target off")
    yield from _of_values(wanted, settings)


def _of_names(wanted: Wanted) -> Iterator[tuple[str, str]]:
    if not wanted.name:
        yield "name", _l("is needed")
    if ":" in wanted.username:
        yield "username", _l("has no colon")
    if wanted.kind is not TargetKind.SITE and wanted.kind not in KINDS:
        yield "kind", _l("is not known to this desk")


def _of_values(wanted: Wanted, settings: Settings) -> Iterator[tuple[str, str]]:
    if wanted.secret and fit_secret(wanted.kind, wanted.secret) is None:
        yield "secret", _secret_words(wanted.kind)
    if wanted.zone_id and not ZONE_ID.fullmatch(wanted.zone_id):
        yield "zone_id", _l("has letters and digits only; it stands on the zone's page at Cloudflare")
    if wanted.meta_key and not META_KEY.fullmatch(wanted.meta_key):
        yield "meta_key", _l("has letters, digits, dashes and underscores only")
    if wanted.kind is TargetKind.EXPORT and wanted.folder:
        try:
            parts_below(settings.export_dir, wanted.folder)
        except BadFolder as error:
            yield "folder", error.args[0]
    if wanted.format and wanted.format not in set(Format):
        yield "format", _l("must be markdown or jsonl")
    if wanted.url and "url" in SHAPES[wanted.kind].fields:
        try:
            check_target_address(wanted.url, allow_private=settings.allow_private_targets)
        except Unreachable as error:
            yield "url", error.args[0]


def _secret_words(kind: TargetKind) -> str:
    if kind is TargetKind.INDEXNOW:
        return _l("must have 8 to 128 letters, digits and dashes")
    return _l(
        "must be %(least)s to %(most)s bytes in Base64, after whsec_",
        least=LEAST_SECRET_BYTES,
        most=MOST_SECRET_BYTES,
    )
