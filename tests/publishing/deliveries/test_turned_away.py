"""One process sends to two targets at a time; a third is turned away, and called as soon as one of them ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from review_app.publishing.deliveries import jobs

SOON = 10.0
"""Seconds after which a thread that should have come never will."""


class Desk:
    """Sends to targets in threads: each send begins, is seen, and ends when the test says so."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.threads = threads
        self.began = {number: threading.Event() for number in range(1, 6)}
        self.may_end = {number: threading.Event() for number in range(1, 6)}
        self.sent: list[int] = []
        self.called: list[tuple[str, int]] = []

    def send_all(self, target_id: int) -> int:
        """As the job does, without any target."""
        self.sent.append(target_id)
        self.began[target_id].set()
        assert self.may_end[target_id].wait(SOON)
        return 1

    def wake(self, job: str, target_id: int) -> None:
        """As the queue does: a worker looks at it at once."""
        self.called.append((job, target_id))
        self.threads.submit(jobs.run_delivery, target_id)

    def begin(self, target_id: int) -> Future[None]:
        """Send there in a thread, and wait until it has begun."""
        running = self.threads.submit(jobs.run_delivery, target_id)
        assert self.began[target_id].wait(SOON)
        return running

    def end(self, target_id: int, running: Future[None]) -> None:
        self.may_end[target_id].set()
        running.result(SOON)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with ThreadPoolExecutor(8) as threads:
        made = Desk(threads)
        monkeypatch.setattr(jobs, "_sending", jobs._Sending())
        monkeypatch.setattr(jobs, "send_all", made.send_all)
        monkeypatch.setattr(jobs, "wake", made.wake)
        yield made
        for may_end in made.may_end.values():
            may_end.set()


def test_a_third_target_waits_and_is_called_when_one_ends(desk: Desk) -> None:
    first, second = desk.begin(1), desk.begin(2)
    jobs.run_delivery(3)
    jobs.run_delivery(4)
    jobs.run_delivery(3)
    assert (desk.sent, desk.called) == ([1, 2], [])
    desk.end(1, first)
    assert desk.began[3].wait(SOON), "it need not wait for the next sweep"
    assert desk.called == [("delivery", 3)], "who came first, and nobody besides"
    desk.end(2, second)
    assert desk.began[4].wait(SOON)
    assert desk.called == [("delivery", 3), ("delivery", 4)]
    assert sorted(desk.sent) == [1, 2, 3, 4]


def test_a_second_worker_for_one_target_is_no_reason_to_call_it_again(desk: Desk) -> None:
    first = desk.begin(1)
    jobs.run_delivery(1)
    desk.end(1, first)
    assert (desk.sent, desk.called) == ([1], [])


def test_who_got_in_meanwhile_is_not_called(desk: Desk) -> None:
    first, second = desk.begin(1), desk.begin(2)
    jobs.run_delivery(3)
    jobs._sending.targets.discard(1)  # as if 1 had ended and its call of 3 were still under way
    third = desk.begin(3)
    desk.end(2, second)
    desk.end(3, third)
    desk.end(1, first)
    assert desk.called == []


def test_two_that_end_call_two(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "wake", lambda job, target_id: desk.called.append((job, target_id)))
    first, second = desk.begin(1), desk.begin(2)
    jobs.run_delivery(3)
    jobs.run_delivery(4)
    desk.end(1, first)
    desk.end(2, second)
    assert desk.called == [("delivery", 3), ("delivery", 4)], "not the same again, which has not come yet"


def test_a_send_that_breaks_makes_room_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk.begin(1)

    def broken(target_id: int) -> int:
        jobs.run_delivery(3)
        raise RuntimeError(target_id)

    monkeypatch.setattr(jobs, "send_all", broken)
    with pytest.raises(RuntimeError):
        jobs.run_delivery(2)
    monkeypatch.setattr(jobs, "send_all", desk.send_all)
    assert desk.called == [("delivery", 3)]
    desk.end(1, first)
