"""Nobody can decide this: found wherever it is so and nowhere else; said before it is saved, on home, at submit."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from approvals import stranded
from approvals.holders import day_of, packed
from approvals.models import LevelHolder, Policy
from audit.models import Entry
from tests.approvals.admin.conftest import address, form_of, holder_of, level
from tests.approvals.web.making import decided, queries_of, request_of, text
from tests.conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch):
    monkeypatch.setattr(stranded, "_last", (float("-inf"), {}))


def stuck():
    return set(stranded.stuck().values())


def test_a_level_that_somebody_else_holds_strands_nobody(maria, dirk, rita):
    request_of(rita, "manager", "director")
    assert stranded.stuck() == {}


def test_a_level_that_nobody_holds_strands_wherever_it_stands_in_the_chain(maria, rita):
    request_of(rita, "manager", "director")
    request_of(rita, "director")
    assert stuck() == {("director",)}


def test_what_is_decided_or_closed_is_not_stranded(maria, rita):
    request_of(rita, "director", "manager", at=1)
    request_of(rita, "director", status="rejected")
    assert stranded.stuck() == {}


def test_the_only_holder_does_not_decide_on_their_own_request(maria):
    request_of(maria, "manager")
    assert stuck() == {("manager",)}


def test_but_does_where_the_policy_lets_them(maria):
    request_of(maria, "manager", self_approval=True)
    assert stranded.stuck() == {}


def test_who_decided_at_one_level_does_not_decide_at_the_next(maria, rita):
    LevelHolder.objects.create(user=maria, level=level("director"))
    request = request_of(rita, "manager", "director", at=1)
    decided(request, 0, maria)
    assert stuck() == {("director",)}


def test_two_levels_that_need_the_same_person_are_a_deadlock(maria, rita):
    LevelHolder.objects.create(user=maria, level=level("director"))
    request_of(rita, "manager", "director")
    assert stuck() == {("director",)}


def test_but_not_where_one_person_may_decide_twice(maria, rita):
    LevelHolder.objects.create(user=maria, level=level("director"))
    request_of(rita, "manager", "director", distinct_approvers=False)
    assert stranded.stuck() == {}


def test_nor_where_the_others_can_be_dealt_out(maria, dirk, rita):
    """Maria holds both, Dirk one: Dirk takes his, Maria hers."""
    LevelHolder.objects.create(user=maria, level=level("director"))
    request_of(rita, "manager", "director")
    assert stranded.stuck() == {}


def test_a_level_for_other_kinds_does_not_help(maria, rita):
    LevelHolder.objects.update(kinds=packed(["travel"]))
    request_of(rita, "manager", kind="hardware")
    request_of(rita, "manager", kind="travel")
    assert len(stranded.stuck()) == 1


def test_any_level_is_found_by_anybody_who_holds_one(maria, rita):
    request_of(rita, "", workflow_type="ApprovalWorkflow")
    request_of(maria, "", workflow_type="ApprovalWorkflow")
    assert len(stranded.stuck()) == 1


@pytest.mark.parametrize("change", ["deactivate", "delete", "over"])
def test_whoever_goes_holds_nothing(maria, rita, change):
    request_of(rita, "manager")
    if change == "deactivate":
        User.objects.filter(pk=maria.pk).update(is_active=False)
    elif change == "delete":
        maria.delete()
    else:
        LevelHolder.objects.update(valid_until=day_of(timezone.now()) - timedelta(days=1))
    assert stuck() == {("manager",)}


def test_a_thousand_requests_that_find_somebody_cost_no_more_than_one(maria, dirk, vera, rita):
    request_of(rita, "manager", "director", "vp")
    one = queries_of(stranded.stuck)
    for _ in range(20):
        request_of(rita, "manager", "director", "vp")
    assert queries_of(stranded.stuck) == one


# --- before it is saved -----------------------------------------------------------------------------------------


def attempts(maria):
    holder, today = holder_of(maria), day_of(timezone.now())
    user = {"username": "maria", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {
        "delete": (address("levelholder", "delete", holder.pk), {"post": "yes"}),
        "over": (address("levelholder", "change", holder.pk), form_of(holder, valid_until=today - timedelta(days=1))),
        "runs out": (address("levelholder", "change", holder.pk), form_of(holder, valid_until=today)),
        "kinds": (address("levelholder", "change", holder.pk), form_of(holder, kinds=["travel"])),
        "other level": (address("levelholder", "change", holder.pk), form_of(holder, level=level("ceo").pk)),
        "action": (
            address("levelholder", "changelist"),
            {"action": "delete_selected", "_selected_action": holder.pk, "post": "yes"},
        ),
        "deactivate": (address("user", "change", maria.pk, app="auth"), user),
        "delete person": (address("user", "delete", maria.pk, app="auth"), {"post": "yes"}),
    }


CHANGES = ["delete", "over", "runs out", "kinds", "other level", "action", "deactivate", "delete person"]


@pytest.fixture
def travel(db):
    return Policy.objects.create(kind="travel", title="Travel")


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_strands_is_said_before_it_is_saved(admin_in, maria, rita, travel, change):
    request = request_of(rita, "manager")
    where, data = attempts(maria)[change]
    entries = Entry.objects.count()
    response = admin_in.post(where, data)
    assert response.status_code == 409
    assert request.reference in text(response)
    assert "Nothing is saved yet" in text(response)
    assert LevelHolder.objects.current(kind="default").filter(user=maria, level__name="manager").exists()
    assert Entry.objects.count() == entries
    maria.refresh_from_db()


@pytest.mark.parametrize("change", CHANGES)
def test_and_is_saved_when_that_was_read(admin_in, maria, rita, travel, change):
    request_of(rita, "manager")
    where, data = attempts(maria)[change]
    asked = admin_in.post(where, data)
    again = dict(asked.context["fields"]) | {"strand": "yes"}
    assert admin_in.post(where, again).status_code == 302
    later = timezone.now() + timedelta(days=2)
    held = LevelHolder.objects.current(kind="default", at=later).filter(user__username="maria", level__name="manager")
    assert not held.exists()


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_strands_nobody_is_not_asked_about(admin_in, maria, rita, travel, change):
    person("peter", "manager")
    request_of(rita, "manager")
    where, data = attempts(maria)[change]
    assert admin_in.post(where, data).status_code == 302


def test_what_was_stranded_before_is_not_asked_about_again(admin_in, maria, rita):
    request_of(rita, "ceo")
    assert admin_in.post(address("levelholder", "delete", holder_of(maria).pk), {"post": "yes"}).status_code == 302


# --- afterwards -------------------------------------------------------------------------------------------------


def test_home_lists_it_for_admins_until_it_is_solved(admin_in, maria, rita):
    request = request_of(rita, "director")
    assert "Nobody can decide" in text(admin_in.get("/"))
    assert request.title in text(admin_in.get("/"))
    person("doris", "director")
    stranded._last = (float("-inf"), {})
    assert "Nobody can decide" not in text(admin_in.get("/"))


def test_nobody_else_is_bothered_with_it(client, maria, rita):
    request_of(rita, "director")
    client.force_login(maria)
    assert "Nobody can decide" not in text(client.get("/"))


def chain(client, **query):
    return text(client.get("/approvals/new/chain/", {"amount": "50000", "currency": "EUR", "kind": "default", **query}))


def test_the_form_says_at_which_level_nobody_decides(client, maria, rita):
    person("peter", "manager")
    client.force_login(rita)
    assert "Nobody else can decide as Director now" in chain(client)
    person("doris", "director")
    assert "Nobody else can decide" not in chain(client)


def test_the_form_knows_that_one_does_not_decide_on_ones_own(client, maria, dirk):
    client.force_login(dirk)
    assert "Nobody else can decide as Director now" in chain(client)
