"""A post as the REST API gives it, as the record that the reader of WordPress exports makes of the same post."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from review_app.importing.rules import BODY, SOURCE_ID

PAYLOADS = ("alphanode_payload", "anp_payload", "payload")
TIMES = ("date", "date_gmt", "modified", "modified_gmt")
WORDPRESS_OWN = frozenset({"footnotes"})
"""Metadata that WordPress itself shows on every site."""


@dataclass(slots=True)
class Names:
    """What the numbers in a post stand for: terms by id, and people by id."""

    categories: dict[int, str] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=dict)
    authors: dict[int, str] = field(default_factory=dict)


def record_of(post: Mapping[str, Any], site: str, names: Names) -> dict[str, Any]:
    """The record, ready to be a line of JSON Lines. Metadata keep their keys: the mapping knows their prefixes."""
    meta = _meta(post)
    excerpt = _raw(post, "excerpt")
    own = {"source_id": _source_id(meta, site, post["id"]), "title": _raw(post, "title")}
    about = _about(post, site, names)
    return {
        **meta,
        **own,
        **({"excerpt": excerpt} if excerpt.strip() else {}),
        "wordpress": {name: value for name, value in about.items() if value},
        BODY: _raw(post, "content"),
    }


def _about(post: Mapping[str, Any], site: str, names: Names) -> dict[str, Any]:
    """What publishing needs later; what says nothing is left out, as in an export."""
    return {
        "site": site,
        "post_id": post["id"],
        "guid": _raw(post, "guid"),
        **{name: post.get(name) for name in ("link", "slug", "status", "type")},
        "author": names.authors.get(post.get("author") or 0),
        **{name: str(post.get(name) or "").replace("T", " ") for name in TIMES},
        "categories": _named(post.get("categories"), names.categories),
        "tags": _named(post.get("tags"), names.tags),
    }


def has_metadata(post: Mapping[str, Any]) -> bool:
    """Whether the site shows any metadata but its own: without the plugin that registers them it shows none."""
    return bool(set(_meta(post)) - WORDPRESS_OWN)


def hidden_metadata(post: Mapping[str, Any]) -> bool:
    """Whether a value does not fit what the site says of its key: WordPress then shows null in its place."""
    return None in _meta(post).values()


def term_name(term: Mapping[str, Any]) -> str:
    """The name of a category or tag; REST gives it as HTML."""
    return html.unescape(str(term.get("name", "")))


def _meta(post: Mapping[str, Any]) -> dict[str, Any]:
    """PHP knows one kind of array: without any metadata it is an empty list, and no object."""
    meta = post.get("meta")
    return dict(meta) if isinstance(meta, Mapping) else {}


def _raw(post: Mapping[str, Any], name: str) -> str:
    value = post.get(name)
    return str(value.get("raw") or "") if isinstance(value, Mapping) else ""


def _source_id(meta: Mapping[str, Any], site: str, post_id: int) -> str:
    """What the generator called it, or else by its site, as the reader of exports does: `example.com:12`."""
    for name in PAYLOADS:
        payload = meta.get(name)
        given = payload.get("source_id") if isinstance(payload, Mapping) else None
        if isinstance(given, str) and SOURCE_ID.fullmatch(given):
            return given
    address = site.partition("://")[2].rpartition("@")[2].strip("/").replace("/", "_").lower()
    plain = f"{address}:{post_id}"
    if SOURCE_ID.fullmatch(plain):
        return plain
    return f"site-{hashlib.sha256(address.encode()).hexdigest()[:12]}:{post_id}"


def _named(ids: Any, names: Mapping[int, str]) -> list[str]:
    return [names[number] for number in ids or () if number in names]
