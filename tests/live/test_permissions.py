"""Who is shown what: at subscribe, and at every delivery after it."""

import time

import pytest
from django.contrib.auth import get_user_model, logout
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from websockets.exceptions import InvalidStatus

from live import grants
from tests.live.conftest import write_down

CLOSED = "not there for you"


def sign_out(cookie: str, user: User) -> None:
    request = HttpRequest()
    request.session, request.user = SessionStore(cookie), user
    logout(request)


def test_it_sends_a_region_to_whoever_may_watch_it(look, sign_in):
    write_down("forklift")
    page = look("board:red", cookie=sign_in("maria", "red")[1])
    page.until("forklift")
    assert 'data-region="board:red"' in page.elements["region-board-red"]


def test_it_answers_a_forbidden_region_exactly_like_an_unknown_one_and_still_sends_the_others(look, sign_in):
    write_down("secret", "blue")
    page = look("board:blue", "nothing:blue", "board:red", cookie=sign_in("maria", "red")[1])
    page.until("nothing (everybody)")
    page.pulses(2)
    forbidden, unknown = page.elements["region-board-blue"], page.elements["region-nothing-blue"]
    assert CLOSED in forbidden
    assert forbidden.replace("board", "nothing") == unknown
    assert "secret" not in "".join(page.seen)


def test_it_names_back_only_what_could_be_a_region_and_never_as_markup(look, sign_in):
    page = look("board:%3Cb%3E%22", "board:" + "k" * 2_001, "n" * 101, "board:%00zero", cookie=sign_in("maria")[1])
    page.pulses(1)
    sent = "".join(page.seen)
    assert "&lt;b&gt;&quot;" in sent
    assert "<b>&quot;" not in sent
    assert "kkk" not in sent
    assert "nnn" not in sent
    assert "zero" not in sent


def test_a_key_that_means_nothing_is_closed_and_does_not_blind_the_page(look, sign_in):
    page = look("picky:not-a-uuid", "board:red", cookie=sign_in("maria", "red")[1])
    page.until("nothing (everybody)")
    page.until(CLOSED, "region-picky-not-a-uuid")
    page.pulses(1)


def test_it_takes_at_most_twenty_regions(look, sign_in):
    page = look(*(f"board:{number}" for number in range(30)), cookie=sign_in("maria")[1])
    page.pulses(1)
    assert sum(name.startswith("region-") for name in page.elements) == 20


@pytest.mark.parametrize("cookie", ["", "made-up"])
def test_a_stranger_is_accepted_and_then_closed_with_4401(look, cookie):
    assert look("board:red", cookie=cookie).close_code() == 4401


def test_a_foreign_origin_is_refused(look, sign_in):
    cookie = sign_in("maria", "red")[1]
    with pytest.raises(InvalidStatus):
        look("board:red", cookie=cookie, origin="http://evil.example")


def test_a_page_without_an_origin_is_refused(look, sign_in):
    cookie = sign_in("maria", "red")[1]
    with pytest.raises(InvalidStatus):
        look("board:red", cookie=cookie, origin="")


def test_signing_out_ends_the_socket_at_once(look, sign_in):
    user, cookie = sign_in("maria", "red")
    page = look("board:red", cookie=cookie)
    page.until("nothing")
    sign_out(cookie, user)
    write_down("after the sign-out")
    assert page.close_code(limit=3) == 4401
    assert "after the sign-out" not in "".join(page.seen)


def test_another_session_of_the_same_person_lives_on(look, sign_in):
    from tests.live.conftest import session_of

    user, cookie = sign_in("maria", "red")
    page = look("board:red", cookie=session_of(user))
    page.until("nothing")
    sign_out(cookie, user)
    write_down("still here")
    page.until("still here")


def test_a_session_that_is_deleted_ends_its_sockets_at_once(look, sign_in):
    cookie = sign_in("maria", "red")[1]
    page = look("board:red", cookie=cookie)
    page.until("nothing")
    Session.objects.get(session_key=cookie).delete()
    assert page.close_code(limit=3) == 4401


def test_deactivating_somebody_ends_their_socket_at_once(look, sign_in):
    user, cookie = sign_in("maria", "red")
    page = look("board:red", cookie=cookie)
    page.until("nothing")
    user.is_active = False
    user.save()
    write_down("after")
    assert page.close_code(limit=3) == 4401
    assert "after" not in "".join(page.seen)


def test_a_change_of_password_ends_the_sockets_of_the_old_one(look, sign_in):
    user, cookie = sign_in("maria", "red")
    page = look("board:red", cookie=cookie)
    page.until("nothing")
    user.set_password("another")
    user.save()
    assert page.close_code(limit=3) == 4401


def test_what_another_process_changed_counts_within_five_seconds(look, sign_in):
    user, cookie = sign_in("maria", "red")
    page = look("board:red", cookie=cookie)
    page.until("nothing")
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)  # no signal: as from another process
    assert page.close_code(limit=10) == 4401


def test_a_region_is_taken_away_when_the_right_to_it_is(look, sign_in):
    user, cookie = sign_in("maria", "red", "blue")
    page = look("board:red", "board:blue", cookie=cookie)
    page.until("nothing")
    user.groups.remove(Group.objects.get(name="red"))
    write_down("after")
    write_down("after", "blue")
    page.until(CLOSED)
    page.until("after", "region-board-blue")
    page.pulses(2)
    assert not any("after" in html for html in page.versions())


def test_a_right_that_comes_opens_the_region(look, sign_in):
    user, cookie = sign_in("maria")
    page = look("board:red", cookie=cookie)
    page.until(CLOSED)
    user.groups.add(Group.objects.get_or_create(name="red")[0])
    page.until("nothing (everybody)")


@pytest.fixture
def slow_check(monkeypatch):
    """Looking up what people may do takes so long that writes come in between."""

    def check(*args):
        time.sleep(0.4)
        return grants_check(*args)

    grants_check = grants.check
    monkeypatch.setattr(grants, "check", check)


def test_another_audience_gets_the_other_view_and_nothing_more_of_its_old_one(look, sign_in, slow_check):
    user, cookie = sign_in("maria", "red")
    page = look("board:red", cookie=cookie)
    page.until("nothing (everybody)")
    user.is_superuser = True
    user.save()
    write_down("once more")
    page.until("once more (with their name)")
    assert not any("once more (everybody)" in html for html in page.versions())
