"""The whole way by the jobs alone: a run, our own pages, a place of others and webhooks, each of which gets what it should."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from review_app.base.clock import utc_now
from review_app.publishing.kinds import KINDS
from review_app.publishing.models import Delivery, Publication, PublishRun, Target
from review_app.publishing.rules import CONTENT_KINDS
from review_app.worker import run_pending
from tests.factories import make_article
from tests.publishing.conftest import UNDO


@pytest.fixture
def work_all(app, monkeypatch):
    """A worker does all that is due, as long as anything is. The public address leads nowhere, so nobody looks there."""
    monkeypatch.delitem(app.extensions["jobs"].kinds, "truth")

    def work() -> None:
        # What waits for what is being delivered is looked at again later.
        for seconds in (0, 30, 90):
            with time_machine.travel(utc_now() + timedelta(seconds=seconds)):
                while run_pending(app):
                    pass

    return work


@pytest.fixture
def approved(session_of, approve_by, lead):
    """Two articles that a person approved an hour ago."""
    with session_of() as session:
        for source_id in ("a-1", "a-2"):
            make_article(session, source_id)
    for source_id in ("a-1", "a-2"):
        approve_by(lead, source_id, utc_now() - timedelta(hours=1))


def heard(receiver) -> Counter:
    """What a webhook was told, and how often: kind, subject, and at which target."""
    return Counter(
        (call.body["type"], call.subject, call.body["data"].get("target")) for call in receiver.accepted
    )


def state_of(session_of, run_id):
    with session_of() as session:
        run = session.get_one(PublishRun, run_id)
        return run.state, run.published, run.failed


@pytest.mark.usefixtures("approved")
def test_a_desk_with_its_own_pages_and_webhooks_publishes_there_and_tells_them(
    receive, target_at, start, work_all, session_of, article_of
):
    everything, chosen, off = receive(), receive(), receive()
    target_at(everything, "everything")
    target_at(chosen, "chosen", events=["publish_run.finished"])
    target_at(off, "off", enabled=False)
    run_id = start().run.id
    work_all()
    assert state_of(session_of, run_id) == ("finished", 2, 0)
    assert {article_of(name).published_version for name in ("a-1", "a-2")} == {"1.3.0"}
    finished = {("publish_run.finished", str(run_id), None): 1}
    assert heard(everything) == finished | {
        (kind, name, target): 1
        for name in ("a-1", "a-2")
        for kind, target in (("article.approved", None), ("article.published", "site"))
    }
    assert heard(chosen) == finished
    assert off.calls == []
    with session_of() as session:
        kinds = select(Target.kind).join(Publication, Publication.target_id == Target.id)
        assert set(session.scalars(kinds)) == {"site"}


@pytest.mark.usefixtures("approved")
def test_our_pages_a_place_of_others_and_a_webhook_each_get_exactly_what_they_should(
    receiver, target_at, notebook, start, work_all, session_of, article_of, take_back, lead, monkeypatch
):
    monkeypatch.setitem(KINDS, "wordpress", notebook)
    hook = target_at(receiver)
    blog = target_at(receiver, "blog", kind="wordpress")
    run_id = start().run.id
    work_all()
    assert state_of(session_of, run_id) == ("finished", 4, 0)
    assert sorted(notebook.written) == [("publish", "a-1", "1.3.0"), ("publish", "a-2", "1.3.0")]
    told = Counter({("publish_run.finished", str(run_id), None): 1})
    for name in ("a-1", "a-2"):
        told[("article.approved", name, None)] += 1
        told[("article.published", name, "site")] += 1
        told[("article.published", name, "blog")] += 1
    assert heard(receiver) == told
    with time_machine.travel(utc_now() + timedelta(minutes=5)):
        take_back(lead, "a-1", utc_now())
    with time_machine.travel(utc_now() + timedelta(minutes=5) + UNDO):
        work_all()
    assert not article_of("a-1").indexable
    assert notebook.written[2:] == [("withdraw", "a-1", "1.2.3")]
    told[("article.withdrawn", "a-1", None)] += 1
    assert heard(receiver) == told
    with session_of() as session:
        states = select(Target.kind, Publication.state).join(Publication, Publication.target_id == Target.id)
        assert Counter(map(tuple, session.execute(states))) == {
            ("site", "delivered"): 2,
            ("wordpress", "delivered"): 1,
            ("wordpress", "withdrawn"): 1,
        }
        actions = select(Delivery.target_id, Delivery.action, Delivery.state)
        assert Counter(map(tuple, session.execute(actions))) == {
            (hook, "tell", "delivered"): sum(told.values()),
            (blog, "publish", "delivered"): 2,
            (blog, "withdraw", "delivered"): 1,
        }


def test_runs_make_publications_for_the_kinds_that_are_asked_to_publish_and_for_no_others():
    asked = {name for name, kind in KINDS.items() if kind.hears and "publication.requested" in kind.hears}
    assert asked | {"site"} == set(CONTENT_KINDS)
