"""What is read after one write is read once for all who read at that time, and never after the next write."""

import threading
import time

from live import hub
from live.once import once, remembering, shared


def test_of_many_at_once_one_reads_and_the_others_take_what_it_read():
    reads = []

    def read():
        reads.append(1)
        time.sleep(0.1)
        return len(reads)

    got, memory = [], shared()

    def look():
        with remembering(memory):
            got.append(once("rows", read))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (reads, got) == ([1], [1] * 8)


def test_after_a_nudge_everything_is_read_afresh():
    reads = []
    for _ in range(2):
        hub.nudge()
        for _ in range(2):
            with remembering(shared()):
                once("rows", lambda: reads.append(1))
    assert len(reads) == 2


def test_what_nobody_told_counts_after_a_second(monkeypatch):
    hub.nudge()
    memory = shared()
    assert shared() is memory
    monkeypatch.setattr("live.once.LASTS", 0.0)
    time.sleep(0.01)
    assert shared() is not memory


def test_a_reading_of_ones_own_shares_nothing():
    hub.nudge()
    with remembering(shared()):
        once("rows", lambda: "old")
    with remembering():
        assert once("rows", lambda: "new") == "new"
