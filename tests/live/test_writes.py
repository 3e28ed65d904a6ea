"""How a write tells: after the commit only, and never for what is nobody's news."""

import pytest
from django.db import transaction

from live.writes import write


@pytest.fixture
def nudged(transactional_db, monkeypatch):
    calls = []
    monkeypatch.setattr("live.hub.nudge", lambda: calls.append(transaction.get_connection().in_atomic_block))
    return calls


def test_it_nudges_once_the_write_is_committed(nudged):
    with write():
        assert nudged == []
    assert nudged == [False]


def test_it_does_not_nudge_for_a_write_that_failed(nudged):
    with pytest.raises(ValueError), write():
        raise ValueError
    assert nudged == []


def test_it_does_not_nudge_when_told_not_to(nudged):
    with write(nudge=False):
        pass
    assert nudged == []


def test_inside_somebody_elses_transaction_it_nudges_when_that_is_committed(nudged):
    with transaction.atomic():
        with write():
            pass
        assert nudged == []
    assert nudged == [False]
