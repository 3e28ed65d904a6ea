"""An admin names a stand-in for whoever is away already: shown first, saved once, ended and never deleted."""

from uuid import uuid4

import pytest

from accounts.models import Letter
from approvals.models import Delegation, Level
from audit.models import Entry
from tests.approvals.absence.conftest import day, lends
from tests.approvals.admin.conftest import address
from tests.approvals.web.making import request_of, text
from tests.conftest import person

pytestmark = pytest.mark.django_db
ADD = "/admin/approvals/delegation/add/"


def form(vera, dirk, **changed):
    usual = {
        "delegator": vera.pk, "delegate": dirk.pk, "level": Level.objects.get(name="vp").pk,
        "from_day": f"{day(0)}", "until_day": f"{day(3)}", "form_id": str(uuid4()),
    }  # fmt: skip
    return {**usual, **changed}


def test_it_says_what_it_would_mean_before_it_is_saved(admin_in, vera, dirk, rita):
    request_of(rita, "vp")
    sent = form(vera, dirk)
    shown = text(admin_in.post(ADD, sent))
    assert "Dirk Holm would stand in for Vera Stein from" in shown
    assert "1 of 1 that wait now would reach Dirk Holm at once." in shown
    assert not Delegation.objects.exists()
    assert admin_in.post(ADD, {**sent, "confirmed": "yes"}).status_code == 302
    one = Delegation.objects.get()
    assert (one.delegator, one.delegate, one.made_by_name) == (vera, dirk, "admin")
    assert Entry.objects.get(kind="delegation.set").actor == "admin"
    assert Letter.objects.count() == 2


def test_the_same_form_twice_is_one(admin_in, vera, dirk):
    sent = {**form(vera, dirk), "confirmed": "yes"}
    assert [admin_in.post(ADD, sent).status_code for _ in range(2)] == [302, 302]
    assert Delegation.objects.count() == 1
    assert Entry.objects.filter(kind="delegation.set").count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"from_day": "2020-01-01"}, "It cannot begin in the past"),
        ({"until_day": "2020-01-01"}, "It would end before it begins."),
        ({"level": "ceo"}, "Vera Stein does not hold the level CEO"),
        ({"delegate": "vera"}, "Nobody stands in for themself"),
        ({"delegate": "ida"}, "is not active"),
        ({"delegator": ""}, "This field is required."),
    ],
)
@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
def test_what_is_wrong_is_told_by_the_field(admin_in, vera, dirk, changed, words, confirmed):
    people = {"vera": vera, "ida": person("ida", is_active=False)}
    if "level" in changed:
        changed = {"level": Level.objects.get(name="ceo").pk}
    changed = {key: people[value].pk if value in people else value for key, value in changed.items()}
    page = admin_in.post(ADD, {**form(vera, dirk, **changed), **confirmed})
    assert words in text(page)
    assert not Delegation.objects.exists()


def test_it_is_ended_from_the_list_and_not_deleted(admin_in, vera, dirk):
    one, over = lends(vera, dirk, "vp"), lends(vera, dirk, "vp", -9, -8)
    listed = text(admin_in.get(address("delegation", "changelist")))
    assert "counts now" in listed
    assert "Delete selected" not in listed
    assert admin_in.get(address("delegation", "delete", one.pk)).status_code == 403
    sent = {"action": "end_them", "_selected_action": [one.pk, over.pk]}
    assert "1 delegation was ended." in text(admin_in.post(address("delegation", "changelist"), sent, follow=True))
    one.refresh_from_db()
    assert one.ended_by_name == "admin"


@pytest.mark.parametrize(("state", "found"), [("now", 1), ("later", 1), ("past", 2)])
def test_the_list_is_filtered_by_state(admin_in, vera, dirk, rita, state, found):
    from django.utils import timezone

    lends(vera, dirk, "vp")
    lends(vera, rita, "vp", 10, 11)
    lends(vera, dirk, "vp", -9, -8)
    lends(vera, dirk, "vp", ended_at=timezone.now())
    page = admin_in.get(address("delegation", "changelist"), {"state": state})
    assert page.context["cl"].result_count == found


def test_one_is_looked_at_and_not_changed(admin_in, vera, dirk):
    one = lends(vera, dirk, "vp")
    page = admin_in.get(address("delegation", "change", one.pk))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()


def test_staff_who_are_no_admins_set_nothing(client, vera, dirk):
    from django.contrib.auth.models import Permission

    staff = person("sam", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__contains="delegation"))
    client.force_login(staff)
    assert client.post(ADD, {**form(vera, dirk), "confirmed": "yes"}).status_code == 403


def test_with_a_person_who_is_deleted_it_ends_on_record(admin_in, vera, dirk):
    lends(vera, dirk, "vp")
    page = admin_in.post(address("user", "delete", dirk.pk, app="auth"), {"post": "yes"})
    assert page.status_code == 302
    assert Entry.objects.get(kind="delegation.ended").data["delegate"] == "dirk"
    assert not Delegation.objects.exists()


def test_a_level_with_past_delegations_can_be_deleted(admin_in, vera, dirk):
    lends(vera, dirk, "vp", -9, -8)
    level = Level.objects.get(name="vp")
    level.tiers.all().delete()
    level.holders.all().delete()
    assert admin_in.post(address("level", "delete", level.pk), {"post": "yes"}).status_code == 302
    assert not Level.objects.filter(name="vp").exists()
