"""Targets, runs, what was sent where, and the hook calls that were answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.outbox.models import OutboxEvent

UNFINISHED = text("state IN ('queued', 'running')")


OPEN = text("state IN ('waiting', 'delivering')")
ROLLING_BACK = text("state IN ('queued', 'running')")
NEWLY = text("newly")
ENABLED = text("enabled")
DEAD = text("state = 'dead'")
URGENT = text("urgent AND state IN ('waiting', 'delivering')")


class Target(Base):
    """A place that publications or events go; `kind` names its file in `kinds/`. `site` is our own public pages.

    `sealed_password` and each of `sealed_secrets` are opened by `base.secrets` alone. `sealed_secrets` is a list of
    `{"id", "sealed", "created_at", "until"}`, the newest first; `until` is when a rotated one ends, or null. `events` are the
    kinds it wants to hear of, null is all. `options` is what only its kind knows. `failing_since` is the first of the failures
    since the last success; until `resting_until` nothing is sent, for it answered slowly and took nothing. `off_reason` is why
    the desk switched it off by itself, and empty when a person did.
    """

    __tablename__ = "target"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(unique=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    url: Mapped[str] = mapped_column(default="", server_default="")
    username: Mapped[str] = mapped_column(default="", server_default="")
    sealed_password: Mapped[str | None]
    sealed_secrets: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    events: Mapped[list[Any] | None]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    resting_until: Mapped[datetime | None]
    off_reason: Mapped[str] = mapped_column(default="", server_default="")
    row_version: Mapped[int] = mapped_column(default=1, server_default="1")
    owner: Mapped[User | None] = relationship(lazy="raise")


class RemoteArticle(Base):
    """What an article is in a place of others: its number there, its address, and which version stands, as last read there."""

    __tablename__ = "remote_article"
    __table_args__ = (
        UniqueConstraint("target_id", "article_id"),
        CheckConstraint("state IN ('unknown', 'published', 'withdrawn')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"))
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    remote_id: Mapped[str] = mapped_column(default="")
    guid: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="unknown")
    version: Mapped[str] = mapped_column(default="")
    updated_at: Mapped[datetime]


class Delivery(Base):
    """One event of the outbox to one target, once; sent until it succeeds, is dead, or is cancelled.

    Of one subject (`article:<source_id>`) at one target, the earlier is always sent before the later. `message_id` is the
    `webhook-id` of every try. A row is taken by a conditional update of `leased_by` and `lease_until`. `begun_at` is when a
    worker was first about to bring an article there: from then on it may stand there, whatever became of the worker.
    `urgent` is what says that an article must go: it is sent before all of other articles.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("target_id", "outbox_id"),
        CheckConstraint("action IN ('publish', 'withdraw', 'tell')", name="action"),
        CheckConstraint(
            "state IN ('waiting', 'delivering', 'delivered', 'failed', 'dead', 'cancelled')", name="state"
        ),
        Index("ix_delivery_due", "target_id", "due_at", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index(
            "ix_delivery_urgent", "target_id", "due_at", "id", sqlite_where=URGENT, postgresql_where=URGENT
        ),
        Index("ix_delivery_subject_id", "subject", "id"),
        Index("ix_delivery_dead", "target_id", "id", sqlite_where=DEAD, postgresql_where=DEAD),
        Index("ix_delivery_target_id_id", "target_id", "id"),
        Index("ix_delivery_finished_at", "finished_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"))
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), index=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    action: Mapped[str]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"), index=True)
    publication_id: Mapped[int | None] = mapped_column(
        ForeignKey("publication.id", ondelete="SET NULL"), index=True
    )
    state: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())
    begun_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    target: Mapped[Target] = relationship(lazy="raise")
    event: Mapped[OutboxEvent] = relationship(lazy="raise")


class DeliveryAttempt(Base):
    """One try of a delivery: what was sent (without secrets), what was answered (at most 64 kB), and how long it took."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (Index("ix_delivery_attempt_delivery_id", "delivery_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    milliseconds: Mapped[int]
    result: Mapped[str]
    status: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")
    request: Mapped[dict[str, Any]]
    response: Mapped[str] = mapped_column(default="")


class DeliveryCount(Base):
    """How many tries of a target ended so, ever; the tries themselves are deleted when they are old."""

    __tablename__ = "delivery_count"

    target_id: Mapped[int] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"), primary_key=True)
    result: Mapped[str] = mapped_column(primary_key=True)
    tries: Mapped[int]


class PublishRun(Base):
    """One request to publish: by whom or what, which articles it accepted, which it refused and why, how far it is.

    `policy_version` is the policy under which a worker last looked at it: a new one may let it go on before `due_at`.
    """

    __tablename__ = "publish_run"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'paused', 'stopped', 'finished')", name="state"),
        Index(
            "ix_publish_run_unfinished", "due_at", "id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    trigger: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    requested: Mapped[dict[str, Any]]
    accepted: Mapped[int]
    refused: Mapped[list[Any]]
    published: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="queued")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    policy_version: Mapped[int] = mapped_column(default=0, server_default="0")
    user: Mapped[User | None] = relationship(lazy="raise")


class Publication(Base):
    """One version of one article to one target, once, however many runs ask for it.

    `run_id` is the run that asked last; `withdrawn` is what the target has taken down again, `cancelled` what its run was
    stopped before. It goes out at `due_at`, and never within the undo window of its approval.
    """

    __tablename__ = "publication"
    __table_args__ = (
        UniqueConstraint("article_id", "version", "target_id"),
        CheckConstraint(
            "state IN ('waiting', 'delivering', 'delivered', 'failed', 'dead', 'withdrawn', 'cancelled')",
            name="state",
        ),
        Index("ix_publication_target_id_article_id", "target_id", "article_id"),
        Index("ix_publication_delivered_at", "delivered_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    version: Mapped[str]
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("publish_run.id"))
    state: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    article: Mapped[Article] = relationship(lazy="raise")
    target: Mapped[Target] = relationship(lazy="raise")


class PublishRunItem(Base):
    """That a run took on a publication. Two runs may have taken on the same one; whichever is due first sends it.

    `position` is its place in the run. `sent_at` is when this run sent it, none while it has not or another run did, and
    `decided_at` the time of the approval that held then, which is as good as its name (a version may come again after a
    rollback). `newly`: with it an article became public that was not, which the policy may allow for so many a day.
    """

    __tablename__ = "publish_run_item"
    __table_args__ = (
        Index("ix_publish_run_item_run_id_position", "run_id", "position"),
        Index("ix_publish_run_item_newly", "sent_at", sqlite_where=NEWLY, postgresql_where=NEWLY),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("publish_run.id"), primary_key=True)
    publication_id: Mapped[int] = mapped_column(
        ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    newly: Mapped[bool] = mapped_column(default=False, server_default=false())


class RunRollback(Base):
    """The rolling back of what a run published, as a cohort: by whom, why, and how far it is.

    Of `total` articles so many are `withdrawn` or `stayed`; `failure` says why it ended before the last.
    """

    __tablename__ = "run_rollback"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'finished', 'stopped')", name="state"),
        Index("ix_run_rollback_run_id_id", "run_id", "id"),
        Index("ix_run_rollback_working", "id", sqlite_where=ROLLING_BACK, postgresql_where=ROLLING_BACK),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("publish_run.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued")
    failure: Mapped[str] = mapped_column(default="")
    total: Mapped[int] = mapped_column(default=0)
    withdrawn: Mapped[int] = mapped_column(default=0)
    stayed: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="raise")


class RunRollbackItem(Base):
    """One article of a cohort and what became of it: empty while it waits, `withdrawn`, or `stayed` with the reason.

    `decided_at` is the approval under which the run sent it.
    """

    __tablename__ = "run_rollback_item"
    __table_args__ = (CheckConstraint("result IN ('', 'withdrawn', 'stayed')", name="result"),)

    rollback_id: Mapped[int] = mapped_column(
        ForeignKey("run_rollback.id", ondelete="CASCADE"), primary_key=True
    )
    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    version: Mapped[str]
    decided_at: Mapped[datetime | None]
    result: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    article: Mapped[Article] = relationship(lazy="raise")


class PublishSchedule(Base):
    """That every day at a time of a zone all that is approved is published. `minute` is that of the day, 0 to 1439.

    No two do the same. `next_at` is when it is to start a run the next time.
    """

    __tablename__ = "publish_schedule"
    __table_args__ = (
        CheckConstraint("minute BETWEEN 0 AND 1439", name="minute"),
        Index("ix_publish_schedule_minute_zone", "minute", "zone", unique=True),
        Index("ix_publish_schedule_next_at", "next_at", sqlite_where=ENABLED, postgresql_where=ENABLED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    minute: Mapped[int]
    zone: Mapped[str]
    enabled: Mapped[bool] = mapped_column(default=True)
    next_at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime]
    user: Mapped[User | None] = relationship(lazy="raise")


class ScheduleFiring(Base):
    """That a schedule has started its run of a planned time. The key makes it impossible that two schedulers do."""

    __tablename__ = "schedule_firing"

    schedule_id: Mapped[int] = mapped_column(
        ForeignKey("publish_schedule.id", ondelete="CASCADE"), primary_key=True
    )
    planned_at: Mapped[datetime] = mapped_column(primary_key=True)
    fired_at: Mapped[datetime]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("publish_run.id"))


class PublishMark(Base):
    """Something that one may be at at a time, in whatever process: whoever holds its row. `value` is how far it has come."""

    __tablename__ = "publish_mark"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class HookCall(Base):
    """A signed call that was answered: its id, what it said, and the answer, so that a repeat does nothing twice."""

    __tablename__ = "hook_call"

    webhook_id: Mapped[str] = mapped_column(primary_key=True)
    body_digest: Mapped[str]
    answer: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(index=True)


class HookLog(Base):
    """A call of the hook: when, its id, from which address, how it was answered and why.

    What is sent too often in a minute is one row, counted in `times`.
    """

    __tablename__ = "hook_log"
    __table_args__ = (
        Index("ix_hook_log_address_called_at", "address", "called_at"),
        Index("ix_hook_log_called_at", "called_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    called_at: Mapped[datetime]
    webhook_id: Mapped[str]
    address: Mapped[str]
    status: Mapped[int]
    reason: Mapped[str]
    run_id: Mapped[int | None]
    times: Mapped[int] = mapped_column(default=1, server_default="1")
