"""What no program can give an entity keeps it from being written down: long names, enormous numbers."""

import pytest

from audit.models import Entry
from circuits.models import stream_of
from tests.temporal import until


def test_numbers_that_a_program_makes_up_are_written_down(circuits):
    circuits.begin({"version": 2**53, "failure_threshold": 100_000})
    circuits.house.signal(circuits.handle(), "override", "metrics_only", "look", "w", 600)
    for number in range(4):
        circuits.house.signal(circuits.handle(), "record", {"failed": 10**9, "caller": "w", "seq": number + 1})
    circuits.house.signal(circuits.handle(), "configure", {"expires_seconds": 60})
    until(lambda: circuits.row().failure_count == 4 * 10**9)
    assert circuits.row().config_version == 2**53


@pytest.mark.parametrize("length", [192, 193, 200, 300])
def test_however_long_its_name_is_it_has_a_stream_of_its_own(circuits, length):
    circuits.service = (circuits.service + "/" + "x" * length)[: length - 1] + "y"
    row = circuits.begin_named()
    assert len(row.stream) <= 200
    assert Entry.objects.filter(stream=row.stream, kind="circuit.changed").exists()
    assert stream_of(row.service) != stream_of(row.service[:-1] + "z")
