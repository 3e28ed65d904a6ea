"""Payloads that are too big lie outside Temporal; what happens where they cannot be stored there, or had from there."""

import errno
import os
import uuid

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1.external_storage_pb2 import ExternalStorageReference
from temporalio.converter import JSONProtoPayloadConverter

from tests.temporal import QUEUE, SINGLE, until
from tests.worker.payloads.conftest import BIG, failures_of, file_of, payloads_of, value_of
from worker import client as door
from worker.payloads import folder as folders
from worker.payloads import sizes
from worker.payloads.config import KB

pytestmark = pytest.mark.usefixtures("stored")


def counted(name, **labels):
    return sum(
        n
        for (counter, given), n in sizes._counted.items()
        if counter == name and all(f'"{v}"' in given for v in labels.values())
    )


def test_a_big_request_lies_in_the_folder_and_its_result_in_temporal(house, program, obey, maria, stored):
    obey.gives = value_of(60 * KB)
    handle = house.start({**BIG, "action": {"name": "obey", "args": {}}}, workflow=SINGLE, id="program-single-outside")
    house.waits(handle)
    house.signal(handle, "approve", "maria")
    assert house.run(program.get_workflow_handle(handle.id).result())["result"] == obey.gives
    found = payloads_of(house, handle)
    assert len(found["workflow_execution_started"].data) < 500
    assert found["workflow_execution_completed"].metadata["encoding"] == b"json/plain"
    assert len(found["workflow_execution_completed"].data) > 40_000
    assert {blob.owner.workflow_id for blob in stored.all()} == {handle.id}
    assert counted("payload_storage_bytes", direction="stored") > 80_000
    assert counted("payload_storage_bytes", direction="read") > 80_000


SPOILT = {
    "missing": (lambda path: path.unlink(), "is not there"),
    "cut off": (lambda path: os.truncate(path, 20_000), "cut off or changed"),
    "altered": (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"), "cut off or changed"),
}


@pytest.mark.parametrize(("spoil", "words"), SPOILT.values(), ids=SPOILT)
def test_a_workflow_whose_payload_cannot_be_had_waits_says_why_and_goes_on_once_it_is_back(house, stored, spoil, words):
    house.worker.stop()
    handle = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    path = file_of(stored)
    whole = path.read_bytes()
    spoil(path)
    house.worker.start()
    (said, *_more) = until(lambda: failures_of(house, handle), what="its workflow task failed")
    assert words in said
    assert "manage.py storage verify --workflows" in said
    assert counted("payload_storage_failures", direction="read") >= 1
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(whole)
    house.waits(handle)


def reference(claim, driver="leitstand.folder", size=20_000):
    made = JSONProtoPayloadConverter().to_payload(ExternalStorageReference(driver_name=driver, claim_data=claim))
    made.external_payloads.add().size_bytes = size
    return made


def broken(data, encoding=b"json/protobuf"):
    given = Payload(
        metadata={"encoding": encoding, "messageType": ExternalStorageReference.DESCRIPTOR.full_name.encode()},
        data=data,
    )
    given.external_payloads.add().size_bytes = 7
    return given


NOT_OURS = {
    "of a driver that there is not": reference({"key": "k"}, driver="somebody's"),
    "without a key": reference({}),
    "to a file elsewhere": reference({"key": "../secret_key"}),
    "no reference": broken(b"{"),
    "no reference of before": broken(b"[]", b"json/external-storage-reference"),
}


@pytest.mark.parametrize("given", NOT_OURS.values(), ids=NOT_OURS)
def test_a_reference_that_cannot_be_ours_does_not_validate_and_wedges_nothing(house, given):
    handle = house.start_raw(given, workflow=SINGLE)
    assert house.result(handle)["reason"] == "validation_failed"


@pytest.fixture
def full(monkeypatch):
    """The disk is full until ``full.clear()``: part of it is written, then the system says no."""
    left = [True]
    write = folders._written

    def fails(file, owner, parts):
        if left:
            file.write(b"half of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, owner, parts)

    monkeypatch.setattr(folders, "_written", fails)
    return left


def test_what_cannot_be_stored_is_surely_not_sent_and_nothing_half_written_stays(house, stored, full):
    with pytest.raises(door.Unreachable, match="there is no space left"):
        door.start(SINGLE, [BIG], workflow_id="program-single-full", task_queue=QUEUE)
    with pytest.raises(door.NotFound):
        door.describe("program-single-full")
    assert [path for path in stored.root.rglob("*") if path.is_file()] == []
    full.clear()
    assert door.start(SINGLE, [BIG], workflow_id="program-single-full", task_queue=QUEUE)
    house.started.append(house.client.get_workflow_handle("program-single-full"))


def test_a_full_disk_makes_an_activity_try_again_with_the_cause_in_words(house, obey, maria, full, stored):
    obey.gives = value_of(60 * KB)
    small = {"title": "Laptops", "action": {"name": "obey", "args": {}}}
    handle = house.start(small, workflow=SINGLE, id="program-single-full-activity")
    house.waits(handle)
    house.signal(handle, "approve", "maria")
    (said,) = until(
        lambda: [each.failure for each in door.pending(handle.id) if each.failure], what="it could not store"
    )
    assert "there is no space left" in said
    full.clear()
    assert house.result(handle)["result"] == obey.gives


def test_a_full_disk_makes_a_workflow_wait_and_go_on_once_there_is_room(house, stored, full):
    house.worker.stop()
    room, full[:] = list(full), []
    handle = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    before = {blob.key for blob in stored.all()}
    full.extend(room)
    house.worker.start()
    (said, *_more) = until(lambda: failures_of(house, handle), what="its workflow task failed")
    assert "there is no space left" in said
    assert {blob.key for blob in stored.all()} == before
    full.clear()
    house.waits(handle)
