"""What a public page tells machines of its article: description, Open Graph (https://ogp.me), JSON-LD (https://schema.org/Article)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any

from review_app.articles.queries import Wording

MOST_DESCRIPTION = 300
MOST_HEADLINE = 110
"""What search engines take of a headline."""
IMAGE = re.compile(r'<img [^>]*?\bsrc="(https://[^"]+)"', re.IGNORECASE)
RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "syr", "ug", "ur", "yi"})
"""Languages whose usual script runs from right to left."""


@dataclass(frozen=True, slots=True)
class About:
    """One published article as machines are told of it. Addresses are whole; `image` is its first of https, or empty."""

    title: str
    description: str
    address: str
    image: str
    topic: str
    minutes: int | None
    published_at: datetime | None
    changed_at: datetime
    site: str
    site_address: str
    language: str

    @classmethod
    def of(
        cls,
        text: Wording,
        *,
        address: str,
        published_at: datetime | None,
        changed_at: datetime,
        site: str,
        site_address: str,
        language: str,
    ) -> About:
        """Of the words that the public reads."""
        found = IMAGE.search(text.html)
        return cls(
            title=text.title,
            description=_shortened(text.excerpt, MOST_DESCRIPTION),
            address=address,
            image=unescape(found[1]) if found else "",
            topic=text.topic,
            minutes=text.reading_minutes,
            published_at=published_at,
            changed_at=changed_at,
            site=site,
            site_address=site_address,
            language=language,
        )

    @property
    def locale(self) -> str:
        """The language as Open Graph writes it: `pt_BR`."""
        return self.language.replace("-", "_")

    @property
    def linked_data(self) -> dict[str, Any]:
        """The article in the words of schema.org. What is not known is left out."""
        site = {"@type": "Organization", "name": self.site, "url": self.site_address}
        told = {
            "@context": "https://schema.org",
            "@type": "Article",
            "mainEntityOfPage": {"@type": "WebPage", "@id": self.address},
            "url": self.address,
            "headline": _shortened(self.title, MOST_HEADLINE),
            "description": self.description,
            "image": [self.image] if self.image else None,
            "datePublished": self.published_at and _moment(self.published_at),
            "dateModified": _moment(self.changed_at),
            "inLanguage": self.language,
            "articleSection": self.topic,
            "timeRequired": f"PT{self.minutes}M" if self.minutes else None,
            "author": site,
            "publisher": site,
        }
        return {name: value for name, value in told.items() if value}


def language_runs(tag: str) -> str:
    """`rtl` or `ltr`: which way a language is usually written."""
    return "rtl" if tag.lower().partition("-")[0] in RIGHT_TO_LEFT else "ltr"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return (text[: most - 1].rpartition(" ")[0] or text[: most - 1]) + "…"
