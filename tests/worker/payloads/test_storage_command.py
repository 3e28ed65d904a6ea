"""`manage.py storage`: what is kept outside Temporal is listed, verified and swept, and nothing goes that is needed."""

import io
import json
import os
import uuid

import pytest
from django.core.management import CommandError, call_command
from temporalio.client import Schedule, ScheduleActionStartWorkflow, ScheduleSpec, ScheduleState

from tests.temporal import SINGLE, until
from tests.worker.payloads.conftest import BIG, failures_of, file_of
from tests.worker.payloads.test_outside import reference
from worker import client as door
from worker.converter import CONVERTER
from worker.payloads.config import config
from worker.payloads.folder import Owner
from worker.payloads.sweeping import places

OLD = 1_700_000_000


def storage(*args):
    """(exit code, what it said)."""
    out = io.StringIO()
    try:
        call_command("storage", *args, stdout=out, stderr=out)
    except SystemExit as ended:
        return ended.code, out.getvalue()
    return 0, out.getvalue()


def told(*args):
    code, said = storage(*args, "--json")
    return code, json.loads(said)


def put(stored, workflow_id, old=True, namespace="default"):
    made = stored.put(Owner(namespace, workflow_id, "", "ApprovalWorkflow"), [b"some of it " * 2_000])
    if old:
        os.utime(stored.root / made.key, (OLD, OLD))
    return made.key


def _age(stored, but=""):
    for each in stored.all():
        if each.key != but:
            os.utime(stored.root / each.key, (OLD, OLD))


@pytest.fixture
def open_one(house, stored):
    """A workflow that is open, with files that are old."""
    handle = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    house.waits(handle)
    until(lambda: len(list(stored.all())) > 1, what="its request is recorded")
    _age(stored)
    return handle


def test_the_list_says_whose_each_file_is_and_whether_its_workflow_is_known(open_one, stored):
    put(stored, "forgotten")
    code, said = storage("list")
    assert (code, f"ApprovalWorkflow {open_one.id}" in said, "ApprovalWorkflow forgotten" in said) == (0, True, True)
    files = {each["workflow_id"]: each["state"] for each in told("list")[1]["files"]}
    assert files == {open_one.id: "open", "forgotten": "gone"}


def test_a_sweep_tells_first_and_deletes_what_no_workflow_refers_to_only(house, open_one, stored):
    closed = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    house.waits(closed)
    house.run(closed.terminate())
    gone, fresh = put(stored, "forgotten"), put(stored, "just begun", old=False)
    elsewhere, of_a_schedule = put(stored, "w", namespace="other"), put(stored, open_one.id[:-4])
    stored.put(Owner("default", open_one.id, str(uuid.uuid4()), "ApprovalWorkflow"), [b"of a run before this one"])
    half = stored.root / gone.split("/")[0] / "0123456789abcdef.part"
    half.write_bytes(b"half")
    os.utime(half, (OLD, OLD))
    _age(stored, but=fresh)
    before = {each.key for each in stored.all()}
    code, said = told("sweep")
    assert (code, said["deleted"], [each["key"] for each in said["files"]]) == (0, False, [gone])
    assert {each.key for each in stored.all()} == before
    code, said = told("sweep", "--delete")
    assert (code, [each["key"] for each in said["files"]], said["half_written"]) == (0, [gone], 1)
    assert {each.key for each in stored.all()} == before - {gone}
    assert not half.exists()
    assert {fresh, elsewhere, of_a_schedule} < before
    assert told("sweep", "--delete")[1]["files"] == []
    assert house.waits(open_one)


def test_what_another_workflow_or_a_schedule_refers_to_stays(house, stored):
    """A child's request is in its parent's history, too, and a schedule that has not run yet has no workflow."""
    put(stored, "forgotten")
    of_a_child = stored.put(
        Owner("default", "child"), [CONVERTER.payload_converter.to_payload(BIG).SerializeToString()]
    )
    parent = house.start_raw(reference({"key": of_a_child.key}), workflow=SINGLE)
    house.run(parent.terminate())
    action = ScheduleActionStartWorkflow(SINGLE, BIG, id=f"some day {uuid.uuid4()}", task_queue="nobody's")
    plan = Schedule(action=action, spec=ScheduleSpec(), state=ScheduleState(paused=True))
    schedule = house.run(house.client.create_schedule(f"some day {uuid.uuid4()}", plan))
    try:
        _age(stored)

        def would_go():
            return sorted(each["workflow_id"] for each in told("sweep")[1]["files"])

        until(lambda: would_go() == ["forgotten"], what="Temporal lists both")
        assert told("sweep", "--delete")[1]["files"][0]["workflow_id"] == "forgotten"
        assert {"child", action.id} <= {each.owner.workflow_id for each in stored.all()}
    finally:
        house.run(schedule.delete())


def test_where_temporal_cannot_be_asked_everything_stays(db, stored, monkeypatch):
    put(stored, "forgotten")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    door.forget()
    try:
        assert storage("sweep", "--delete")[0] == 4
        code, said = told("list")
        assert (code, said["files"][0]["state"]) == (0, "unknown")
    finally:
        monkeypatch.undo()
        door.forget()
    assert len(list(stored.all())) == 1


def test_a_file_that_does_not_say_whose_it_is_stays_and_is_told(house, open_one, stored):
    key = put(stored, "forgotten")
    (stored.root / key).write_bytes(b"rubbish")
    os.utime(stored.root / key, (OLD, OLD))
    code, said = told("sweep", "--delete")
    assert (code, said["unsure"], said["files"]) == (4, 1, [])
    code, said = told("verify")
    assert (code, [(each["key"], each["cause"]) for each in said["wrong"]]) == (6, [(key, "damaged")])


def test_verify_reads_all_of_it(open_one, stored):
    assert told("verify")[0] == 0
    path = stored.root / next(stored.all()).key
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    code, said = storage("verify")
    assert code == 6
    assert "cut off or changed" in said
    assert f"Workflow {open_one.id}: " in said


def test_verify_names_the_workflows_that_wait_for_a_file(house, stored):
    house.worker.stop()
    handle = house.start(BIG, workflow=SINGLE, id=f"program-single-{uuid.uuid4()}")
    file_of(stored).unlink()
    house.worker.start()
    until(lambda: failures_of(house, handle), what="its workflow task failed")

    def named():
        code, said = told("verify", "--workflows")
        assert code in (0, 6)
        return [(each["workflow_id"], each["cause"]) for each in said["waiting"] if each["workflow_id"] == handle.id]

    assert until(named, what="Temporal lists it") == [(handle.id, "missing")]


@pytest.mark.parametrize("hours", ["0", "0.5", "nan", "soon"])
def test_a_sweep_never_takes_what_was_just_stored(hours):
    with pytest.raises(CommandError):
        storage("sweep", "--delete", "--grace-hours", hours)


def test_without_a_folder_there_is_nothing(db, temporal_server):
    config.folder = None
    assert places() == {}
    assert storage("list") == (0, "Files: 0, 0 B in all.\n")
    assert storage("verify", "--workflows")[0] == 0
