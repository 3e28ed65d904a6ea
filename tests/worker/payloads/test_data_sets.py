"""Data sets by reference: loaded, stored, verified, processed where they lie, and cleaned up however it ends."""

import errno
import os
import threading
import uuid

import pytest
from temporalio.common import RetryPolicy

from tests.temporal import patience_of, until
from worker import dataset_steps, registry
from worker.chunks.folders import readable
from worker.dataset_contract import LoadSet, ProcessSet, SetReference, read_spec
from worker.datasets import kinds, moving
from worker.datasets.moving import Moving, Stopped
from worker.datasets.references import BadSource, address_of
from worker.payloads import clearing, referring
from worker.payloads import folder as folders
from worker.payloads.config import config
from worker.payloads.folder import Folder, Owner
from worker.payloads.troubles import NotRead, NotStored

OWNER = Owner("default", "w", "run", "DatasetWorkflow")
NUMBERS = {"loader": "numbers", "loader_args": {"count": 20_000}, "processor": "sum"}


@pytest.fixture(autouse=True)
def sets(tmp_path):
    """The folder of the data sets."""
    config.folder = tmp_path / "payloads"
    return Folder(tmp_path / "datasets")


@pytest.fixture
def once(monkeypatch):
    """No second try, which takes seconds."""
    monkeypatch.setattr(dataset_steps, "TRIES", RetryPolicy(maximum_attempts=1))


@pytest.fixture
def named():
    """Loaders and processors of a test's own."""
    before = dict(registry.loaders._known), dict(registry.processors._known)
    yield
    registry.loaders._known, registry.processors._known = before


def start(house, spec):
    return house.start(spec, workflow="DatasetWorkflow", id=f"dataset-{uuid.uuid4()}")


LIMITS = {"load_dataset": (600, 30), "process_dataset": (1_800, 60), "clean_up_dataset": (300, 30)}
"""Seconds that each may take, and after which it is given up if nothing is heard of it: those of the contract."""


def files(sets):
    return [path for path in sets.root.rglob("*") if path.is_file()]


# --- the whole way --------------------------------------------------------------------------------------------------


def test_a_data_set_is_processed_by_reference_and_nothing_of_it_passes_through_temporal(house, sets):
    handle = start(house, NUMBERS)
    result = house.result(handle)
    assert result["result"] == {"total": 20_000 * 20_001 / 2, "rows": 20_000, "without_a_number": 0}
    assert (result["status"], result["cleaned"], result["size"]) == ("completed", True, 328_894)
    assert house.ask(handle, "get_progress")["state"] == "completed"
    events = house.run(handle.fetch_history()).events
    assert max(len(payload.data) for event in events for payload in referring.payloads_in(event)) < 2_000
    assert {name: times[:2] for name, times in patience_of(events).items() if name in LIMITS} == LIMITS
    assert files(sets) == []


def test_a_file_is_read_below_the_allowed_folders_only(house, tmp_path, sets, once):
    uploads = readable()[0]
    uploads.mkdir(parents=True, exist_ok=True)
    (uploads / "prices.csv").write_text("name,price\napple,1.5\npear,2\nplum,soon\n")
    (tmp_path / "secret.csv").write_text("a,b\n")
    given = {"loader": "file", "processor": "sum", "processor_args": {"column": "price", "format": "csv"}}
    result = house.result(start(house, {**given, "loader_args": {"uri": address_of(uploads / "prices.csv")}}))
    assert result["result"] == {"total": 3.5, "rows": 2, "without_a_number": 1}
    refused = house.result(start(house, {**given, "loader_args": {"uri": address_of(tmp_path / "secret.csv")}}))
    assert (refused["status"], refused["step"]) == ("failed", "loading")
    assert "is not below a folder that may be read" in refused["reason"]


NOT_KNOWN = {
    "no such loader": ({"loader": "nobody"}, "loading", "There is no loader 'nobody'"),
    "no such processor": ({"processor": "nobody"}, "processing", "There is no processor 'nobody'"),
    "no such kind": ({"kind": "tape"}, "loading", "There is no storage of the kind 'tape' here"),
    "an argument that does not fit": ({"loader_args": {"count": "many"}}, "loading", "must be a whole number"),
    "too many": ({"loader_args": {"count": 10**10}}, "loading", "count must be from 1"),
}


@pytest.mark.parametrize(("more", "step", "words"), NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_what_is_not_known_fails_with_its_name_and_leaves_nothing(house, sets, more, step, words):
    result = house.result(start(house, NUMBERS | more))
    assert (result["status"], result["step"]) == ("failed", step)
    assert words in result["reason"]
    assert files(sets) == []


@pytest.mark.parametrize(
    "spec", [None, 7, [], {}, {"loader": "numbers"}, {**NUMBERS, "loader_args": []}, {**NUMBERS, "title": 5}]
)
def test_a_spec_that_does_not_validate_is_said_so(spec):
    assert read_spec(spec)[0] is None
    assert read_spec(spec)[1]


def test_a_workflow_with_rubbish_ends_in_words(house):
    result = house.result(start(house, "rubbish"))
    assert result == {"status": "invalid", "errors": ["spec must be an object."]}


# --- when it goes wrong ---------------------------------------------------------------------------------------------


def test_a_loader_that_breaks_leaves_nothing_half_written(house, sets, once, named):
    @registry.loaders.register("breaks")
    def breaks():
        yield b"some of it" * 10_000
        raise RuntimeError("the warehouse is closed")

    result = house.result(start(house, {"loader": "breaks", "processor": "count"}))
    assert (result["status"], result["reason"]) == ("failed", "the warehouse is closed")
    assert files(sets) == []


def test_a_full_disk_fails_it_with_the_cause_and_leaves_nothing_half_written(house, sets, once, monkeypatch):
    def full(file, owner, parts):
        file.write(next(iter(parts)))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folders, "_written", full)
    result = house.result(start(house, NUMBERS))
    assert (result["status"], result["step"]) == ("failed", "loading")
    assert result["reason"].startswith("Nothing can be stored in")
    assert "there is no space left" in result["reason"]
    assert files(sets) == []


class Held:
    """The processor ``held``: reads, and waits to be let go on."""

    def __init__(self) -> None:
        self.reads, self.go_on, self.stopped = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, *, data):
        try:
            self.data = data
            data.read(1_000)
            self.reads.set()
            self.go_on.wait(60)
            while data.read(1_000_000):
                pass
            return "read"
        except Stopped:
            self.stopped.set()
            raise


@pytest.fixture
def held(named):
    told = Held()

    @registry.processors.register("held")
    def held(*, data: object) -> object:
        return told(data=data)

    yield told
    told.go_on.set()


def test_one_that_is_cancelled_stops_and_is_cleaned_up(house, sets, held):
    handle = start(house, {**NUMBERS, "processor": "held"})
    assert held.reads.wait(60)
    assert len(files(sets)) == 1
    house.run(handle.cancel())
    until(lambda: held.data.raw._moving.stopped, what="its activity is told to stop")
    held.go_on.set()
    result = house.result(handle)
    assert (result["status"], result["cleaned"]) == ("cancelled", True)
    assert held.stopped.is_set()
    assert files(sets) == []


def test_one_that_was_terminated_is_cleaned_up_by_the_workers_and_an_open_one_is_not(house, sets, held):
    ended, goes_on = (start(house, {**NUMBERS, "processor": "held", "title": str(n)}) for n in range(2))
    until(lambda: len(list(sets.all())) == 2, what="both are stored")
    house.run(ended.terminate())
    assert clearing.clear() == 0, "what was just stored is let be"
    for path in files(sets):
        os.utime(path, (1, 1))
    assert clearing.clear() == 1
    (left,) = sets.all()
    assert left.owner.workflow_id == goes_on.id
    held.go_on.set()
    assert house.result(goes_on)["status"] == "completed"


# --- piece by piece -------------------------------------------------------------------------------------------------


def loaded(count=5_000):
    return moving.load(LoadSet("numbers", {"count": count}), OWNER, Moving())


SPOILT = {
    "missing": lambda path: path.unlink(),
    "cut off": lambda path: os.truncate(path, path.stat().st_size - 1),
    "altered": lambda path: path.write_bytes(path.read_bytes()[:-2] + b"!\n"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_data_set_that_is_not_what_was_stored_is_noticed_before_and_while_it_is_processed(sets, spoil):
    data = loaded()
    spoil(sets.root / data.key)
    with pytest.raises(NotRead):
        moving.verify(data)
    with pytest.raises(NotRead):
        moving.process(ProcessSet("count", {}, data), Moving())


def test_a_reference_with_another_size_or_checksum_is_refused():
    data = loaded()
    for other in (SetReference("fs", data.key, data.sha256, 5), SetReference("fs", data.key, "0" * 64, data.size)):
        with pytest.raises(NotRead, match="cut off or changed"):
            moving.verify(other)


@pytest.mark.parametrize("key", ["../../secret_key", "/etc/passwd", ""])
def test_a_reference_leads_to_no_other_file(key):
    for ask in (moving.verify, lambda given: moving.process(ProcessSet("count", {}, given), Moving())):
        with pytest.raises(NotRead, match="is not there"):
            ask(SetReference("fs", key, "0" * 64, 5))


def test_one_that_is_stopped_stops_and_leaves_nothing(sets):
    way = Moving()
    way.stopped = True
    with pytest.raises(Stopped):
        moving.load(LoadSet("numbers"), OWNER, way)
    assert files(sets) == []


def test_what_a_processor_gives_must_be_small(named):
    registry.processors.register("everything")(lambda *, data: data.read().decode())
    with pytest.raises(BadSource, match="gave more than"):
        moving.process(ProcessSet("everything", {}, loaded(20_000)), Moving())


def test_clean_up_takes_what_its_own_run_has_stored_and_twice_does_no_harm(sets):
    loaded()
    moving.load(LoadSet("numbers", {"count": 7}), Owner("default", "w", "another run", "DatasetWorkflow"), Moving())
    assert (moving.clean_up("fs", OWNER), moving.clean_up("fs", OWNER)) == (1, 0)
    assert len(files(sets)) == 1


def test_clean_up_takes_one_that_is_too_damaged_to_say_whose_it_is(sets):
    (sets.root / loaded().key).write_bytes(b"rubbish")
    assert moving.clean_up("fs", OWNER) == 1
    assert files(sets) == []


def test_a_data_set_of_nothing_is_one(sets, named):
    registry.loaders.register("nothing")(lambda: iter(()))
    data = moving.load(LoadSet("nothing"), OWNER, Moving())
    assert (data.size, moving.verify(data)) == (0, 0)
    given = {"count": {"lines": 0, "bytes": 0}, "sum": {"total": 0.0, "rows": 0, "without_a_number": 0}}
    assert {name: moving.process(ProcessSet(name, {}, data), Moving()) for name in given} == given
    with pytest.raises(BadSource, match=r"no column 'price'\. There are: none"):
        moving.process(ProcessSet("sum", {"column": "price", "format": "csv"}, data), Moving())


def test_an_error_of_the_loaders_own_files_is_not_one_of_the_storage(named):
    @registry.loaders.register("gone")
    def gone():
        yield b"x"
        raise FileNotFoundError(errno.ENOENT, "No such file")

    with pytest.raises(BadSource, match="What should be loaded cannot be read"):
        moving.load(LoadSet("gone"), OWNER, Moving())


def test_a_kind_of_ones_own_is_used_by_its_name(house, tmp_path, monkeypatch):
    monkeypatch.setattr(kinds, "_known", dict(kinds._known))
    kinds.register("shelf", lambda: Folder(tmp_path / "shelf"))
    result = house.result(start(house, {**NUMBERS, "kind": "shelf"}))
    assert (result["status"], result["cleaned"]) == ("completed", True)
    assert (tmp_path / "shelf").is_dir()


def test_without_room_nothing_is_said_to_be_stored(monkeypatch):
    def full(*_args):
        raise OSError(errno.EDQUOT, "quota")

    monkeypatch.setattr(folders, "_written", full)
    with pytest.raises(NotStored, match="there is no space left"):
        loaded()
