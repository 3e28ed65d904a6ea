"""Turns of chunks: one at a time, batch by batch, and nobody waits for ever for one that hangs."""

import threading

import pytest

from tests.temporal import until
from worker.chunks import turns
from worker.chunks.turns import Turns


@pytest.fixture
def those():
    return Turns()


def waiting(those, batch, order, number=1):
    """So many chunks of a batch that wait for their turn; each notes it and gives it back."""

    def one():
        assert those.take(batch)
        order.append(batch)
        those.give()

    threads = [threading.Thread(target=one, daemon=True) for _ in range(number)]
    for place, thread in enumerate(threads, 1):
        thread.start()
        until(lambda place=place: len(those._waiting.get(batch, ())) == place)
    return threads


def test_a_small_batch_does_not_wait_behind_all_chunks_of_a_large_one(those):
    assert those.take("large")
    order: list[str] = []
    threads = waiting(those, "large", order, 20) + waiting(those, "small", order, 2)
    those.give()
    for thread in threads:
        thread.join(30)
    assert order == ["large", "small", "large", "small", *["large"] * 18]
    assert those.take("large"), "it is free again"


def test_the_turn_of_one_that_hangs_is_not_waited_for(those, monkeypatch):
    monkeypatch.setattr(turns, "HANGS", 0.05)
    assert those.take("hangs")
    assert not those.take("other")
    assert those._waiting == {}
