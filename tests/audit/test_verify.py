"""Whatever somebody changes past the application is found, and the first broken entry is named."""

import io
import json
import threading

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, connections

from audit import services, triggers, verify
from audit.canonical import canonical, digest
from audit.models import Entry, Head, Seal
from tests.audit.conftest import add

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger(db):
    """Two sealed streams of three, and after the seal one more entry each."""
    for stream in ("request:b", "request:a"):
        add(stream, 3)
    services.seal_due(force=True)
    for stream in ("request:b", "request:a"):
        add(stream)


def run(**options: str) -> tuple[int, str]:
    """Exit code and what it said."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_ledger", stdout=out, stderr=err, **options)
    except SystemExit as ended:
        return int(ended.code), err.getvalue()
    return 0, out.getvalue()


@pytest.mark.usefixtures("ledger")
class TestAnIntactLedger:
    def test_it_is_said_to_be_intact(self):
        seal = Seal.objects.get()
        assert run() == (0, f"ledger intact: 8 entries in 2 streams, 1 seals; head 1:{seal.hash}\n")

    def test_it_agrees_with_a_head_that_was_kept(self):
        head = f"1:{Seal.objects.get().hash}"
        services.seal_due(force=True)
        assert run(head=head)[0] == 0

    def test_one_stream_can_be_checked_alone(self):
        assert verify.stream("request:a") is None


def test_an_empty_ledger_is_intact():
    assert run() == (0, f"ledger intact: 0 entries in 0 streams, 0 seals; head 0:{'0' * 64}\n")


A = "WHERE stream = 'request:a' AND seq"
TAMPERINGS = {
    "text altered": (
        f"UPDATE audit_entry SET body = replace(body, 'maria', 'eve') {A} = 2",
        "entry 2 of request:a: its text",
    ),
    "actor altered": (f"UPDATE audit_entry SET actor = 'eve' {A} = 2", "entry 2 of request:a: its column actor"),
    "time altered": (
        f"UPDATE audit_entry SET at = '2020-01-01 00:00:00+00:00' {A} = 1",
        "entry 1 of request:a: its column at",
    ),
    "workflow altered": (
        f"UPDATE audit_entry SET workflow_id = 'x' {A} = 4",
        "entry 4 of request:a: its column workflow_id",
    ),
    "hash altered": (f"UPDATE audit_entry SET hash = '{'1' * 64}' {A} = 3", "entry 3 of request:a: its text"),
    "link altered": (
        f"UPDATE audit_entry SET prev_hash = '{'1' * 64}' {A} = 3",
        "entry 3 of request:a: its column prev_hash",
    ),
    "middle removed": (
        f"DELETE FROM audit_entry {A} = 2",
        "entry 2 of request:a: it is missing, the next one there is 3",
    ),
    "beginning removed": (f"DELETE FROM audit_entry {A} = 1", "entry 1 of request:a: it is missing"),
    "tail cut": (f"DELETE FROM audit_entry {A} >= 4", "entry 4 of request:a: it is missing, the stream was cut"),
    "stream removed": (
        f"DELETE FROM audit_entry {A} > 0",
        "entry 1 of request:a: it is missing, and with it the whole",
    ),
    "stream renamed": (
        f"UPDATE audit_entry SET stream = 'request:c' {A} > 0",
        "entry 1 of request:c: its column stream",
    ),
    "head removed": (
        "DELETE FROM audit_head WHERE stream = 'request:a'",
        "entry 4 of request:a: the head of its stream",
    ),
    "head set back": (
        f"UPDATE audit_head SET seq = 3, unsealed_since = NULL {A} = 4",
        "entry 4 of request:a: it was not written by the application",
    ),
    "head replaced": (f"UPDATE audit_head SET hash = 'x' {A} = 4", "entry 4 of request:a: it was replaced"),
    "seal removed": ("DELETE FROM audit_seal", "the seals cover 0 entries, the heads say 6"),
    "seal altered": (
        "UPDATE audit_seal SET body = replace(body, 'request:a', 'request:x')",
        "seal 1: its text was altered",
    ),
    "seal's root altered": ("UPDATE audit_seal SET root = 'x'", "seal 1: its columns were altered"),
    "seal's number altered": ("UPDATE audit_seal SET number = 2", "seal 1: it is missing"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
@pytest.mark.usefixtures("ledger")
def test_tampering_is_named_at_the_first_broken_entry(name, intruder):
    sql, named = TAMPERINGS[name]
    intruder(sql)
    code, said = run()
    assert code == 1
    assert f"The ledger is broken. {named}" in said


@pytest.mark.usefixtures("ledger")
def test_of_several_broken_entries_the_one_written_first_is_named(intruder):
    intruder("UPDATE audit_entry SET actor = 'eve' WHERE seq = 3")
    assert "entry 3 of request:b" in run()[1]


@pytest.mark.usefixtures("ledger")
def test_a_text_with_a_fitting_new_hash_breaks_the_link_of_the_next(intruder):
    entry = Entry.objects.get(stream="request:a", seq=2)
    body = entry.body.replace("manager", "ceo")
    intruder("UPDATE audit_entry SET body = %s, hash = %s WHERE id = %s", body, digest(body), entry.pk)
    assert "entry 3 of request:a: it does not follow from entry 2" in run()[1]


def rewrite(intruder, stream: str, first: int) -> None:
    """All of a stream from this entry on, with hashes that fit again, and its head."""
    prev = None
    for entry in Entry.objects.filter(stream=stream, seq__gte=first).order_by("seq"):
        body = entry.body.replace("manager", "ceo").replace(entry.prev_hash, prev or entry.prev_hash)
        before, prev = prev or entry.prev_hash, digest(body)
        intruder("UPDATE audit_entry SET body=%s, prev_hash=%s, hash=%s WHERE id=%s", body, before, prev, entry.pk)
    intruder("UPDATE audit_head SET hash = %s WHERE stream = %s", prev, stream)


@pytest.mark.usefixtures("ledger")
def test_a_stream_rewritten_to_its_end_shows_through_the_seals(intruder):
    rewrite(intruder, "request:a", 2)
    assert verify.stream("request:a") is None
    assert "entry 3 of request:a: it was replaced after seal 1" in run()[1]


@pytest.mark.usefixtures("ledger")
def test_a_stream_removed_with_its_head_shows_through_the_seals(intruder):
    intruder("DELETE FROM audit_entry WHERE stream = 'request:a'")
    intruder("DELETE FROM audit_head WHERE stream = 'request:a'")
    assert "entry 3 of request:a: it is missing after seal 1" in run()[1]


@pytest.mark.usefixtures("ledger")
def test_a_tail_cut_with_its_head_set_back_shows_through_the_seals(intruder):
    intruder("DELETE FROM audit_entry WHERE stream = 'request:a' AND seq > 2")
    last = Entry.objects.get(stream="request:a", seq=2)
    intruder(
        "UPDATE audit_head SET seq=2, sealed_seq=2, unsealed_since=NULL, hash=%s WHERE stream='request:a'", last.hash
    )
    assert "entry 3 of request:a: it is missing after seal 1" in run()[1]


@pytest.mark.usefixtures("ledger")
def test_an_entry_slipped_in_at_the_end_is_found(intruder):
    intruder(
        "INSERT INTO audit_entry (stream, seq, at, kind, actor, known, workflow_id, run_id, body, prev_hash, hash) "
        "SELECT stream, 5, at, kind, actor, known, workflow_id, run_id, body, prev_hash, hash FROM audit_entry "
        "WHERE stream = 'request:a' AND seq = 4"
    )
    assert "entry 5 of request:a" in run()[1]


@pytest.mark.usefixtures("ledger")
def test_seals_that_were_cut_show_against_the_heads_and_against_a_kept_head(intruder):
    services.seal_due(force=True)
    kept = str(Seal.objects.get(number=2))
    intruder("DELETE FROM audit_seal WHERE number = 2")
    assert "the seals cover 6 entries, the heads say 8" in run()[1]
    intruder("UPDATE audit_head SET sealed_seq = 3, unsealed_since = '2026-11-22 00:00:00+00:00'")
    assert run()[0] == 0
    assert "seal 2: it is missing, the seals end at 1: they were cut" in run(head=kept)[1]


@pytest.mark.parametrize(
    "instead", [{"root": "f" * 64}, {"entries": 7}, {"heads": []}, {"heads": [[]]}, {"heads": None}, {"prev": "f" * 64}]
)
@pytest.mark.usefixtures("ledger")
def test_a_seal_that_does_not_fit_is_named_even_with_a_fitting_new_hash(instead, intruder):
    said = {**json.loads(Seal.objects.get().body), **instead}
    body = canonical(said)
    intruder(
        "UPDATE audit_seal SET body=%s, hash=%s, root=%s, entries=%s, prev_hash=%s",
        *(body, digest(body), said["root"], said["entries"], said["prev"]),
    )
    assert "broken. seal 1: it" in run()[1]


def test_a_ledger_rewritten_as_a_whole_shows_against_a_kept_head(intruder):
    add("request:a", 3)
    services.seal_due(force=True)
    kept = str(Seal.objects.get())
    for table in ("audit_entry", "audit_head", "audit_seal"):
        intruder(f"DELETE FROM {table}")
    add("request:a", 3, actor="eve")
    services.seal_due(force=True)
    assert run()[0] == 0
    assert "seal 1: it is not the one that was kept: the ledger was rewritten" in run(head=kept)[1]


@pytest.mark.parametrize("head", ["1", "x:y", "1:abc", "-1:" + "0" * 64])
def test_a_head_that_is_none_is_refused_with_a_sentence(head):
    code, said = run(head=head)
    assert code == 1
    assert "number:hash" in said


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("body", ["", "hello", "[]", "null", '{"seq":1}'])
def test_any_text_in_the_place_of_a_record_is_named_not_stumbled_over(body, intruder):
    intruder("UPDATE audit_entry SET body=%s, hash=%s WHERE stream='request:a' AND seq=2", body, digest(body))
    assert "entry 2 of request:a: its column body" in run()[1]


WRECKS = ["at = 'infinity'"]
if connection.vendor == "sqlite":  # which lets any column hold anything
    WRECKS += ["at = '2026-99-99 00:00:00'", "seq = 'x'", "body = CAST(x'ff' AS TEXT)", "body = x'ff'"]


@pytest.mark.parametrize("wreck", WRECKS)
@pytest.mark.usefixtures("ledger")
def test_a_column_that_cannot_be_read_is_named_by_where_it_stands(wreck, intruder):
    intruder(f"UPDATE audit_entry SET {wreck} WHERE stream = 'request:b' AND seq = 2")
    code, said = run()
    assert code == 1
    assert " of request:b: it" in said


@pytest.mark.django_db(transaction=True)
def test_it_does_not_keep_others_from_writing_and_sees_one_moment():
    add("request:a", 3)
    seen = []
    with verify._snapshot():
        before = Entry.objects.count()
        _in_another_thread(lambda: seen.extend(add("request:a", 2)))
        assert len(seen) == 2
        assert Entry.objects.count() == before
    assert verify.ledger().entries == 5
    assert Head.objects.get().seq == 5


def _in_another_thread(work) -> None:
    import threading

    def run_and_close() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run_and_close)
    thread.start()
    thread.join(30)


def test_the_triggers_come_back_after_a_migration_has_rebuilt_a_table():
    triggers.remove(connection)
    call_command("migrate", "audit", verbosity=0)
    add("request:a")
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry")


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_is_written_to_meanwhile_is_not_called_broken():
    over = threading.Event()

    def writes() -> None:
        while not over.is_set():
            add("request:busy")
        connections.close_all()

    add("request:busy")
    writer = threading.Thread(target=writes)
    writer.start()
    try:
        assert [verify.stream("request:busy") for _ in range(150)] == [None] * 150
    finally:
        over.set()
        writer.join()
