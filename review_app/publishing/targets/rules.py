"""What each kind of target is told of itself, what a secret may be, and how an answer of a place is shown. Pure."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final


class TargetKind(StrEnum):
    """What a target is; each has a file in `kinds/`."""

    WEBHOOK = "webhook"
    WORDPRESS = "wordpress"
    CLOUDFLARE = "cloudflare"
    INDEXNOW = "indexnow"
    EXPORT = "export"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a kind is described by: what it needs, what it may have besides, and whether the desk makes its secret."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    usual_url: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """All of them, in the order in which they are asked for."""
        return tuple(name for name in ORDER if name in self.needs + self.may)

    @property
    def has_secret(self) -> bool:
        """Whether it has secrets that are made here and rotated; a password is made by the place."""
        return "secret" in self.may


ORDER: Final = ("url", "zone_id", "username", "password", "meta_key", "folder", "format", "events", "secret")
OPTIONS: Final = ("zone_id", "meta_key", "folder", "format")
"""The fields that only the kind itself knows; they are kept in `Target.options`."""

SHAPES: Final[Mapping[TargetKind, Shape]] = {
    TargetKind.WEBHOOK: Shape(needs=("url",), may=("events", "secret")),
    TargetKind.WORDPRESS: Shape(needs=("url", "username", "password"), may=("meta_key",)),
    TargetKind.CLOUDFLARE: Shape(
        needs=("zone_id", "password"), may=("url",), usual_url="https://api.cloudflare.com/client/v4"
    ),
    TargetKind.INDEXNOW: Shape(may=("url", "secret"), usual_url="https://api.indexnow.org/indexnow"),
    TargetKind.EXPORT: Shape(needs=("folder",), may=("format",)),
    TargetKind.SITE: Shape(),
}

HOLDS_ARTICLES: Final = frozenset({TargetKind.WORDPRESS, TargetKind.EXPORT})
"""The kinds to which articles are brought, where they stay until they are taken away."""

LONGEST: Final[Mapping[str, int]] = {
    "name": 100,
    "url": 2_000,
    "zone_id": 100,
    "username": 100,
    "password": 500,
    "meta_key": 100,
    "folder": 1_000,
    "format": 20,
    "secret": 200,
}
"""Characters of each field."""

MOST_OVERLAP_HOURS, USUAL_OVERLAP_HOURS = 168, 24
"""How long an old secret may stay good beside a new one, and how long it does if nobody says."""

MARK: Final = "whsec_"
"""Before every secret of Standard Webhooks."""
LEAST_SECRET_BYTES, MOST_SECRET_BYTES, MADE_SECRET_BYTES = 24, 64, 32
INDEXNOW_KEY: Final = re.compile(r"[A-Za-z0-9-]{8,128}")
META_KEY: Final = re.compile(r"[0-9A-Za-z_-]{1,100}")
ZONE_ID: Final = re.compile(r"[0-9A-Za-z_-]{1,100}")

SHOWN_CHARACTERS: Final = 16_000
"""So much of an answer stands on a page; the API has all that was kept."""

MOST_DEAD_COUNTED: Final = 1_000

UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
    "|[\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What is no letter and could act: on a terminal, on the direction of a line, or by not being seen."""


def made_secret(kind: TargetKind) -> str:
    """A fresh secret of 32 random bytes.

    For a webhook as Standard Webhooks writes it (https://github.com/standard-webhooks/standard-webhooks, "Symmetric"); for
    IndexNow a key of 64 hexadecimal digits (https://www.indexnow.org/documentation: 8 to 128 letters, digits and dashes).
    """
    fresh = secrets.token_bytes(MADE_SECRET_BYTES)
    return fresh.hex() if kind is TargetKind.INDEXNOW else MARK + base64.b64encode(fresh).decode()


def fit_secret(kind: TargetKind, secret: str) -> str | None:
    """A secret as it is kept, or None for one that cannot be: those of webhooks are 24 to 64 bytes in Base64."""
    if kind is TargetKind.INDEXNOW:
        return secret if INDEXNOW_KEY.fullmatch(secret) else None
    try:
        key = base64.b64decode(secret.removeprefix(MARK), validate=True)
    except ValueError:
        return None
    fits = LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES
    return MARK + secret.removeprefix(MARK) if fits else None


def fit_overlap(hours: int) -> timedelta | None:
    """How long the old secret stays good, or None for what is out of range; 0 ends it at once."""
    return timedelta(hours=hours) if 0 <= hours <= MOST_OVERLAP_HOURS else None


def harmless(text: str) -> str:
    """What a place of others said, for a page or a terminal: every character that is no text stands as `�`."""
    return UNSEEN.sub("\ufffd", text.replace("\r\n", "\n"))
