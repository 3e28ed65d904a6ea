"""What was never run of a batch that was cancelled: as a file from which a new batch is started."""

import json
import threading

from tests.batches.failing.test_exports import content
from tests.temporal import until


def test_what_was_not_run_is_had_as_a_file_and_makes_a_batch(batches, told, upload, see, rita):
    """Of three chunks one is whole, one was being run when it was cancelled, and one was never begun."""
    items = [{"sku": f"A{n}", "word": "raises" if n in (1, 32) else "", "n": n} for n in range(90)]
    source = {"uri": upload("".join(f"{json.dumps(item)}\n" for item in items), "orders.jsonl"), "format": "jsonl"}
    told.permits = threading.Semaphore(35)
    batch = batches.start(
        source=source, chunk_size=30, max_parallel=1, item_attempts=1, tolerated_failure_rate=1.0
    )  # fmt: skip
    batch.becomes("running", running=30, succeeded=29, failed=1)
    until(lambda: sum(told.calls.values()) == 35)
    address = f"/batches/{batch.row.uuid}/export/not-run.jsonl"
    see(rita, address, 404)
    batch.signal("cancel")
    batch.becomes("stopping")
    told.permits.release(10)
    until(lambda: told.permits.release() or batch.row.closed_at)
    left = content(see(rita, address))
    run = {each["result"]["n"] for each in batch.results()} | {1, 32}
    wanted = [item for item in items if item["n"] not in run]
    assert len(wanted) == batch.result()["not_run"] >= 30
    assert [json.loads(line) for line in left.splitlines()] == wanted
    assert address in see(rita, batch.row.get_absolute_url()).content.decode()
    told.permits = None
    again = batches.start(source={"uri": upload(left, "left.jsonl"), "format": "jsonl"})
    assert again.result()["successful"] == len(wanted)


def test_where_it_cannot_be_read_any_more_there_is_no_empty_file(failed, see, rita):
    answer = see(rita, f"{failed.address}export/not-run.jsonl", 503)
    assert "cannot be read" in answer.content.decode()
