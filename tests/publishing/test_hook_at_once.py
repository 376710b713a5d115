"""Many deliveries of one call at the same moment, on each database."""

from __future__ import annotations

import threading


def test_a_hundred_deliveries_of_one_call_at_once_are_one_run(hook, approve, runs):
    approve("good")
    answers, ready = [], threading.Barrier(100)

    def deliver():
        ready.wait()
        answers.append(hook.call({"source_ids": ["good"]}))

    threads = [threading.Thread(target=deliver) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202] * 100
    assert len({answer.get_data() for answer in answers}) == 1
    assert runs() == 1
