"""What an import accepts: limits, patterns, the source's words, and how a text becomes a value. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# --- fixed limits -------------------------------------------------------------------------------------------

MEBIBYTE = 1024 * 1024
HEAD_BYTES = 64 * 1024
"""How much of a file `recognise` needs to see."""
KEPT_OF_TOO_LONG = 64 * 1024
"""Bytes kept of a line or page that is refused for its length."""
MOST_TITLE_CHARACTERS = 500
MOST_EXCERPT_CHARACTERS = 300
MOST_SHORT_CHARACTERS = 200
"""For what is filtered by (topic, stack, difficulty, code language), so that an index can hold it."""
MOST_KEY_CHARACTERS = 200
MOST_DIGITS = 30
MOST_VIEWS = 2**63 - 1
MOST_READING_MINUTES = 100_000

# --- the source's words -------------------------------------------------------------------------------------

BODY = "body"
TEXT_FIELDS = (
    "title",
    "excerpt",
    "topic",
    "summary",
    "ai_brief",
    "code_language",
    "difficulty",
    "reference",
    "hash",
)
COUNT_FIELDS = ("reading_time", "view_count")
LIST_FIELDS = ("ai_outline", "stack", "tools", "checklist", "notes")
GROUP_FIELDS = ("score", "revision", "flags", "payload")
ROW_FIELDS = {"entities": ("name", "type"), "image_sources": ("source", "url", "caption")}
"""Lists of groups, with their keys in the source's order."""
COUNTS_IN_GROUPS = {"payload": frozenset({"paragraphs", "seed"})}
GROUPS_OF_COUNTS = frozenset({"score", "flags"})

IMPORTED_STATUSES = {"drafted": "drafted", "reviewed": "reviewed", "updated": "drafted"}
"""`updated` means that the text is newer than its review."""
DEFAULT_STATUS = "drafted"
DEFAULT_VERSION = "0.1.0"
"""Of an article that says none: not yet released, in the words of semver.org."""
YES = frozenset({"yes", "true", "1"})
NO = frozenset({"no", "false", "0"})

# --- patterns -----------------------------------------------------------------------------------------------

SOURCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,199}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# The grammar of semver.org, with numbers of up to nine digits. Group 1 is the core, 2 the rest.
NUMBER = r"(?:0|[1-9][0-9]{0,8})"
PRERELEASE_PART = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
BUILD_PART = r"[0-9A-Za-z-]+"
VERSION = re.compile(
    rf"({NUMBER}\.{NUMBER}\.{NUMBER})"
    rf"((?:-{PRERELEASE_PART}(?:\.{PRERELEASE_PART})*)?(?:\+{BUILD_PART}(?:\.{BUILD_PART})*)?)"
)
MOST_VERSION_CHARACTERS = 100
COUNT = re.compile(rf"0|[1-9][0-9]{{0,{MOST_DIGITS - 1}}}")
NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
SENTENCE_END = re.compile(r"""(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bcf)[.!?]["'”’)\]]*(?=\s|$)|[。！？]""")
NOT_IN_SLUGS = re.compile(r"[^a-z0-9]+")


def count_or_text(text: str) -> int | str:
    """A whole number, for formats in which all is text; what is none stays as it is, and is refused where it counts."""
    return int(text) if COUNT.fullmatch(text) else text


def underscored(label: str) -> str:
    """The name of a field from its label, as the source prints it: lower case, blanks as underscores."""
    return "_".join(label.lower().split())


def one_line(text: str) -> str:
    """Without control characters and line ends: for titles and what else stands in one line."""
    return " ".join((text if text.isprintable() else CONTROLS.sub(" ", text)).split())


def is_storable(text: str) -> bool:
    """Whether every database holds it: neither NUL nor half of a surrogate pair. Ten times as quick as a pattern."""
    if "\0" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


STANDS_IN = re.compile("[\u2400\ufffd]")
"""What `storable` puts in the place of what no database holds."""


def storable(text: str) -> str:
    """With what no database holds shown: NUL as its symbol, a lone surrogate as the replacement character."""
    return NOT_STORABLE.sub(lambda found: "\u2400" if found[0] == "\0" else "\ufffd", text)


def first_sentence(text: str) -> str:
    """The first sentence of a paragraph, at most 300 characters; cut at a word if it is longer."""
    line = one_line(text[: 4 * MOST_EXCERPT_CHARACTERS])
    end = SENTENCE_END.search(line)
    return shortened(line[: end.end()] if end else line, MOST_EXCERPT_CHARACTERS)


def shortened(text: str, most: int) -> str:
    """At most so many characters, the last of them an ellipsis if any were left out."""
    if len(text) <= most:
        return text
    whole_words = text[: most - 1].rpartition(" ")[0]
    return f"{whole_words or text[: most - 1]}…"


def slugify(title: str, source_id: str) -> str:
    """The address of an article on the public pages: ASCII, lower case, at most 93 characters, the same every time.

    It ends with twelve hex digits of the SHA-256 of the `source_id`, so that two articles of one title differ.
    """
    ascii_title = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = NOT_IN_SLUGS.sub("-", ascii_title).strip("-")[:80].rstrip("-")
    return f"{words or 'article'}-{hashlib.sha256(source_id.encode()).hexdigest()[:12]}"


def pace(seconds: float, records: int, done_and_all: tuple[int, int]) -> tuple[float | None, float | None]:
    """Records a second so far, and the seconds left by the bytes still to be read; None while neither can be told."""
    done, everything = done_and_all
    if seconds < 1 or not records:
        return None, None
    left = seconds * (everything - done) / done if done else None
    return records / seconds, left
