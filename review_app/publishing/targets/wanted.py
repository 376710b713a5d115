"""A target as somebody describes it, by page, by API or by command."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from review_app.publishing.models import Target
from review_app.publishing.targets.rules import OPTIONS, SHAPES, TargetKind


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a target is to be. `events` None is all of them; an empty `password` keeps the one that it has."""

    kind: TargetKind
    name: str
    url: str = ""
    username: str = ""
    password: str = ""
    secret: str = ""
    events: tuple[str, ...] | None = None
    zone_id: str = ""
    meta_key: str = ""
    folder: str = ""
    format: str = ""
    enabled: bool = True

    @classmethod
    def of(cls, target: Target) -> Wanted:
        """A target as it is, without what is sealed."""
        return cls(
            kind=TargetKind(target.kind),
            name=target.name,
            url=target.url,
            username=target.username,
            events=None if target.events is None else tuple(target.events),
            enabled=target.enabled,
            **{name: target.options.get(name, "") for name in OPTIONS},
        )

    @property
    def real_url(self) -> str:
        """The address, or the usual one of its kind."""
        return self.url or SHAPES[self.kind].usual_url

    def leads_elsewhere(self, other: Wanted) -> bool:
        """Whether what is sent would reach another server."""
        return _server(self.real_url) != _server(other.real_url)


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
