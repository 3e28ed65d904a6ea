"""Saving in the admin site: ledgered, checked, never over somebody else's, and nothing in use is deleted."""

import pytest

from approvals.holders import packed
from approvals.models import Level, LevelHolder, Policy, PolicyVersion
from audit.models import Entry
from tests.approvals.admin.conftest import address, form_of, holder_of, level
from tests.approvals.web.making import request_of, text
from tests.approvals.web.test_admin import policy_form

pytestmark = pytest.mark.django_db


def entries(stream):
    return [(one.kind, one.actor, one.known, one.data) for one in Entry.objects.filter(stream=stream).order_by("seq")]


# --- who changed what -------------------------------------------------------------------------------------------


def test_a_level_that_is_given_stands_in_the_ledger(admin_in, olga):
    data = {"user": olga.pk, "level": level("vp").pk, "valid_from": "2026-01-01", "valid_until": "2099-12-31"}
    assert admin_in.post(address("levelholder", "add"), {**data, "kinds": ["default"]}).status_code == 302
    said = {
        "user": "olga",
        "level": "vp",
        "valid_from": "2026-01-01",
        "valid_until": "2099-12-31",
        "kinds": ["default"],
    }
    assert entries("level:vp") == [("level.assigned", "admin", "signed_in", said)]
    assert holder_of(olga).only_kinds == ("default",)


def test_a_change_says_what_it_was_before(admin_in, maria):
    holder = holder_of(maria)
    admin_in.post(address("levelholder", "change", holder.pk), form_of(holder, valid_until="2099-01-01"))
    ((kind, actor, _known, data),) = entries("level:manager")
    assert (kind, actor, data["valid_until"]) == ("level.assigned", "admin", "2099-01-01")
    assert data["before"]["valid_until"] is None


def test_another_level_is_one_taken_and_one_given(admin_in, maria):
    holder = holder_of(maria)
    admin_in.post(address("levelholder", "change", holder.pk), form_of(holder, level=level("vp").pk))
    assert [kind for kind, *_ in entries("level:manager")] == ["level.withdrawn"]
    assert [kind for kind, *_ in entries("level:vp")] == ["level.assigned"]


@pytest.mark.parametrize("where", ["page", "action", "person"])
def test_a_level_that_is_taken_away_stands_in_the_ledger(admin_in, maria, where):
    pk = holder_of(maria).pk
    if where == "page":
        admin_in.post(address("levelholder", "delete", pk), {"post": "yes"})
    elif where == "action":
        data = {"action": "delete_selected", "_selected_action": pk, "post": "yes"}
        admin_in.post(address("levelholder", "changelist"), data)
    else:
        admin_in.post(address("user", "delete", maria.pk, app="auth"), {"post": "yes"})
    assert [(kind, actor) for kind, actor, *_ in entries("level:manager")] == [("level.withdrawn", "admin")]


def test_saving_without_a_change_is_no_entry(admin_in, maria):
    holder = holder_of(maria)
    assert admin_in.post(address("levelholder", "change", holder.pk), form_of(holder)).status_code == 302
    assert not Entry.objects.exists()


def test_a_level_ends_after_it_begins(admin_in, olga):
    data = {"user": olga.pk, "level": level("vp").pk, "valid_from": "2026-02-01", "valid_until": "2026-01-01"}
    response = admin_in.post(address("levelholder", "add"), data)
    assert "It would end before it begins" in text(response)
    assert not LevelHolder.objects.exists()


def test_holders_are_searched_and_filtered(admin_in, maria, dirk):
    LevelHolder.objects.filter(user=dirk).update(valid_until="2020-01-01")
    for query, sees in [({"q": "Berg"}, "maria"), ({"valid": "now"}, "maria"), ({"valid": "over"}, "dirk")]:
        rows = admin_in.get(address("levelholder", "changelist"), query).context["cl"].queryset
        assert [row.user.username for row in rows] == [sees]


# --- two at once ------------------------------------------------------------------------------------------------


def test_the_second_of_two_is_told_and_keeps_what_was_typed(admin_in, maria):
    holder = holder_of(maria)
    where = address("levelholder", "change", holder.pk)
    mine, theirs = form_of(holder, valid_until="2098-01-01"), form_of(holder, valid_until="2099-01-01")
    assert admin_in.post(where, theirs).status_code == 302
    response = admin_in.post(where, mine)
    assert "admin saved this while you were editing" in text(response)
    assert 'value="2098-01-01"' in response.content.decode()
    assert str(holder_of(maria).valid_until) == "2099-01-01"


def test_whoever_has_read_that_may_save_again(admin_in, maria):
    holder = holder_of(maria)
    where = address("levelholder", "change", holder.pk)
    admin_in.post(where, form_of(holder, valid_until="2099-01-01"))
    shown = admin_in.post(where, form_of(holder, valid_until="2098-01-01")).context["adminform"].form
    assert shown["seen"].value() == "2"
    admin_in.post(where, form_of(holder, valid_until="2098-01-01", seen=2))
    assert str(holder_of(maria).valid_until) == "2098-01-01"


def test_a_level_and_a_policy_are_guarded_alike(admin_in):
    policy, manager = Policy.objects.get(kind="default"), level("manager")
    Policy.objects.update(version=2)
    Level.objects.update(version=2)
    old = policy_form(policy, title="Mine", seen=1)
    assert "saved this while" in text(admin_in.post(address("policy", "change", policy.pk), old))
    data = {"title": "Boss", "rank": 1, "seen": 1, "holders-TOTAL_FORMS": 0, "holders-INITIAL_FORMS": 0}
    response = admin_in.post(address("level", "change", manager.pk), data)
    assert "saved this while" in text(response)
    assert 'value="Boss"' in response.content.decode()


# --- in use -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", ["holder", "tier", "request"])
def test_a_level_in_use_is_not_deleted_and_says_why(admin_in, maria, rita, use):
    boss = Level.objects.create(name="boss", title="Boss")
    if use == "holder":
        LevelHolder.objects.create(user=maria, level=boss)
    elif use == "tier":
        Policy.objects.get(kind="default").tiers.create(level=boss, position=9)
    else:
        request_of(rita, "manager", "boss")
    response = admin_in.post(address("level", "delete", boss.pk), {"post": "yes"}, follow=True)
    assert "“Boss” is in use and was not deleted" in text(response)
    assert Level.objects.filter(pk=boss.pk).exists()


def test_a_level_that_nobody_uses_goes(admin_in):
    spare = Level.objects.create(name="spare", title="Spare")
    admin_in.post(address("level", "delete", spare.pk), {"post": "yes"})
    assert not Level.objects.filter(pk=spare.pk).exists()
    assert [kind for kind, *_ in entries("level:spare")] == ["level.removed"]


@pytest.mark.parametrize("use", ["request", "holder"])
def test_a_policy_in_use_is_not_deleted(admin_in, maria, rita, use):
    travel = Policy.objects.create(kind="travel", title="Travel")
    if use == "request":
        request_of(rita, "manager", kind="travel")
    else:
        LevelHolder.objects.update(kinds=packed(["travel"]))
    response = admin_in.post(address("policy", "delete", travel.pk), {"post": "yes"}, follow=True)
    assert "is in use and was not deleted" in text(response)
    assert Policy.objects.filter(pk=travel.pk).exists()


def test_the_default_policy_stays(admin_in):
    policy = Policy.objects.get(kind="default")
    response = admin_in.post(address("policy", "delete", policy.pk), {"post": "yes"}, follow=True)
    assert "The default policy stays" in text(response)


@pytest.mark.parametrize("model", ["level", "policy"])
def test_the_list_deletes_none_of_them_at_once(admin_in, model):
    assert "delete_selected" not in admin_in.get(address(model, "changelist")).content.decode()


# --- policies ---------------------------------------------------------------------------------------------------


def save_policy(client, **changed):
    policy = Policy.objects.get(kind="default")
    return client.post(address("policy", "change", policy.pk), policy_form(policy, **changed), follow=True)


def test_a_gap_is_refused(admin_in):
    response = save_policy(admin_in, **{"tiers-0-from_amount": "500"})
    assert "Amounts below 500" in text(response)
    assert Policy.objects.get(kind="default").version == 1


def test_two_tiers_at_one_position_are_refused(admin_in):
    assert "More than one tier has the position 2" in text(save_policy(admin_in, **{"tiers-0-position": "2"}))


def test_one_level_in_two_tiers_is_refused(admin_in):
    response = save_policy(admin_in, **{"tiers-0-level": level("vp").pk})
    assert "duplicate" in text(response)
    assert Policy.objects.get(kind="default").version == 1


def test_a_policy_without_tiers_is_refused(admin_in):
    gone = {f"tiers-{number}-DELETE": "on" for number in range(4)}
    assert "It names no level" in text(save_policy(admin_in, **gone))


def test_a_tier_that_nobody_holds_is_told_and_saved(admin_in, maria):
    said = text(save_policy(admin_in, title="Other"))
    assert "Nobody holds Director, VP, CEO for this kind now" in said
    assert Policy.objects.get(kind="default").title == "Other"


def test_every_version_is_kept_and_shown(admin_in):
    save_policy(admin_in, title="Second")
    save_policy(admin_in, **{"tiers-0-timeout_seconds": "60"})
    kept = {one.version: one for one in PolicyVersion.objects.all()}
    assert [(n, kept[n].snapshot["title"], kept[n].by) for n in (1, 2, 3)] == [
        (1, "Default", ""),
        (2, "Second", "admin"),
        (3, "Second", "admin"),
    ]
    assert kept[2].snapshot["tiers"][0]["timeout_seconds"] == 86_400
    assert kept[3].snapshot["tiers"][0]["timeout_seconds"] == 60
    page = text(admin_in.get(address("policy", "change", Policy.objects.get(kind="default").pk)))
    assert "manager ≥ 0.00 (86400 s)" in page
    assert [kind for kind, *_ in entries("policy:default")] == ["policy.changed"] * 2


def test_a_policy_is_added_with_its_first_version(admin_in):
    data = policy_form(Policy.objects.get(kind="default"), title="Travel", kind="travel", **{"tiers-INITIAL_FORMS": 0})
    data |= {f"tiers-{number}-{name}": "" for number in range(4) for name in ("id", "policy")}
    assert admin_in.post(address("policy", "add"), data).status_code == 302
    assert [kind for kind, *_ in entries("policy:travel")] == ["policy.added"]
    assert PolicyVersion.objects.get(policy__kind="travel").version == 1
