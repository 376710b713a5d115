"""What every kind of target can do, and what it is told and tells. A kind knows no session: it talks to the outside alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from review_app.publishing.kinds.robots import forbids


class Action(StrEnum):
    """What a delivery is to do there."""

    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    TELL = "tell"


class Result(StrEnum):
    """How a try ended.

    `RETRY`: it may succeed later. `FAILED`: it never will as it is; dead at once. `GONE`: the place says it is no more (410);
    it is switched off at once. `LATER`: it was not tried, since those before it showed that nobody is there; does not count.
    """

    DONE = "done"
    RETRY = "retry"
    FAILED = "failed"
    GONE = "gone"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Place:
    """A target with its secrets opened; `secrets` are those to sign with now, the newest first."""

    target_id: int
    kind: str
    name: str
    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    site_url: str = ""
    """Where the public reaches our own pages, without a slash at its end; empty when `REVIEW_BASE_URL` is not set."""
    allow_private: bool = False
    export_dir: str = ""
    """The folder below which exports may be written; empty when `REVIEW_EXPORT_DIR` is not set."""


@dataclass(frozen=True, slots=True)
class Remote:
    """What an article is there, as it was last read there."""

    remote_id: str = ""
    guid: str = ""
    url: str = ""
    state: str = "unknown"
    version: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """An article as it is to stand there, read from the desk at the moment it is sent.

    `indexable` is what the desk says now, whatever the event said; `html` is the text that was approved.
    """

    article_id: int
    source_id: str
    slug: str
    version: str
    indexable: bool
    title: str
    excerpt: str
    html: str
    public_url: str
    remote: Remote | None = None
    imported_from: Mapping[str, Any] = field(default_factory=dict)
    """What the import kept of its origin, such as WordPress's `post_id` and `guid`."""
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The whole of it in the names of JSON Lines, as an export holds it; empty where no text may go out."""


def always() -> bool:
    """For what nobody takes back while it is sent."""
    return True


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery as its kind gets it. `sequence` rises from event to event of one subject.

    `is_wanted` asks the desk anew: a kind whose call takes long asks before each article that it publishes, and answers
    `Result.LATER` for what is not to be sent any more.
    """

    delivery_id: int
    message_id: str
    action: Action
    kind: str
    subject: str
    sequence: int
    happened_at: datetime
    payload: Mapping[str, Any]
    content: Content | None = None
    is_wanted: Callable[[], bool] = field(default=always, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended. `request` is kept in the log and holds no secret; `response` is cut to 64 kB; `reason` is for a person."""

    result: Result
    reason: str = ""
    status: int | None = None
    retry_after: timedelta | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    response: str = ""
    remote: Remote | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the public sees of an article at one address. `reachable` False: nobody answered, so nothing is known.

    `robots_meta` and `robots_header` are all that is said to search engines, to whichever and wherever on the page. `hidden`:
    each that counts is told beyond doubt not to index it. `expired`: some are told that its time is over.
    """

    url: str
    reachable: bool
    status: int | None = None
    robots_meta: str | None = None
    robots_header: str | None = None
    hidden: bool = False
    expired: bool = False
    canonical: str | None = None
    in_sitemap: bool | None = None
    cache_control: str | None = None
    reason: str = ""

    @property
    def indexable(self) -> bool | None:
        """Whether every search engine would index what is there: nothing keeps any of them away; None when that is not known."""
        if not self.reachable:
            return None
        forbidden = forbids(self.robots_meta or "") or forbids(self.robots_header or "")
        return self.status == 200 and not forbidden and not self.expired

    @property
    def may_be_indexed(self) -> bool | None:
        """Whether some search engine may index what is there; None when that is not known."""
        if not self.reachable or self.status is None:
            return None
        return 200 <= self.status < 300 and not self.hidden


class Kind(Protocol):
    """A kind of target. Each of the three verbs takes parcels of one action, at most `at_once`, and answers one outcome each."""

    name: str
    at_once: int
    senders: int
    """How many threads may call its verbs at the same time for one place."""
    hears: frozenset[str] | None
    """The kinds of events it is sent; None is what each target chooses."""

    def check(self, place: Place) -> Outcome:
        """Whether the place can be reached and takes our credentials, changing nothing there."""

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Bring these there. Doing it twice is the same as once."""

    def withdraw(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Take these away: not indexable first, gone second."""

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Tell of what concerns no article's page, such as a finished import."""

    def verify(self, place: Place, content: Content) -> Seen | None:
        """What the public sees of this article there; None where there is nothing to see."""
