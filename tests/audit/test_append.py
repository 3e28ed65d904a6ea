"""An entry is written once, with what it records, and never changes."""

import json
import math
import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import IntegrityError, connection, transaction

from audit import queries, services, verify
from audit.models import AppendOnly, Entry, Head, Seal
from live.writes import write
from tests.audit.conftest import add

pytestmark = pytest.mark.django_db


def test_entries_of_a_stream_are_numbered_and_each_carries_the_hash_of_the_one_before():
    first, second = add("request:a", 2)
    assert (first.seq, second.seq) == (1, 2)
    assert first.prev_hash == "0" * 64
    assert second.prev_hash == first.hash
    assert json.loads(second.body)["prev"] == first.hash


def test_the_hash_is_that_of_the_stored_text():
    add("request:a", data={"comment": "Größe 5 €"})
    entry = Entry.objects.get()
    assert entry.hash == sha256(entry.body.encode()).hexdigest()
    assert "Größe 5 €" in entry.body


def test_the_text_is_canonical_and_says_everything():
    at = datetime(2026, 11, 22, 9, 30, 0, 120, tzinfo=timezone(timedelta(hours=1)))
    (entry,) = add("request:a", at=at, workflow_id="approval-1", run_id="r", data={"b": 1, "a": [None, True]})
    assert entry.body == (
        '{"actor":"maria","at":"2026-11-22T08:30:00.000120+00:00","data":{"a":[null,true],"b":1},"kind":"decision.applied",'
        '"known":"signed_in","prev":"'
        + "0" * 64
        + '","run_id":"r","seq":1,"stream":"request:a","workflow_id":"approval-1"}'
    )


def test_streams_do_not_depend_on_each_other():
    add("request:a", 2)
    (other,) = add("request:b")
    assert (other.seq, other.prev_hash) == (1, "0" * 64)


def test_what_json_cannot_say_is_recorded_as_text():
    half, nul = "\ud83d", "\x00"
    deep: list = []
    for _ in range(200):
        deep = [deep]
    data = {"amount": math.nan, "sum": Decimal("1.10"), "at": datetime(2026, 1, 1, tzinfo=UTC), half: half, "d": deep}
    add("request:a", actor="a" + nul + half, data={**data, "nul": nul})
    entry = Entry.objects.get()
    assert entry.data["amount"] == "nan"
    assert entry.data["sum"] == "1.10"
    assert entry.data["?"] == "?"
    assert entry.actor == "a\ufffd?"
    assert verify.ledger().broken is None


def test_a_claimed_name_of_any_length_is_kept_within_its_column():
    add("request:a", actor="x" * 5_000, workflow_id="w" * 5_000)
    entry = Entry.objects.get()
    assert len(entry.actor) == 200
    assert len(entry.workflow_id) == 1000
    assert verify.ledger().broken is None


def test_it_takes_three_statements_from_the_first_entry_on(django_assert_num_queries):
    for _ in range(2):
        with write(), django_assert_num_queries(3):
            services.append(stream="request:a", kind="k", actor="", known="system", data={})


@pytest.mark.parametrize(
    "wrong",
    [{"known": "guessed"}, {"stream": ""}, {"stream": "s" * 201}, {"kind": ""}, {"at": datetime(2026, 1, 1)}],
)
def test_it_refuses_what_a_program_got_wrong(wrong):
    with write(), pytest.raises(ValueError):
        services.append(**{"stream": "s", "kind": "k", "actor": "", "known": "system", "data": {}, **wrong})


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_write_outside_a_transaction():
    with pytest.raises(RuntimeError, match="inside"):
        services.append(stream="s", kind="k", actor="", known="system", data={})
    assert not Entry.objects.exists()


def _append_and_fail() -> None:
    services.append(stream="request:a", kind="k", actor="", known="system", data={})
    raise ZeroDivisionError


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_with_the_transaction_that_it_was_written_in():
    add("request:a")
    with pytest.raises(ZeroDivisionError), write():
        _append_and_fail()
    assert Entry.objects.count() == 1
    assert verify.ledger().broken is None


def test_the_model_refuses_to_change_or_delete():
    (entry,) = add("request:a")
    services.seal_due(force=True)
    for attack in (
        entry.save,
        entry.delete,
        Entry.objects.all().delete,
        lambda: Entry.objects.update(actor="eve"),
        lambda: Entry.objects.bulk_update([entry], ["actor"]),
        Seal.objects.get().save,
        Seal.objects.all().delete,
    ):
        with pytest.raises(AppendOnly):
            attack()


ATTACKS = [
    "UPDATE audit_entry SET actor = 'eve'",
    "DELETE FROM audit_entry",
    "UPDATE audit_seal SET root = ''",
    "DELETE FROM audit_seal",
    "DELETE FROM audit_head",
]
# Each database has a way of its own around the triggers for deletes.
if connection.vendor == "postgresql":
    ATTACKS += [f"TRUNCATE {table}" for table in ("audit_entry", "audit_seal", "audit_head")]
else:
    ATTACKS += [f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}" for table in ("audit_entry", "audit_seal")]


@pytest.mark.parametrize("sql", ATTACKS)
def test_the_database_refuses_to_change_or_delete(sql):
    add("request:a")
    services.seal_due(force=True)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert verify.ledger().broken is None


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_do_not_fork_a_stream():
    together = threading.Barrier(4)

    def many() -> None:
        together.wait()
        try:
            for number in range(25):
                add("request:a" if number % 2 else "request:b")
        finally:
            connection.close()

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(Entry.objects.filter(stream="request:a").values_list("seq", flat=True)) == list(range(1, 49))
    assert Head.objects.get(stream="request:b").seq == 52
    assert verify.ledger().broken is None


def test_the_head_of_the_ledger_rises_with_each_entry():
    assert queries.head() == 0
    add("request:a")
    first = queries.head()
    add("request:b")
    assert queries.head() > first > 0


def test_a_stream_is_read_oldest_first_with_its_data():
    add("request:b")
    add("request:a", data={"n": 1})
    add("request:a", data={"n": 2})
    assert [entry.data["n"] for entry in queries.of_stream("request:a")] == [1, 2]
