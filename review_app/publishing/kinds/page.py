"""A page as any visitor gets it, and what it says to search engines. For every kind that publishes pages."""

from __future__ import annotations

from lxml import etree, html

from review_app.base.outbound import Answer, Unreachable, call, target_client
from review_app.publishing.kinds.face import Seen

MOST_PAGE_BYTES = 2 * 2**20
"""Themes put their styles into the head, before the canonical address."""
TOLD = "translate(@name, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
ROBOTS = f"//meta[{TOLD}='robots' or {TOLD}='googlebot' or {TOLD}='bingbot']/@content"
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
    """What an answer says to search engines. Directives of several places are joined: the strictest holds."""
    robots, canonical = _head(answer.body)
    return Seen(
        url,
        reachable=True,
        status=answer.status,
        robots_meta=", ".join(robots) if robots else None,
        robots_header=answer.headers.get("X-Robots-Tag"),
        canonical=canonical[0] if canonical else None,
        cache_control=answer.headers.get("Cache-Control"),
    )


def _head(body: bytes) -> tuple[list[str], list[str]]:
    try:
        page = html.document_fromstring(body)
    except (etree.LxmlError, ValueError):
        return [], []
    return [str(said).strip() for said in page.xpath(ROBOTS)], [str(said) for said in page.xpath(CANONICAL)]
