"""Deliveries, over real HTTP: each event reaches each receiver that wants it, signed, and nothing is lost."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts import posting, webhooks
from accounts.hosts import read
from accounts.receivers import Delivery, Receiver
from live.counting import totals
from live.writes import write
from tests.accounts.receiver import Program, one_after_another, raw, resets, says, waits
from tests.accounts.test_signing import verified
from tests.temporal import until
from worker import registry

S, Why = Delivery.State, Delivery.Why
KIND, OTHER = "request.closed", "request.reminder"


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.WEBHOOK_HOSTS = read("127.0.0.1")


@pytest.fixture
def programs():
    made = []

    def make():
        made.append(Program())
        return made[-1]

    yield make
    for program in made:
        program.close()


@pytest.fixture
def program(programs):
    return programs()


def receiver(program, name="ERP", **more):
    return Receiver.objects.create(name=name, url=program.url, **more)


def tell(event="e", kind=KIND, **data):
    with write():
        webhooks.tell(type=kind, event=event, stream="request:x", data={"title": "Forklift", **data})


def serve():
    """As every worker does it each second, but here and now."""
    return sum(posting.serve(pk) for pk in posting.to_serve())


def later(**span):
    """As if so much time had passed: what has to wait until then is due."""
    passed = timedelta(**span)
    for row in [*Delivery.objects.all(), *Receiver.objects.all()]:
        row.next_at -= passed
        row.save()


def the_delivery():
    return Delivery.objects.get()


# --- what is put, and for whom -----------------------------------------------------------------------------------


def test_an_event_reaches_a_receiver_with_a_signature_that_verifies(program, db):
    erp = receiver(program)
    tell(amount=17.5)
    assert serve() == 1
    [(headers, body)] = program.calls
    assert headers["Content-Type"] == "application/json"
    assert verified(erp.secret, headers, body)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    delivery = the_delivery()
    assert headers["webhook-id"] == delivery.message_id
    said = json.loads(body)
    assert said == {
        "type": KIND, "timestamp": delivery.made_at.timestamp(), "data": {"title": "Forklift", "amount": 17.5},
    }  # fmt: skip
    assert (delivery.state, delivery.tries, delivery.why, delivery.error) == (S.DELIVERED, 1, "", "")


def test_each_receiver_gets_what_it_wants_and_no_more(programs, db):
    every, some, off = programs(), programs(), programs()
    receiver(every, "Every")
    receiver(some, "Some", types=[OTHER])
    receiver(off, "Off", active=False)
    tell("a")
    tell("b", OTHER)
    serve()
    assert [json.loads(body)["type"] for body in every.bodies] == [KIND, OTHER]
    assert [json.loads(body)["type"] for body in some.bodies] == [OTHER]
    assert off.calls == []


def test_the_same_event_is_told_once(program, db):
    receiver(program)
    tell()
    tell()
    serve()
    tell()
    serve()
    assert len(program.calls) == 1


def test_it_is_told_in_the_order_in_which_it_happened(program, db):
    receiver(program)
    for number in range(30):
        tell(f"e{number}", number=number)
    serve()
    assert [json.loads(body)["data"]["number"] for body in program.bodies] == list(range(30))


def test_an_event_that_is_rolled_back_is_told_to_nobody(program, transactional_db):
    receiver(program)

    def goes_wrong():
        with write():
            webhooks.tell(type=KIND, event="e", stream="", data={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        goes_wrong()
    assert not Delivery.objects.exists()


def test_outside_the_transaction_of_its_event_it_is_refused(transactional_db):
    with pytest.raises(RuntimeError, match="inside"):
        webhooks.tell(type=KIND, event="e", stream="", data={})


def test_a_kind_that_nobody_has_registered_is_refused(db):
    with pytest.raises(LookupError, match="register it"):
        tell(kind="request.clsoed")


def test_what_json_cannot_say_holds_up_no_event(program, db):
    receiver(program)
    tell(rate=float("nan"), at=timezone.now(), name="half \ud800")
    serve()
    assert json.loads(program.bodies[0])["data"]["rate"] == "nan"


def test_without_allowed_hosts_nothing_is_put(program, db, settings):
    settings.WEBHOOK_HOSTS = read("")
    receiver(program)
    tell()
    assert not Delivery.objects.exists()


def test_nobody_to_tell_costs_one_query(db, django_assert_num_queries):
    with write(), django_assert_num_queries(1):
        webhooks.tell(type=KIND, event="e", stream="", data={})


def test_nothing_to_send_costs_one_query(program, db, django_assert_num_queries):
    receiver(program)
    with django_assert_num_queries(1):
        posting.postman.go()


# --- secrets -----------------------------------------------------------------------------------------------------


def test_for_a_day_the_old_secret_signs_beside_the_new_one(program, boss):
    from accounts import receiving

    erp = receiver(program)
    old = erp.secret
    new = receiving.renew(receiver=erp, by=boss)
    tell("a")
    serve()
    assert all(verified(secret, *program.calls[0]) for secret in (old, new))
    Receiver.objects.update(old_until=timezone.now() - timedelta(seconds=1))
    tell("b")
    serve()
    assert verified(new, *program.calls[1])
    assert not verified(old, *program.calls[1])


# --- what goes wrong ---------------------------------------------------------------------------------------------

ANSWERS = [
    (says(500, b"oh\n no"), Why.ERROR, 500, "HTTP 500: oh no"),
    (says(404, b"nobody"), Why.REFUSED, 404, "HTTP 404: nobody"),
    (says(401), Why.REFUSED, 401, "HTTP 401"),
    (says(302, Location="https://evil.example/"), Why.REDIRECT, 302, "HTTP 302, to https://evil.example/"),
    (says(429), Why.BUSY, 429, "HTTP 429"),
    (says(503), Why.BUSY, 503, "HTTP 503"),
    (raw(b"SSH-2.0\r\n"), Why.NOT_HTTP, None, "something else than HTTP"),
    (resets, Why.BROKEN, None, "broke off"),
    (waits(20), Why.TIMEOUT, None, "did not answer in time"),
]


@pytest.mark.parametrize(("answer", "why", "status", "words"), ANSWERS)
def test_what_it_does_not_take_is_said_and_tried_again_under_the_same_id(
    program, db, monkeypatch, answer, why, status, words
):
    monkeypatch.setattr(posting, "SECONDS", 0.5)
    receiver(program)
    program.answer = one_after_another(answer, says(200))
    tell()
    assert serve() == 0
    delivery = the_delivery()
    assert (delivery.state, delivery.why, delivery.status, delivery.tries) == (S.WAITING, why, status, 1)
    assert words in delivery.error
    assert serve() == 0, "not at once"
    later(hours=2)
    assert serve() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.why, delivery.error, delivery.tries) == (S.DELIVERED, "", "", 2)
    (first, body), (second, again) = program.calls
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again


def test_a_huge_answer_is_taken_for_what_its_status_says(program, db):
    receiver(program)
    program.answer = says(200, b"x" * 5_000_000)
    tell()
    assert serve() == 1


def test_who_wants_to_be_told_no_more_is_not_told_that_again(program, db):
    receiver(program)
    program.answer = says(410)
    tell()
    serve()
    assert (the_delivery().state, the_delivery().why) == (S.FAILED, Why.GONE)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://localhost:1/", Why.NOT_ALLOWED), ("http://10.1.2.3/", Why.NOT_ALLOWED),
        ("http://plain.example/", Why.PLAIN), ("https://private.example/", Why.PRIVATE),
        ("https://nowhere.invalid/", Why.UNKNOWN_HOST), ("https://a:b@plain.example/", Why.BAD_URL),
    ],
)  # fmt: skip
def test_the_allowed_hosts_are_asked_again_when_it_is_sent(db, settings, monkeypatch, url, why):
    """Whatever got into the row, by whatever way."""
    import socket

    real = socket.getaddrinfo
    private = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda h, *a, **k: private if h == "private.example" else real(h, *a, **k)
    )
    settings.WEBHOOK_HOSTS = read("plain.example,private.example,nowhere.invalid")
    Receiver.objects.create(name="ERP", url=url)
    tell()
    serve()
    assert (the_delivery().state, the_delivery().why) == (S.WAITING, why)


def test_while_it_is_away_nothing_is_lost_and_the_order_is_kept(program, db):
    erp = receiver(program)
    away = erp.url.replace(str(program.port), "1")
    Receiver.objects.update(url=away)
    for number in range(5):
        tell(f"e{number}", number=number)
    for _try in range(8):
        serve()
        later(hours=1)
    assert Receiver.objects.get().failures == 8
    assert set(Delivery.objects.values_list("state", flat=True)) == {S.WAITING}
    assert Delivery.objects.filter(tries__gt=0).count() == 1, "it is asked once a time, not once for each"
    Receiver.objects.update(url=erp.url)
    assert serve() == 5
    assert [json.loads(body)["data"]["number"] for body in program.bodies] == list(range(5))
    assert Receiver.objects.get().failures == 0


def test_who_does_not_answer_is_left_alone_ever_longer(program, db):
    erp = receiver(program)
    Receiver.objects.update(url=erp.url.replace(str(program.port), "1"))
    tell()
    rests = []
    for _try in range(12):
        serve()
        rests.append(round((Receiver.objects.get().next_at - timezone.now()).total_seconds()))
        later(hours=1)
    assert rests == sorted(rests)
    assert rests[0] <= 2
    assert 590 < rests[-1] <= 600


def test_who_asks_to_be_called_later_is_called_then(program, db):
    receiver(program)
    program.answer = says(429, Retry_After="1200")
    tell()
    serve()
    assert 1190 < (Receiver.objects.get().next_at - timezone.now()).total_seconds() <= 1200


def test_one_that_is_refused_holds_up_no_other(program, db):
    receiver(program)
    program.answer = one_after_another(says(422), says(200))
    tell("poison")
    tell("fine")
    serve()
    assert {row.event: row.state for row in Delivery.objects.all()} == {"poison": S.WAITING, "fine": S.DELIVERED}


def test_one_at_which_it_breaks_holds_up_no_other_for_long(program, db):
    receiver(program)
    program.answer = one_after_another(says(500), says(200))
    tell("poison")
    tell("fine")
    serve()
    later(seconds=3)
    serve()
    assert {row.event: row.state for row in Delivery.objects.all()} == {"poison": S.WAITING, "fine": S.DELIVERED}


def test_after_days_what_is_refused_is_given_up(program, db):
    receiver(program)
    program.answer = says(400)
    tell()
    Delivery.objects.update(made_at=timezone.now() - timedelta(days=4))
    for _try in range(6):
        serve()
        later(hours=2)
    assert (the_delivery().state, the_delivery().tries) == (S.FAILED, 6)
    assert totals()["webhooks"] == {'{"result": "failed"}': 1}


def test_of_who_has_not_answered_for_days_all_that_is_as_old_is_given_up(program, db):
    erp = receiver(program)
    Receiver.objects.update(url=erp.url.replace(str(program.port), "1"))
    for number in range(4):
        tell(f"old{number}")
    Delivery.objects.update(made_at=timezone.now() - timedelta(days=4))
    tell("new")
    for _try in range(5):
        serve()
        later(hours=1)
    assert Delivery.objects.filter(state=S.FAILED, why=Why.UNREACHABLE).count() == 4
    assert Delivery.objects.get(event="new").state == S.WAITING
    assert totals()["webhooks"] == {'{"result": "failed"}': 4}


# --- several at once ---------------------------------------------------------------------------------------------


def test_a_slow_receiver_holds_up_no_other(programs, transactional_db, monkeypatch):
    slow, quick = programs(), programs()
    over = threading.Event()
    slow.answer = lambda handler: over.wait(60)
    receiver(slow, "Slow")
    receiver(quick, "Quick")
    postman = posting.Postman()
    tell()
    since = time.monotonic()
    assert postman.go() == 2
    assert time.monotonic() - since < 5, "it waits for nobody"
    until(lambda: len(quick.calls) == 1)
    until(lambda: Delivery.objects.filter(name="Quick", state=S.DELIVERED).exists())
    tell("again")
    until(lambda: postman.go() or len(quick.calls) == 2)
    until(lambda: len(quick.calls) == 2)
    assert len(slow.calls) == 1, "it is called once at a time"
    over.set()
    postman.wait()


def test_while_it_thinks_no_connection_to_the_database_is_held(program, transactional_db, monkeypatch):
    """A pool has twenty of them, and decisions need one too."""
    receiver(program)
    tell("a")
    tell("b")
    call, held = posting.outgoing.call, []

    def asked(*args, **more):
        held.append(connection.connection is not None)
        return call(*args, **more)

    monkeypatch.setattr(posting.outgoing, "call", asked)
    assert serve() == 2
    assert held == [False, False]


def test_many_workers_at_once_send_each_once_and_in_order(program, transactional_db):
    receiver(program)
    for number in range(20):
        tell(f"e{number}", number=number)

    def work():
        for _round in range(3):
            serve()
        connections.close_all()

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    serve()
    assert [json.loads(body)["data"]["number"] for body in program.bodies] == list(range(20))


def test_a_receiver_whose_worker_died_is_served_by_another_in_time(program, db):
    receiver(program)
    Receiver.objects.update(claim="dead", next_at=timezone.now() + posting.LEASE)
    tell()
    assert serve() == 0, "it is still claimed"
    later(seconds=61)
    assert serve() == 1


def test_a_worker_that_was_held_up_does_not_overwrite_what_came_after_it(program, db):
    receiver(program)
    tell()
    slow = the_delivery()
    serve()
    posting._settle(slow, posting.Trouble(Why.TIMEOUT, "too late", its=True))
    assert the_delivery().state == S.DELIVERED


def test_what_is_switched_off_meanwhile_is_not_called(program, db):
    receiver(program)
    tell()
    Receiver.objects.update(active=False)
    assert serve() == 0
    assert program.calls == []


def test_what_was_delivered_is_counted(program, db):
    receiver(program)
    tell("a")
    tell("b")
    serve()
    assert totals()["webhooks"] == {'{"result": "delivered"}': 2}


def test_every_worker_sends_webhooks_and_looks_after_what_is_old():
    assert {"accounts.send_webhooks", "accounts.purge", "live.fold_counts"} <= set(registry.chores())
