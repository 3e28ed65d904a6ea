"""Why you, or why not you, rule by rule in the order of the recording; and who else could decide now."""

import pytest
from django.utils import timezone

from approvals.absence import shown as said_day
from approvals.models import Delegation, Level, LevelHolder
from approvals.page import request_page, state_of
from tests.approvals.absence.conftest import day, judged, lends
from tests.approvals.web.making import decided, request_of, text
from tests.conftest import person

pytestmark = pytest.mark.django_db


def rules(request, user):
    return [(rule.state, rule.title) for rule in request_page(request, user).standing.rules]


def no(request, user):
    """The rule that says no, and what it says."""
    found = [rule for rule in request_page(request, user).standing.rules if rule.state == "no"]
    return (found[0].title, found[0].said) if found else None


def others(request, user):
    found = request_page(request, user).standing.others
    return found and (list(found.names), found.others)


def test_the_rules_stand_in_the_order_of_the_recording(vera, rita):
    assert rules(request_of(rita, "vp"), vera) == [
        ("ok", "A level is open"),
        ("ok", "You hold it, or stand in for somebody who does"),
        ("ok", "It counts today"),
        ("ok", "It counts for this kind of request"),
        ("ok", "It is not your own request"),
        ("ok", "You have not decided another level of it"),
    ]


def test_who_stands_in_is_asked_two_rules_more(dirk_for_vera, dirk, rita):
    found = rules(request_of(rita, "vp"), dirk)
    assert {state for state, _title in found} == {"ok"}
    titles = [title for _state, title in found]
    assert titles[-2:] == ["It is not a request of Vera Stein", "Vera Stein has not decided another level of it"]
    standing = request_page(request_of(rita, "vp"), dirk).standing
    assert standing.why == f"You stand in for Vera Stein as VP until {said_day(day(7))}."
    assert standing.rules[1].said == "You stand in for Vera Stein as VP."


def test_after_the_first_no_nothing_more_is_asked(vera, rita):
    LevelHolder.objects.filter(user=vera).update(kinds=" travel ")
    states = [state for state, _title in rules(request_of(rita, "vp"), vera)]
    assert states == ["ok", "ok", "ok", "no", "off", "off"]
    assert no(request_of(rita, "vp"), vera)[1] == "Only for travel."


@pytest.mark.parametrize(
    ("days", "words"),
    [({"valid_from": 3}, "It begins on"), ({"valid_until": -3}, "It ended with"), ({"valid_from": 1}, "It begins on")],
)
def test_dates_are_said(vera, rita, days, words):
    LevelHolder.objects.filter(user=vera).update(**{name: day(number) for name, number in days.items()})
    title, said = no(request_of(rita, "vp"), vera)
    assert title == "It counts today"
    assert said.startswith(words)


def test_a_delegation_that_begins_later_is_said(vera, dirk, rita):
    lends(vera, dirk, "vp", 2, 5)
    assert no(request_of(rita, "director", "vp", at=1), dirk) == (
        "It counts today",
        f"It begins on {said_day(day(2))}.",
    )


def test_who_has_nothing_to_do_with_it_is_told_what_they_have(dirk, rita):
    assert no(request_of(rita, "vp", "director"), dirk) == (
        "You hold it, or stand in for somebody who does", "You decide as director.",
    )  # fmt: skip
    assert no(request_of(rita, "vp"), rita)[1] == "You hold no level."


CASES = {
    "not_holder": "You hold it, or stand in for somebody who does",
    "own": "It is not your own request",
    "twice": "You have not decided another level of it",
    "theirs": "It is not a request of Vera Stein",
    "they twice": "Vera Stein has not decided another level of it",
    "counts": None,
}


@pytest.mark.parametrize("case", CASES)
def test_the_page_says_no_where_the_recording_does(vera, dirk, rita, case):
    if case != "not_holder":
        lends(vera, dirk, "vp")
    request = request_of({"own": dirk, "theirs": vera}.get(case, rita), "director", "vp", at=1)
    if case in ("twice", "they twice"):
        decided(request, 0, dirk if case == "twice" else vera)
    found = no(request, dirk)
    assert (found and found[0]) == CASES[case]
    codes = {"own": "own_request", "theirs": "own_request", "twice": "same_person", "they twice": "same_person"}
    assert judged(request, dirk).code == codes.get(case, "not_holder" if case == "not_holder" else "")


def test_who_asked_and_holds_not_is_told_the_first_rule_first(rita):
    assert judged(request_of(rita, "vp"), rita).code == "not_holder"


def test_ones_own_right_is_the_way_that_is_shown(dirk_for_vera, vera, dirk, rita):
    LevelHolder.objects.create(user=dirk, level=Level.objects.get(name="vp"))
    assert len(rules(request_of(rita, "vp"), dirk)) == 6
    assert request_page(request_of(rita, "vp"), dirk).standing.rules[1].said == "You hold the level VP."


def test_what_is_closed_or_between_two_levels_has_no_rules(vera, rita):
    assert rules(request_of(rita, "vp", status="approved"), vera) == []
    assert rules(request_of(rita, "vp", deadline=None), vera) == []
    assert others(request_of(rita, "vp", status="approved"), vera) is None


# --- who else ---------------------------------------------------------------------------------------------------


def test_others_are_named_and_stand_ins_with_whom_for(dirk_for_vera, vera, dirk, rita, auditor):
    request = request_of(rita, "vp")
    assert others(request, auditor) == (["Dirk Holm (for Vera Stein)", "Vera Stein"], 0)
    assert others(request, dirk) == (["Vera Stein"], 0)
    assert state_of(request).steps[0].who == "Vera Stein or Dirk Holm (for Vera Stein)"


def test_many_are_a_number(vera, rita):
    for number in range(9):
        person(f"v{number}", "vp")
    names, more = others(request_of(rita, "vp"), vera)
    assert (len(names), more) == (5, 4)


def test_nobody_is_said_loudly(client, dirk_for_vera, vera, dirk, rita, auditor):
    request = request_of(vera, "vp")
    client.force_login(auditor)
    page = client.get(request.get_absolute_url())
    assert "Nobody can decide this now." in text(page)
    client.force_login(vera)
    assert "Nobody can decide this now." in text(client.get(request.get_absolute_url()))
    Delegation.objects.update(ended_at=timezone.now())
    client.force_login(vera)
    alone = request_of(rita, "vp")
    assert "Nobody else could decide this now." in text(client.get(alone.get_absolute_url()))


def test_the_panel_is_in_words_and_shapes(client, dirk_for_vera, dirk, rita):
    client.force_login(dirk)
    body = client.get(request_of(rita, "vp").get_absolute_url()).content.decode()
    panel = body.split('<details class="rules"')[1].split("</details>")[0]
    assert panel.count("<b>yes</b>") == panel.count("<svg") == 8
    assert "Decide as VP, for Vera Stein" in body


def test_it_is_open_for_whom_it_concerns_only(client, vera, dirk, rita):
    own = request_of(vera, "vp")
    client.force_login(vera)
    assert '<details class="rules" open>' in client.get(own.get_absolute_url()).content.decode()
    client.force_login(dirk)
    other = request_of(rita, "director", "vp", at=1)
    assert '<details class="rules">' in client.get(other.get_absolute_url()).content.decode()


# --- stranded ---------------------------------------------------------------------------------------------------


def test_a_stand_in_is_no_way_out_for_what_their_delegator_asked_for(dirk_for_vera, vera):
    from approvals import stranded

    request = request_of(vera, "vp")
    assert stranded.stuck() == {request.pk: ("vp",)}


def test_for_whom_somebody_decided_is_used_up_too(vera, dirk, rita, dirk_for_vera):
    from approvals import stranded

    LevelHolder.objects.create(user=vera, level=Level.objects.get(name="ceo"))
    request = request_of(rita, "vp", "ceo", at=1)
    assert stranded.stuck() == {}
    request.steps.filter(index=0).update(decided_by=dirk, on_behalf_of=vera)
    assert stranded.stuck() == {request.pk: ("ceo",)}
