"""Big payloads on their way through a real Temporal: what lies there, and what programs with the bare SDK read."""

from tests.temporal import SINGLE
from tests.worker.payloads.conftest import payloads_of, value_of
from worker.payloads.config import KB, config


def test_a_request_that_is_big_is_packed_and_its_result_is_plain_for_every_sdk(house, program, obey, maria):
    config.pack_from = 16 * KB
    obey.gives = value_of(60 * KB)
    request = {"title": "Laptops", "details": {"note": "x" * 40_000}, "action": {"name": "obey", "args": {}}}
    handle = house.start(request, workflow=SINGLE, id="program-single-packed")
    house.waits(handle)
    house.signal(handle, "approve", "maria")
    result = house.run(program.get_workflow_handle(handle.id).result())
    assert result["result"] == obey.gives
    found = payloads_of(house, handle)
    assert found["workflow_execution_started"].metadata["encoding"] == b"binary/zstd"
    assert found["workflow_execution_completed"].metadata["encoding"] == b"json/plain"
    told = house.run(program.get_workflow_handle(handle.id).query("get_status"))
    assert told["title"] == "Laptops"
