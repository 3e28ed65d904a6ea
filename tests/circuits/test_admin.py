"""The registry in the admin site: a reason each time, two admins at once, what removing means; and history to read."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from audit import subjects
from audit.models import Entry
from circuits import services
from circuits.admin import history
from circuits.models import Change, Circuit, Episode, Order, Rung, Service
from tests.conftest import person

pytestmark = pytest.mark.django_db

NUMBERS = {
    "failure_threshold": 5, "timeout_seconds": 60, "half_open_attempts": 2, "probe_lease_seconds": 30,
    "failure_rate": "", "slow_rate": "", "slow_seconds": "", "window_seconds": 60, "minimum_calls": 20,
    "budget_calls": "", "budget_seconds": 60,
}  # fmt: skip


@pytest.fixture
def admin_in(client, boss):
    client.force_login(boss)
    return client


@pytest.fixture
def payments(boss):
    rungs = [Rung(name="rules", position=1)]
    return services.save_service(service=Service(name="payments"), rungs=rungs, reason="New", by=boss)


def address(name, *args, model="service"):
    return reverse(f"admin:circuits_{model}_{name}", args=args)


def form_of(service=None, *rungs, **changed):
    """As the page would send it; ``rungs`` are (rung or None, name, position)."""
    data = {**NUMBERS, "title": "", "base_url": "", "reason": "They asked for it"}
    data |= {"seen": service.version} if service else {"name": "payments", "seen": ""}
    data |= {"rungs-TOTAL_FORMS": len(rungs), "rungs-INITIAL_FORMS": sum(bool(rung) for rung, *_ in rungs)}
    for number, (rung, name, position) in enumerate(rungs):
        values = {"id": rung.pk if rung else "", "service": service.pk if service else "", "name": name}
        values |= {"position": position, "timeout_seconds": 10, "attempts": 1, "pause_seconds": 1, "circuit": ""}
        data |= {f"rungs-{number}-{key}": value for key, value in values.items()}
    return {**data, **changed}


def text(response):
    return response.content.decode()


# --- saving -----------------------------------------------------------------------------------------------------


def test_a_service_is_registered_with_its_rungs_and_a_reason(admin_in):
    response = admin_in.post(address("add"), form_of(None, (None, "learned", 0), (None, "rules", 1)))
    assert response.status_code == 302
    service = Service.objects.get()
    assert (service.name, [rung.name for rung in service.rungs.all()]) == ("payments", ["learned", "rules"])
    entry = Entry.objects.get(stream="circuit:payments")
    assert (entry.kind, entry.actor, entry.data["reason"]) == ("circuit.registered", "admin", "They asked for it")


def test_a_change_is_the_next_version_and_the_page_says_what_it_changed(admin_in, payments):
    rung = payments.rungs.get()
    sent = form_of(payments, (rung, "rules", 1), (None, "popular", 2), timeout_seconds=90)
    assert admin_in.post(address("change", payments.pk), sent).status_code == 302
    assert Service.objects.get().version == 2
    page = text(admin_in.get(address("change", payments.pk)))
    assert "admin: They asked for it" in page
    assert "seconds that it stays open: 60 → 90" in page.lower()
    assert "rungs: rules → rules, popular" in page
    assert "has not begun yet" in page


def test_a_rung_is_taken_out(admin_in, payments):
    sent = form_of(payments, (payments.rungs.get(), "rules", 1), **{"rungs-0-DELETE": "on"})
    assert admin_in.post(address("change", payments.pk), sent).status_code == 302
    assert not Rung.objects.exists()


def test_without_a_reason_nothing_is_saved_and_what_was_typed_is_kept(admin_in, payments):
    for reason in ("", "   ", "x" * 1_001):
        response = admin_in.post(address("change", payments.pk), form_of(payments, timeout_seconds=77, reason=reason))
        assert response.status_code == 200
        assert 'value="77"' in text(response)
    assert Service.objects.get().version == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"slow_rate": "0.5"}, "from how many seconds on a call is slow"),
        ({"timeout_seconds": "0"}, "greater than or equal to 0.1"),
        ({"probe_lease_seconds": "700000"}, "less than or equal to 604800"),
        ({"failure_threshold": "-1"}, "greater than or equal to"),
        ({"failure_threshold": "many"}, "Enter a whole number"),
        ({"base_url": "ftp://x"}, "valid URL"),
    ],
)
def test_contradictions_are_said_beside_the_field(admin_in, payments, changed, said):
    response = admin_in.post(address("change", payments.pk), form_of(payments, **changed))
    assert (response.status_code, said in text(response)) == (200, True)
    assert Service.objects.get().version == 1


def test_rungs_are_looked_at_together(admin_in, payments):
    sent = form_of(payments, (payments.rungs.get(), "rules", 1), (None, "popular", 1))
    assert "More than one rung has the position 1" in text(admin_in.post(address("change", payments.pk), sent))


def test_whoever_saves_second_is_told_and_finds_what_was_typed(admin_in, payments, boss):
    sent = form_of(payments, (payments.rungs.get(), "rules", 1), timeout_seconds=77)
    mine = Service.objects.get()
    mine.timeout_seconds = 300
    services.save_service(service=mine, rungs=[Rung(name="rules", position=1)], reason="First", by=boss)
    response = admin_in.post(address("change", payments.pk), sent)
    assert "saved this while you were editing" in text(response)
    assert 'value="77"' in text(response)
    assert Service.objects.get().timeout_seconds == 300


def test_saving_what_is_there_is_no_version_and_says_so(admin_in, payments):
    sent = form_of(payments, (payments.rungs.get(), "rules", 1))
    response = admin_in.post(address("change", payments.pk), sent, follow=True)
    assert "no new version" in text(response)
    assert Service.objects.get().version == 1


def test_the_list_says_whether_a_circuit_knows_its_settings(admin_in, payments):
    circuit = Circuit.objects.create(service="payments", written_at=timezone.now())
    assert "is being told of version 1" in text(admin_in.get(address("changelist")))
    Circuit.objects.filter(pk=circuit.pk).update(config_version=1)
    assert "has these settings" in text(admin_in.get(address("changelist")))


# --- removing ---------------------------------------------------------------------------------------------------


def test_removing_says_what_becomes_of_its_circuit_and_asks_why(admin_in, payments):
    Circuit.objects.create(service="payments", written_at=timezone.now())
    page = text(admin_in.get(address("delete", payments.pk)))
    assert "not registered" in page
    assert "rungs go with it" in page
    assert admin_in.post(address("delete", payments.pk), {"reason": " "}).status_code == 200
    assert Service.objects.exists()
    response = admin_in.post(address("delete", payments.pk), {"reason": "Not called any more"}, follow=True)
    assert "not registered any more" in text(response)
    entry = Entry.objects.latest("pk")
    assert (entry.kind, entry.data["reason"]) == ("circuit.removed", "Not called any more")


def test_one_that_others_stand_behind_is_not_removed_and_they_are_named(admin_in, payments, boss):
    rung = Rung(name="first", circuit=payments)
    services.save_service(service=Service(name="other"), rungs=[rung], reason="New", by=boss)
    response = admin_in.post(address("delete", payments.pk), {"reason": "x"})
    assert (response.status_code, "other/first" in text(response)) == (409, True)
    assert Service.objects.filter(name="payments").exists()


def test_there_is_no_action_that_removes_without_a_reason(admin_in, payments):
    data = {"action": "delete_selected", "_selected_action": payments.pk, "post": "yes"}
    admin_in.post(address("changelist"), data)
    assert Service.objects.exists()


# --- who may ----------------------------------------------------------------------------------------------------


def test_ops_without_staff_never_get_in_and_staff_only_as_far_as_they_may(client, payments, olga, rita):
    pages = [address("changelist"), address("add"), address("change", payments.pk), address("delete", payments.pk)]
    for nobody in (olga, rita):
        client.force_login(nobody)
        for page in pages:
            assert client.get(page).status_code == 302
            assert client.post(page, form_of(payments)).status_code == 302
    clerk = person("clerk", is_staff=True)
    client.force_login(clerk)
    assert [client.get(page).status_code for page in pages] == [403] * 4
    clerk.user_permissions.add(Permission.objects.get(codename="view_service"))
    assert client.get(pages[2]).status_code == 200
    assert client.post(pages[2], form_of(payments, timeout_seconds=77)).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="change_service"))
    sent = form_of(payments, (payments.rungs.get(), "rules", 1), timeout_seconds=77)
    assert client.post(pages[2], sent).status_code == 302
    assert client.post(pages[3], {"reason": "x"}).status_code == 403
    stored = Service.objects.get()
    assert (stored.timeout_seconds, stored.rungs.count()) == (77, 1)


# --- history ----------------------------------------------------------------------------------------------------


@pytest.fixture
def past(olga):
    now = timezone.now()
    circuit = Circuit.objects.create(service="payments", written_at=now, kept={"state": {}})
    change = Change.objects.create(
        circuit=circuit, number=1, at=now, kind="changed", source="closed", target="open", cause="failures"
    )  # fmt: skip
    order = Order.objects.create(
        order_id="1", service="payments", action="reset", reason="x", user=olga, username="olga", made_at=now
    )  # fmt: skip
    episode = Episode.objects.create(subject="circuit:payments", began_at=now)
    return {"circuit": circuit, "change": change, "order": order, "episode": episode}


@pytest.mark.parametrize("model", ["circuit", "change", "order", "episode"])
def test_what_has_happened_is_there_to_read_and_to_find_never_to_edit(admin_in, past, model):
    row = past[model]
    for query in ("", "payments"):
        assert list(admin_in.get(address("changelist", model=model), {"q": query}).context["cl"].queryset) == [row]
    assert not admin_in.get(address("changelist", model=model), {"q": "nothing"}).context["cl"].result_list
    page = address("change", row.pk, model=model)
    assert admin_in.get(page).status_code == 200
    assert admin_in.post(page, {"state": "open"}).status_code == 403
    assert admin_in.get(address("add", model=model)).status_code == 403
    assert admin_in.post(address("delete", row.pk, model=model), {"post": "yes"}).status_code == 403


def test_years_of_history_are_not_counted_to_show_a_page(admin_in, past, monkeypatch):
    monkeypatch.setattr(history, "MOST", 1)
    facts = {"circuit": past["circuit"], "at": timezone.now(), "kind": "changed", "source": "", "target": "open"}
    Change.objects.bulk_create(Change(number=number, cause="failures", **facts) for number in range(2, 5))
    assert admin_in.get(address("changelist", model="change")).context["cl"].result_count == 1


def test_the_index_groups_them_under_circuits(admin_in):
    page = text(admin_in.get(reverse("admin:index")))
    assert "Circuits" in page
    assert address("changelist", model="order") in page


def test_the_ledger_calls_a_circuit_by_its_service_and_finds_it(payments):
    Circuit.objects.create(service="legacy/pay:ments", written_at=timezone.now())
    Service.objects.filter(pk=payments.pk).update(title="Card payments")
    assert subjects.of(["circuit:payments"])["circuit:payments"].label == "Circuit payments"
    assert subjects.of(["circuit:legacy/pay:ments"])["circuit:legacy/pay:ments"].label == "Circuit legacy/pay:ments"
    assert "circuit:payments" in subjects.find("card")
    assert "circuit:legacy/pay:ments" in subjects.find("legacy")
