"""What people set and what an import says instead: which fields are pinned, and the proposal that waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from review_app.articles.models import Article, ArticleMeta
from review_app.articles.rules import SCORES
from review_app.importing.echoes import stated_status
from review_app.importing.models import ImportBatch, MergeProposal
from review_app.importing.record import Record
from review_app.importing.rules import DEFAULT_STATUS, IMPORTED_STATUSES
from review_app.outbox.actions import Actor, log_event

STATUS = "status"
FIELDS = (*SCORES, STATUS)
"""What a person can set and an import can say: the only fields that are ever merged."""

Values = dict[str, Any]


def imported_values(meta: ArticleMeta) -> Values:
    """The scores and the status that came with the last import, as an article would take them; what is no score is None."""
    scores = _group(meta.imported, "score")
    given = {name: scores.get(name) for name in SCORES}
    values = {name: value if type(value) is int else None for name, value in given.items()}
    return {
        **values,
        STATUS: meta.imported_status or _status(_group(meta.imported, "revision").get("status")),
    }


def _status(word: object) -> str:
    """Of what was imported before the status was noted."""
    known = IMPORTED_STATUSES.get(word.strip().lower()) if isinstance(word, str) else None
    return known or DEFAULT_STATUS


def values_of(record: Record, article: Article) -> Values:
    """The same of what comes now. A status that an import cannot set is the article's own, if that is what the record says."""
    status = record.revision_status
    if stated_status(record) == article.revision_status:
        status = article.revision_status
    return {**{score: getattr(record, score) for score in SCORES}, STATUS: status}


def _group(meta: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = meta.get(name)
    return found if isinstance(found, Mapping) else {}


def own_values(article: Article) -> Values:
    """The same fields as the article has them."""
    return {**article.scores, STATUS: article.revision_status}


def pinned(article: Article) -> frozenset[str]:
    """The fields that a person set. Needs the article's metadata.

    All of them once a person has settled the article; after saves, those that differ from what was last imported.
    """
    if article.decided_at is None:
        return frozenset()
    if article.affirmed:
        return frozenset(FIELDS)
    imported, own = imported_values(article.meta), own_values(article)
    return frozenset(name for name in FIELDS if own[name] != imported[name])


def open_proposal(session: Session, article: Article) -> MergeProposal | None:
    """The proposal of this article that waits for a person."""
    return session.scalar(select(MergeProposal).filter_by(article_id=article.id, state="open"))


def waiting_of(session: Session, article: Article) -> Values | None:
    """The open proposal as it stands, so that an undo can bring it back."""
    proposal = open_proposal(session, article)
    if proposal is None:
        return None
    return {"id": proposal.id, "batch_id": proposal.batch_id, "fields": proposal.fields}


@dataclass(frozen=True, slots=True)
class Merge:
    """What stood before an import changes an article; to be read first, since the database is not to see it half changed."""

    proposal: MergeProposal | None
    imported: Values
    pinned: frozenset[str]

    @classmethod
    def of(cls, session: Session, article: Article) -> Merge:
        """How the article stands now."""
        return cls(open_proposal(session, article), imported_values(article.meta), pinned(article))

    def differences(self, article: Article, imported: Values) -> dict[str, Any]:
        """The pinned fields on which what is imported now is neither what was before nor what the article has."""
        waiting = self.proposal.fields if self.proposal else {}
        before = {name: waiting.get(name, {}).get("before", self.imported[name]) for name in FIELDS}
        own = own_values(article)
        return {
            name: {"before": before[name], "now": imported[name]}
            for name in FIELDS
            if name in self.pinned and imported[name] not in (before[name], own[name])
        }


def propose(
    session: Session, batch: ImportBatch, article: Article, imported: Values, *, merge: Merge, now: datetime
) -> None:
    """After an import has changed the article: open a proposal, bring the open one up to date, or close it."""
    fields, proposal = merge.differences(article, imported), merge.proposal
    actor = Actor(batch.user_id, f"import {batch.id}")
    if proposal is None and not fields:
        return
    if proposal is None:
        proposal = MergeProposal(
            article_id=article.id,
            batch_id=batch.id,
            state="open",
            fields=fields,
            created_at=now,
            updated_at=now,
        )
        session.add(proposal)
        _log(session, "merge.proposed", article, fields, actor=actor, now=now)
    elif not fields:
        close(session, article, proposal, "overtaken", actor=actor, now=now)
    elif fields != proposal.fields:
        proposal.fields, proposal.batch_id, proposal.updated_at = fields, batch.id, now
        _log(session, "merge.changed", article, fields, actor=actor, now=now)


def close(
    session: Session,
    article: Article,
    proposal: MergeProposal,
    state: str,
    *,
    actor: Actor,
    now: datetime,
    decision_id: int | None = None,
) -> None:
    """Settle a proposal: `taken` or `kept` by a person, or `overtaken` by what happened since. It stays to be read."""
    proposal.state, proposal.decision_id, proposal.updated_at = state, decision_id, now
    _log(session, f"merge.{state}", article, proposal.fields, actor=actor, now=now)


def _log(
    session: Session, kind: str, article: Article, fields: dict[str, Any], *, actor: Actor, now: datetime
) -> None:
    subject, after = ("article", article.source_id), {"fields": fields, "ours": own_values(article)}
    log_event(session, kind, subject, actor=actor, now=now, after=after)


def remaining(article: Article, proposal: MergeProposal) -> dict[str, Any]:
    """The fields of a proposal that still differ from what the article has, in our order: PostgreSQL keeps none."""
    own, fields = own_values(article), proposal.fields
    return {name: fields[name] for name in FIELDS if name in fields and fields[name]["now"] != own[name]}


def wait_as_before(
    session: Session, article: Article, batch_id: int, earlier: Values | None, *, actor: Actor, now: datetime
) -> None:
    """After a batch was undone: what waited before it (`waiting_of`) waits again, with its values; its own is closed.

    Nobody has worked on the article since the batch did. What a person has settled all the same stays settled.
    """
    proposal = session.get(MergeProposal, earlier["id"]) if earlier else open_proposal(session, article)
    if earlier is None:
        if proposal is not None and proposal.batch_id == batch_id:
            close(session, article, proposal, "overtaken", actor=actor, now=now)
    elif proposal is not None and proposal.state == "overtaken":
        _wait_again(proposal, earlier, now)
        _log(session, "merge.reopened", article, proposal.fields, actor=actor, now=now)
    elif proposal is not None and proposal.state == "open" and proposal.fields != earlier["fields"]:
        _wait_again(proposal, earlier, now)
        _log(session, "merge.changed", article, proposal.fields, actor=actor, now=now)


def _wait_again(proposal: MergeProposal, earlier: Values, now: datetime) -> None:
    proposal.state, proposal.updated_at = "open", now
    proposal.fields, proposal.batch_id = earlier["fields"], earlier["batch_id"]


def close_if_done(
    session: Session, article: Article, decision_id: int, *, actor: Actor, now: datetime
) -> None:
    """After a decision: a proposal with which the article now agrees is settled by it."""
    proposal = open_proposal(session, article)
    if proposal is not None and not remaining(article, proposal):
        close(session, article, proposal, "taken", actor=actor, now=now, decision_id=decision_id)


def reopen(session: Session, article: Article, decision_id: int, *, actor: Actor, now: datetime) -> None:
    """After the decision that settled a proposal was undone: it waits again, unless imports have said other things since."""
    settled = select(MergeProposal).filter_by(article_id=article.id, decision_id=decision_id)
    proposal = session.scalar(settled.order_by(MergeProposal.id.desc()).limit(1))
    if proposal is None or open_proposal(session, article) is not None:
        return
    imported = imported_values(session.get_one(ArticleMeta, article.id))
    holds = {
        name: values
        for name, values in remaining(article, proposal).items()
        if values["now"] == imported[name]
    }
    if holds:
        proposal.state, proposal.decision_id, proposal.fields, proposal.updated_at = "open", None, holds, now
        _log(session, "merge.reopened", article, holds, actor=actor, now=now)
