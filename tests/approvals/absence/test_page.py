"""The page of absences: what it would mean before it is saved, what is wrong said by the field, nothing typed lost."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from approvals import absence
from approvals.absence_effect import effects
from approvals.models import Delegation, Level, LevelHolder
from audit.models import Entry
from tests.approvals.absence.conftest import day, lends
from tests.approvals.web.making import decided, queries_of, request_of, text
from tests.conftest import person

pytestmark = pytest.mark.django_db
PAGE = "/approvals/absence/"


@pytest.fixture
def away(client, vera):
    """Vera, signed in."""
    client.force_login(vera)
    return client


def typed(**changed):
    usual = {
        "levels": ["vp"],
        "who": "dirk",
        "from_day": f"{day(0)}",
        "until_day": f"{day(4)}",
        "form_id": str(uuid4()),
    }
    return {**usual, **changed}


def saves(client, **changed):
    return client.post(PAGE, {**typed(**changed), "confirmed": "1"}, follow=True)


# --- the way through --------------------------------------------------------------------------------------------


def test_who_holds_no_level_is_told_why_there_is_nothing_to_fill_in(client, rita):
    client.force_login(rita)
    page = client.get(PAGE)
    assert "You hold no level" in text(page)
    assert 'name="who"' not in page.content.decode()


def test_the_menu_and_the_account_lead_to_it(away):
    for address in ("/", "/accounts/"):
        assert f'href="{PAGE}"' in away.get(address).content.decode()


def test_nothing_is_saved_before_it_was_said_what_it_means(away, dirk, rita):
    request_of(rita, "vp")
    page = away.post(PAGE, typed())
    assert "Shall Dirk Holm stand in for you?" in text(page)
    assert "1 of 1 that wait now would reach Dirk Holm at once." in text(page)
    assert not Delegation.objects.exists()
    assert not Entry.objects.exists()


def test_what_was_shown_can_be_saved_as_it_is(away, dirk, vera):
    sent = typed()
    shown = away.post(PAGE, sent).content.decode()
    for name, value in (
        ("levels", "vp"),
        ("who", "dirk"),
        ("from_day", sent["from_day"]),
        ("form_id", sent["form_id"]),
    ):
        assert f'<input type="hidden" name="{name}" value="{value}">' in shown
    page = away.post(PAGE, {**sent, "confirmed": "1"}, follow=True)
    assert "Dirk Holm stands in for you from" in text(page)
    one = Delegation.objects.get()
    assert (one.delegator, one.delegate, one.level.name) == (vera, dirk, "vp")
    assert (one.from_day, one.until_day, one.made_by_name) == (day(0), day(4), "vera")
    entry = Entry.objects.get(stream="level:vp")
    assert (entry.kind, entry.actor) == ("delegation.set", "vera")
    assert entry.data == {
        "delegator": "vera", "delegate": "dirk", "level": "vp", "from_day": f"{day(0)}", "until_day": f"{day(4)}",
    }  # fmt: skip


def test_each_level_is_a_delegation_of_its_own(away, dirk, vera):
    LevelHolder.objects.create(user=vera, level=Level.objects.get(name="ceo"))
    saves(away, levels=["vp", "ceo"])
    assert sorted(Delegation.objects.values_list("level__name", flat=True)) == ["ceo", "vp"]


def test_the_same_form_twice_is_one_delegation(away, dirk):
    sent = {**typed(), "confirmed": "1"}
    for _ in range(2):
        page = away.post(PAGE, sent, follow=True)
        assert page.status_code == 200
    assert Delegation.objects.count() == 1
    assert Entry.objects.count() == 1


def test_back_keeps_what_was_typed(away, dirk):
    page = away.post(PAGE, {**typed(until_day=f"{day(9)}"), "back": "1"}).content.decode()
    assert 'value="dirk"' in page
    assert f'value="{day(9)}"' in page
    assert 'value="vp" id="id_levels_0" checked' in page


def test_a_full_name_will_do(away, dirk):
    saves(away, who="  dirk   HOLM ")
    assert Delegation.objects.get().delegate == dirk


# --- what is wrong ----------------------------------------------------------------------------------------------


def _wrong():
    return {
        "backdated": ({"from_day": f"{day(-1)}"}, "It cannot begin in the past"),
        "ends first": ({"from_day": f"{day(3)}", "until_day": f"{day(2)}"}, "It would end before it begins."),
        "too long": ({"until_day": f"{day(366)}"}, "It can last at most 366 days."),
        "far ahead": ({"from_day": f"{day(367)}", "until_day": f"{day(368)}"}, "at most 366 days from now"),
        "oneself": ({"who": "vera"}, "Nobody stands in for themself"),
        "nobody": ({"who": "zoe"}, "Nobody here is called “zoe”."),
        "unnamed": ({"who": " "}, "Name the person who stands in."),
        "inactive": ({"who": "ida"}, "The account of ida is not active"),
        "not held": ({"levels": ["ceo"]}, "You do not hold the level ceo"),
        "no level": ({"levels": []}, "Choose at least one level."),
        "no day": ({"from_day": "tomorrow"}, "Enter a day, for example 2027-01-31."),
        "overlap": ({"from_day": f"{day(20)}", "until_day": f"{day(30)}"}, "Rita Lang stands in as VP from"),
        "odd": ({"who": "x" * 10_000 + "\x00"}, "Nobody here is called"),
    }


@pytest.mark.parametrize("case", _wrong())
def test_bad_input_is_told_and_kept(away, vera, dirk, rita, case):
    person("ida", is_active=False)
    lends(vera, rita, "vp", 30, 40)
    changed, words = _wrong()[case]
    sent = typed(**changed)
    for confirmed in ({}, {"confirmed": "1"}):
        page = away.post(PAGE, {**sent, **confirmed})
        assert page.status_code == 422
        assert words in text(page)
    body = page.content.decode()
    assert f'value="{sent["from_day"]}"' in body
    assert sent["who"].replace("\x00", "") in body.replace("\x00", "")
    assert "autofocus" in body
    assert Delegation.objects.count() == 1
    assert not Entry.objects.exists()


def test_all_that_is_wrong_is_told_at_once(away, dirk):
    page = away.post(PAGE, typed(who="vera", from_day=f"{day(-1)}", until_day="", levels=[]))
    words = ("Nobody stands in for themself", "in the past", "Enter a day, for example", "Choose at least one level.")
    assert [each for each in words if each not in text(page)] == []


def test_the_longest_that_is_taken(away, dirk):
    saves(away, until_day=f"{day(365)}")
    assert Delegation.objects.count() == 1


def test_two_of_one_name_are_told_apart(away, dirk):
    person("dirk2", first_name="Dirk", last_name="Holm")
    page = saves(away, who="Dirk Holm")
    assert "More than one person is called so. Enter one of their usernames: dirk, dirk2." in text(page)


def test_a_level_that_is_held_only_before_cannot_be_lent_for_later(away, vera, dirk):
    LevelHolder.objects.filter(user=vera).update(valid_until=day(2))
    assert "does not hold the level VP on any of these days" in text(saves(away, from_day=f"{day(3)}"))
    saves(away)
    assert Delegation.objects.count() == 1, "in days of which one is held it counts on that one"


def test_after_its_end_the_days_are_free_again(away, vera, dirk, rita):
    absence.end(delegation=lends(vera, rita, "vp"), by=vera)
    saves(away)
    assert Delegation.objects.filter(ended_at=None).get().delegate == dirk


def test_a_hand_made_form_lends_only_ones_own(client, dirk, vera, rita):
    client.force_login(dirk)
    page = client.post(PAGE, {**typed(who="rita", delegator="vera", user=vera.pk), "confirmed": "1"})
    assert "You do not hold the level vp" in text(page)
    assert not Delegation.objects.exists()


def test_nobody_sets_it_for_somebody_else_but_an_admin(dirk, vera, rita, boss):
    from django.core.exceptions import PermissionDenied

    wanted = absence.Wanted(vera, rita, (Level.objects.get(name="vp"),), day(0), day(1))
    with pytest.raises(PermissionDenied):
        absence.delegate(wanted=wanted, form_id=uuid4(), by=dirk)
    absence.delegate(wanted=wanted, form_id=uuid4(), by=boss)
    assert Delegation.objects.get().made_by_name == "admin"
    assert Entry.objects.get().actor == "admin"


def test_anothers_form_id_is_not_taken(away, vera, dirk, maria):
    theirs = lends(maria, dirk, "manager")
    saves(away, form_id=str(theirs.form_id))
    assert Delegation.objects.filter(delegator=vera).count() == 1


def test_strangers_are_sent_to_sign_in(client, db):
    assert client.get(PAGE).status_code == 302


# --- what it would mean -----------------------------------------------------------------------------------------


def meant(vera, dirk, **more):
    wanted = absence.Wanted(vera, dirk, (Level.objects.get(name="vp"),), day(0), day(1))
    [found] = effects(wanted)
    return found


def test_it_says_which_would_not_reach_them_and_why(vera, dirk, rita):
    request_of(rita, "vp")
    request_of(vera, "vp")
    request_of(dirk, "vp")
    for user in (vera, dirk):
        decided(request_of(rita, "director", "vp", at=1), 0, user)
    request_of(rita, "manager")
    request_of(rita, "vp", status="approved")
    found = meant(vera, dirk)
    assert (found.waits, found.reaches, found.already) == ("5", "1", "0")
    assert [(kept.why.split(",")[0], kept.number) for kept in found.kept] == [
        ("Dirk Holm asked for it", "1"),
        ("Dirk Holm has decided another level of it", "1"),
        ("Vera Stein asked for it", "1"),
        ("Vera Stein has decided another level of it", "1"),
    ]


def test_what_it_says_is_what_happens(vera, dirk, rita):
    from approvals.queries import count_waiting_for

    for requester in (rita, vera, dirk, rita):
        request_of(requester, "vp")
    decided(request_of(rita, "director", "vp", at=1), 0, dirk)
    request_of(dirk, "vp", self_approval=True)
    reaches = meant(vera, dirk).reaches
    lends(vera, dirk, "vp")
    assert reaches == str(count_waiting_for(dirk)) == "3"


def test_what_they_decide_anyway_is_no_news(vera, dirk, rita):
    LevelHolder.objects.create(user=dirk, level=Level.objects.get(name="vp"), kinds=" travel ")
    request_of(rita, "vp", kind="travel")
    request_of(rita, "vp")
    found = meant(vera, dirk)
    assert (found.waits, found.reaches, found.already) == ("2", "1", "1")


def test_limits_to_kinds_are_said(away, vera, dirk, rita):
    LevelHolder.objects.filter(user=vera).update(kinds=" travel ")
    request_of(rita, "vp", kind="travel")
    request_of(rita, "vp")
    shown = text(away.post(PAGE, typed()))
    assert "(only for travel)" in shown
    assert "1 of 1 that wait now" in shown


def test_later_says_when(away, dirk, rita):
    request_of(rita, "vp")
    shown = text(away.post(PAGE, typed(from_day=f"{day(2)}")))
    assert f"would reach Dirk Holm on {absence.shown(day(2))}, if they still wait then." in shown


def test_how_often_the_database_is_asked_does_not_grow_with_what_waits(away, dirk, rita):
    def asked(count):
        for _ in range(count):
            request_of(rita, "vp")
        return queries_of(lambda: away.post(PAGE, typed()))

    asked(1)
    assert asked(20) <= asked(1)


# --- what is set ------------------------------------------------------------------------------------------------


def test_both_see_it_until_its_end(client, vera, dirk):
    lends(vera, dirk, "vp")
    for user, words in ((vera, "Dirk Holm stands in for you as VP until"), (dirk, "You stand in for Vera Stein as VP")):
        client.force_login(user)
        for address in (PAGE, "/approvals/", "/accounts/"):
            shown = text(client.get(address))
            assert words in shown or address == PAGE, address
    client.force_login(dirk)
    assert "For whom you stand in Vera Stein as VP" in text(client.get(PAGE))
    assert "End it now" not in text(client.get(PAGE))


def test_what_begins_later_does_not_count_yet(away, vera, dirk):
    lends(vera, dirk, "vp", 2, 3)
    assert "Begins later" in text(away.get(PAGE))
    assert "stands in for you" not in text(away.get("/approvals/"))


def test_it_is_ended_after_it_was_asked_whether_that_is_meant(away, vera, dirk):
    one = lends(vera, dirk, "vp")
    address = f"{PAGE}{one.pk}/end/"
    for asked in (away.get(address), away.post(address)):
        assert "Shall Dirk Holm stand in as VP no more?" in text(asked)
    assert Delegation.objects.get().ended_at is None
    page = away.post(address, {"confirmed": "1"}, follow=True)
    assert "Dirk Holm does not stand in any more" in text(page)
    assert "Ended early" in text(page)
    assert Delegation.objects.get().ended_by_name == "vera"
    assert [entry.kind for entry in Entry.objects.all()] == ["delegation.ended"]


def test_ended_twice_is_ended_once(away, vera, dirk):
    address = f"{PAGE}{lends(vera, dirk, 'vp').pk}/end/"
    for _ in range(2):
        page = away.post(address, {"confirmed": "1"}, follow=True)
    assert "It was over already; nothing was changed." in text(page)
    assert Entry.objects.count() == 1


def test_what_is_over_is_not_ended(vera, dirk):
    assert absence.end(delegation=lends(vera, dirk, "vp", -5, -1), by=vera) is False
    assert not Entry.objects.exists()


@pytest.mark.parametrize("who", ["dirk", "rita"])
def test_of_anothers_there_is_nothing_to_end(request, client, vera, dirk, rita, who):
    one = lends(vera, dirk, "vp")
    client.force_login(request.getfixturevalue(who))
    assert client.post(f"{PAGE}{one.pk}/end/", {"confirmed": "1"}).status_code == 404
    assert Delegation.objects.get().ended_at is None


def test_an_admin_ends_anybodys(client, boss, vera, dirk):
    one = lends(vera, dirk, "vp")
    client.force_login(boss)
    client.post(f"{PAGE}{one.pk}/end/", {"confirmed": "1"})
    assert Delegation.objects.get().ended_by_name == "admin"


def test_the_menu_says_who_one_is_while_standing_in(client, olga, vera):
    lends(vera, olga, "vp")
    client.force_login(olga)
    shown = text(client.get("/approvals/"))
    assert "You stand in as VP for Vera Stein." in shown or "You stand in as vp for Vera Stein." in shown
    assert "You hold no level" not in shown


def test_what_counts_now_does_not_linger_past_its_last_day(away, vera, dirk):
    Delegation.objects.filter(pk=lends(vera, dirk, "vp").pk).update(
        from_day=day(0) - timedelta(days=2), until_day=day(0) - timedelta(days=1), made_at=timezone.now()
    )
    assert "stands in for you" not in text(away.get("/approvals/"))
    assert "Over" in text(away.get(PAGE))
