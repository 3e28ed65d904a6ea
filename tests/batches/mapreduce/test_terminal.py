"""A MapReduce is started from a terminal: over a file, waited for, its value said; what is wrong is said in words."""

import uuid

import pytest

from audit.models import Entry
from batches.models import Batch, Upload
from tests.batches.terminal.conftest import batch, ended  # noqa: F401  (a fixture: found by its name here)

ORDER = ["--map", "map_values", "--reduce", "reduce_values", "--as", "olga"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "amounts.csv"
    path.write_text("amount\n" + "".join(f"{n}.5\n" for n in range(30)))
    return path


@pytest.fixture
def ran(mapreduces, batch, olga, file):  # noqa: F811
    return lambda *args: batch("mapreduce", file, *ORDER, *args)


def test_it_is_started_and_waited_for_and_its_value_is_said(ran, file):
    done = ran("--map-arg", "column=amount", "--chunk-size", 7, "--fan-in", 2, "--wait", "--json")
    assert (done.code, done.json["state"], done.json["kind"]) == (0, "completed", "mapreduce")
    assert done.json["value"] == {"total": 450.0, "count": 30, "average": 15.0}
    row = Batch.objects.get()
    assert (row.title, row.known, row.spec["fan_in"]) == ("amounts", "program", 2)
    ordered, begun = Entry.objects.filter(stream=row.stream).order_by("seq")[:2]
    assert (ordered.kind, ordered.actor, ordered.data["reduce"]) == ("batch.ordered", "olga", "reduce_values")
    assert (begun.kind, begun.known) == ("batch.begun", "program")


def test_in_lines_it_says_the_value_too(ran):
    done = ran("--map-arg", "column=amount", "--wait")
    assert '  Result: {"' in done.out
    assert '"average": 15.0' in done.out
    assert "MapReduce: map_values, reduce_values" in done.out


def test_the_same_id_twice_is_one_of_them_and_another_order_under_it_is_refused(ran, batch, file):  # noqa: F811
    id = uuid.uuid4()
    first, second = (ran("--map-arg", "column=amount", "--id", id, "--json") for _ in range(2))
    assert (first.json["new"], second.json["new"], Batch.objects.count()) == (True, False, 1)
    other = batch("mapreduce", file, "--map", "told_map", "--reduce", "told_reduce", "--as", "olga", "--id", id)
    assert (other.code, Batch.objects.count()) == (1, 1)
    assert "something else was started" in other.err
    ended(Batch.objects.get())


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--map-arg", "colour=red"], "'map_values' has no argument 'colour'"),
        (["--map-arg", "amount"], "write NAME=VALUE"),
        (["--chunk-size", "0"], "chunk_size must be a whole number from 1 to 10,000"),
        (["--fan-in", "1"], "fan_in must be a whole number from 2 to 1,000"),
        (["--tolerated", "101"], "tolerated_failure_rate must be"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_left(ran, args, says):
    done = ran(*args)
    assert done.code == 1
    assert says in done.err
    assert not Batch.objects.exists()
    assert not Upload.objects.exists()


def test_who_is_not_of_ops_starts_none(mapreduces, batch, rita, file):  # noqa: F811
    done = batch("mapreduce", file, *ORDER[:-1], "rita")
    assert (done.code, Batch.objects.count()) == (1, 0)
