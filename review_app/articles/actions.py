"""The one place where an article's revision changes, and so the one place where it becomes indexable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from review_app.articles.models import Article
from review_app.articles.rules import SETTLED, is_indexable


@dataclass(frozen=True, slots=True)
class State:
    """What a decision changes of an article, whole, so that it can be told and restored."""

    scores: dict[str, int | None]
    status: str
    version: str
    last_reviewed: date | None
    awaiting_review: bool
    queue_rank: int
    published_version: str | None
    decided_at: datetime | None
    text_digest: str

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
            published_version=article.published_version,
            decided_at=article.decided_at,
            text_digest=article.text_digest,
        )

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        return asdict(self) | {
            "last_reviewed": self.last_reviewed and self.last_reviewed.isoformat(),
            "decided_at": self.decided_at and self.decided_at.isoformat(),
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> State:
        """From the record."""
        reviewed, decided = values["last_reviewed"], values["decided_at"]
        return cls(
            **values
            | {
                "last_reviewed": date.fromisoformat(reviewed) if reviewed else None,
                "decided_at": datetime.fromisoformat(decided) if decided else None,
            }
        )


def set_state(article: Article, state: State, now: datetime) -> None:
    """Give an article a state. Whether it is indexable follows from its status and from nothing else."""
    for score, value in state.scores.items():
        setattr(article, score, value)
    article.revision_status = state.status
    article.revision_version = state.version
    article.last_reviewed_on = state.last_reviewed
    article.awaiting_review = state.awaiting_review and state.status not in SETTLED
    article.queue_rank = state.queue_rank
    article.indexable = is_indexable(state.status)
    article.published_version = state.published_version if article.indexable else None
    article.decided_at = state.decided_at
    touch(article, now)


def touch(article: Article, now: datetime) -> None:
    """Note that the article has changed: pages opened before are stale from here on."""
    article.row_version += 1
    article.updated_at = now


def rank_of(moment: datetime) -> int:
    """The place in the queue of an article that began to wait then; the oldest comes first."""
    return int(moment.timestamp() * 1000)
