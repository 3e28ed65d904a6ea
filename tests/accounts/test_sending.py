"""The outbox, over a real mail server: everything arrives, nothing twice, and what does not arrive says why."""

import threading
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connections
from django.utils import timezone

from accounts import sending, writing
from accounts.models import Kind, Letter
from accounts.outbox import put
from live.writes import write
from tests.accounts.conftest import due_now, letter_to, with_address
from tests.accounts.post import only
from tests.conftest import person
from worker import registry

pytestmark = pytest.mark.usefixtures("plain")
S, Why = Letter.State, Letter.Why


def the_letter() -> Letter:
    return Letter.objects.get()


def test_a_letter_arrives_with_text_and_html(office, courier, maria):
    letter_to(with_address(maria))
    assert courier.go() == 1
    mail = office.mail_to("maria@example.org")
    assert mail["Subject"] == "It waits"
    assert mail["From"] == "Leitstand <leitstand@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@leitstand.example>")
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    letter = the_letter()
    assert (letter.state, letter.address, letter.tries, letter.why) == (S.SENT, "maria@example.org", 1, "")
    assert letter.tried_at is not None


def test_many_letters_go_over_one_connection(office, courier, db):
    letter_to(*(with_address(person(f"p{number}")) for number in range(12)))
    assert courier.go() == 12
    assert len(office.mails) == 12
    assert len(office.sessions) == 1


def test_more_than_one_batch_goes_out_at_once(office, courier, db, monkeypatch):
    monkeypatch.setattr(sending, "BATCH", 4)
    letter_to(*(with_address(person(f"p{number}")) for number in range(10)))
    assert courier.go() == 10


def test_the_same_event_is_told_once(office, courier, maria):
    with_address(maria)
    letter_to(maria)
    letter_to(maria)
    courier.go()
    letter_to(maria)
    courier.go()
    assert office.recipients == ["maria@example.org"]


def test_a_letter_outside_the_transaction_of_its_event_is_refused(transactional_db, maria):
    with pytest.raises(RuntimeError, match="inside"):
        put(kind=Kind.OUTCOME, event="e", people=[maria])


def test_an_event_that_is_rolled_back_tells_nobody(transactional_db, maria):
    def goes_wrong():
        with write():
            put(kind=Kind.OUTCOME, event="e", people=[maria])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        goes_wrong()
    assert not Letter.objects.exists()


def test_while_the_server_is_down_nothing_is_lost_and_when_it_is_back_nothing_comes_twice(office, courier, db):
    people = [with_address(person(f"p{number}")) for number in range(30)]
    office.close()
    letter_to(*people)
    for _hour in range(6):
        due_now()
        courier.go()
    states = set(Letter.objects.values_list("state", "why"))
    assert states == {(S.WAITING, Why.UNREACHABLE)}
    assert Letter.objects.exclude(error="").count() == 30
    office.open()
    for _again in range(3):
        due_now()
        courier.go()
    assert office.recipients == sorted(user.email for user in people)
    assert set(Letter.objects.values_list("state", "why", "error")) == {(S.SENT, "", "")}


def test_an_hour_without_a_mail_server_costs_each_letter_a_few_tries_and_nobody_their_letter(office, db, monkeypatch):
    """The hour is passed second by second, as a worker's chore would, on clocks that the test moves."""
    hour = Hour(monkeypatch)
    courier = sending.Courier()
    people = [with_address(person(f"p{number}")) for number in range(30)]
    office.close()
    letter_to(*people)
    hour.passes(courier, 3_600)
    assert Letter.objects.filter(state=S.WAITING, why=Why.UNREACHABLE).count() == 30
    assert Letter.objects.filter(tries__gt=20).count() == 0, "they are tried ever more rarely"
    office.open()
    hour.passes(courier, 660)
    assert office.recipients == sorted(user.email for user in people)
    hour.passes(courier, 660)
    assert len(office.mails) == 30


class Hour:
    """Moves both clocks that sending looks at."""

    def __init__(self, monkeypatch):
        self.passed = 0.0
        now, monotonic = timezone.now, time.monotonic
        monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(seconds=self.passed))
        monkeypatch.setattr(sending, "time", SimpleNamespace(monotonic=lambda: monotonic() + self.passed))

    def passes(self, courier, seconds):
        end = self.passed + seconds
        while self.passed < end:
            self.passed += 5
            courier.go()


def test_a_server_that_does_not_answer_is_left_alone_for_a_moment(office, maria):
    office.close()
    courier = sending.Courier()
    letter_to(with_address(maria))
    courier.go()
    due_now()
    courier.go()
    assert the_letter().tries == 1


def test_tries_become_rarer_and_end_after_days(office, courier, maria):
    office.close()
    letter_to(with_address(maria))
    waits = []
    for _try in range(9):
        due_now()
        courier.go()
        letter = the_letter()
        waits.append(round((letter.next_at - letter.tried_at).total_seconds()))
    assert waits == sorted(waits)
    assert waits[0] < 10
    assert 500 < waits[-1] <= 601
    Letter.objects.update(made_at=timezone.now() - timedelta(days=4))
    due_now()
    courier.go()
    letter = the_letter()
    assert (letter.state, letter.why) == (S.FAILED, Why.UNREACHABLE)


def test_an_old_letter_that_no_worker_has_tried_is_not_given_up_at_the_first_failure(office, courier, maria):
    office.close()
    letter_to(with_address(maria))
    Letter.objects.update(made_at=timezone.now() - timedelta(days=4))
    courier.go()
    assert the_letter().state == S.WAITING


def test_an_address_that_the_server_refuses_is_told_and_stops_nobody_else(office, courier, maria, vera):
    office.answers["maria@example.org"] = "550 no such user"
    letter_to(with_address(maria), with_address(vera))
    courier.go()
    assert office.recipients == ["vera@example.org"]
    letter = Letter.objects.get(user=maria)
    assert (letter.state, letter.why) == (S.FAILED, Why.BAD_ADDRESS)
    assert "no such user" in letter.error


def test_a_server_that_asks_to_come_later_is_asked_later(office, courier, maria):
    office.answers["maria@example.org"] = "450 greylisted"
    letter_to(with_address(maria))
    courier.go()
    assert (the_letter().state, the_letter().why) == (S.WAITING, Why.LATER)
    office.answers.clear()
    due_now()
    courier.go()
    assert office.recipients == ["maria@example.org"]


def test_a_mail_that_the_server_will_not_have_is_not_tried_again(office, courier, maria):
    office.data_answer = "554 looks like junk"
    letter_to(with_address(maria))
    courier.go()
    assert (the_letter().state, the_letter().why) == (S.FAILED, Why.REFUSED)


def test_a_wrong_password_is_told_and_tried_again(settings, courier, office, maria):
    office.close()
    office.open(auth_require_tls=False, authenticator=only("site", "right"))
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "site", "wrong"
    letter_to(with_address(maria))
    courier.go()
    assert (the_letter().state, the_letter().why) == (S.WAITING, Why.LOGIN)
    settings.EMAIL_HOST_PASSWORD = "right"
    due_now()
    courier.go()
    assert office.recipients == ["maria@example.org"]


@pytest.mark.parametrize("address", ["maria", "maria@example.org\r\nBcc: all@example.org", "a@b@c", "maria@ex ample"])
def test_an_address_that_is_none_is_told_and_reaches_no_server(office, courier, maria, address):
    letter_to(with_address(maria, address))
    courier.go()
    assert (the_letter().state, the_letter().why) == (S.FAILED, Why.BAD_ADDRESS)
    assert office.mails == []


def test_somebody_without_an_address_is_known_not_to_be_told(office, courier, maria):
    letter_to(maria)
    assert (the_letter().state, the_letter().why) == (S.FAILED, Why.NO_ADDRESS)
    assert courier.go() == 0


def test_somebody_who_has_left_meanwhile_gets_nothing(office, courier, maria):
    letter_to(with_address(maria))
    maria.is_active = False
    maria.save()
    courier.go()
    assert office.mails == []
    assert the_letter().state == S.DROPPED


def test_what_needs_no_telling_any_more_is_dropped(office, courier, maria, monkeypatch):
    monkeypatch.setitem(writing._writers, Kind.LEVEL_WAITS, lambda letter: None)
    letter_to(with_address(maria))
    courier.go()
    assert office.mails == []
    assert the_letter().state == S.DROPPED


def test_a_writer_that_fails_stops_no_other_letter(office, courier, maria, vera, monkeypatch):
    monkeypatch.setitem(writing._writers, Kind.OUTCOME, lambda letter: 1 // 0)
    letter_to(with_address(maria), event="broken", kind=Kind.OUTCOME)
    letter_to(with_address(vera))
    courier.go()
    assert office.recipients == ["vera@example.org"]
    broken = Letter.objects.get(event="broken")
    assert (broken.state, broken.why) == (S.WAITING, Why.UNWRITTEN)


def test_in_production_without_a_server_it_is_told_that_none_is_set(settings, courier, maria):
    settings.EMAIL_BACKEND = "accounts.backends.NoServer"
    letter_to(with_address(maria))
    courier.go()
    assert (the_letter().state, the_letter().why) == (S.WAITING, Why.NOT_SET)


def test_what_a_worker_had_claimed_when_it_died_is_sent_by_another_in_time(office, courier, maria):
    letter_to(with_address(maria))
    assert len(sending.claim_due()) == 1
    courier.go()
    assert office.mails == [], "it is still claimed"
    Letter.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    courier.go()
    assert office.recipients == ["maria@example.org"]


def test_a_claim_that_ran_out_does_not_overwrite_what_came_after_it(office, courier, maria):
    letter_to(with_address(maria))
    [slow] = sending.claim_due()
    Letter.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    courier.go()
    sending._note_failure(slow, OSError("too late"))
    assert the_letter().state == S.SENT


def test_many_workers_at_once_send_each_letter_once(office, transactional_db, monkeypatch):
    monkeypatch.setattr(sending, "BATCH", 3)
    people = [with_address(person(f"p{number}")) for number in range(40)]
    letter_to(*people)

    def work():
        sending.Courier().go()
        connections.close_all()

    workers = [threading.Thread(target=work) for _number in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert office.recipients == sorted(user.email for user in people)


def test_every_worker_sends_and_reminds():
    assert {"accounts.send_letters", "approvals.remind_due"} <= set(registry.chores())


def test_nothing_to_do_costs_one_query(django_assert_num_queries, courier, maria):
    with_address(maria)
    with django_assert_num_queries(1):
        courier.go()
