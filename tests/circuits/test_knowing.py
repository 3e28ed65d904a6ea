"""What callers are told that they go by: the row's own words, in one query, and what of their reports is in them."""

import pytest

from circuits.knowing import known
from circuits.models import Circuit, Service
from tests.circuits.machine import STATES, written
from worker.resilience.circuit_state import CircuitConfig

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", sorted(STATES))
def test_of_each_state_they_know_what_it_is_and_until_when(state):
    row = written("payments", STATES[state])
    (word,) = known(["payments"], "worker-1:7")
    assert (word.service, word.state, word.reason) == ("payments", state, row.reason)
    assert word.retry_at == (row.retry_at and row.retry_at.timestamp())
    assert word.until == (row.until and row.until.timestamp())
    assert word.number == row.events_ever


def test_settings_are_those_in_force():
    written("payments", config=CircuitConfig(failure_threshold=3, slow_seconds=2.5))
    (word,) = known(["payments"], "worker-1:7")
    assert (word.config.failure_threshold, word.config.slow_seconds, word.config.timeout_seconds) == (3, 2.5, 60)


@pytest.mark.parametrize(("caller", "heard"), [("worker-1:7", 1), ("worker-9:1", 0), ('quo"ted.$[0]', 0), ("7", 0)])
def test_the_last_report_of_this_caller_that_is_in_it(caller, heard):
    written("payments", STATES["open"])
    assert [word.heard for word in known(["payments"], caller)] == [heard]


def test_all_of_them_are_one_query(django_assert_num_queries):
    for number in range(5):
        written(f"payments-{number}")
    with django_assert_num_queries(1):
        assert len(known([f"payments-{number}" for number in range(5)], "worker-1:7")) == 5


def test_of_whom_nothing_is_written_the_registry_says_how_it_is_set():
    Service.objects.create(name="mail", failure_threshold=2)
    words = {word.service: word for word in known(["mail", "nobody"], "worker-1:7")}
    assert words.keys() == {"mail"}
    assert (words["mail"].state, words["mail"].config.failure_threshold) == ("closed", 2)


def test_numbers_go_on_where_an_entity_has_begun_anew():
    row = written("payments", STATES["open"])
    Circuit.objects.update(before=40)
    assert known(["payments"], "w")[0].number == 40 + row.events_ever


def test_settings_of_another_version_do_not_stop_anybody():
    written("payments")
    Circuit.objects.update(config={"failure_threshold": 4, "of_a_later_version": True})
    assert known(["payments"], "w")[0].config.failure_threshold == 4
