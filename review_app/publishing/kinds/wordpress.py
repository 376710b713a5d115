"""`wordpress`: articles to a WordPress site through its REST API, with an application password.

WordPress knows no precondition: the last writer wins, and the same update twice at a moment leaves two rows of metadata.
The lock that it lacks is the lease of the delivery: of one article at one target only the head of the line is leased, and no
two targets may be the same place (`same_place`). Under it a post is read, sent only what differs, and read again; whatever a
write answers, only a read decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from review_app.base.outbound import TargetClient, Unreachable, target_client
from review_app.publishing.kinds.face import Content, Outcome, Parcel, Place, Result, Seen
from review_app.publishing.kinds.page import look
from review_app.publishing.kinds.wordpress_address import same_place, site_address
from review_app.publishing.kinds.wordpress_errand import Conflict, Errand
from review_app.publishing.kinds.wordpress_rest import Rest, SiteFailed

__all__ = ["WordPress", "same_place"]

BATCH_SECONDS = 5.0
"""After so long no further post is begun."""
NOBODY_THERE = frozenset({None, 401, 403, 429, 500, 502, 503, 504})
"""Answers that any other post would get as well."""


class WordPress:
    """Posts that came from the site are published where they stand; others are created. Ours is the flag, theirs the text."""

    name = "wordpress"
    at_once = 10
    senders = 2
    hears: frozenset[str] | None = frozenset({"publication.requested", "article.withdrawn"})

    def check(self, place: Place) -> Outcome:
        """Whether the REST API answers, takes the password, lets this user publish, and knows the metadata."""
        return _outcomes(place, [None], lambda errand: errand.check())[0]

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Bring each there: published, indexable, in the approved text and with the date that it has."""
        return _outcomes(place, parcels, lambda errand: errand.publish())

    def withdraw(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Not indexable first, then a draft."""
        return _outcomes(place, parcels, lambda errand: errand.withdraw())

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:  # noqa: ARG002  # other kinds tell
        """A site is told of its articles alone."""
        return [Outcome(Result.DONE, "A WordPress site is told of nothing but its articles.")] * len(parcels)

    def verify(self, place: Place, content: Content) -> Seen | None:
        """What a visitor gets at the post's address."""
        url = content.remote.url if content.remote else ""
        return look(url, allow_private=place.allow_private) if url else None


# --- one article after the other --------------------------------------------------------------------------------------


def _outcomes(
    place: Place, parcels: Sequence[Parcel | None], verb: Callable[[Errand], Outcome]
) -> list[Outcome]:
    try:
        with target_client(place.url, allow_private=place.allow_private) as client:
            return list(_one_by_one(client, place, parcels, verb))
    except Unreachable as error:
        return [Outcome(Result.RETRY, f"{place.url} {error}")] * len(parcels)


def _one_by_one(
    client: TargetClient, place: Place, parcels: Sequence[Parcel | None], verb: Callable[[Errand], Outcome]
) -> Iterator[Outcome]:
    """Once the site answers as it would for any post, those after it wait for another time."""
    last, hopeless = time.monotonic() + BATCH_SECONDS, False
    for parcel in parcels:
        content = None if parcel is None else parcel.content
        if hopeless or time.monotonic() > last or (parcel and not parcel.is_wanted()):
            yield Outcome(Result.LATER)
            continue
        rest = Rest(client, place, site_address(place.url), "pages" if _is_page(content) else "posts")
        errand = Errand(place, rest, content)
        try:
            yield verb(errand)
        except Conflict as conflict:
            yield errand.outcome(Result.FAILED, str(conflict))
        except SiteFailed as failed:
            why = rest.explained(failed)
            hopeless = why.status in NOBODY_THERE
            yield errand.outcome(why.result, why.reason, failed=why)


def _is_page(content: Content | None) -> bool:
    return content is not None and content.imported_from.get("type") == "page"
