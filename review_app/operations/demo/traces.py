"""What the demo data have left behind, also in tables that know nothing of them: runs, the log, the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article, Policy
from review_app.notifications.models import Notification
from review_app.operations.demo.queries import demo_batches, is_demo_article
from review_app.outbox.models import ChangeRecord, Event, OutboxEvent
from review_app.publishing.models import Publication, PublishRun, PublishRunItem


@dataclass(frozen=True, slots=True)
class Traces:
    """The articles (by id and source id), imports, publish runs, policy versions and people of the demo data.

    Runs are those that demo people started or that took demo articles along; real articles may be in them too.
    """

    articles: dict[int, str]
    batches: Sequence[int]
    runs: Sequence[int]
    policies: Sequence[int]
    people: Sequence[User]

    @classmethod
    def find(cls, session: Session) -> Traces:
        """What there is now."""
        articles = session.execute(select(Article.id, Article.source_id).where(is_demo_article())).all()
        people = session.scalars(select(User).where(User.is_demo).order_by(User.id)).all()
        ids = [user.id for user in people]
        took_along = _runs_with([row.id for row in articles])
        runs = select(PublishRun.id).where(took_along | PublishRun.user_id.in_(ids))
        return cls(
            articles={row.id: row.source_id for row in articles},
            batches=session.scalars(demo_batches()).all(),
            runs=session.scalars(runs.order_by(PublishRun.id)).all(),
            policies=session.scalars(select(Policy.version).where(Policy.changed_by_id.in_(ids))).all(),
            people=people,
        )


def _runs_with(article_ids: Sequence[int]) -> ColumnElement[bool]:
    items = select(PublishRunItem.run_id).join(Publication, Publication.id == PublishRunItem.publication_id)
    return PublishRun.id.in_(items.where(Publication.article_id.in_(article_ids)))


@dataclass(frozen=True, slots=True)
class Subjects:
    """What the log and the outbox name, by kind."""

    names: dict[str, list[str]]

    def in_log(self, lines: type[Event | ChangeRecord | Notification] = Event) -> ColumnElement[bool]:
        """The condition that a line of the log, a change record or a notification, is about one of them."""
        return or_(
            *(
                (lines.subject_kind == kind) & lines.subject_id.in_(names)
                for kind, names in self.names.items()
            )
        )

    def in_outbox(self) -> ColumnElement[bool]:
        """The condition that an event of the outbox is about one of them."""
        return OutboxEvent.subject.in_(
            [f"{kind}:{name}" for kind, names in self.names.items() for name in names]
        )


def keep_quiet(session: Session) -> None:
    """Nobody outside shall ever hear of the demo data's past."""
    traces = Traces.find(session)
    subjects = Subjects(
        {
            "article": list(traces.articles.values()),
            "import": [str(batch) for batch in traces.batches],
            "publish_run": [str(run) for run in traces.runs],
        }
    )
    session.execute(update(OutboxEvent).where(subjects.in_outbox()).values(state="cancelled"))
