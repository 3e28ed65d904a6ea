"""The one reader per workflow: how often it asks Temporal, and what it says when no answer comes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from live import reader
from worker import client


class Temporal:
    """Stands for ``client.query``: counts, may be slow, may fail."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []
        self.at_once = self.most_at_once = 0
        self.takes = 0.0
        self.failures: list[Exception] = []
        self._lock = threading.Lock()

    def query(self, workflow_id, name, args=(), *, run_id="", timeout=1.5):
        with self._lock:
            self.asked.append((workflow_id, name, tuple(args), run_id))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            failure = self.failures.pop(0) if self.failures else None
        time.sleep(self.takes)
        with self._lock:
            self.at_once -= 1
        if failure:
            raise failure
        return f"answer {len(self.asked)}"


@pytest.fixture
def temporal(monkeypatch):
    stands_in = Temporal()
    monkeypatch.setattr(client, "query", stands_in.query)
    reader.clear()
    yield stands_in
    reader.clear()


def together(number, ask):
    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(ask, range(number)))


def test_many_readers_at_once_are_one_question(temporal):
    temporal.takes = 0.2
    readings = together(20, lambda _: reader.read("w", "get_state"))
    assert len(temporal.asked) == 1
    assert {reading.value for reading in readings} == {"answer 1"}
    assert all(reading.fresh for reading in readings)


def test_one_workflow_is_asked_one_question_at_a_time_even_different_ones(temporal):
    temporal.takes = 0.05
    together(4, lambda number: reader.read("w", "get_decision", [f"id-{number}"]))
    assert len(temporal.asked) == 4
    assert temporal.most_at_once == 1


def test_different_workflows_and_runs_are_asked_side_by_side(temporal):
    temporal.takes = 0.3
    together(4, lambda number: reader.read("w", "get_state", run_id=str(number)))
    assert temporal.most_at_once > 1


def test_an_answer_is_used_again_for_a_moment(temporal):
    first, second = reader.read("w", "get_state"), reader.read("w", "get_state")
    assert (first, len(temporal.asked)) == (second, 1)


def test_after_a_write_an_older_answer_will_not_do(temporal):
    from live.hub import nudge

    reader.read("w", "get_state")
    nudge()
    assert reader.read("w", "get_state").value == "answer 2"
    assert reader.read("w", "get_state").value == "answer 2"


def test_max_age_takes_an_older_answer_whatever_was_written_and_zero_takes_none(temporal):
    reader.read("w", "get_state")
    reader.expire()
    assert reader.read("w", "get_state", max_age=60).value == "answer 1"
    assert reader.read("w", "get_state", max_age=0).value == "answer 2"


def test_busy_is_asked_again_within_the_deadline(temporal):
    temporal.failures = [client.Busy("full"), client.Busy("full")]
    reading = reader.read("w", "get_state")
    assert (reading.value, reading.fresh) == ("answer 3", True)


def test_busy_until_the_deadline_gives_up_in_time(temporal):
    temporal.failures = [client.Busy("full")] * 1000
    started = time.monotonic()
    reading = reader.read("w", "get_state")
    assert 1.0 < time.monotonic() - started < 5
    assert (reading.fresh, reading.known, reading.error) == (False, False, "full")


@pytest.mark.parametrize("error", [client.Unreachable("nobody"), client.Unknown("late"), client.NotFound("gone")])
def test_without_an_answer_it_gives_the_last_known_with_its_time_and_the_reason(temporal, error):
    known = reader.read("w", "get_state")
    temporal.failures = [error]
    reading = reader.read("w", "get_state", max_age=0)
    assert (reading.value, reading.at, reading.fresh) == (known.value, known.at, False)
    assert reading.error == str(error)


def test_a_failure_is_not_asked_for_again_at_once_but_soon(temporal, monkeypatch):
    temporal.failures = [client.Unknown("late")]
    reader.read("w", "get_state")
    assert not reader.read("w", "get_state").fresh
    assert len(temporal.asked) == 1
    monkeypatch.setattr(reader, "COOL_DOWN", 0.0)
    assert reader.read("w", "get_state").fresh


def test_a_workflow_that_answers_nobody_does_not_hold_others_longer_than_the_deadline(temporal, monkeypatch):
    begun, over = threading.Event(), threading.Event()
    monkeypatch.setattr(client, "query", lambda *asked, **more: begun.set() or over.wait(60) or "late")
    slow = threading.Thread(target=reader.read, args=("w", "get_state"))
    slow.start()
    assert begun.wait(60)
    monkeypatch.setattr(reader, "DEADLINE", 0.2)
    assert not reader.read("w", "get_state").fresh, "it did not wait for the other's answer"
    over.set()
    slow.join()


def test_its_memory_is_bounded(temporal, monkeypatch):
    monkeypatch.setattr(reader, "_WORKFLOWS", 10)
    monkeypatch.setattr(reader, "_QUESTIONS", 5)
    for number in range(30):
        reader.read(f"w{number}", "get_state")
        reader.read("one", "get_decision", [number])
    assert len(reader._known) == 10
    assert len(reader._known["one", ""].answers) == 5


def test_a_mistake_of_ours_is_not_hidden_as_one_of_temporals(temporal):
    temporal.failures = [TypeError("ours")]
    with pytest.raises(TypeError):
        reader.read("w", "get_state")
    assert reader.read("w", "get_state").fresh, "and the turn was given back"
