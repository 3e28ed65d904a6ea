"""From a terminal: what waits for an approval is said, as JSON too, and has an exit code of its own."""

import pytest

from tests.batches.release.conftest import ROWS


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "airports.csv"
    path.write_text(ROWS)
    return path


def test_started_from_a_terminal_it_waits_too_and_is_a_claim(front, batch, file, maria, olga):
    ran = batch("start", file, "--job", "told", "--as", "olga", "--json")
    assert (ran.code, ran.json["state"], ran.json["pending"]) == (7, "awaiting", 30)
    row = olga.requests.get().release.batch
    assert ran.json["approval"]["request"] == front.release(row).request.reference
    front.decided(row, maria, "reject", comment="No.")
    front.becomes(row, "declined")
    shown = batch("show", ran.json["uuid"])
    assert shown.code == 3
    assert "No." in shown.out


def test_it_says_for_whom_it_waits_and_what_has_changed(front, batch, file, maria, olga):
    row, path = front.over_file()
    front.decided(row, maria)
    path.write_text("another\n")
    row = front.becomes(row, "changed")
    ran = batch("show", row.uuid)
    assert ran.code == 7
    assert "has changed since" in ran.out
    other = front.order()
    assert "waits for an approval" in batch("show", other.uuid).out
