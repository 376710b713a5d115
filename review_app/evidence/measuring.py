"""Measuring one article: what is kept of it, so that pages need not read the text again for it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from review_app.evidence import likeness
from review_app.evidence.outline import Image, Outline, Paragraph, outline_of
from review_app.evidence.rules import MOST_PARAGRAPHS, SHORTEST, link_fault, placeholder_host

FAULTS_SHOWN = 5
HOSTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Found:
    """A paragraph in its normal form, the digest of that, and where it stands."""

    digest: int
    normal: str
    place: Paragraph


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of an article: its facts, its distinct paragraphs by digest, and the keys of its title."""

    article_id: int
    text_digest: str
    facts: dict[str, Any]
    paragraphs: dict[int, str]
    names: Sequence[str]
    characters: int
    title_digest: int
    title_parts: Sequence[int | None]


def paragraphs_of(outline: Outline) -> Iterator[Found]:
    """The paragraphs of an article that are long enough to be compared, in order, at most `MOST_PARAGRAPHS`."""
    for place in outline.paragraphs[:MOST_PARAGRAPHS]:
        normal = likeness.normalised(place.text)
        if len(normal) >= SHORTEST:
            yield Found(likeness.digest_of(normal), normal, place)


def paragraph_in(html: str, digest: int) -> Found | None:
    """The first paragraph with this digest in sanitised HTML."""
    return next((one for one in paragraphs_of(outline_of(html)) if one.digest == digest), None)


def measure(article_id: int, text_digest: str, *, title: str, html: str, names: Sequence[str]) -> Measured:
    """Measure an article. `names` is what it says it is about (`likeness.names_of`)."""
    outline = outline_of(html)
    passages = list(paragraphs_of(outline))
    normal_title = likeness.normalised(title)
    return Measured(
        article_id,
        text_digest,
        facts_of(outline, len(passages)),
        {passage.digest: passage.normal for passage in passages},
        names,
        len(html),
        likeness.digest_of(normal_title),
        likeness.title_parts(normal_title),
    )


def facts_of(outline: Outline, paragraphs: int) -> dict[str, Any]:
    """The figures of an outline, as they are kept."""
    facts: dict[str, Any] = {
        "paragraphs": paragraphs,
        "headings": outline.headings,
        "lists": outline.lists,
        "tables": outline.tables,
        "code_blocks": outline.code_blocks,
        "code_words": outline.code_words,
    }
    return facts | _of_images(outline.images) | _of_links(outline.links)


def _of_images(images: Sequence[Image]) -> dict[str, Any]:
    times = Counter(image.src for image in images if image.src)
    hosts = [host for image in images if (host := placeholder_host(unescape(image.src)))]
    return {
        "images": len(images),
        "images_without_caption": sum(not image.captioned for image in images),
        "images_doubled": sum(count - 1 for count in times.values()),
        "images_from_placeholders": len(hosts),
        "placeholder_hosts": sorted(set(hosts))[:HOSTS_SHOWN],
    }


def _of_links(links: Sequence[str]) -> dict[str, Any]:
    faulty = [(address, fault) for address in map(unescape, links) if (fault := link_fault(address))]
    return {
        "links": len(links),
        "links_malformed": len(faulty),
        "link_faults": [
            {"address": address[:200], "fault": fault} for address, fault in faulty[:FAULTS_SHOWN]
        ],
    }
