"""`site`: our own public pages, which show an article from the moment its published version is set.

That happens in the transaction of the run, and a withdrawal counts at once, since `/p/<slug>` follows `indexable`. So nothing
is ever delivered here; the deliverer only looks: whether the public reaches us, and what it sees.
"""

from __future__ import annotations

from collections.abc import Sequence

from review_app.base.clock import utc_now
from review_app.base.outbound import Unreachable, call, target_client
from review_app.publishing.kinds.answers import judge, response_text
from review_app.publishing.kinds.face import Content, Outcome, Parcel, Place, Result, Seen
from review_app.publishing.kinds.page import look

NO_ADDRESS = "the desk does not know its public address: set REVIEW_BASE_URL"
NOT_OURS = "what answers there is not this desk: its robots.txt does not name {}"
HERE = "our own pages change with the desk itself; nothing is sent"


class Site:
    """What the deliverer, the button and the truth check ask of our own pages."""

    name = "site"
    at_once = 100
    senders = 1
    hears: frozenset[str] | None = frozenset()

    def check(self, place: Place) -> Outcome:
        """Whether the public address is set, answers, and is this desk's: its robots.txt names our sitemap."""
        if not place.site_url:
            return Outcome(Result.FAILED, NO_ADDRESS)
        url, sitemap = f"{place.site_url}/robots.txt", f"{place.site_url}/sitemap.xml"
        request = {"method": "GET", "url": url}
        try:
            with target_client(url, allow_private=place.allow_private) as client:
                answer = call(client, "GET", url, headers={"Accept": "text/plain"})
        except Unreachable as error:
            return Outcome(Result.RETRY, f"{url} {error}", request=request)
        result, reason, retry_after = judge(answer, utc_now())
        if result is Result.DONE and f"Sitemap: {sitemap}" not in answer.body.decode(errors="replace"):
            result, reason = Result.FAILED, NOT_OURS.format(sitemap)
        return Outcome(result, reason, answer.status, retry_after, request, response_text(answer))

    def publish(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:  # noqa: ARG002  # other kinds send
        """Done already."""
        return [Outcome(Result.DONE, HERE)] * len(parcels)

    def withdraw(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """Done already."""
        return self.publish(place, parcels)

    def tell(self, place: Place, parcels: Sequence[Parcel]) -> Sequence[Outcome]:
        """They need not be told."""
        return self.publish(place, parcels)

    def verify(self, place: Place, content: Content) -> Seen | None:
        """What a visitor gets at the public address; None while the desk does not know its own."""
        return look(content.public_url, allow_private=place.allow_private) if content.public_url else None
