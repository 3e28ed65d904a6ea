"""Who stands in decides for somebody: what, when, and never more than that one could."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals import access, deciders, queries
from approvals.models import Delegation, Level, LevelHolder, Step
from approvals.page import request_page, state_of
from audit.models import Entry
from tests.approvals.absence.conftest import day, judged, lends
from tests.approvals.web.making import decided, request_of
from tests.conftest import person

pytestmark = pytest.mark.django_db


def can(user, request):
    """Whether they can, asked in every way in which it is asked: all must say the same."""
    step = request.steps.get(state=Step.State.OPEN)
    shown = user.pk in deciders.ids_of(deciders.deciders(request, step))
    waits = request.pk in [row.pk for row in queries.waiting_for(user).rows]
    assert waits is shown
    assert (queries.count_waiting_for(user) == 1) is shown, "the badge"
    assert request_page(request, user).standing.can_decide is shown
    if shown:
        assert access.visible_to(user).filter(pk=request.pk).exists()
    return shown


def test_what_waits_already_is_covered(vera, dirk, rita):
    request = request_of(rita, "vp")
    assert not can(dirk, request)
    lends(vera, dirk, "vp")
    assert can(dirk, request)
    assert can(vera, request), "who is away can go on deciding"


def test_a_decision_names_both(dirk_for_vera, vera, dirk, rita):
    request = request_of(rita, "vp")
    verdict = judged(request, dirk)
    assert (verdict.applied, verdict.by, verdict.on_behalf_of) == (True, "dirk", "vera")
    step = request.steps.get()
    assert (step.state, step.decided_by, step.on_behalf_of) == ("approved", dirk, vera)
    assert (step.decided_by_name, step.on_behalf_of_name) == ("dirk", "vera")
    entry = Entry.objects.get(stream=request.stream, kind="decision.applied")
    assert (entry.actor, entry.data["on_behalf_of"]) == ("dirk", "vera")
    shown = state_of(request)
    assert shown.steps[0].who == "Dirk Holm for Vera Stein"
    assert shown.history[-1].who == "Dirk Holm for Vera Stein"


def test_recorded_twice_it_is_told_the_same(dirk_for_vera, dirk, rita):
    from approvals import recording
    from worker import contracts

    request = request_of(rita, "vp")
    first = judged(request, dirk)
    claim = contracts.Claim("approve", first.decision_id, "vp", "dirk", "why not", open_index=0)
    ref = contracts.Ref(request.workflow_id, request.first_run_id)
    again = recording.record_claims(contracts.RecordClaims(ref, [claim], "waiting", 0, 0.0)).verdicts
    assert again == [first]
    assert Entry.objects.filter(kind="decision.applied").count() == 1


def test_who_holds_the_level_decides_in_their_own_right(dirk_for_vera, dirk, rita):
    LevelHolder.objects.create(user=dirk, level=Level.objects.get(name="vp"))
    request = request_of(rita, "vp")
    assert request_page(request, dirk).standing.as_whom == ""
    verdict = judged(request, dirk)
    assert (verdict.applied, verdict.on_behalf_of) == (True, "")
    assert "on_behalf_of" not in Entry.objects.get(kind="decision.applied").data
    assert request.steps.get().on_behalf_of is None


def test_one_without_a_level_can_stand_in(vera, rita, olga):
    lends(vera, olga, "vp")
    request = request_of(rita, "vp")
    assert can(olga, request)
    assert judged(request, olga).on_behalf_of == "vera"


def test_a_rejection_is_made_for_somebody_too(dirk_for_vera, vera, dirk, rita):
    request = request_of(rita, "vp")
    assert judged(request, dirk, verdict="reject").on_behalf_of == "vera"
    assert request.steps.get().on_behalf_of == vera


# --- when -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "counts"), [(0, 0, True), (-3, 3, True), (1, 3, False), (-3, -1, False), (-3, 0, True)]
)
def test_the_first_and_the_last_day_count(vera, dirk, rita, first, last, counts):
    lends(vera, dirk, "vp", first, last)
    request = request_of(rita, "vp")
    assert can(dirk, request) is counts
    verdict = judged(request, dirk)
    assert (verdict.applied, verdict.code) == (counts, "" if counts else "not_holder")


def test_a_click_counts_by_the_day_on_which_it_was_made(vera, dirk, rita):
    lends(vera, dirk, "vp", -5, -1)
    request = request_of(rita, "vp", due_in=1)
    assert judged(request, dirk, at=timezone.now()).code == "not_holder"
    assert judged(request, dirk, at=timezone.now() - timedelta(days=1)).applied


def test_ended_it_decides_nothing_any_more_however_early_the_click(dirk_for_vera, dirk, rita):
    Delegation.objects.update(ended_at=timezone.now())
    request = request_of(rita, "vp")
    assert not can(dirk, request)
    assert judged(request, dirk, at=timezone.now() - timedelta(hours=1)).code == "not_holder"


# --- never more than its delegator could ------------------------------------------------------------------------


def test_it_is_not_handed_on(dirk_for_vera, dirk, olga, rita):
    lends(dirk, olga, "vp")
    request = request_of(rita, "vp")
    assert can(dirk, request)
    assert not can(olga, request)
    assert judged(request, olga).code == "not_holder"


def test_it_ends_with_the_level_of_its_delegator(dirk_for_vera, vera, dirk, rita):
    request = request_of(rita, "vp")
    LevelHolder.objects.filter(user=vera).update(valid_until=day(-1))
    assert not can(dirk, request)
    assert judged(request, dirk).code == "not_holder"


def test_it_ends_with_the_account_of_its_delegator(dirk_for_vera, vera, dirk, rita):
    request = request_of(rita, "vp")
    type(vera).objects.filter(pk=vera.pk).update(is_active=False)
    assert not can(dirk, request)
    assert judged(request, dirk).code == "not_holder"


def test_limits_to_kinds_limit_the_stand_in_too(dirk_for_vera, vera, dirk, rita):
    LevelHolder.objects.filter(user=vera).update(kinds=" purchase ")
    purchase = request_of(rita, "vp", kind="purchase")
    assert can(dirk, purchase)
    other = request_of(rita, "vp", kind="travel")
    assert [row.pk for row in queries.waiting_for(dirk).rows] == [purchase.pk]
    assert not access.visible_to(dirk).filter(pk=other.pk).exists()
    assert judged(other, dirk).code == "not_holder"


def test_ones_own_limited_level_and_a_stand_in_add_up(vera, dirk, rita):
    LevelHolder.objects.filter(user=dirk).update(level=Level.objects.get(name="vp"), kinds=" travel ")
    lends(vera, dirk, "vp")
    travel, other = request_of(rita, "vp", kind="travel"), request_of(rita, "vp", kind="purchase")
    assert {row.pk for row in queries.waiting_for(dirk).rows} == {travel.pk, other.pk}
    assert judged(travel, dirk).on_behalf_of == ""
    assert judged(other, dirk).on_behalf_of == "vera"


def test_what_any_level_decides_a_stand_in_decides_for_somebody(vera, olga, rita):
    lends(vera, olga, "vp")
    request = request_of(rita, "", workflow_type="ApprovalWorkflow")
    assert can(olga, request)
    assert judged(request, olga).on_behalf_of == "vera"


# --- whose request ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("self_approval", [False, True])
def test_it_never_reaches_what_its_delegator_asked_for(dirk_for_vera, vera, dirk, self_approval):
    request = request_of(vera, "vp", self_approval=self_approval)
    assert not can(dirk, request)
    assert not access.visible_to(dirk).filter(pk=request.pk).exists()
    verdict = judged(request, dirk)
    assert verdict.code == "own_request"
    assert "Vera Stein asked for this" in verdict.reason
    assert can(vera, request) is self_approval


def test_unless_the_stand_in_holds_the_level_too(dirk_for_vera, vera, dirk):
    LevelHolder.objects.create(user=dirk, level=Level.objects.get(name="vp"))
    request = request_of(vera, "vp")
    assert can(dirk, request)
    assert judged(request, dirk).on_behalf_of == ""


@pytest.mark.parametrize("self_approval", [False, True])
def test_ones_own_request_is_for_somebody_else_unless_the_policy_lets_one(dirk_for_vera, dirk, self_approval):
    request = request_of(dirk, "vp", self_approval=self_approval)
    assert can(dirk, request) is self_approval
    assert judged(request, dirk).code == ("" if self_approval else "own_request")


# --- one person, one level --------------------------------------------------------------------------------------


@pytest.mark.parametrize("distinct", [True, False])
@pytest.mark.parametrize("who", ["dirk", "vera"])
def test_neither_of_the_two_has_decided_another_level(request, dirk_for_vera, dirk, rita, who, distinct):
    one = request_of(rita, "director", "vp", at=1, distinct_approvers=distinct)
    decided(one, 0, request.getfixturevalue(who))
    assert can(dirk, one) is not distinct
    assert judged(one, dirk).code == ("same_person" if distinct else "")


def test_what_was_decided_for_somebody_counts_as_theirs(vera, dirk, rita, olga):
    LevelHolder.objects.create(user=vera, level=Level.objects.get(name="ceo"))
    lends(vera, dirk, "vp")
    one = request_of(rita, "vp", "ceo", at=1)
    one.steps.filter(index=0).update(decided_by=dirk, decided_by_name="dirk", on_behalf_of=vera)
    assert not can(vera, one)
    assert judged(one, vera).code == "same_person"
    lends(vera, olga, "ceo")
    assert not can(olga, one)
    assert judged(one, olga).code == "same_person"


def test_barred_for_one_they_decide_for_the_other(dirk_for_vera, vera, dirk, rita):
    victor = person("victor", "vp", first_name="Victor", last_name="Lund")
    lends(victor, dirk, "vp")
    one = request_of(rita, "director", "vp", at=1)
    decided(one, 0, vera)
    assert can(dirk, one)
    assert request_page(one, dirk).standing.as_whom == "Victor Lund"
    assert judged(one, dirk).on_behalf_of == "victor"


# --- when the action failed -------------------------------------------------------------------------------------


def test_a_stand_in_may_have_a_failed_action_tried_again(dirk_for_vera, vera, dirk, rita):
    from approvals.rules import right_to_mend

    theirs = request_of(rita, "vp", at=1, status="action_failed")
    assert right_to_mend(dirk, theirs).holder == vera
    assert right_to_mend(dirk, request_of(vera, "vp", at=1, status="action_failed")) is None
