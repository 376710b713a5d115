"""`cloudflare`: what its caches keep of pages that changed is thrown away, once the pages themselves are right.

Purging by address: https://developers.cloudflare.com/cache/how-to/purge-cache/purge-by-single-file/. Its limits
(https://developers.cloudflare.com/cache/how-to/purge-cache/, read in 2026): 100 addresses a call (500 for Enterprise), and of
calls 5 a minute (Free) to 50 a second (Enterprise) by a token bucket of 25 to 500; what is too much is 429.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from review_app.base.clock import utc_now
from review_app.base.outbound import Answer, TargetClient, Unreachable, call, target_client
from review_app.publishing.kinds.answers import judge, response_text
from review_app.publishing.kinds.cloudflare_api import (
    NO_SUCH_PLACE,
    NO_TOKEN,
    Said,
    headers_of,
    said_in,
    token_trouble,
    zone_trouble,
)
from review_app.publishing.kinds.face import Content, Outcome, Parcel, Place, Result, Seen
from review_app.publishing.rules import SITEMAP_PART

USUAL_URL = "https://api.cloudflare.com/client/v4"
MOST_ADDRESSES = 100
"""Addresses of one call, by the plan that takes the fewest."""
MOST_EXTRA_CALLS = 14
"""To find one address that is refused among a hundred takes two calls for each halving."""

LACKS_TOKEN = "this target has no API token"  # noqa: S105  # a sentence
LACKS_ZONE = "this target has no zone ID"
NO_ADDRESS = "REVIEW_BASE_URL is not set, so the desk does not know under which address its pages are cached"
UNCERTAIN = "an address that was purged with it was refused, and there was no time to find out which"


class Cloudflare:
    """Purges the address of each page that changed, and with it the lists of ours that name it."""

    name = "cloudflare"
    at_once = 500
    senders = 1
    hears: frozenset[str] | None = frozenset(
        {"article.published", "article.withdrawn", "publication.withdrawn"}
    )

    def check(self, place: Place) -> Outcome:
        """Ask whether the token is good, and whether the zone can be read and is the one of our pages."""
        if trouble := _unready(place):
            return Outcome(Result.FAILED, trouble)
        base = _base(place)
        try:
            with target_client(base, allow_private=place.allow_private) as client:
                return _checked(client, place)
        except Unreachable as error:
            return Outcome(Result.RETRY, f"{base} {error}")

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Purge what these changed. A purge changes nothing but the next answer, so doing it twice is the same as once."""
        if trouble := _unready(place):
            return [Outcome(Result.RETRY, trouble)] * len(parcels)
        wanted = [_addresses(place, parcel) for parcel in parcels]
        base = _base(place)
        try:
            with target_client(base, allow_private=place.allow_private) as client:
                outcomes = _Purge(client, place).all(wanted)
        except Unreachable as error:
            outcomes = {
                address: Outcome(Result.RETRY, f"{base} {error}") for some in wanted for address in some
            }
        return [_of_one(place, some, outcomes) for some in wanted]

    def withdraw(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """As `publish`: what was cached must go, whichever way the page changed."""
        return self.publish(place, parcels)

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:  # noqa: ARG002  # other kinds need the place
        """What concerns no page is in no cache."""
        return [Outcome(Result.DONE)] * len(parcels)

    def verify(self, place: Place, content: Content) -> Seen | None:  # noqa: ARG002  # other kinds look
        """A cache has no pages of its own."""
        return None


def _unready(place: Place) -> str:
    return (
        ""
        if place.password and place.options.get("zone_id")
        else (LACKS_ZONE if place.password else LACKS_TOKEN)
    )


def _base(place: Place) -> str:
    return (place.url or USUAL_URL).rstrip("/")


def _addresses(place: Place, parcel: Parcel) -> list[str]:
    """What changed with this: a page in a place of others alone, or one of ours with the sitemap and the feed."""
    told = parcel.payload.get("url")
    elsewhere = isinstance(told, str) and bool(told) and not told.startswith(f"{place.site_url}/p/")
    if elsewhere or (place.site_url == "" and told):
        return [str(told)]
    content = parcel.content
    if content is None or not content.public_url:
        return []
    part = content.article_id // SITEMAP_PART
    lists = ("/sitemap.xml", f"/sitemap-{part}.xml", "/feed.atom")
    return [content.public_url, *(place.site_url + path for path in lists)]


def _of_one(place: Place, addresses: Sequence[str], outcomes: Mapping[str, Outcome]) -> Outcome:
    """Of what became of one parcel's addresses the first that is no success; its log names them, not all of the call's."""
    if not addresses:
        return Outcome(Result.RETRY, NO_ADDRESS)
    found = [outcomes[address] for address in addresses]
    worst = next((one for one in found if one.result is not Result.DONE), found[0])
    request = {"method": "POST", "url": _purge_url(place), "body": json.dumps({"files": addresses})}
    return replace(worst, request=request)


def _purge_url(place: Place) -> str:
    return f"{_base(place)}/zones/{place.options['zone_id']}/purge_cache"


class _Purge:
    """The calls of one batch. When one shows that no other would succeed, the rest is left for later."""

    def __init__(self, client: TargetClient, place: Place) -> None:
        self.client, self.place = client, place
        self.url = _purge_url(place)
        self.extra_calls = 0
        self.outcomes: dict[str, Outcome] = {}

    def all(self, wanted: Iterable[Sequence[str]]) -> Mapping[str, Outcome]:
        """What became of each address, each purged once."""
        addresses = list(dict.fromkeys(address for some in wanted for address in some))
        hopeless = False
        for start in range(0, len(addresses), MOST_ADDRESSES):
            some = addresses[start : start + MOST_ADDRESSES]
            if hopeless:
                self.outcomes |= dict.fromkeys(some, Outcome(Result.LATER))
            else:
                hopeless = self._some(some)
        return self.outcomes

    def _some(self, addresses: Sequence[str]) -> bool:
        """Purge these; of those that are refused together, find the one that is. Returns whether to give up."""
        outcome, refused = self._call(addresses)
        if not refused or len(addresses) == 1:
            self.outcomes |= dict.fromkeys(addresses, outcome)
            return outcome.result in {Result.RETRY, Result.GONE}
        if self.extra_calls >= MOST_EXTRA_CALLS:
            self.outcomes |= dict.fromkeys(addresses, replace(outcome, result=Result.RETRY, reason=UNCERTAIN))
            return False
        self.extra_calls += 2
        middle = len(addresses) // 2
        first = self._some(addresses[:middle])
        return self._some(addresses[middle:]) or first

    def _call(self, addresses: Sequence[str]) -> tuple[Outcome, bool]:
        """One call: how it ended, and whether the addresses themselves are what is refused."""
        body = json.dumps({"files": list(addresses)}).encode()
        try:
            answer = call(self.client, "POST", self.url, headers=headers_of(self.place), content=body)
        except Unreachable as error:
            return Outcome(Result.RETRY, f"{self.url} {error}"), False
        said = said_in(answer)
        refused = answer.status == 400 and not said.codes & (NO_SUCH_PLACE | NO_TOKEN)
        return _judged(answer, said, refused=refused), refused


def _judged(answer: Answer, said: Said, *, refused: bool) -> Outcome:
    result, reason, retry_after = judge(answer, utc_now())
    if result is Result.DONE and not said.success:
        result, reason = Result.RETRY, "it answered without saying that it purged anything"
    if refused:
        result = Result.FAILED
    if said.words and result is not Result.DONE:
        reason = f"{reason}: {said.words}"
    return Outcome(result, reason, answer.status, retry_after, response=response_text(answer))


# --- the test -----------------------------------------------------------------------------------------------------------


def _checked(client: TargetClient, place: Place) -> Outcome:
    """First the zone, since a token that an account owns is verified under the account, which the zone names."""
    base, zone_id = _base(place), place.options["zone_id"]
    zone = call(client, "GET", f"{base}/zones/{zone_id}", headers=headers_of(place))
    token = call(client, "GET", f"{base}/user/tokens/verify", headers=headers_of(place))
    account = said_in(zone).result.get("account")
    if token.status in {400, 401, 403} and isinstance(account, Mapping) and account.get("id"):
        path = f"/accounts/{account['id']}/tokens/verify"
        token = call(client, "GET", base + path, headers=headers_of(place))
    for answer, trouble in ((token, token_trouble(token)), (zone, zone_trouble(zone, _host(place)))):
        if trouble:
            return _failed_check(answer, trouble)
    return Outcome(Result.DONE, status=zone.status, response=response_text(zone))


def _host(place: Place) -> str:
    return urlsplit(place.site_url).hostname or ""


def _failed_check(answer: Answer, trouble: str) -> Outcome:
    result, _, retry_after = judge(answer, utc_now())
    passing = answer.status == 429 or answer.status >= 500
    result = Result.RETRY if result is not Result.DONE and passing else Result.FAILED
    return Outcome(result, trouble, answer.status, retry_after, response=response_text(answer))
