"""What goes to a target of an article, and where it goes, as the desk says it at the moment it is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from review_app.articles.models import Article
from review_app.articles.queries import approved_wording
from review_app.base.clock import utc_now
from review_app.base.secrets import unseal
from review_app.base.settings import Settings
from review_app.publishing.export.records import record_of
from review_app.publishing.kinds.face import Content, Place, Remote
from review_app.publishing.models import RemoteArticle, Target


def content_of(session: Session, article_id: int, target_id: int, site_url: str) -> Content | None:
    """An article as it is to stand at this target; None if there is none. `site_url` as in `Place`."""
    return contents_of(session, [article_id], target_id, site_url).get(article_id)


def contents_of(
    session: Session, article_ids: Collection[int], target_id: int, site_url: str
) -> dict[int, Content]:
    """The articles of these numbers that exist, as each is to stand at this target, by number."""
    found = session.scalars(
        select(Article)
        .where(Article.id.in_(article_ids))
        .options(joinedload(Article.meta))
        .execution_options(populate_existing=True)
    )
    there = session.scalars(
        select(RemoteArticle)
        .where(RemoteArticle.target_id == target_id, RemoteArticle.article_id.in_(article_ids))
        .execution_options(populate_existing=True)
    )
    remotes = {row.article_id: row for row in there}
    return {article.id: _content(session, article, remotes.get(article.id), site_url) for article in found}


def _content(session: Session, article: Article, there: RemoteArticle | None, site_url: str) -> Content:
    text = approved_wording(session, article)
    url = f"{site_url}/p/{article.slug}" if site_url else ""
    return Content(
        article_id=article.id,
        source_id=article.source_id,
        slug=article.slug,
        version=article.revision_version,
        indexable=article.indexable,
        title=article.title if text is None else text.title,
        excerpt=article.excerpt if text is None else text.excerpt,
        html="" if text is None else text.html,
        public_url=url,
        remote=None if there is None else _remote(there),
        imported_from=_origin(article.meta.imported),
        record={} if text is None else record_of(article, text, article.revision_version, url),
    )


def _remote(there: RemoteArticle) -> Remote:
    return Remote(there.remote_id, there.guid, there.url, there.state, there.version)


def _origin(imported: Mapping[str, Any]) -> Mapping[str, Any]:
    """What exports and the REST API of WordPress say of a post's place, kept whole by the import."""
    about = imported.get("wordpress")
    return about if isinstance(about, Mapping) else {}


def place_of(target: Target, settings: Settings, now: datetime | None = None) -> Place:
    """A target with the secrets opened that hold at `now` (the present). Raises `secrets.CannotOpen`."""
    return Place(
        target_id=target.id,
        kind=target.kind,
        name=target.name,
        url=target.url,
        username=target.username,
        password=unseal(target.sealed_password, settings.secret_key) if target.sealed_password else "",
        secrets=tuple(unseal(sealed, settings.secret_key) for sealed in _holding(target, now or utc_now())),
        options=dict(target.options or {}),
        site_url=(settings.base_url or "").rstrip("/"),
        allow_private=settings.allow_private_targets,
        export_dir=str(settings.export_dir or ""),
    )


def _holding(target: Target, now: datetime) -> list[str]:
    """The secrets to sign with, the newest first: a rotated one as well until its time is over."""
    return [
        kept["sealed"]
        for kept in target.sealed_secrets or ()
        if not kept.get("until") or datetime.fromisoformat(kept["until"]) > now
    ]
