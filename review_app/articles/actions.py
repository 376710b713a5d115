"""The one place where an article's revision changes, and so the one place where it becomes indexable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, TypedDict

from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleVersion
from review_app.articles.rules import RevisionStatus, is_indexable, may_wait

UNSETTLED = (RevisionStatus.DRAFTED, RevisionStatus.REVIEWED)


class Entry(TypedDict):
    """When an article entered the queue, and where it stands in it."""

    queue_rank: int
    waiting_since: datetime


@dataclass(frozen=True, slots=True)
class State:
    """What a decision changes of an article, whole, so that it can be told and restored.

    `text_digest` is the text that stood then; the other two digests are explained at `Article`.
    """

    scores: dict[str, int | None]
    status: str
    version: str
    last_reviewed: date | None
    awaiting_review: bool
    queue_rank: int
    waiting_since: datetime
    published_version: str | None
    decided_at: datetime | None
    text_digest: str
    affirmed: bool = False
    decided_digest: str | None = None
    published_digest: str | None = None

    @classmethod
    def of(cls, article: Article) -> State:
        """How the article stands now."""
        return cls(
            scores=article.scores,
            status=article.revision_status,
            version=article.revision_version,
            last_reviewed=article.last_reviewed_on,
            awaiting_review=article.awaiting_review,
            queue_rank=article.queue_rank,
            waiting_since=article.waiting_since,
            published_version=article.published_version,
            decided_at=article.decided_at,
            text_digest=article.text_digest,
            affirmed=article.affirmed,
            decided_digest=article.decided_digest,
            published_digest=article.published_digest,
        )

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        return asdict(self) | {
            "last_reviewed": self.last_reviewed and self.last_reviewed.isoformat(),
            "decided_at": self.decided_at and self.decided_at.isoformat(),
            "waiting_since": self.waiting_since.isoformat(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> State:
        """From the record. The oldest ones say less: then what was decided on is the text that stood, and the rank is a time."""
        reviewed, decided, waited = values["last_reviewed"], values["decided_at"], values.get("waiting_since")
        unsaid: dict[str, Any] = {
            "affirmed": bool(decided) and values["status"] not in UNSETTLED,
            "decided_digest": values["text_digest"] if decided else None,
            "published_digest": values["text_digest"] if values["published_version"] else None,
        }
        return cls(
            **unsaid
            | values
            | {
                "last_reviewed": date.fromisoformat(reviewed) if reviewed else None,
                "decided_at": datetime.fromisoformat(decided) if decided else None,
                "waiting_since": datetime.fromisoformat(waited) if waited else _began(values["queue_rank"]),
            }
        )


def set_state(article: Article, state: State, now: datetime) -> None:
    """Give an article a state. Whether it is indexable follows from its status and from nothing else."""
    for score, value in state.scores.items():
        setattr(article, score, value)
    article.revision_status = state.status
    article.revision_version = state.version
    article.last_reviewed_on = state.last_reviewed
    decided = article.text_digest == state.decided_digest
    article.awaiting_review = state.awaiting_review and may_wait(state.status, text_is_decided=decided)
    article.queue_rank, article.waiting_since = state.queue_rank, state.waiting_since
    article.indexable = is_indexable(state.status)
    article.published_version = state.published_version if article.indexable else None
    article.published_digest = state.published_digest if article.indexable else None
    article.decided_at, article.decided_digest = state.decided_at, state.decided_digest
    article.affirmed = state.affirmed
    touch(article, now)


def keep_text(session: Session, article: Article, now: datetime) -> None:
    """Keep the text that stands, if a person decided on it or the public reads it, before another takes its place.

    Needs the article's body.
    """
    digest = article.text_digest
    wanted = digest in {article.decided_digest, article.published_digest}
    if not wanted or session.get(ArticleVersion, (article.id, digest)) is not None:
        return
    text = {"title": article.title, "excerpt": article.excerpt, "html": article.body.html}
    session.add(ArticleVersion(article_id=article.id, text_digest=digest, kept_at=now, **text))


def touch(article: Article, now: datetime) -> None:
    """Note that the article has changed: pages opened before are stale from here on."""
    article.row_version += 1
    article.updated_at = now


def rank_of(moment: datetime) -> int:
    """The place in the queue of an article that began to wait then; the oldest comes first."""
    return int(moment.timestamp() * 1000)


def began_to_wait(now: datetime) -> Entry:
    """What is noted of an article, or of its state, when it enters the queue."""
    return {"queue_rank": rank_of(now), "waiting_since": now}


def _began(rank: int) -> datetime:
    return datetime.fromtimestamp(rank / 1000, UTC)
