"""What programs send to describe a target, and what they are told of targets and deliveries. No secret is told but once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from review_app.articles.schemas import RowId
from review_app.base.api import Input, PageQuery, Text
from review_app.publishing.deliveries.rules import State, shown_state
from review_app.publishing.models import Delivery, DeliveryAttempt, Target
from review_app.publishing.targets.queries import SecretInfo, good_secrets
from review_app.publishing.targets.rules import (
    LONGEST,
    MOST_OVERLAP_HOURS,
    OPTIONS,
    USUAL_OVERLAP_HOURS,
    TargetKind,
    harmless,
)
from review_app.publishing.targets.wanted import Wanted

KindName = Literal["webhook", "wordpress", "cloudflare", "indexnow", "export"]
EventName = Literal[
    "article.approved", "article.published", "article.withdrawn", "import.finished", "publish_run.finished"
]
Name = Annotated[Text, Meta(min_length=1, max_length=LONGEST["name"], description="No two have the same.")]
Url = Annotated[
    Text,
    Meta(
        max_length=LONGEST["url"],
        description="Where a webhook is sent; the address of a WordPress site; another API or endpoint than the usual one.",
    ),
]
Username = Annotated[Text, Meta(max_length=LONGEST["username"], description="Of a WordPress site.")]
Password = Annotated[
    Text,
    Meta(
        max_length=LONGEST["password"],
        description="An application password of WordPress, or an API token of Cloudflare. Kept sealed, never told.",
    ),
]
Secret = Annotated[
    Text,
    Meta(
        max_length=LONGEST["secret"],
        description="What webhooks are signed with (`whsec_` and 24 to 64 bytes in Base64), or a key of IndexNow. "
        "Made by the desk if left out.",
    ),
]
Events = Annotated[
    list[EventName], Meta(min_length=1, description="What a webhook is told of; null is everything.")
]
ZoneId = Annotated[Text, Meta(max_length=LONGEST["zone_id"], description="Of a Cloudflare zone.")]
MetaKey = Annotated[
    Text,
    Meta(max_length=LONGEST["meta_key"], description="Of a WordPress site, if it is not that of our plugin."),
]
Folder = Annotated[
    Text,
    Meta(
        max_length=LONGEST["folder"],
        description="Where an export is written: a path from `REVIEW_EXPORT_DIR`, or a whole one below it.",
    ),
]
FormatName = Annotated[
    Literal["", "markdown", "jsonl"],
    Meta(description="Of the files of an export; empty is `markdown`, and what other kinds have."),
]


class NewTarget(Input, frozen=True, kw_only=True):
    """A target to add. Which fields it needs depends on its kind."""

    kind: KindName
    name: Name
    url: Url = ""
    secret: Secret = ""
    username: Username = ""
    password: Password = ""
    events: Events | None = None
    zone_id: ZoneId = ""
    meta_key: MetaKey = ""
    folder: Folder = ""
    format: FormatName = ""
    enabled: bool = True

    def as_wanted(self) -> Wanted:
        """The same for the action."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        events = None if self.events is None else tuple(self.events)
        return Wanted(**values | {"kind": TargetKind(self.kind), "events": events})


class TargetChanges(Input, frozen=True, kw_only=True):
    """What to change of a target. What is left out stays. Another site needs the password again."""

    name: Name | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    username: Username | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    events: Events | UnsetType | None = UNSET
    zone_id: ZoneId | UnsetType = UNSET
    meta_key: MetaKey | UnsetType = UNSET
    folder: Folder | UnsetType = UNSET
    format: FormatName | UnsetType = UNSET
    enabled: (
        Annotated[
            bool, Meta(description="To a target that is switched off nothing is sent; what is due waits.")
        ]
        | UnsetType
    ) = UNSET
    leave_articles: Annotated[
        bool,
        Meta(
            description="Go to another site or folder although articles stand at the old one: they have moved along, or may "
            "stay. Otherwise that is refused (409)."
        ),
    ] = False

    def named(self) -> dict[str, Any]:
        """What is to change of the target itself."""
        own = set(self.__struct_fields__) - {"enabled", "leave_articles"}
        given = {name: getattr(self, name) for name in self.__struct_fields__ if name in own}
        named = {name: value for name, value in given.items() if value is not UNSET}
        if named.get("events") is not None:
            named["events"] = tuple(named["events"])
        return named


class NewSecret(Input, frozen=True, kw_only=True):
    """A new secret beside the old one, which stays good for a while."""

    secret: Secret = ""
    overlap_hours: Annotated[
        int,
        Meta(
            ge=0, le=MOST_OVERLAP_HOURS, description="How long the old secret stays good; 0 ends it at once."
        ),
    ] = USUAL_OVERLAP_HOURS


class Removal(Input, frozen=True, kw_only=True):
    """How to remove a target."""

    leave_articles: Annotated[
        bool,
        Meta(
            description="Remove it although articles stand there, which the desk cannot take down any more."
        ),
    ] = False


class SecretAnswer(Struct, frozen=True):
    """A secret that holds now, without the secret."""

    id: str
    created_at: datetime
    until: Annotated[datetime | None, Meta(description="When it ends; null for the newest.")]

    @classmethod
    def of(cls, secret: SecretInfo) -> SecretAnswer:
        """One of `good_secrets`."""
        return cls(secret.id, secret.created_at, secret.until)


class TargetAnswer(Struct, frozen=True, kw_only=True):
    """A target. `off_reason` says why the desk switched it off by itself; it is empty when a person did."""

    id: int
    kind: Literal["webhook", "wordpress", "cloudflare", "indexnow", "export", "site"]
    name: str
    url: str
    username: str
    zone_id: str
    meta_key: str
    folder: str
    format: FormatName
    events: Annotated[list[str] | None, Meta(description="Null is everything.")]
    enabled: bool
    off_reason: str
    secrets: Annotated[list[SecretAnswer], Meta(description="Those that hold now, the newest first.")]
    secret: (
        Annotated[str, Meta(description="Only in the answer that made it: it cannot be read again.")]
        | UnsetType
    ) = UNSET
    owner: Annotated[str | None, Meta(description="Email of who is told when it fails for days.")]
    created_at: datetime | None
    last_success_at: datetime | None
    failing_since: Annotated[datetime | None, Meta(description="The first failure since the last success.")]

    @classmethod
    def of(cls, target: Target, now: datetime, secret: str | None = None) -> TargetAnswer:
        """A target that was read with its owner; `secret` is one that was made just now."""
        same = ("id", "name", "url", "username", "events", "enabled", "off_reason")
        times = ("created_at", "last_success_at", "failing_since")
        values: dict[str, Any] = {name: getattr(target, name) for name in (*same, *times)}
        return cls(
            **values,
            kind=target.kind,  # type: ignore[arg-type]  # one of these
            **{name: target.options.get(name, "") for name in OPTIONS},
            secrets=[SecretAnswer.of(one) for one in good_secrets(target, now)],
            secret=secret if secret is not None else UNSET,
            owner=target.owner.email if target.owner else None,
        )


class CheckAnswer(Struct, frozen=True):
    """What a test of a target found: whether it can be reached and takes what it is given."""

    fine: bool
    reason: Annotated[str, Meta(description="For a person, in plain words.")]
    status: Annotated[int | None, Meta(description="The HTTP status of the answer, if there was one.")]


class DeliveryQuery(PageQuery, frozen=True, kw_only=True):
    """Which deliveries."""

    state: State | UnsetType = UNSET


class AttemptAnswer(Struct, frozen=True):
    """One try. `request` holds no secret; of the `response` at most 64 kB were kept, without control characters."""

    started_at: datetime
    milliseconds: int
    result: Literal["done", "retry", "failed", "gone", "later"]
    status: int | None
    reason: str
    request: Mapping[str, Any]
    response: str

    @classmethod
    def of(cls, attempt: DeliveryAttempt) -> AttemptAnswer:
        """One try."""
        same = ("started_at", "milliseconds", "result", "status", "request")
        values = {name: getattr(attempt, name) for name in same}
        return cls(**values, reason=harmless(attempt.reason), response=harmless(attempt.response))


class DeliveryAnswer(Struct, frozen=True, kw_only=True):
    """One event to one target. `webhook_id` is that of every try; `failed` is what waits for another one."""

    id: int
    target_id: RowId
    webhook_id: str
    event: Annotated[str, Meta(description="The kind of the event.", examples=["article.published"])]
    subject: Annotated[str, Meta(description="What it is about.", examples=["article:alphanode-018460"])]
    action: Literal["publish", "withdraw", "tell"]
    state: State
    reason: str
    attempts: Annotated[int, Meta(description="Tries since it was made, or last sent again.")]
    created_at: datetime
    due_at: Annotated[datetime, Meta(description="When it is tried next, while it waits.")]
    finished_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> DeliveryAnswer:
        """A delivery that was read with its event."""
        same = ("id", "target_id", "subject", "action", "attempts", "created_at", "due_at", "finished_at")
        return cls(
            **{name: getattr(delivery, name) for name in same},
            state=shown_state(delivery.state, delivery.attempts),
            reason=harmless(delivery.reason),
            webhook_id=delivery.message_id,
            event=delivery.event.kind,
        )


class Replayed(Struct, frozen=True):
    """How many deliveries that were given up are sent again."""

    replayed: int
