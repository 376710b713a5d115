"""An earlier text of an article, as far as it is still there: kept for a decision, or for the undo of an import."""

from __future__ import annotations

from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.articles.queries import wording
from review_app.articles.text_changes import Text
from review_app.importing.models import ImportBefore

MOST_IMPORTS_BACK = 5


def earlier_text(session: Session, article: Article, digest: str) -> Text | None:
    """The text of this digest; None if nobody kept it. Looks through the last few imports, the latest first."""
    kept = wording(session, article, digest)
    if kept is not None:
        return Text(kept.title, kept.excerpt, kept.html)
    batch_id = article.batch_id
    for _ in range(MOST_IMPORTS_BACK):
        before = batch_id and session.get(ImportBefore, (batch_id, article.source_id))
        if not before:
            return None
        columns = before.article["columns"]
        if columns["text_digest"] == digest:
            return Text(columns["title"], columns["excerpt"], before.article["text"]["html"])
        batch_id = columns["batch_id"]
    return None
