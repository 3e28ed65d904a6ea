"""The admin of approvals: policies have versions, history is read only."""

import pytest
from django.urls import reverse

from approvals.models import Attempt, Level, LevelHolder, Policy, Request
from tests.approvals.web.making import request_of, text


@pytest.fixture
def admin_in(client, boss):
    client.force_login(boss)
    return client


def policy_form(policy, **changed):
    tiers = list(policy.tiers.all())
    data = {
        "title": policy.title, "currency": policy.currency, "distinct_approvers": "on", "overrides_allowed": "on",
        "tiers-TOTAL_FORMS": len(tiers), "tiers-INITIAL_FORMS": len(tiers),
        "tiers-MIN_NUM_FORMS": 0, "tiers-MAX_NUM_FORMS": 1000,
    }  # fmt: skip
    for number, tier in enumerate(tiers):
        values = {"id": tier.pk, "policy": policy.pk, "level": tier.level_id, "position": tier.position,
                  "from_amount": tier.from_amount, "timeout_seconds": tier.timeout_seconds}  # fmt: skip
        data |= {f"tiers-{number}-{name}": value for name, value in values.items()}
    return {**data, **changed}


def save(client, policy, **changed):
    address = reverse("admin:approvals_policy_change", args=[policy.pk])
    response = client.post(address, policy_form(policy, **changed))
    assert response.status_code == 302, text(response)
    policy.refresh_from_db()
    return policy.version


@pytest.mark.parametrize("changed", [{"title": "Other"}, {"tiers-0-timeout_seconds": "60"}, {"self_approval": "on"}])
def test_a_change_of_a_policy_is_a_new_version(admin_in, changed):
    assert save(admin_in, Policy.objects.get(kind="default"), **changed) == 2


def test_saving_without_a_change_is_no_new_version(admin_in):
    assert save(admin_in, Policy.objects.get(kind="default")) == 1


def test_the_name_of_a_level_and_the_kind_of_a_policy_stay(admin_in):
    policy, level = Policy.objects.get(kind="default"), Level.objects.get(name="manager")
    assert (
        'name="kind"' not in admin_in.get(reverse("admin:approvals_policy_change", args=[policy.pk])).content.decode()
    )
    assert 'name="name"' not in admin_in.get(reverse("admin:approvals_level_change", args=[level.pk])).content.decode()


def test_a_level_is_given_in_the_admin(admin_in, olga):
    vp = Level.objects.get(name="vp")
    admin_in.post(reverse("admin:approvals_levelholder_add"), {"user": olga.pk, "level": vp.pk})
    assert LevelHolder.objects.filter(user=olga, level=vp).exists()


@pytest.mark.parametrize("model", ["request", "attempt", "record"])
def test_history_is_read_and_never_edited(admin_in, rita, model):
    one = request_of(rita, "manager")
    attempt = Attempt.objects.create(
        request=one, decision_id="d", verdict="approve", level="manager", username="x", known_by="program",
        made_at=one.created_at,
    )  # fmt: skip
    assert admin_in.get(reverse(f"admin:approvals_{model}_changelist"), {"q": "fork"}).status_code == 200
    assert admin_in.get(reverse(f"admin:approvals_{model}_add")).status_code == 403
    if model == "record":
        return
    pk = one.pk if model == "request" else attempt.pk
    change = reverse(f"admin:approvals_{model}_change", args=[pk])
    assert admin_in.get(change).status_code == 200
    assert admin_in.post(change, {"title": "changed"}).status_code == 403
    assert admin_in.post(reverse(f"admin:approvals_{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403
    assert Request.objects.get().title == "Forklift"


def test_every_list_and_form_of_the_admin_opens(admin_in, maria):
    for model in ("level", "levelholder", "policy"):
        assert admin_in.get(reverse(f"admin:approvals_{model}_changelist")).status_code == 200
        assert admin_in.get(reverse(f"admin:approvals_{model}_add")).status_code == 200


def test_nobody_else_comes_in(client, maria):
    client.force_login(maria)
    assert client.get(reverse("admin:approvals_policy_changelist")).status_code == 302
