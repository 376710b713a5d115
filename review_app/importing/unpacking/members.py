"""What an archive is taken apart into, and how its members are named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from review_app.importing import rules
from review_app.importing.limits import Limits
from review_app.importing.unpacking.streams import MemberStream, Packed

MOST_NAME_CHARACTERS = 200
SEPARATOR = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True)
class UnreadableMember:
    """A member that is refused, or a whole archive: its name, and why in plain words."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Archive:
    """What is taken apart: its name, the file it is in, and what it may hold."""

    name: str
    packed: Packed
    limits: Limits


@dataclass(frozen=True, slots=True)
class Member:
    """A file to import. It can be read while no further member has been asked for.

    `opening` gives a function that reads on from the member's beginning.
    """

    name: str
    packed: Packed
    opening: Callable[[], Callable[[int], bytes]]

    def open(self) -> MemberStream:
        """A fresh stream of it, from its beginning. Reading raises `UnreadableFile` where it is damaged or a bomb."""
        return MemberStream(self.opening())

    def packed_position(self) -> int:
        """How many bytes of the file that it is in have been read; it never goes back."""
        return self.packed.furthest


def shown_name(archive: str, inner: str) -> str:
    """The name of a member as people see it, such as `pages.zip/a/b.txt`; nothing is ever written under it."""
    plain = "".join(
        character if character.isprintable() else "\ufffd" for character in inner[: 2 * MOST_NAME_CHARACTERS]
    )
    return f"{archive}/{rules.shortened(plain, MOST_NAME_CHARACTERS)}"


def is_passed_over(inner: str) -> bool:
    """Whether a member is none to import: what systems add to an archive, and hidden files."""
    parts = SEPARATOR.split(inner)
    hidden = any(part.startswith(".") and part.strip(".") for part in parts)
    return hidden or "__MACOSX" in parts or not parts[-1]
