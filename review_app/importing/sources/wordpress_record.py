"""A post as the REST API gives it, as the record that the reader of WordPress exports makes of the same post."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from review_app.importing.rules import BODY, GROUP_FIELDS, LIST_FIELDS, SOURCE_ID

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
    """The record, ready to be a line of JSON Lines. Metadata keep their keys, whose prefixes the mapping knows."""
    meta = {name: _as_list(name, value) for name, value in _meta(post).items() if _says(name, value)}
    excerpt, about = _raw(post, "excerpt"), _about(post, site, names)
    identity = _identity(meta, site, post["id"])
    return {
        **meta,
        **identity,
        "title": _raw(post, "title"),
        **({"excerpt": excerpt} if excerpt.strip() else {}),
        "wordpress": {name: value for name, value in about.items() if value},
        BODY: _raw(post, "content"),
    }


def _says(name: str, value: Any) -> bool:
    """Not what REST shows of metadata that are not there: an empty text, false, or for a group an empty list."""
    if value == "" or value is False:
        return False
    return value != [] or not _is_one_of(name, GROUP_FIELDS)


def _is_one_of(name: str, fields: Iterable[str]) -> bool:
    return any(name == field or name.endswith(f"_{field}") for field in fields)


def _as_list(name: str, value: Any) -> Any:
    """PHP's arrays with names, where the desk knows a list, as the source's pages print them: `problem: slow requests`."""
    if not isinstance(value, Mapping) or not _is_one_of(name, LIST_FIELDS):
        return value
    return [
        f"{key.replace('_', ' ')}: {entry}" if isinstance(entry, str) else entry
        for key, entry in value.items()
    ]


def _about(post: Mapping[str, Any], site: str, names: Names) -> dict[str, Any]:
    """What publishing needs later; what says nothing is left out, as in an export."""
    return {
        "site": site,
        "post_id": post["id"],
        "guid": _raw(post, "guid"),
        **{name: post.get(name) for name in ("link", "slug", "status", "type")},
        "author": names.authors.get(post.get("author") or 0),
        **_times(post),
        "categories": _named(post.get("categories"), names.categories),
        "tags": _named(post.get("tags"), names.tags),
    }


def _times(post: Mapping[str, Any]) -> dict[str, str]:
    """As WordPress stores them: what was never published has no time in GMT yet, though REST works one out."""
    times = {name: str(post.get(name) or "").replace("T", " ") for name in TIMES}
    if post.get("status") in {"draft", "pending"}:
        del times["date_gmt"]
        if times["modified"] == times["date"]:
            del times["modified_gmt"]
    return times


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


def _identity(meta: dict[str, Any], site: str, post_id: int) -> dict[str, Any]:
    """What the generator called it, taken out of the metadata; else its site and number, as the reader of exports does."""
    for name in PAYLOADS:
        payload = meta.get(name)
        given = payload.get("source_id") if isinstance(payload, Mapping) else None
        if isinstance(given, str) and SOURCE_ID.fullmatch(given):
            return {"payload": meta.pop(name)}
    address = site.partition("://")[2].rpartition("@")[2].strip("/").replace("/", "_").lower()
    plain = f"{address}:{post_id}"
    digest = hashlib.sha256(address.encode()).hexdigest()[:12]
    return {"source_id": plain if SOURCE_ID.fullmatch(plain) else f"site-{digest}:{post_id}"}


def _named(ids: Any, names: Mapping[int, str]) -> list[str]:
    return [names[number] for number in ids or () if number in names]
