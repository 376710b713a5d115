"""What evidence counts by: the thresholds, the placeholder services, what a link must look like. Pure.

Evidence tells facts about a text and what each rests on. It judges nothing, and no score follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from urllib.parse import urlsplit

from review_app.base.messages import lazy_gettext as _l

MEASURE_VERSION = 1
"""Raise it when articles must be measured again, and let a migration ask for it (as 0003 does)."""

STOCK_ARTICLES = 20
"""A paragraph that stands in more articles than this is stock."""
NEARLY = 0.6
"""Two paragraphs are nearly the same from this likeness on (see `likeness.likeness`): of 40 words, some 5 may differ."""
SHORTEST = 16
"""A paragraph of fewer characters, blanks aside one each, says too little to be told from chance."""
MOST_PARAGRAPHS = 2_000
"""So many paragraphs of one article are measured; no reader meets more."""
WORDS_A_MINUTE = 238
"""Silent reading of English non-fiction by adults: Brysbaert, "How many words do we read per minute?", Journal of Memory
and Language 109 (2019)."""
A_YEAR = 365

PLACEHOLDERS = (
    "picsum.photos",
    "placehold.co",
    "placehold.it",
    "placehold.jp",
    "placeholder.com",
    "placeholder.pics",
    "dummyimage.com",
    "fakeimg.pl",
    "loremflickr.com",
    "lorempixel.com",
    "placebear.com",
    "placecage.com",
    "placeimg.com",
    "placekitten.com",
    "fillmurray.com",
)
"""Services that give any image of a size that one asks for. Their subdomains count too."""
PLACEHOLDER = re.compile(
    rf"(?:^|\.)(?:(?:placeholders?|placehold|dummy-?images?)\..*|{'|'.join(map(re.escape, PLACEHOLDERS))})$"
)
"""One of those, or a host whose name says as much."""
HOST = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#:@\s]+)", re.IGNORECASE)
HOST_NAME = re.compile(r"(?=.{1,253}\.?$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{1,62}\.?")
ADDRESS_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*")
MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")

NO_ADDRESS, NO_MAILBOX, UNREADABLE = "has no address", "names no mailbox", "cannot be read as an address"
NO_HOST, NO_PORT, TWO_ADDRESSES = (
    "names no public host",
    "names no usable port",
    "holds a second address",
)
LINK_FAULTS = {
    NO_ADDRESS: _l("has no address"),
    NO_MAILBOX: _l("names no mailbox"),
    UNREADABLE: _l("cannot be read as an address"),
    NO_HOST: _l("names no public host"),
    NO_PORT: _l("names no usable port"),
    TWO_ADDRESSES: _l("holds a second address"),
}
"""What `link_fault` says, which is kept with what was measured, as it is told to a person."""


def reading_minutes(words: int) -> int:
    """How long a text takes to read, in whole minutes, at least one."""
    return max(1, round(words / WORDS_A_MINUTE))


def placeholder_host(address: str) -> str:
    """The host of an image's address, if it is a placeholder service or has a name that says so; else nothing."""
    found = HOST.match(address)
    host = found[1].lower() if found else ""
    return host if PLACEHOLDER.search(host) else ""


def link_fault(address: str) -> str:
    """Why an address leads nowhere, in plain words; empty if it is well-formed. Nothing is fetched to find out."""
    if not address:
        return NO_ADDRESS
    if address[:7].lower() == "mailto:":
        return "" if MAILBOX.fullmatch(address[7:].partition("?")[0]) else NO_MAILBOX
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return UNREADABLE
    if not HOST_NAME.fullmatch(host) and not ADDRESS_NUMBERS.fullmatch(host):
        return NO_HOST
    if port == 0:
        return NO_PORT
    return TWO_ADDRESSES if re.match(r"/*https?:?/", parts.path) else ""


def spoken_of(name: str, texts: Iterable[str]) -> int:
    """How often a name stands in some texts. Both are normalised (`likeness.normalised`)."""
    whole = re.compile(rf"(?<!\S){re.escape(name)}(?!\S)")
    return sum(len(whole.findall(text)) for text in texts) if name else 0


def years_since(then: date, today: date) -> int:
    """Whole years from one day to another, of 365 days."""
    return (today - then).days // A_YEAR
