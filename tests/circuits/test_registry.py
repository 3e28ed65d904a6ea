"""The registry: each save is a version with who, why and what it was; what contradicts itself is refused in words."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from audit.models import Entry
from circuits import services
from circuits.models import Circuit, Order, Rung, Service, ServiceVersion
from tests.clicking import at_once
from tests.conftest import person


def save(service: Service, by, *rungs: Rung, reason: str = "Because") -> Service:
    return services.save_service(service=service, rungs=rungs, reason=reason, by=by)


@pytest.fixture
def payments(boss):
    return save(Service(name="payments"), boss, Rung(name="rules", position=1), reason="New")


def again(service: Service) -> Service:
    return Service.objects.get(pk=service.pk)


def refusal(call) -> str:
    with pytest.raises(ValidationError) as refused:
        call()
    return " ".join(refused.value.messages)


# --- versions and the ledger ------------------------------------------------------------------------------------


def test_registering_is_in_the_ledger(payments):
    entry = Entry.objects.get(stream="circuit:payments")
    assert (entry.kind, entry.actor, entry.known) == ("circuit.registered", "admin", "signed_in")
    assert (entry.data["reason"], entry.data["version"], entry.data["before"]) == ("New", 1, None)
    assert entry.data["after"]["failure_threshold"] == 5
    assert [rung["name"] for rung in entry.data["after"]["rungs"]] == ["rules"]


def test_a_change_is_a_version_with_the_old_and_the_new_values_who_and_why(payments, olga):
    payments.failure_threshold = 9
    save(payments, olga, Rung(name="popular"), reason="They asked for it")
    stored = again(payments)
    assert (stored.version, stored.failure_threshold, [r.name for r in stored.rungs.all()]) == (2, 9, ["popular"])
    entry = Entry.objects.latest("pk")
    assert (entry.kind, entry.actor, entry.data["reason"]) == ("circuit.settings_changed", "olga", "They asked for it")
    assert (entry.data["before"]["failure_threshold"], entry.data["after"]["failure_threshold"]) == (5, 9)
    kept = ServiceVersion.objects.filter(service="payments")
    assert [(one.version, one.by, one.snapshot["failure_threshold"]) for one in kept] == [
        (2, "olga", 9),
        (1, "admin", 5),
    ]


def test_saving_what_is_there_already_is_no_version(payments, boss):
    save(payments, boss, Rung(name="rules", position=1))
    assert (again(payments).version, Entry.objects.count()) == (1, 1)


def test_it_is_saved_only_over_the_version_that_was_read(payments, boss):
    first, second = again(payments), again(payments)
    first.failure_threshold, second.failure_threshold = 7, 8
    save(first, boss)
    assert "Somebody else saved" in refusal(lambda: save(second, boss))
    assert again(payments).failure_threshold == 7


def test_of_two_who_save_at_once_one_is_told(transactional_db, boss):
    service = save(Service(name="payments"), boss)

    def change(threshold: int):
        mine = again(service)
        mine.failure_threshold = threshold

        def go() -> str:
            try:
                save(mine, boss)
            except ValidationError as refused:
                return " ".join(refused.messages)
            return ""

        return go

    gave = at_once(change(7), change(8))
    assert sorted(bool(said) for said in gave) == [False, True]
    assert again(service).version == 2


def test_of_two_who_register_the_same_name_at_once_one_is_told(transactional_db, boss):
    def go() -> str:
        try:
            save(Service(name="payments"), boss)
        except ValidationError as refused:
            return " ".join(refused.messages)
        return ""

    gave = at_once(go, go)
    assert sorted(bool(said) for said in gave) == [False, True]
    assert "already" in "".join(gave)
    assert Service.objects.count() == 1


def test_a_name_is_for_ever(payments, boss):
    payments.name = "billing"
    assert "stays as it is" in refusal(lambda: save(payments, boss))


# --- who may ----------------------------------------------------------------------------------------------------


def test_ops_and_who_has_the_permission_may_and_nobody_else(payments, olga, rita):
    from django.contrib.auth.models import Permission

    clerk = person("clerk", is_staff=True)
    for nobody in (rita, clerk):
        with pytest.raises(PermissionDenied):
            save(payments, nobody)
        with pytest.raises(PermissionDenied):
            services.remove_service(service=payments, reason="x", by=nobody)
    clerk.user_permissions.add(Permission.objects.get(codename="change_service"))
    for somebody in (olga, type(clerk).objects.get(pk=clerk.pk)):
        payments.failure_threshold += 1
        assert save(payments, somebody).version == payments.version


# --- what contradicts itself ------------------------------------------------------------------------------------

CONTRADICTIONS = [
    ({"timeout_seconds": 0}, "greater than or equal to 0.1"),
    ({"timeout_seconds": -5}, "greater than or equal to 0.1"),
    ({"timeout_seconds": float("nan")}, "timeout_seconds must be a number"),
    ({"timeout_seconds": float("inf")}, "less than or equal to"),
    ({"failure_threshold": 0}, "greater than or equal to 1"),
    ({"half_open_attempts": 101}, "less than or equal to 100"),
    ({"probe_lease_seconds": 7 * 86_400 + 1}, "less than or equal to 604800"),
    ({"failure_rate": 1.5}, "less than or equal to 1"),
    ({"slow_rate": 0.5}, "from how many seconds on a call is slow"),
    ({"window_seconds": 0.5}, "greater than or equal to 1"),
    ({"minimum_calls": 0}, "greater than or equal to 1"),
    ({"base_url": "file:///etc/passwd"}, "valid URL"),
    ({"base_url": "javascript:alert(1)"}, "valid URL"),
    ({"name": "Pay ments"}, "Small letters"),
    ({"name": "../admin"}, "Small letters"),
    ({"name": ""}, "blank"),
]


@pytest.mark.parametrize(("given", "said"), CONTRADICTIONS)
def test_what_contradicts_itself_is_refused_in_words(boss, given, said):
    service = Service(**{"name": "payments", **given})
    assert said in refusal(lambda: save(service, boss))
    assert not Service.objects.exists()


@pytest.mark.parametrize("reason", ["", "  ", "\x00", "x" * 1_001])
def test_a_reason_is_required(boss, reason):
    with pytest.raises(ValidationError) as refused:
        save(Service(name="payments"), boss, reason=reason)
    assert list(refused.value.message_dict) == ["reason"]
    assert not Service.objects.exists()


# --- rungs ------------------------------------------------------------------------------------------------------


def rungs(*names: str) -> list[Rung]:
    return [Rung(name=name, position=place) for place, name in enumerate(names)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (rungs(*[f"r{n}" for n in range(21)]), "21 rungs; at most 20"),
        (rungs("rules", "rules"), "more than one is called rules"),
        ([Rung(name="a", position=1), Rung(name="b", position=1)], "position 1"),
        ([Rung(name="a", timeout_seconds=0)], "a: Ensure this value is greater"),
        ([Rung(name="a", attempts=21)], "a: Ensure this value is less"),
        ([Rung(name="")], "blank"),
    ],
)
def test_rungs_that_make_no_sense_are_refused_in_words(payments, boss, given, said):
    assert said in refusal(lambda: save(payments, boss, *given))
    assert [rung.name for rung in again(payments).rungs.all()] == ["rules"]


def test_only_one_rung_stands_behind_the_services_own_circuit(payments, boss):
    one, two = Rung(name="a", position=0, circuit=payments), Rung(name="b", position=1, circuit=payments)
    assert "not a, b" in refusal(lambda: save(payments, boss, one, two))
    save(payments, boss, one)


def test_services_never_stand_behind_each_other_in_a_circle(payments, boss):
    rules = save(Service(name="rules"), boss, Rung(name="r", circuit=payments))
    popular = save(Service(name="popular"), boss, Rung(name="r", circuit=rules))
    said = refusal(lambda: save(payments, boss, Rung(name="r", circuit=popular)))
    assert "payments → popular → rules → payments" in said
    save(popular, boss)
    save(payments, boss, Rung(name="r", circuit=popular))


def test_a_circle_is_not_made_by_two_who_save_at_once(transactional_db, boss):
    one, two = save(Service(name="one"), boss), save(Service(name="two"), boss)

    def put(service: Service, behind: Service):
        mine = again(service)

        def go() -> bool:
            try:
                save(mine, boss, Rung(name="r", circuit=again(behind)))
            except ValidationError:
                return False
            return True

        return go

    assert sorted(at_once(put(one, two), put(two, one))) == [False, True]


# --- removing ---------------------------------------------------------------------------------------------------


def test_removed_is_in_the_ledger_and_its_circuit_lives_on(payments, boss):
    Circuit.objects.create(service="payments", written_at=timezone.now(), config_version=1)
    services.remove_service(service=payments, reason="Not called any more", by=boss)
    entry = Entry.objects.latest("pk")
    assert (entry.kind, entry.actor, entry.data["reason"]) == ("circuit.removed", "admin", "Not called any more")
    assert (entry.data["circuit_lives_on"], entry.data["before"]["failure_threshold"]) == (True, 5)
    assert not Service.objects.exists()
    assert Circuit.objects.exists()
    assert ServiceVersion.objects.count() == 1


def test_one_that_rungs_of_others_stand_behind_stays_until_they_do_not(payments, boss):
    other = save(Service(name="other"), boss, Rung(name="first", circuit=payments))
    said = refusal(lambda: services.remove_service(service=payments, reason="x", by=boss))
    assert "other/first" in said
    save(other, boss)
    services.remove_service(service=payments, reason="x", by=boss)
    assert not Service.objects.filter(name="payments").exists()


def test_registered_again_its_versions_go_on_so_that_its_circuit_takes_them(payments, boss):
    Circuit.objects.create(service="payments", written_at=timezone.now(), config_version=7)
    services.remove_service(service=payments, reason="x", by=boss)
    assert save(Service(name="payments"), boss).version == 8


def test_a_circuit_that_is_not_registered_is_still_steered(db, olga, boss, payments):
    Circuit.objects.create(service="payments", written_at=timezone.now())
    services.remove_service(service=payments, reason="x", by=boss)
    from circuits import asked

    found = asked.read(service="payments", action=Order.Action.RESET, reason="x", seconds=None, config=None, shown=0)
    assert found.service == "payments"
