"""Parcels of articles for the tests of kinds that need no database."""

from __future__ import annotations

from typing import Any

from review_app.base.clock import utc_now
from review_app.publishing.kinds.face import Action, Content, Parcel

SITE = "https://desk.example"


def parcel(
    number: int = 1,
    *,
    kind: str = "article.published",
    indexable: bool = True,
    site_url: str = SITE,
    **payload: Any,
) -> Parcel:
    """That an article was published on our own pages, unless the payload says where else."""
    source_id = f"article-{number}"
    content = Content(
        article_id=number,
        source_id=source_id,
        slug=f"slug-{number}",
        version="1.3.0",
        indexable=indexable,
        title="A title",
        excerpt="",
        html="<p>Some text.</p>",
        public_url=f"{site_url}/p/slug-{number}" if site_url else "",
    )
    action = Action.PUBLISH if kind == "article.published" else Action.WITHDRAW
    told = {"source_id": source_id, "version": "1.3.0"} | payload
    return Parcel(
        number, f"msg_{number}", action, kind, f"article:{source_id}", number, utc_now(), told, content
    )
