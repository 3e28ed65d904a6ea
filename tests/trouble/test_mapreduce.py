"""The worker is killed while a MapReduce maps, and while it reduces: every item is in the result once."""

import uuid

import pytest

from tests.trouble.batch_house import BatchHouse

pytestmark = pytest.mark.timeout(500)


@pytest.fixture
def trouble(tmp_path):
    made = BatchHouse(tmp_path)
    yield made
    made.end()


def test_a_worker_that_is_killed_while_it_maps_and_while_it_reduces_loses_and_doubles_no_item(trouble):
    number = 300
    source = {"uri": trouble.upload(list(range(number))), "format": "jsonl"}
    args = [source, "noted_map", "noted_reduce", 10, 6, {"fan_in": 4}]
    id = f"batch-{uuid.uuid4()}"
    begun = trouble.client.start_workflow("MapReduceWorkflow", args=args, id=id, task_queue="leitstand")
    handle = trouble.run(begun)
    trouble.until_called(12)
    trouble.kill_worker()
    trouble.until_called(30 + 6)  # some of the maps twice, and the reduces have begun
    trouble.kill_worker()
    assert trouble.result(handle) == {"numbers": number, "sum": sum(range(number))}
    maps = {key for key, _at in trouble.calls() if key.startswith("map-")}
    assert maps == {f"map-{first}" for first in range(0, number, 10)}
    assert len([key for key in trouble.called_twice() if key.startswith("map-")]) <= 12, "those that ran, no others"
