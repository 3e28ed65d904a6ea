"""The job ``http`` in real batches: each item called for, tried again where that helps, counted as what it became."""

import logging
import threading
import time

import pytest

from accounts.hosts import read
from audit.models import Entry
from tests.accounts.receiver import one_after_another, says
from worker.chunks import calling, folders

KEYS = "Idempotency-Key"
ITEMS = [{"n": n} for n in range(30)]


@pytest.fixture
def start(batches, program):
    def start(items=None, source=None, spec=None, **args):
        return batches.start(items, "http", source, job_args={"url": program.url, **args}, **(spec or {}))

    return start


def of_csv(upload, text):
    return {"uri": upload(text), "format": "csv"}


def test_each_row_is_one_call_with_a_key_of_its_own(start, program, upload):
    program.answer = says(201, b'{"id": 7}')
    rows = "id,name\n" + "".join(f"{n},Item {n}\n" for n in range(25))
    url = f"http://127.0.0.1:{program.port}/orders/{{item.id}}"
    batch = start(source=of_csv(upload, rows), url=url, method="PUT", body='{"name": "{item.name}"}', keep="json")
    assert batch.result()["successful"] == 25
    assert sorted(program.methods) == sorted(("PUT", f"/orders/{n}") for n in range(25))
    assert len({headers[KEYS] for headers, _body in program.calls}) == 25
    assert batch.results()[0]["result"] == {"status": 201, "json": {"id": 7}}


def test_what_is_refused_is_final_and_what_is_busy_is_tried_again_with_the_same_key(start, program):
    lock, seen = threading.Lock(), []

    def answer(handler):
        with lock:
            first = handler.headers[KEYS] not in seen
            seen.append(handler.headers[KEYS])
        place = int(handler.headers["X-N"])
        says(404 if place == 3 else 503 if place == 4 or (place == 5 and first) else 200, b"no\nsuch order")(handler)

    program.answer = answer
    batch = start(ITEMS, headers={"X-N": "{item.n}"}, spec={"item_attempts": 2, "tolerated_failure_rate": 1})
    result = batch.result()
    assert (result["successful"], result["failed"]) == (28, 2)
    assert batch.failures() == [
        ("4", "It answered 404 Not Found: no such order"),
        ("5", "It answered 503 Service Unavailable: no such order"),
    ]
    assert list(batch.row.failures.order_by("number").values_list("attempts", flat=True)) == [1, 2]
    assert (len(program.calls), len(set(seen))) == (32, 30)


def test_it_is_called_again_no_sooner_than_it_said(start, program):
    times, answers = [], one_after_another(says(429, Retry_After="2"), says(200))

    def answer(handler):
        times.append(time.monotonic())
        answers(handler)

    program.answer = answer
    assert start([1]).result()["successful"] == 1
    assert times[1] - times[0] >= 1.9


def test_what_it_says_about_the_next_try_has_a_bound(start, program, monkeypatch):
    monkeypatch.setattr(calling, "LONGEST_PAUSE", 1.0)
    program.answer = one_after_another(says(429, Retry_After="86400"), says(200))
    assert start([1]).result()["successful"] == 1


def test_a_column_that_no_row_has_is_said_before_anything_is_called(start, program, upload):
    batch = start(source=of_csv(upload, "id,name\n1,a\n"), body='{"x": "{item.nmae}"}')
    result = batch.result()
    assert result["status"] == "invalid"
    assert result["errors"] == ["The job reads 'nmae', but the columns are only: id, name."]
    assert program.calls == []


def test_a_column_that_some_items_lack_fails_those(start, program):
    batch = start([{"a": 1}, {"b": 1}], body='{"x": {item.a}}', spec={"tolerated_failure_rate": 1})
    assert batch.result()["failed"] == 1
    assert batch.failures() == [("2", "The item has no 'a', which the body names.")]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"headers": {"X": "{secret.NONE}"}}, "no secret 'NONE'"),
        ({"url": "https://evil.example/"}, "not among the hosts"),
        ({"success": ["all"]}, "no status"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_before_anything_is_called(start, program, given, words):
    result = start([1], **given).result()
    assert result["status"] == "invalid"
    assert words in " ".join(result["errors"])
    assert program.calls == []


def test_a_secret_stands_nowhere(start, program, house, caplog):
    caplog.set_level(logging.DEBUG)

    def answer(handler):
        says(200 if handler.headers["X-N"] == "1" else 400, handler.headers["Authorization"].encode())(handler)

    program.answer = answer
    headers = {"Authorization": "Bearer {secret.ERP}", "X-N": "{item}"}
    batch = start([1, 2], headers=headers, keep="text", spec={"tolerated_failure_rate": 1})
    assert batch.result()["failed"] == 1
    assert all("4711" in sent["Authorization"] for sent, _body in program.calls)
    assert "[secret]" in batch.failures()[0][1]
    folder = folders.folder_of(str(batch.row.uuid))
    kept = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    history = [event.SerializeToString() for event in house.run(batch.handle.fetch_history()).events]
    ledger = [entry.body for entry in Entry.objects.filter(stream=batch.row.stream)]
    assert any(b"{secret.ERP}" in event for event in history), "what is in payloads can be read here"
    assert ledger
    rows = [*ledger, str(batch.row.spec), str(batch.row.result), str(batch.failures()), caplog.text]
    assert not any(b"en-4711" in each for each in [*kept, *history, *map(str.encode, rows)])


def test_no_host_at_all(start, settings):
    settings.HTTP_HOSTS = read("")
    assert "LEITSTAND_HTTP_ALLOWED_HOSTS" in " ".join(start([1]).result()["errors"])
