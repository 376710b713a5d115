"""A page as any visitor gets it, and what it says to search engines. For every kind that publishes pages."""

from __future__ import annotations

from lxml import etree, html

from review_app.base.clock import utc_now
from review_app.base.outbound import Answer, Unreachable, call, target_client
from review_app.publishing.kinds.face import Seen
from review_app.publishing.kinds.robots import has_expired, hides, said_in_head

MOST_PAGE_BYTES = 2 * 2**20
"""Themes put their styles into the head, before the canonical address."""
TOLD = "translate(normalize-space(@name), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
ROBOTS = f"//meta[{TOLD}='robots' or {TOLD}='googlebot' or {TOLD}='bingbot']"
CANONICAL = "//link[contains(concat(' ', @rel, ' '), ' canonical ')]/@href"


def look(url: str, *, allow_private: bool) -> Seen:
    """What is at this address, asked without credentials; a redirect is not followed. Never raises."""
    try:
        with target_client(url, allow_private=allow_private) as client:
            answer = call(client, "GET", url, headers={"Accept": "text/html"}, most_bytes=MOST_PAGE_BYTES)
    except Unreachable as error:
        return Seen(url, reachable=False, reason=f"{url} {error}")
    return seen_in(url, answer)


def seen_in(url: str, answer: Answer) -> Seen:
    """What an answer says to search engines. What might keep any of them away is noted, and what keeps all of them away."""
    robots, canonical = _head(answer.body)
    headers = answer.headers.get_list("X-Robots-Tag")
    return Seen(
        url,
        reachable=True,
        status=answer.status,
        robots_meta=", ".join(robots) if robots else None,
        robots_header=", ".join(headers) if headers else None,
        hidden=hides(said_in_head(answer.body), headers),
        expired=has_expired([*robots, *headers], utc_now()),
        canonical=canonical[0] if canonical else None,
        cache_control=answer.headers.get("Cache-Control"),
    )


def _head(body: bytes) -> tuple[list[str], list[str]]:
    """What every meta element for engines says, wherever it stands and whomever it is for, and the canonical addresses."""
    try:
        page = html.document_fromstring(body)
    except (etree.LxmlError, ValueError):
        return [], []
    return [_told(meta) for meta in page.xpath(ROBOTS)], [str(said) for said in page.xpath(CANONICAL)]


def _told(meta: etree._Element) -> str:
    name, said = str(meta.get("name")).strip().lower(), str(meta.get("content") or "").strip()
    return said if name == "robots" else f"{name}: {said}"
