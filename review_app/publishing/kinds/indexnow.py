"""`indexnow`: tells search engines of pages that changed, so that they come and look; only of what they may index.

The protocol: https://www.indexnow.org/documentation. One call names up to 10,000 addresses of one host; that the host is ours
is shown by a file there that holds the key (`publishing/key_file.py` serves it).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from review_app.base.clock import utc_now
from review_app.base.outbound import Answer, Unreachable, call, target_client
from review_app.publishing.kinds.answers import judge, response_text
from review_app.publishing.kinds.face import Content, Outcome, Parcel, Place, Result, Seen

USUAL_URL = "https://api.indexnow.org/indexnow"
MOST_ADDRESSES = 10_000

NO_KEY = "this target has no key"
NO_BASE_URL = "REVIEW_BASE_URL is not set, so the desk does not know under which address its key file stands"
NOT_INDEXABLE = "it is not indexable, so no search engine is told of it"
ELSEWHERE = "{host} is not the host of the desk's pages, and the key file that stands there is not the desk's"
REFUSED = {
    400: "it says that the request is malformed",
    403: "it says that the key is not valid: it did not find the key file, or another key in it",
    422: "it says that the addresses do not belong to this host, or that the key does not fit the protocol",
}
"""What its answers mean that no second try will change (https://www.indexnow.org/documentation, "Response format")."""


class IndexNow:
    """Names the pages that were published since the last call, all in one."""

    name = "indexnow"
    at_once = MOST_ADDRESSES
    senders = 1
    hears: frozenset[str] | None = frozenset({"article.published"})

    def check(self, place: Place) -> Outcome:
        """Whether the public finds our key file, and whether anybody answers there; submits nothing."""
        if trouble := _unready(place):
            return Outcome(Result.FAILED, trouble)
        url = place.url or USUAL_URL
        try:
            wrong = _wrong_key_file(place)
            if wrong is not None:
                return wrong
            with target_client(url, allow_private=place.allow_private) as client:
                answer = call(client, "GET", url, headers={})
        except Unreachable as error:
            return Outcome(Result.RETRY, f"{url} {error}")
        # Without an address to submit it refuses: that it did is what shows it is there.
        there = answer.status < 500 and answer.status != 404
        reason = "" if there else f"{url} answered {answer.status}"
        return Outcome(Result.DONE if there else Result.RETRY, reason, answer.status)

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Submit the addresses of these that are indexable and lie at our host."""
        if trouble := _unready(place):
            return [Outcome(Result.RETRY, trouble)] * len(parcels)
        addresses = [_address(parcel) for parcel in parcels]
        refused = [_why_not(place, parcel, url) for parcel, url in zip(parcels, addresses, strict=True)]
        wanted = list(
            dict.fromkeys(url for url, outcome in zip(addresses, refused, strict=True) if outcome is None)
        )
        submitted = _submit(place, wanted) if wanted else Outcome(Result.DONE)
        return [
            _of_one(place, url, submitted) if outcome is None else outcome
            for url, outcome in zip(addresses, refused, strict=True)
        ]

    def withdraw(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:  # noqa: ARG002  # other kinds need the place
        """Nobody is told of what may not be indexed: they see it when they come by."""
        return [Outcome(Result.DONE, NOT_INDEXABLE)] * len(parcels)

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:  # noqa: ARG002  # other kinds need the place
        """What concerns no page is nothing to index."""
        return [Outcome(Result.DONE)] * len(parcels)

    def verify(self, place: Place, content: Content) -> Seen | None:  # noqa: ARG002  # other kinds look
        """A search engine has no pages of ours."""
        return None


def _unready(place: Place) -> str:
    return "" if place.secrets and place.site_url else (NO_BASE_URL if place.secrets else NO_KEY)


def _address(parcel: Parcel) -> str:
    """That of the place where it was published, as the event says, or of our own page."""
    told = parcel.payload.get("url")
    return told if isinstance(told, str) and told else (parcel.content.public_url if parcel.content else "")


def _why_not(place: Place, parcel: Parcel, url: str) -> Outcome | None:
    """Why this is not submitted; None if it is. A page of another host is no failure: that site has a key of its own."""
    if parcel.content is None or not parcel.content.indexable:
        return Outcome(Result.FAILED, NOT_INDEXABLE)
    host = urlsplit(url).netloc
    if host != urlsplit(place.site_url).netloc:
        return Outcome(Result.DONE, ELSEWHERE.format(host=host or "no address"))
    return None


def _key_location(place: Place) -> str:
    return f"{place.site_url}/{place.secrets[0]}.txt"


def _submit(place: Place, addresses: Sequence[str]) -> Outcome:
    url = place.url or USUAL_URL
    told = {
        "host": urlsplit(place.site_url).netloc,
        "key": place.secrets[0],
        "keyLocation": _key_location(place),
        "urlList": list(addresses),
    }
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        with target_client(url, allow_private=place.allow_private) as client:
            answer = call(client, "POST", url, headers=headers, content=json.dumps(told).encode())
    except Unreachable as error:
        return Outcome(Result.RETRY, f"{url} {error}")
    result, reason, retry_after = _judged(answer)
    return Outcome(result, reason, answer.status, retry_after, response=response_text(answer))


def _of_one(place: Place, address: str, submitted: Outcome) -> Outcome:
    """For the log: what was said of this page, without the key, and not all that was said with it."""
    body = json.dumps({"urlList": [address]})
    return replace(submitted, request={"method": "POST", "url": place.url or USUAL_URL, "body": body})


def _judged(answer: Answer) -> tuple[Result, str, timedelta | None]:
    result, reason, retry_after = judge(answer, utc_now())
    if answer.status in REFUSED:
        return Result.FAILED, f"{reason}; {REFUSED[answer.status]}", None
    if result is Result.DONE and answer.status not in {200, 202}:
        return Result.RETRY, f"it answered {answer.status}, which the protocol does not know", None
    return result, reason, retry_after


def _wrong_key_file(place: Place) -> Outcome | None:
    """What is wrong with the key file as the public sees it; None if nothing is. Raises `Unreachable`."""
    location = _key_location(place)
    shown = f"{place.site_url}/<key>.txt"
    try:
        with target_client(location, allow_private=place.allow_private) as client:
            answer = call(client, "GET", location, headers={"Accept": "text/plain"})
    except Unreachable as error:
        return Outcome(Result.RETRY, f"the key file {shown} {error}")
    if answer.status != 200:
        return Outcome(Result.FAILED, f"the key file {shown} answers {answer.status}", answer.status)
    if answer.body.decode(errors="replace").strip() != place.secrets[0]:
        return Outcome(Result.FAILED, f"the key file {shown} holds another key", answer.status)
    return None
