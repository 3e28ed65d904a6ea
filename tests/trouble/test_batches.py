"""Worker and Temporal are killed in the middle of batches: every item is counted once, none runs twice needlessly."""

import pytest

from tests.trouble.batch_house import BatchHouse

pytestmark = pytest.mark.timeout(500)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = BatchHouse(tmp_path_factory.mktemp("trouble"))
    yield made
    made.end()


@pytest.fixture
def trouble(house):
    house.forget()
    return house


def each_counted_once(trouble, result, number, failed=0):
    assert (result["status"], result["successful"], result["failed"]) == ("completed", number - failed, failed)
    items = [line["item"] for line in trouble.results(result)]
    assert len(items) == len(set(items)) == number - failed
    assert len({key for key, _ in trouble.calls()}) == number


@pytest.mark.parametrize(("job", "size", "parallel"), [("counted", 250, 10), ("counted_quick", 25, 50)])
def test_a_worker_that_is_killed_again_and_again_loses_and_doubles_no_item(trouble, job, size, parallel):
    """Of the quick ones several chunks go together."""
    number, kills = 10_000, 2
    batch = trouble.start(list(range(number)), job, chunk_size=size, max_parallel=parallel)
    for kill in range(kills):
        trouble.until_called(int(number * (kill + 0.5) / (kills + 1)))
        trouble.kill_worker()
    result = trouble.result(batch)
    each_counted_once(trouble, result, number)
    assert trouble.needlessly() == []
    assert len(trouble.called_twice()) < number / 2


def test_a_worker_that_is_killed_with_children_under_way_loses_and_doubles_no_item(trouble):
    number = 1_000
    batch = trouble.start(list(range(number)), "counted", chunk_size=50, max_parallel=8, strategy="child_per_chunk")
    trouble.until_called(number // 3)
    trouble.kill_worker()
    each_counted_once(trouble, trouble.result(batch), number)
    assert trouble.needlessly() == []


def test_a_temporal_that_is_killed_loses_no_item(trouble):
    batch = trouble.start(list(range(5_000)), "counted", chunk_size=100, max_parallel=10)
    trouble.until_called(1_000)
    trouble.kill_temporal()
    trouble.until_called(3_000)
    trouble.kill_worker()
    each_counted_once(trouble, trouble.result(batch), 5_000)


def test_an_item_that_kills_its_process_fails_and_the_others_do_not(trouble):
    """Neither those of its own chunk nor those of the chunks beside it, whatever was running at its three deaths."""
    items = ["dies" if n == 13 else n for n in range(120)]
    batch = trouble.start(items, "deadly", chunk_size=30, max_parallel=4)
    result = trouble.result(batch, reviving=True)
    each_counted_once(trouble, result, 120, failed=1)
    assert result["failed_items"] == [{"item": "14", "error": "Its worker died or hung while it ran, 3 times."}]
    deaths = [key for key, _ in trouble.calls() if key.endswith("/13")]
    assert len(deaths) == 3


def test_a_worker_that_drains_ends_what_it_runs_and_nothing_is_run_twice(trouble):
    batch = trouble.start(list(range(6_000)), "counted", chunk_size=500, max_parallel=6)
    for number in (1_000, 3_000):
        trouble.until_called(number)
        assert trouble.drain_worker() == 0
    each_counted_once(trouble, trouble.result(batch), 6_000)
    assert trouble.called_twice() == []
