"""An article that people worked on comes again: what they set stays, the rest follows, and the difference waits for them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from review_app.accounts.models import User
from review_app.articles.models import Article
from review_app.articles.queries import get_article, lock_article
from review_app.articles.rules import SCORES
from review_app.base.errors import Conflict, Invalid, NotFound
from review_app.importing.merging import imported_values
from review_app.importing.models import MergeProposal
from review_app.outbox.models import Event, OutboxEvent
from review_app.review_queue.actions import ClaimHeld, hold
from review_app.reviewing.actions import StaleArticle
from review_app.reviewing.merging import Taking, settle_proposal
from review_app.reviewing.models import ChecklistItem, Decision
from review_app.reviewing.policy import set_floors
from review_app.reviewing.queries import current_rules, list_merges
from tests.factories import make_article
from tests.review_queue.test_query_plans import plans
from tests.reviewing.desk import (
    NOW,
    UNDO,
    Sessions,
    import_again,
    judge,
    keep_new_texts_out,
    retire_checklist,
    undo,
)

IMPORTED = {"quality": 81, "freshness": 64, "depth": 70, "clarity": 88}


@pytest.fixture(autouse=True)
def desk(session_of: Sessions) -> None:
    """An article `a` that was imported once, and no checklist."""
    with session_of() as session:
        retire_checklist(session)
        import_again(session)


def proposal(session: Session) -> MergeProposal | None:
    return session.scalar(select(MergeProposal).filter_by(state="open"))


def waiting(session: Session) -> dict[str, Any]:
    """The fields of the open proposal, by name: before and now."""
    found = proposal(session)
    return {name: (values["before"], values["now"]) for name, values in found.fields.items()} if found else {}


def merge(session: Session, user: User, *take: str, **said: Any) -> Decision | None:
    article = lock_article(session, "a")
    taking = Taking(frozenset(take), **({"row_version": article.row_version} | said))
    return settle_proposal(session, article, user, taking, actor=user.as_actor(), now=NOW, undo=UNDO)


def the_article(session: Session) -> Article:
    session.flush()
    session.expire_all()
    return get_article(session, "a")


def log_of(session: Session) -> list[str]:
    return [
        kind for kind in session.scalars(select(Event.kind).order_by(Event.id)) if kind.startswith("merge.")
    ]


# --- what an import changes, and what waits ---------------------------------------------------------------------------


def test_what_nobody_decided_follows_and_nothing_waits(session_of: Sessions) -> None:
    with session_of() as session:
        import_again(session, **{"score.quality": 90, "revision.status": "reviewed"})
        assert the_article(session).scores == IMPORTED | {"quality": 90}
        assert the_article(session).revision_status == "reviewed"
        assert waiting(session) == {}


def test_after_a_save_only_what_was_corrected_stays(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "save", status="drafted", scores={"quality": 50, "depth": 70})
        import_again(
            session,
            title="A new title",
            **{"score.quality": 90, "score.depth": 10, "revision.status": "reviewed"},
        )
        article = the_article(session)
        assert article.scores == IMPORTED | {"quality": 50, "depth": 10}
        assert (article.revision_status, article.title) == ("reviewed", "A new title")
        assert waiting(session) == {"quality": (81, 90)}


def test_a_status_that_a_person_chose_stays(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        import_again(session, **{"revision.status": "reviewed"})
        judge(session, "a", reviewer, "save", status="drafted")
        import_again(session, **{"revision.status": "reviewed", "score.quality": 90})
        assert the_article(session).revision_status == "drafted"
        assert waiting(session) == {}
        import_again(session, **{"revision.status": "updated", "score.quality": 90})
        assert waiting(session) == {}


@pytest.mark.parametrize("outcome", ["approve", "request_changes", "reject", "archive"])
def test_after_a_settling_decision_all_stays_and_every_difference_waits(
    session_of: Sessions, lead: User, outcome: str
) -> None:
    with session_of() as session:
        decision = judge(session, "a", lead, outcome)
        import_again(session, **{"score.quality": 90, "score.depth": None, "revision.status": "reviewed"})
        article = the_article(session)
        assert article.scores == IMPORTED
        assert article.revision_status == decision.after["status"]
        assert waiting(session) == {
            "quality": (81, 90),
            "depth": (70, None),
            "status": ("drafted", "reviewed"),
        }


def test_what_was_settled_once_stays_settled_after_a_save(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "reject")
        judge(session, "a", reviewer, "save", status="drafted")
        import_again(session, **{"score.quality": 90})
        assert the_article(session).quality == 81
        assert waiting(session) == {"quality": (81, 90)}


def test_what_was_rolled_back_follows_the_import_again(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        decision = judge(session, "a", lead, "reject", scores={"quality": 5})
        import_again(session, **{"score.quality": 90})
        undo(session, decision, lead)
        import_again(session, **{"score.quality": 91})
        assert the_article(session).quality == 91
        assert waiting(session) == {}
        assert log_of(session) == ["merge.proposed", "merge.overtaken"]


def test_nothing_waits_where_the_import_says_what_it_said_or_what_we_have(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve", scores={"quality": 50, "depth": 60})
        import_again(session, **{"score.quality": 81, "score.depth": 60})
        assert waiting(session) == {}


@pytest.mark.parametrize("again", [81, 50])
def test_a_later_import_closes_what_no_longer_differs(
    session_of: Sessions, reviewer: User, again: int
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve", scores={"quality": 50})
        import_again(session, **{"score.quality": 90})
        import_again(session, **{"score.quality": again})
        assert waiting(session) == {}
        assert log_of(session) == ["merge.proposed", "merge.overtaken"]


def test_a_later_import_brings_the_open_proposal_up_to_date(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90})
        import_again(session, **{"score.quality": 90, "score.depth": 1})
        batch = import_again(session, **{"score.quality": 91, "score.depth": 1})
        assert waiting(session) == {"quality": (81, 91), "depth": (70, 1)}
        assert session.scalars(select(MergeProposal.batch_id)).all() == [batch.id]
        assert log_of(session) == ["merge.proposed", "merge.changed", "merge.changed"]


def test_what_was_kept_is_not_asked_again_until_the_import_says_something_new(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90})
        assert merge(session, reviewer) is None
        import_again(session, topic="another", **{"score.quality": 90})
        assert waiting(session) == {}
        import_again(session, **{"score.quality": 91})
        assert waiting(session) == {"quality": (90, 91)}
        assert log_of(session) == ["merge.proposed", "merge.kept", "merge.proposed"]


def test_the_database_holds_one_open_proposal_an_article(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90})
        session.flush()
        again = MergeProposal(
            article_id=the_article(session).id,
            batch_id=1,
            state="open",
            fields={},
            created_at=NOW,
            updated_at=NOW,
        )
        session.add(again)
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()


# --- settling it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["approve", "request_changes", "reject"])
def test_taking_a_score_records_the_same_outcome_again(
    session_of: Sessions, reviewer: User, outcome: str
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, outcome, scores={"depth": 60})
        before = the_article(session)
        batch = import_again(session, **{"score.quality": 90, "score.depth": 1})
        decision = merge(session, reviewer, "quality", note="Measured anew.")
        article = the_article(session)
        assert decision is not None
        assert decision.outcome == outcome
        assert article.scores == IMPORTED | {"quality": 90, "depth": 60}
        assert (article.revision_status, article.indexable) == (before.revision_status, outcome == "approve")
        assert f"import {batch.id}: quality: 81 to 90." in decision.note
        assert "Measured anew." in decision.note
        assert proposal(session) is None
        assert log_of(session) == ["merge.proposed", "merge.taken"]
        kinds = session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.id)).all()
        assert kinds == (["article.approved"] * 2 if outcome == "approve" else [])


def test_taking_a_score_of_a_saved_article_saves_it_as_it_stood(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "save", status="drafted", scores={"quality": 50})
        import_again(session, **{"score.quality": 90})
        decision = merge(session, reviewer, "quality")
        assert decision is not None
        assert (decision.outcome, decision.after["status"]) == ("save", "drafted")
        assert the_article(session).awaiting_review


def test_taking_the_status_of_an_approved_article_puts_it_back_into_the_queue(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"revision.status": "reviewed"})
        decision = merge(session, reviewer, "status")
        article = the_article(session)
        assert decision is not None
        assert decision.outcome == "save"
        assert (article.revision_status, article.awaiting_review, article.indexable) == (
            "reviewed",
            True,
            False,
        )


def test_a_score_under_its_floor_cannot_be_taken_into_an_approval(
    session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 30})
        version = current_rules(session).version
        set_floors(session, lead, {"quality": 40}, "test", based_on=version, actor=lead.as_actor(), now=NOW)
        with pytest.raises(Invalid) as refused:
            merge(session, reviewer, "quality")
        assert list(refused.value.fields) == ["quality"]
        assert proposal(session) is not None


def test_the_checklist_of_the_approval_is_carried_over_and_a_new_line_is_not_ticked(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        line = ChecklistItem(text="Read it", required=True, position=1, retired_at=None)
        session.add(line)
        session.flush()
        judge(session, "a", reviewer, "approve", checklist=frozenset({line.id}))
        import_again(session, **{"score.quality": 90})
        decision = merge(session, reviewer, "quality")
        assert decision is not None
        assert decision.checklist == [line.id]
        import_again(session, **{"score.quality": 91})
        session.add(ChecklistItem(text="And the code", required=True, position=2, retired_at=None))
        with pytest.raises(Invalid) as refused:
            merge(session, reviewer, "quality")
        assert refused.value.fields == {"checklist": ["needs to be ticked: And the code"]}


def test_a_merge_never_approves_a_text_that_nobody_read(
    session_of: Sessions, reviewer: User, lead: User
) -> None:
    with session_of() as session:
        keep_new_texts_out(session, lead)
        judge(session, "a", reviewer, "approve")
        import_again(session, body="<p>Unread.</p>", **{"score.quality": 90})
        read = the_article(session).decided_digest
        with pytest.raises(Conflict, match="The text has changed"):
            merge(session, reviewer, "quality")
        assert the_article(session).decided_digest == read
        assert the_article(session).awaiting_review


@pytest.mark.parametrize("outcome", ["request_changes", "reject", "save"])
def test_a_merge_leaves_a_new_text_unread_and_waiting(
    session_of: Sessions, reviewer: User, outcome: str
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, outcome, scores={"quality": 50})
        import_again(session, body="<p>Unread.</p>", **{"score.quality": 90})
        before = the_article(session)
        waited, read = before.awaiting_review, before.decided_digest
        merge(session, reviewer, "quality")
        article = the_article(session)
        assert (article.awaiting_review, article.decided_digest) == (waited, read)
        assert read != article.text_digest


def test_what_somebody_else_holds_cannot_be_merged(
    session_of: Sessions, reviewer: User, colleague: User
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90})
        hold(session, lock_article(session, "a"), colleague, now=NOW, lease=UNDO)
        for take in ((), ("quality",)):
            with pytest.raises(ClaimHeld):
                merge(session, reviewer, *take)


@pytest.mark.parametrize("take", [(), ("quality",)])
def test_a_page_that_has_gone_stale_settles_nothing(
    session_of: Sessions, reviewer: User, take: tuple[str, ...]
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90})
        seen = the_article(session).row_version
        import_again(session, **{"score.quality": 91})
        with pytest.raises(StaleArticle):
            merge(session, reviewer, *take, row_version=seen)
        assert waiting(session) == {"quality": (81, 91)}


def test_only_what_waits_can_be_taken(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        with pytest.raises(NotFound):
            merge(session, reviewer)
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90})
        with pytest.raises(Invalid, match="Please correct"):
            merge(session, reviewer, "quality", "depth")


def test_an_archived_article_takes_nothing_but_ours_can_be_kept(session_of: Sessions, lead: User) -> None:
    with session_of() as session:
        judge(session, "a", lead, "archive")
        import_again(session, **{"score.quality": 90})
        with pytest.raises(Conflict):
            merge(session, lead, "quality")
        assert merge(session, lead) is None
        assert proposal(session) is None


def test_a_decision_that_says_the_same_settles_the_proposal(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90})
        judge(session, "a", reviewer, "approve", scores={"quality": 90})
        assert proposal(session) is None


def test_a_merge_that_is_rolled_back_waits_again(session_of: Sessions, reviewer: User) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90, "score.depth": 1})
        decision = merge(session, reviewer, "quality")
        assert decision is not None
        undo(session, decision, reviewer)
        assert the_article(session).scores == IMPORTED
        assert waiting(session) == {"quality": (81, 90), "depth": (70, 1)}


def test_a_rolled_back_merge_asks_nothing_that_the_import_no_longer_says(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        judge(session, "a", reviewer, "approve")
        import_again(session, **{"score.quality": 90})
        decision = merge(session, reviewer, "quality")
        import_again(session, **{"score.quality": 81})
        assert waiting(session) == {"quality": (90, 81)}
        merge(session, reviewer)
        assert decision is not None
        undo(session, decision, reviewer)
        assert waiting(session) == {}


def test_a_status_is_compared_as_the_import_gave_it_whatever_word_the_source_has(
    session_of: Sessions, reviewer: User
) -> None:
    with session_of() as session:
        meta = the_article(session).meta
        meta.imported, meta.imported_status = {"revision": {"status": "fertig"}}, "reviewed"
        assert imported_values(meta) == dict.fromkeys(SCORES) | {"status": "reviewed"}
        meta.imported_status = None
        assert imported_values(meta)["status"] == "drafted"


def test_what_waits_is_listed_along_its_index_however_much_was_settled(session_of: Sessions) -> None:
    with session_of() as session:
        articles = [make_article(session).id for _ in range(200)]
        session.add_all(
            MergeProposal(
                article_id=number,
                state="open" if number % 100 == 0 else "kept",
                fields={},
                created_at=NOW,
                updated_at=NOW,
            )
            for number in articles
        )
    with session_of() as session:
        session.execute(text("ANALYZE"))
        with plans(session) as found:
            assert len(list_merges(session).rows) == 2
    assert "merge_proposal_open" in found[0]
