"""Counts are true whoever writes them, go with their transaction, and stay cheap to read."""

import threading

import pytest
from django.db import connections

from live import counting
from live.counting import count, fold, totals
from live.models import Count
from live.writes import write


def counted(number=1, name="things", **labels):
    with write():
        count(name, number, **labels)


def test_what_was_counted_is_summed_by_name_and_labels(db):
    counted(colour="red", size="s")
    counted(2, size="s", colour="red")
    counted(colour="blue", size="s")
    counted(name="others")
    assert totals() == {
        "things": {'{"colour": "red", "size": "s"}': 3, '{"colour": "blue", "size": "s"}': 1},
        "others": {"{}": 1},
    }


def test_what_is_rolled_back_was_never_counted(transactional_db):
    def goes_wrong():
        with write():
            count("things")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        goes_wrong()
    assert totals() == {}


def test_outside_a_transaction_nothing_is_counted(transactional_db):
    with pytest.raises(RuntimeError, match="inside"):
        count("things")


def test_nothing_is_no_row(db):
    counted(0)
    assert not Count.objects.exists()


def test_many_rows_become_few_and_the_sums_stay(db, monkeypatch):
    monkeypatch.setattr(counting, "MANY", 20)
    for number in range(60):
        counted(colour="red" if number % 3 else "blue")
    before = totals()
    assert fold() == 58
    assert Count.objects.count() == 2
    assert totals() == before
    assert fold() == 0


def test_few_rows_are_left_as_they_are(db):
    counted()
    counted()
    assert fold() == 0
    assert Count.objects.count() == 2


def test_reading_costs_one_query_however_much_was_counted(db, django_assert_num_queries):
    for _number in range(50):
        counted()
    with django_assert_num_queries(1):
        assert totals()["things"] == {"{}": 50}


def test_while_others_count_and_add_up_no_count_is_lost_nor_any_read_wrong(transactional_db, monkeypatch):
    """Readers see the sum grow, and never what is being added up counted twice or not at all."""
    monkeypatch.setattr(counting, "MANY", 5)
    over, seen, failed = threading.Event(), [], []

    def work(what):
        try:
            what()
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    def write_some():
        for _number in range(60):
            counted()

    def add_up():
        while not over.is_set():
            fold()

    def read():
        while not over.is_set():
            seen.append(totals().get("things", {}).get("{}", 0))

    writers = [threading.Thread(target=work, args=(write_some,)) for _number in range(4)]
    others = [threading.Thread(target=work, args=(what,)) for what in (add_up, add_up, read)]
    for thread in [*writers, *others]:
        thread.start()
    for thread in writers:
        thread.join(60)
    over.set()
    for thread in others:
        thread.join(60)
    assert failed == []
    assert totals()["things"] == {"{}": 240}
    assert seen == sorted(seen)
