"""A WordPress export of posts that a test describes, written as WordPress writes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- This is a WordPress eXtended RSS file. -->
<rss version="2.0"
	xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:wp="http://wordpress.org/export/1.2/"
>
<channel>
	<title>test site</title>
	<link>{site}</link>
	<wp:wxr_version>1.2</wp:wxr_version>
	<wp:base_site_url>{site}</wp:base_site_url>
	<wp:base_blog_url>{site}</wp:base_blog_url>
"""
TAIL = "</channel>\n</rss>\n"
SITE = "https://blog.example.com"


@dataclass(frozen=True)
class Post:
    """One item; a metadata value that is no text is serialised."""

    title: str = "A title"
    content: str = "<p>Some text.</p>"
    excerpt: str = ""
    post_id: str = "1"
    status: str = "publish"
    type: str = "post"
    meta: Mapping[str, Any] | Sequence[tuple[str, Any]] = field(default_factory=dict)
    categories: Sequence[tuple[str, str]] = ()
    more: str = ""


def export(*posts: Post | str, site: str = SITE) -> bytes:
    """The whole file; a text among the posts stands as it is."""
    parts = [post if isinstance(post, str) else item(post, site) for post in posts]
    return "".join([HEAD.format(site=site), *parts, TAIL]).encode()


def item(post: Post, site: str = SITE) -> str:
    """One post as an `<item>`."""
    rows = post.meta.items() if isinstance(post.meta, Mapping) else post.meta
    return (
        f"<item>\n<title>{cdata(post.title)}</title>\n<link>{site}/?p={post.post_id}</link>\n"
        f"<dc:creator>{cdata('editor')}</dc:creator>\n"
        f'<guid isPermaLink="false">{site}/?p={post.post_id}</guid>\n<description></description>\n'
        f"<content:encoded>{cdata(post.content)}</content:encoded>\n"
        f"<excerpt:encoded>{cdata(post.excerpt)}</excerpt:encoded>\n<wp:post_id>{post.post_id}</wp:post_id>\n"
        f"<wp:post_date>{cdata('2024-01-01 03:06:00')}</wp:post_date>\n"
        f"<wp:post_date_gmt>{cdata('0000-00-00 00:00:00')}</wp:post_date_gmt>\n"
        f"<wp:status>{cdata(post.status)}</wp:status>\n<wp:post_type>{cdata(post.type)}</wp:post_type>\n"
        + "".join(
            f'<category domain="{escape(domain)}" nicename="x">{cdata(name)}</category>\n'
            for domain, name in post.categories
        )
        + "".join(_row(key, value) for key, value in rows)
        + f"{post.more}</item>\n"
    )


def _row(key: str, value: Any) -> str:
    text = value if isinstance(value, str) else serialised(value)
    return (
        f"<wp:postmeta>\n<wp:meta_key>{cdata(key)}</wp:meta_key>\n"
        f"<wp:meta_value>{cdata(text)}</wp:meta_value>\n</wp:postmeta>\n"
    )


def cdata(text: str) -> str:
    """As WordPress does: the end mark of a section is split over two."""
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def serialised(value: Any) -> str:
    """A value as PHP's `serialize` writes it."""
    if value is None:
        return "N;"
    if isinstance(value, bool):
        return f"b:{int(value)};"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, float):
        return f"d:{value!r};".upper().replace("D:", "d:")
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    pairs = list(enumerate(value) if isinstance(value, list) else value.items())
    return f"a:{len(pairs)}:{{{''.join(serialised(key) + serialised(inner) for key, inner in pairs)}}}"
