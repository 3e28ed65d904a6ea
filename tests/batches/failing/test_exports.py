"""Failures and results as files: all of them, in constant memory, safe to open in a spreadsheet."""

import csv
import io
import json
import re
import threading
import tracemalloc

import pytest

from batches import exports, item_groups
from batches.models import Batch, Failure
from tests.temporal import until


def content(answer) -> str:
    return b"".join(answer.streaming_content).decode()


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def name_of(answer) -> str:
    return re.search(r'filename="(.+)"', answer["Content-Disposition"])[1]


def test_failures_as_csv_hold_all_that_is_known_and_no_formula(failed, see, rita):
    failed.fails(1, 2)
    failed.fails(3, error="=HYPERLINK(1)", final=True, tries=1)
    answer = see(rita, f"{failed.address}export/failures.csv")
    rows = rows_of(content(answer))
    assert [row["item"] for row in rows] == ["ord-1", "ord-2", "ord-3"]
    assert rows[2]["error"] == "'=HYPERLINK(1)"
    assert (rows[0]["number"], rows[0]["attempts"], rows[0]["final"], rows[2]["final"]) == ("2", "3", "false", "true")
    assert re.fullmatch(rf"B-{failed.row.pk}-failures-\d{{4}}-\d\d-\d\d-\d{{4}}\.csv", name_of(answer))


def test_failures_as_json_lines_and_of_one_cause_alone(failed, see, rita):
    failed.fails(1, 2)
    failed.fails(3, error="=1+1")
    lines = content(see(rita, f"{failed.address}export/failures.jsonl?group={failed.group('=‹n›+‹n›').fingerprint}"))
    (line,) = map(json.loads, lines.splitlines())
    assert (line["item"], line["error"], line["final"]) == ("ord-3", "=1+1", False)


def test_what_goes_on_is_named_so(failed, see, rita):
    Batch.objects.update(state="running", closed_at=None)
    for what in ("failures", "results"):
        assert f"-{what}-so-far-" in name_of(see(rita, f"{failed.address}export/{what}.csv"))


def test_where_the_folder_cannot_be_read_there_is_no_empty_file(failed, see, rita):
    Batch.objects.update(total=3, succeeded=3)
    assert "cannot be read from here" in see(rita, f"{failed.address}export/results.csv", 503).content.decode()


def test_groups_that_were_kept_are_a_file_too_and_no_formula(failed, see, rita):
    numbers = {"items": 5, "served": 3, "degraded": 1, "failed": 1}
    item_groups.keep(failed.row, [{"name": "=1+1", "state": "stopped", **numbers}])
    item_groups.keep(failed.row, [{"name": "again", "state": "ended", **numbers}])
    (row,) = rows_of(content(see(rita, f"{failed.address}export/groups.csv")))
    assert row == {
        "group": "'=1+1", "items": "5", "succeeded": "2", "degraded": "1", "failed": "1", "not_run": "1",
        "state": "stopped",
    }  # fmt: skip


@pytest.mark.parametrize("path", ["secrets.csv", "failures.exe", "results.csvx", "groups.csv"])
def test_there_are_no_other_files(failed, see, rita, path):
    see(rita, f"{failed.address}export/{path}", 404)


def test_memory_does_not_grow_with_the_failures(failed):
    """What ten thousand need at once is the measure for a million: a page of rows and its text."""

    def peak(number: int) -> int:
        rows = [Failure(batch=failed.row, number=n, key=f"k{n}", error="x" * 300, attempts=1, round=1)
                for n in range(Failure.objects.count(), number)]  # fmt: skip
        Failure.objects.bulk_create(rows, batch_size=500)
        del rows
        tracemalloc.start()
        assert sum(piece.count("\r\n") for piece in exports.texts(failed.row, "failures", "csv")) == number + 1
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few = peak(2_000)
    assert peak(12_000) < few * 1.5


@pytest.mark.django_db(transaction=True)
def test_results_of_a_batch_that_has_ended_in_the_order_of_the_data(batches, see, rita):
    batch = batches.start([{"n": n, "word": "=1" if n == 3 else "fine"} for n in range(25)], job="echo")
    batch.result()
    address = f"/batches/{batch.row.uuid}/export/"
    lines = [json.loads(line) for line in content(see(rita, f"{address}results.jsonl")).splitlines()]
    assert [line["number"] for line in lines] == list(range(25))
    rows = rows_of(content(see(rita, f"{address}results.csv")))
    assert [(row["item"], row["number"]) for row in rows] == [(str(n), str(n)) for n in range(1, 26)]
    assert [json.loads(row["result"]) for row in rows] == [line["result"] for line in lines]
    assert "-so-far-" not in name_of(see(rita, f"{address}results.csv"))


@pytest.mark.django_db(transaction=True)
def test_results_so_far_are_those_that_are_written_down(batches, told, see, rita):
    told.permits = threading.Semaphore(14)
    batch = batches.start([{"n": n, "word": "fine"} for n in range(30)], max_parallel=1)
    batch.becomes("running", succeeded=10)
    address = f"/batches/{batch.row.uuid}/export/results.jsonl"

    def so_far() -> list[int]:
        answer = see(rita, address)
        assert "-results-so-far-" in name_of(answer)
        return [json.loads(line)["number"] for line in content(answer).splitlines()]

    until(lambda: len(so_far()) == 14)
    assert sorted(so_far())[:10] == list(range(10))
    told.permits = None
    batch.result()
