"""Each minute with writes is sealed once, whoever does it."""

import json
import threading
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import connection
from django.utils import timezone

from audit import services, verify
from audit.canonical import canonical
from audit.models import Head, Seal
from tests.audit.conftest import add

pytestmark = pytest.mark.django_db


def later(minutes: int = 1):
    return timezone.now() + timedelta(minutes=minutes)


def test_a_minute_is_sealed_once_it_has_passed():
    add("request:a", 2)
    assert services.seal_due(now=timezone.now().replace(second=0)) == 0
    assert services.seal_due(now=later()) == 1
    assert services.seal_due(now=later(2)) == 0
    assert Seal.objects.get().entries == 2


def test_without_writes_there_is_no_seal():
    assert services.seal_due(now=later()) == 0
    assert services.seal_due(force=True) == 0


def test_it_looks_into_the_database_once_a_minute(django_assert_num_queries):
    now = later()
    services.seal_due(now=now)
    with django_assert_num_queries(0):
        services.seal_due(now=now.replace(second=59))


def test_a_seal_lists_only_what_was_touched_and_its_root_builds_on_the_last_root():
    add("request:a", 2)
    services.seal_due(force=True)
    (entry,) = add("request:b")
    services.seal_due(force=True)
    first, second = Seal.objects.order_by("number")
    heads = [["request:b", 0, 1, entry.hash]]
    assert json.loads(second.body)["heads"] == heads
    assert second.root == sha256((first.root + canonical(heads)).encode()).hexdigest()
    assert (second.prev_hash, second.entries) == (first.hash, 3)


def test_a_minute_with_many_streams_gets_several_seals(monkeypatch):
    monkeypatch.setattr(services, "HEADS_PER_SEAL", 2)
    for number in range(5):
        add(f"request:{number}")
    assert services.seal_due(force=True) == 3
    assert list(Seal.objects.order_by("number").values_list("entries", flat=True)) == [2, 4, 5]
    assert not Head.objects.filter(unsealed_since__isnull=False).exists()
    assert verify.ledger().broken is None


@pytest.mark.django_db(transaction=True)
def test_two_sealers_at_once_seal_everything_once(monkeypatch):
    monkeypatch.setattr(services, "HEADS_PER_SEAL", 3)
    for number in range(30):
        add(f"request:{number}")
    together = threading.Barrier(3)

    def seal() -> None:
        together.wait()
        try:
            while Head.objects.filter(unsealed_since__isnull=False).exists():
                services.seal_due(force=True)
        finally:
            connection.close()

    threads = [threading.Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify.ledger()
    assert report.broken is None
    assert report.sealed == 30


def test_what_is_written_after_a_seal_is_sealed_by_the_next():
    add("request:a")
    services.seal_due(force=True)
    add("request:a", 2)
    assert services.seal_due(now=later()) == 1
    assert Head.objects.get().sealed_seq == 3


def test_a_stream_that_is_written_all_the_time_is_sealed_all_the_same():
    add("request:a")
    since = Head.objects.get().unsealed_since
    add("request:a")
    assert Head.objects.get().unsealed_since == since


def test_what_another_worker_was_busy_with_is_looked_at_again_a_second_later(monkeypatch):
    add("request:a")
    now = later()
    with monkeypatch.context() as busy:
        busy.setattr(services, "_seal", lambda *_: False)
        assert services.seal_due(now=now) == 0
    assert services.seal_due(now=now) == 1
