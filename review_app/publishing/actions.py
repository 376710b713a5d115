"""Starting a publish run, and the verbs on it as a whole. What may go out is asked here, and in `running.py` when it goes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from types import SimpleNamespace
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Insert,
    and_,
    bindparam,
    case,
    exists,
    insert,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from review_app.articles.models import Article
from review_app.base.database import Base
from review_app.base.errors import Conflict, Invalid
from review_app.base.messages import Figure, Message
from review_app.base.messages import lazy_gettext as _l
from review_app.outbox.actions import Actor, log_event
from review_app.publishing.models import Publication, PublishRun, PublishRunItem
from review_app.publishing.queries import (
    Candidate,
    approved_candidates,
    candidates,
    enabled_targets,
    stands,
    unpublished_source_ids,
)
from review_app.publishing.rules import (
    AT_WORK,
    LONGEST_HELD,
    MOST_SOURCE_IDS,
    STATEMENT_ROWS,
    RunState,
    Trigger,
)
from review_app.publishing.stopping import PAUSED, take_back

Row = TypeVar("Row")
# The bare tables: a statement on them is compiled once for any number of rows.
PUBLICATIONS, RUN_ITEMS = Base.metadata.tables["publication"], Base.metadata.tables["publish_run_item"]
KEY = ("article_id", "version", "target_id")
# The row that an insert met. SQLAlchemy knows no enclosing query there, and would ask whether any publication stands.
THAT_ROW = SimpleNamespace(
    **{column.name: literal_column(f"publication.{column.name}", column.type) for column in PUBLICATIONS.c}
)


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants published: these articles, or (`source_ids` None) all approved ones that are not; and when."""

    source_ids: Sequence[str] | None
    publish_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For the record."""
        at = self.publish_at and self.publish_at.isoformat()
        named = {"scope": "approved"} if self.source_ids is None else {"source_ids": list(self.source_ids)}
        return named | {"publish_at": at}


@dataclass(frozen=True, slots=True)
class Started:
    """A run, what it took on and what it refused."""

    run: PublishRun
    accepted: list[str]
    refused: list[dict[str, str]]


NO_SUCH_ARTICLE = _l("there is no such article")
TOO_FAR = _l("That moment is more than a thousand years ahead.")
NOT_APPROVED = "it is not approved, but "


def start_run(
    session: Session,
    order: Order,
    trigger: Trigger,
    *,
    user_id: int | None,
    actor: Actor,
    now: datetime,
    undo: timedelta,
) -> Started:
    """Take on what is approved and refuse the rest with a reason. Raises `Invalid` as `sorted_out` does.

    Nothing goes out before the undo window of its approval has passed, nor before `publish_at`; one that has passed is now.
    """
    chosen, refused = sorted_out(session, order, now)
    earliest = max(now, order.publish_at or now)
    run = PublishRun(
        trigger=trigger.value,
        user_id=user_id,
        requested=order.as_json(),
        accepted=len(chosen),
        refused=refused,
        created_at=now,
        due_at=earliest,
        state="queued",
        finished_at=None,
        leased_by=None,
        lease_until=None,
    )
    session.add(run)
    session.flush()
    targets = [target.id for target in enabled_targets(session)]
    # In one order, so that two runs that name the same articles cannot each wait for the other.
    for some in portions(sorted(enumerate(chosen), key=lambda placed: placed[1].id)):
        _queue(session, run, some, targets=targets, earliest=earliest, undo=undo)
    after = {"accepted": len(chosen), "refused": len(refused)}
    log_event(session, "publish_run.started", ("publish_run", str(run.id)), actor=actor, now=now, after=after)
    return Started(run, [article.source_id for article in chosen], refused)


def sorted_out(session: Session, order: Order, now: datetime) -> tuple[list[Candidate], list[dict[str, str]]]:
    """What may go out, in the order it was named, and what may not, with the reason.

    Asked by a run and by its preview alike, so that neither takes what the other refuses. Raises `Invalid` when none or too many
    are named, and for a moment that is too far off.
    """
    if order.publish_at is not None and order.publish_at > now + LONGEST_HELD:
        raise Invalid(TOO_FAR, {"publish_at": [_l("must be within the next thousand years")]})
    source_ids = order.source_ids
    if source_ids is None:
        return list(approved_candidates(session)), []
    if not 1 <= len(source_ids) <= MOST_SOURCE_IDS:
        raise Invalid(
            _l("Name the articles."),
            {"source_ids": [_l("must name 1 to %(most)s articles", most=Figure(MOST_SOURCE_IDS))]},
        )
    chosen, refused = [], []
    wanted = list(dict.fromkeys(source_ids))
    found = {article.source_id: article for some in portions(wanted) for article in candidates(session, some)}
    for source_id in wanted:
        article = found.get(source_id)
        if article is not None and article.indexable:
            chosen.append(article)
        else:
            refused.append({"source_id": source_id, "reason": _reason(article)})
    return chosen, refused


def _reason(article: Candidate | None) -> str:
    """In English, since programs are told and the run keeps it; `forms.refusal_words` says it to people."""
    if article is None:
        return NO_SUCH_ARTICLE
    return NOT_APPROVED + article.revision_status.replace("_", " ")


def portions(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """So many at a time as one statement takes."""
    left = iter(rows)
    while some := list(islice(left, STATEMENT_ROWS)):
        yield some


def _queue(
    session: Session,
    run: PublishRun,
    placed: Sequence[tuple[int, Candidate]],
    *,
    targets: Sequence[int],
    earliest: datetime,
    undo: timedelta,
) -> None:
    """One publication an article, version and target, however often it is asked for.

    One that waits already goes out at the earlier of the two times. One that is out, or just being delivered, is left alone;
    one that was sent and has been withdrawn since is sent again.
    """
    rows = [
        {
            "article_id": article.id,
            "version": article.revision_version,
            "target_id": target_id,
            "run_id": run.id,
            "state": "waiting",
            "reason": "",
            "due_at": max(earliest, (article.decided_at or earliest) + undo),
        }
        for _, article in placed
        for target_id in targets
    ]
    if not rows:
        return
    session.execute(_once(session), rows)
    places = [1 + place * len(targets) + number for place, _ in placed for number in range(len(targets))]
    keys = [{f"of_{name}": row[name] for name in KEY} for row in rows]
    session.execute(_taken_on(run), [key | {"place": place} for key, place in zip(keys, places, strict=True)])


def _once(session: Session) -> SqliteInsert | PostgresqlInsert:
    chosen_insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    fresh = chosen_insert(PUBLICATIONS)
    sooner = and_(Publication.state == "waiting", Publication.due_at < fresh.excluded.due_at)
    standing = exists().where(Article.id == THAT_ROW.article_id, stands(THAT_ROW))
    return fresh.on_conflict_do_update(
        index_elements=KEY,
        set_={
            "run_id": fresh.excluded.run_id,
            "state": "waiting",
            "reason": "",
            "due_at": case((sooner, Publication.due_at), else_=fresh.excluded.due_at),
        },
        where=~standing,
    )


def _taken_on(run: PublishRun) -> Insert:
    named = (PUBLICATIONS.c[name] == bindparam(f"of_{name}") for name in KEY)
    place = bindparam("place", type_=BigInteger)
    found = select(literal(run.id), Publication.id, place).where(*named)
    return insert(RUN_ITEMS).from_select(["run_id", "publication_id", "position"], found)


def retry_run(
    session: Session,
    run: PublishRun,
    trigger: Trigger,
    *,
    user_id: int | None,
    actor: Actor,
    now: datetime,
    undo: timedelta,
) -> Started:
    """A new run of what failed, was given up or cancelled in this one. Raises `Conflict` when there is nothing of that."""
    names = unpublished_source_ids(session, run.id)
    if not names:
        raise Conflict(_l("Nothing of this run failed or was cancelled."))
    order = Order(names[:MOST_SOURCE_IDS])
    return start_run(session, order, trigger, user_id=user_id, actor=actor, now=now, undo=undo)


def pause_run(session: Session, run: PublishRun, *, actor: Actor, now: datetime) -> None:
    """Send nothing more until it is resumed, and take back what nobody has tried to send. The caller holds the row.

    Raises `Conflict` when it has ended or is paused.
    """
    if run.state not in {RunState.QUEUED, RunState.RUNNING}:
        raise Conflict(_only(run, _l("Only a run that has not ended can be paused.")))
    take_back(session, run, PAUSED, now)
    _put(run, RunState.PAUSED)
    log_event(session, "publish_run.paused", ("publish_run", str(run.id)), actor=actor, now=now)


def resume_run(session: Session, run: PublishRun, *, actor: Actor, now: datetime) -> None:
    """Go on where it was paused. The caller holds the row. Raises `Conflict` when it is not paused."""
    if run.state != RunState.PAUSED:
        raise Conflict(_l("Only a paused run can be resumed."))
    _put(run, RunState.QUEUED)
    asked_for = run.requested.get("publish_at")
    run.due_at = max(now, datetime.fromisoformat(asked_for)) if asked_for else now
    log_event(session, "publish_run.resumed", ("publish_run", str(run.id)), actor=actor, now=now)


def _only(run: PublishRun, otherwise: Message) -> Message:
    return _l("This run is paused already.") if run.state == RunState.PAUSED else otherwise


def _put(run: PublishRun, state: RunState) -> None:
    """Without its lease: the worker that has it notices with its next portion."""
    run.state, run.leased_by, run.lease_until = state.value, None, None


def hasten_ended(session: Session, publication_ids: Collection[int], now: datetime) -> list[int]:
    """The deliverer has ended these publications: the runs that waited for nothing else are due now. Returns their numbers.

    In a transaction of its own, after that in which they ended, so that of two that end at the same moment one sees both.
    """
    took_on = select(PublishRunItem.run_id).where(PublishRunItem.publication_id.in_(publication_ids))
    query = select(PublishRun.id).where(PublishRun.id.in_(took_on), PublishRun.state.in_(AT_WORK))
    waiting = session.scalars(query.where(PublishRun.due_at > now).order_by(PublishRun.id)).all()
    ended = [run_id for run_id in waiting if not _has_open(session, run_id)]
    for run_id in ended:
        still = PublishRun.id == run_id, PublishRun.state.in_(AT_WORK), PublishRun.due_at > now
        session.execute(update(PublishRun).where(*still).values(due_at=now))
    return ended


def _has_open(session: Session, run_id: int) -> bool:
    """The last ones end last, so looking from the end finds one soon."""
    query = (
        select(Publication.id)
        .join(PublishRunItem, PublishRunItem.publication_id == Publication.id)
        .where(PublishRunItem.run_id == run_id, Publication.state.in_(("waiting", "delivering")))
        .order_by(PublishRunItem.position.desc())
    )
    return session.scalar(query.limit(1)) is not None
