"""When two texts are the same, or nearly: normal form, digest, MinHash and the likeness itself. Pure.

The likeness of two texts is the resemblance of Broder, "On the resemblance and containment of documents" (1997): of all
pairs of neighbouring words in either, the share that stands in both (Jaccard). Which texts may be alike is found through
MinHash: of the hashes of a text's pairs the smallest in each eighth of their range, which two texts have in common with
just that probability; an eighth without any borrows from the next (Li, Owen and Zhang, "One permutation hashing", 2012;
Shrivastava and Li, "Densifying one permutation hashing via rotation", 2014). Two of the eight make a band, and texts that
share a band are candidates (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3): with 4 bands, 98 %
of those with a likeness of 0.8 are met.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from hashlib import blake2b
from html import unescape
from itertools import pairwise
from zlib import crc32

WORD = re.compile(r"[^\W_]+[+#]*")
BANDS = 4
EIGHTH = 2**32 // (2 * BANDS)
FEWEST_WORDS = 8
"""Shorter texts have no bands: one other word would already make another text of them."""
NAMED = "\N{SECTION SIGN}"
"""Stands for a declared name, so that texts which differ in the name alone are alike."""


def normalised(text: str) -> str:
    """A text of HTML entities without case, punctuation and line ends: its words, one blank apart."""
    if "&" in text:
        text = unescape(text)
    return " ".join(WORD.findall(text.lower()))


def digest_of(normal: str) -> int:
    """The digest of a normalised text: a whole number of 64 bits with a sign, as databases keep them."""
    return int.from_bytes(blake2b(normal.encode(), digest_size=8).digest(), "big", signed=True)


def without_names(normal: str, names: Sequence[str]) -> str:
    """A normalised text with each name, itself normalised, replaced by the same mark."""
    text = f" {normal} "
    for name in names:
        text = text.replace(f" {name} ", f" {NAMED} ")
    return text.strip()


def bands_of(normal: str) -> list[int] | list[None]:
    """The bands of a normalised text as numbers of 64 bits with a sign; of a short one, None each.

    What they are made of is part of what is stored: with other hashes, everything must be measured again.
    """
    words = normal.encode().split(b" ")
    if len(words) < FEWEST_WORDS:
        return [None] * BANDS
    pairs = sorted(map(crc32, words[1:], map(crc32, words)))
    least = [pairs[bisect_left(pairs, eighth * EIGHTH) % len(pairs)] for eighth in range(2 * BANDS)]
    return [signed(least[band] << 32 | least[band + BANDS]) for band in range(BANDS)]


def likeness(one: str, other: str) -> float:
    """How alike two normalised texts are, from 0 to 1."""
    ours, theirs = set(pairwise(one.split(" "))), set(pairwise(other.split(" ")))
    return len(ours & theirs) / (len(ours | theirs) or 1)


def signed(number: int) -> int:
    """A number of 64 bits as one with a sign."""
    return number - 2**64 if number >= 2**63 else number


# --- titles -----------------------------------------------------------------------------------------------------------

TITLE_PARTS = 3
FEWEST_TITLE_WORDS = 4


def title_parts(normal: str) -> list[int | None]:
    """Keys of a title of which those of two nearly equal titles share at least one.

    Its words are dealt into three parts by their hashes; another word can change two of the parts at most, so the third
    is equal: the pigeonhole of Manku, Jain and Das Sarma, "Detecting near-duplicates for web crawling" (2007). A part
    without words has no key.
    """
    parts: list[list[str]] = [[] for _ in range(TITLE_PARTS)]
    words = sorted(set(normal.split()))
    if len(words) < FEWEST_TITLE_WORDS:
        return [None] * TITLE_PARTS
    for word in words:
        parts[crc32(word.encode()) % TITLE_PARTS].append(word)
    return [digest_of(" ".join(part)) if part else None for part in parts]


def nearly_same_title(one: str, other: str) -> bool:
    """Whether normalised titles have the same words in any order, or but for one: changed, added or left out."""
    ours, theirs = set(one.split()), set(other.split())
    enough = min(len(ours), len(theirs)) >= FEWEST_TITLE_WORDS
    return enough and max(len(ours - theirs), len(theirs - ours)) <= 1


def names_of(topic: str, stack: str) -> list[str]:
    """What an article says it is about, normalised: the stack, then each part of the topic; the longest first."""
    names = {normalised(part) for part in (stack, *topic.split("/"))}
    return sorted(filter(None, names), key=lambda name: (-len(name), name))
