"""Receivers in the admin site: what may be saved, what the ledger keeps, and the secret, which is shown once."""

import json
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from accounts import receiving, webhooks
from accounts.hosts import read
from accounts.models import Letter
from accounts.receivers import Delivery, Receiver
from audit.models import Entry
from tests.accounts.conftest import letter_to, with_address
from tests.accounts.test_webhooks import KIND, programs, receiver, serve, tell  # noqa: F401  (fixtures: likewise)

S = Delivery.State


@pytest.fixture(autouse=True)
def _allowed(settings):
    settings.WEBHOOK_HOSTS = read("erp.example.com,127.0.0.1")


@pytest.fixture
def admin_in(client, boss):
    client.force_login(boss)
    return client


def page(name, *args, of="receiver"):
    return reverse(f"admin:accounts_{of}_{name}", args=args)


def add(client, **given):
    data = {"name": "ERP", "url": "https://erp.example.com/hook?key=hidden", "active": "on", **given}
    return client.post(page("add"), data, follow=True)


def entries(kind=""):
    return list(Entry.objects.filter(stream__startswith="webhook:", kind__startswith=kind))


def secrets_in(response):
    return re.findall(r"whsec_[\w+/=]+", response.content.decode())


# --- adding ------------------------------------------------------------------------------------------------------


def test_a_receiver_is_added_and_its_secret_shown_once(admin_in):
    shown = add(admin_in, types=[KIND])
    erp = Receiver.objects.get()
    assert secrets_in(shown) == [erp.secret]
    assert "no-store" in shown["Cache-Control"]
    again = admin_in.get(page("secret", erp.pk))
    assert secrets_in(again) == []
    assert "never again" in again.content.decode()
    assert secrets_in(admin_in.get(page("change", erp.pk))) == []
    assert (erp.types, erp.active) == ([KIND], True)


def test_the_ledger_keeps_who_did_it_and_neither_secret_nor_what_may_be_one(admin_in):
    add(admin_in)
    [entry] = entries()
    assert (entry.kind, entry.actor) == ("webhook.added", "admin")
    assert entry.data["url"] == "https://erp.example.com/hook?…"
    assert "whsec_" not in entry.body
    assert "hidden" not in entry.body


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://other.example.com/", "LEITSTAND_WEBHOOK_HOSTS"),
        ("https://10.0.0.1/", "LEITSTAND_WEBHOOK_HOSTS"),
        ("http://erp.example.com/", "over https only"),
        ("https://user:secret@erp.example.com/", "without user and password"),
        ("erp.example.com", "https://host/path"),
        ("https://erp.example.com/#a", "after #"),
        ("https://erp.example.com/" + "x" * 2_000, "2000 characters"),
    ],
)
def test_an_address_that_may_not_be_called_is_not_saved_and_what_was_typed_stays(admin_in, url, words):
    shown = add(admin_in, url=url, name="My ERP").content.decode()
    assert words in shown
    assert 'value="My ERP"' in shown
    assert not Receiver.objects.exists()


def test_a_name_is_there_once_however_it_is_written(admin_in):
    add(admin_in)
    assert "There is one of this name." in add(admin_in, name="erp").content.decode()
    assert Receiver.objects.count() == 1


def test_that_webhooks_are_off_is_said(admin_in, settings):
    settings.WEBHOOK_HOSTS = read("")
    for name in ("changelist", "add"):
        assert "Webhooks are off" in admin_in.get(page(name)).content.decode()


# --- changing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def erp(db):
    return Receiver.objects.create(name="ERP", url="https://erp.example.com/hook")


def change(client, erp, **given):
    data = {"name": erp.name, "url": erp.url, "active": "on", "seen": erp.version, **given}
    return client.post(page("change", erp.pk), data, follow=True)


def test_it_is_changed_and_keeps_its_secret(admin_in, erp):
    change(admin_in, erp, url="https://erp.example.com/other", types=[KIND])
    now = Receiver.objects.get()
    assert (now.url, now.types, now.secret, now.version) == ("https://erp.example.com/other", [KIND], erp.secret, 1)
    assert [entry.kind for entry in entries()] == ["webhook.changed"]


def test_who_saves_second_is_told_and_overwrites_nothing(admin_in, erp):
    change(admin_in, erp, name="First")
    shown = change(admin_in, erp, name="Second").content.decode()
    assert "admin saved this while you were editing" in shown
    assert 'value="Second"' in shown
    assert Receiver.objects.get().name == "First"


def test_what_a_worker_notes_meanwhile_is_not_overwritten(erp, boss):
    Receiver.objects.update(claim="w", failures=3)
    erp.name = "Other"
    receiving.keep(receiver=erp, by=boss)
    now = Receiver.objects.get()
    assert (now.name, now.claim, now.failures) == ("Other", "w", 3)


def test_one_that_was_mended_is_tried_at_once(admin_in, erp):
    Receiver.objects.update(next_at="2099-01-01T00:00Z", failures=9)
    change(admin_in, erp, url="https://erp.example.com/right")
    now = Receiver.objects.get()
    assert now.next_at.year < 2099
    assert now.failures == 0


def test_one_that_is_switched_off_is_told_nothing_more(admin_in, erp):
    tell()
    data = {"name": erp.name, "url": erp.url, "seen": erp.version}
    admin_in.post(page("change", erp.pk), data)
    assert not Receiver.objects.get().active
    assert Delivery.objects.get().state == S.DROPPED


def test_one_that_is_removed_leaves_what_it_was_told(admin_in, erp):
    tell("a")
    Delivery.objects.update(state=S.DELIVERED)
    tell("b")
    admin_in.post(page("delete", erp.pk), {"post": "yes"})
    assert not Receiver.objects.exists()
    assert {row.event: (row.state, row.name) for row in Delivery.objects.all()} == {
        "a": (S.DELIVERED, "ERP"), "b": (S.DROPPED, "ERP"),
    }  # fmt: skip
    assert [entry.kind for entry in entries()] == ["webhook.removed"]


def test_several_that_are_removed_at_once_are_in_the_ledger_each(admin_in, erp):
    other = Receiver.objects.create(name="CRM", url="https://erp.example.com/crm")
    chosen = {"action": "delete_selected", "_selected_action": [erp.pk, other.pk], "post": "yes"}
    admin_in.post(page("changelist"), chosen)
    assert len(entries("webhook.removed")) == 2


def test_a_new_secret_is_shown_once_and_the_old_one_counts_for_a_day(admin_in, erp):
    assert "24 hours" in admin_in.get(page("renew", erp.pk)).content.decode()
    assert Receiver.objects.get().secret == erp.secret, "looking makes none"
    shown = admin_in.post(page("renew", erp.pk), follow=True)
    now = Receiver.objects.get()
    assert secrets_in(shown) == [now.secret]
    assert (now.old_secret, now.secret != erp.secret) == (erp.secret, True)
    [entry] = entries()
    assert entry.kind == "webhook.secret_renewed"
    assert "whsec_" not in entry.body


# --- tests, and sending again ------------------------------------------------------------------------------------


def test_a_test_is_sent_to_this_receiver_alone(admin_in, programs):  # noqa: F811
    one, other = programs(), programs()
    erp = receiver(one, types=["request.reminder"])
    receiver(other, "Other")
    shown = admin_in.post(page("test", erp.pk), follow=True).content.decode()
    assert "A test is sent" in shown
    serve()
    assert json.loads(one.bodies[0])["type"] == "webhook.test"
    assert other.calls == []
    assert [entry.kind for entry in entries()] == ["webhook.tested"]


def test_a_link_tests_nothing(admin_in, erp):
    admin_in.get(page("test", erp.pk))
    assert not Delivery.objects.exists()


def test_a_receiver_that_is_off_is_not_tested(admin_in, erp):
    Receiver.objects.update(active=False)
    assert "No test was sent" in admin_in.post(page("test", erp.pk), follow=True).content.decode()
    assert not Delivery.objects.exists()


def again(client, *rows, of="delivery"):
    chosen = {"action": "send_again", "_selected_action": [row.pk for row in rows]}
    return client.post(page("changelist", of=of), chosen, follow=True).content.decode()


def test_what_was_given_up_is_sent_again_under_the_same_id(admin_in, programs):  # noqa: F811
    program = programs()
    receiver(program)
    tell()
    Delivery.objects.update(state=S.FAILED, tries=99, why="refused")
    delivery = Delivery.objects.get()
    assert "1 delivery is sent again." in again(admin_in, delivery)
    serve()
    assert program.calls[0][0]["webhook-id"] == delivery.message_id
    assert Delivery.objects.get().state == S.DELIVERED
    [entry] = entries()
    assert (entry.kind, entry.actor, entry.data["of"]) == ("webhook.sent_again", "admin", "request:x")


def test_what_was_delivered_or_has_no_receiver_is_not_sent_again(admin_in, erp):
    tell("done")
    tell("lost")
    done, lost = Delivery.objects.order_by("id")
    Delivery.objects.filter(pk=done.pk).update(state=S.DELIVERED)
    Delivery.objects.filter(pk=lost.pk).update(state=S.FAILED, receiver=None)
    assert "2 were not given up" in again(admin_in, done, lost)
    assert set(Delivery.objects.values_list("state", flat=True)) == {S.DELIVERED, S.FAILED}


def test_a_letter_that_was_given_up_is_sent_again(admin_in, office, courier, plain, maria):
    letter_to(with_address(maria))
    Letter.objects.update(state=Letter.State.FAILED, tries=40, why="bad_address")
    assert "1 letter is sent again." in again(admin_in, Letter.objects.get(), of="letter")
    courier.go()
    assert office.recipients == ["maria@example.org"]
    entry = Entry.objects.get(kind="letter.sent_again")
    assert (entry.actor, entry.data["to"], entry.data["of"]) == ("admin", "Maria Berg", "request:x")


def test_a_letter_that_matters_no_more_is_not_sent_again(admin_in, maria, monkeypatch):
    from accounts import writing

    monkeypatch.setitem(writing._writers, "level_waits", lambda letter: None)
    letter_to(with_address(maria))
    Letter.objects.update(state=Letter.State.FAILED)
    assert "does not matter any more" in again(admin_in, Letter.objects.get(), of="letter")
    assert Letter.objects.get().state == Letter.State.FAILED
    assert not Entry.objects.filter(kind="letter.sent_again").exists()


def test_a_letter_that_went_out_is_not_sent_again(admin_in, maria, plain):
    letter_to(with_address(maria))
    Letter.objects.update(state=Letter.State.SENT)
    assert "Nothing is sent." in again(admin_in, Letter.objects.get(), of="letter")
    assert Letter.objects.get().state == Letter.State.SENT


# --- who may -----------------------------------------------------------------------------------------------------


@pytest.fixture
def looker(client, db):
    """Somebody who may look at everything of this in the admin site, and change none of it."""
    user = User.objects.create_user("lotte", password="pass", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_receiver", "view_delivery", "view_letter"]))
    client.force_login(user)
    return client


def test_who_may_only_look_changes_nothing(looker, erp, maria):
    tell()
    letter_to(with_address(maria))
    Delivery.objects.update(state=S.FAILED)
    Letter.objects.update(state=Letter.State.FAILED)
    assert looker.get(page("change", erp.pk)).status_code == 200
    assert [looker.post(page(name, erp.pk)).status_code for name in ("renew", "test", "change")] == [403] * 3
    assert looker.get(page("secret", erp.pk)).status_code == 403
    again(looker, Delivery.objects.get())
    again(looker, Letter.objects.get(), of="letter")
    assert (Delivery.objects.get().state, Letter.objects.get().state) == ("failed", "failed")
    assert Receiver.objects.get().secret == erp.secret


def test_others_do_not_get_in(client, maria, erp):
    client.force_login(maria)
    for name in ("change", "secret", "renew"):
        assert client.get(page(name, erp.pk)).status_code in (302, 404)


def test_nobody_writes_or_deletes_what_was_sent(admin_in, erp):
    tell()
    delivery = Delivery.objects.get()
    assert admin_in.post(page("delete", delivery.pk, of="delivery"), {"post": "yes"}).status_code == 403
    assert admin_in.get(page("add", of="delivery")).status_code == 403
    shown = admin_in.get(page("change", delivery.pk, of="delivery")).content.decode()
    assert "Forklift" in shown


def test_the_list_says_how_it_goes_at_the_same_cost_for_many(admin_in, erp, django_assert_max_num_queries):
    tell("a")
    Delivery.objects.update(state=S.FAILED)
    tell("b")
    Receiver.objects.update(failures=4)
    for number in range(5):
        Receiver.objects.create(name=f"R{number}", url="https://erp.example.com/")
    with django_assert_max_num_queries(12):
        shown = admin_in.get(page("changelist")).content.decode()
    assert "4 tries in a row" in shown
    assert "state__exact=failed" in shown


def test_the_ledgers_page_calls_a_receiver_by_its_name(admin_in, erp):
    change(admin_in, erp, name="New ERP")
    assert "Webhook receiver New ERP" in admin_in.get("/audit/").content.decode()


def test_kinds_are_those_that_apps_have_registered(admin_in):
    shown = admin_in.get(page("add")).content.decode()
    assert {"request.level_opened", "request.reminder", "request.closed"} <= set(webhooks.types())
    assert 'value="request.level_opened"' in shown
    assert "webhook.test" not in shown, "nobody chooses it"
