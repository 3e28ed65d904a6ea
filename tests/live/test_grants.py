"""Grants are read for many at once and renewed ahead of their time, and promise what they promised to each alone."""

import asyncio
import threading
import time
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from live import grants
from live.granting import Granting
from live.rendering import Outlook, Piece
from live.viewer import Viewer
from tests.live.conftest import write_down

CLOSED = "not there for you"
RED = Piece("board", "red")
LONG_AGO = timezone.now() - timedelta(days=1)


@pytest.fixture
def reds(sign_in):
    """People of the group "red", each signed in."""
    return lambda *names: {name: sign_in(name, "red") for name in names}


def check(*cookies):
    return grants.check([grants.Asked(cookie, [RED]) for cookie in cookies])


def allowed(answer):
    return None if answer is None else dict(answer.audiences)


# --- read together ----------------------------------------------------------------------------------------------------


def test_sessions_users_and_preferences_of_many_are_read_as_those_of_one(sign_in):
    cookies = [sign_in(f"viewer-{number}")[1] for number in range(12)]

    def queries(some):
        with CaptureQueriesContext(connection) as seen:
            found = grants.check([grants.Asked(cookie, []) for cookie in some])
        assert all(found)
        return len(seen)

    assert queries(cookies) == queries(cookies[:1])


def without_a_session(user, cookie):
    Session.objects.filter(session_key=cookie).delete()


def expired(user, cookie):
    Session.objects.filter(session_key=cookie).update(expire_date=LONG_AGO)


def inactive(user, cookie):
    User.objects.filter(pk=user.pk).update(is_active=False)


def deleted(user, cookie):
    User.objects.filter(pk=user.pk).delete()


def of_another_password(user, cookie):
    User.objects.filter(pk=user.pk).update(password="another")


def forged(user, cookie):
    Session.objects.filter(session_key=cookie).update(session_data="made:up:by somebody")


OVER = (without_a_session, expired, inactive, deleted, of_another_password, forged)


@pytest.mark.parametrize("over", OVER)
def test_of_many_only_those_have_no_grant_whose_session_is_over(reds, over):
    people = reds("maria", "dirk", "vera")
    cookies = [cookie for _user, cookie in people.values()]
    over(*people["dirk"])
    before, gone, after = check(*cookies)
    assert gone is None
    assert allowed(before) == allowed(after) == {RED: "everybody"}


def test_a_session_of_a_way_to_sign_in_that_was_given_up_is_over(reds, settings):
    cookie = reds("maria")["maria"][1]
    settings.AUTHENTICATION_BACKENDS = ["somewhere.else.Backend"]
    assert check(cookie) == [None]


def test_two_pages_of_one_session_have_a_grant_each(sign_in):
    cookie = sign_in("maria", "red", "blue")[1]
    asked = [grants.Asked(cookie, [RED]), grants.Asked(cookie, [Piece("board", "blue"), Piece("board", "green")])]
    assert [list(answer.audiences) for answer in grants.check(asked)] == [[RED], [Piece("board", "blue")]]


def test_what_one_of_them_makes_fail_is_theirs_alone(reds, monkeypatch):
    people = reds("maria", "dirk")
    from tests.live.regions import Board

    may_watch = Board.may_watch

    def fails_for_dirk(self, user, key):
        if user.username == "dirk":
            raise RuntimeError("the board fell from the wall")
        return may_watch(self, user, key)

    monkeypatch.setattr(Board, "may_watch", fails_for_dirk)
    well, failed = check(*(cookie for _user, cookie in people.values()))
    assert allowed(well) == {RED: "everybody"}
    assert isinstance(failed, RuntimeError)


# --- when they are read -----------------------------------------------------------------------------------------------


class Someone:
    """As much of a viewer as its grant needs."""

    def __init__(self, *, due=False):
        self.session_key, self.pieces, self.answers, self.is_due = "key", [RED], asyncio.Queue(), due

    def due(self, _seconds):
        return self.is_due

    def renewed(self, answer):
        self.is_due = False
        self.answers.put_nowait(answer)


@pytest.fixture
def read(monkeypatch):
    """How many each batch was for; none of them touches the database."""
    sizes = []

    def check(asked):
        sizes.append(len(asked))
        return [None] * len(asked)

    monkeypatch.setattr(grants, "check", check)
    return sizes


@asynccontextmanager
async def running(granting):
    task = asyncio.create_task(granting.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_grant_that_is_about_to_run_out_is_renewed_unasked_and_no_other(read):
    due, fresh = Someone(due=True), Someone()
    async with running(Granting({due, fresh})):
        assert await asyncio.wait_for(due.answers.get(), 15) is None
        assert fresh.answers.empty()


async def test_those_who_ask_meanwhile_are_the_next_batch(read, monkeypatch):
    begun, go_on, check = threading.Event(), threading.Event(), grants.check

    def slow(asked):
        begun.set()
        go_on.wait(15)
        return check(asked)

    monkeypatch.setattr(grants, "check", slow)
    granting = Granting(set())
    async with running(granting):
        first = asyncio.create_task(granting.ask(Someone()))
        await asyncio.to_thread(begun.wait, 15)
        rest = [asyncio.create_task(granting.ask(Someone())) for _number in range(5)]
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.wait_for(asyncio.gather(first, *rest), 15) == [None] * 6
    assert read == [1, 5]


async def test_more_than_a_batch_holds_are_all_answered(read, monkeypatch):
    monkeypatch.setattr("live.granting.MOST", 10)
    monkeypatch.setattr("live.granting.EVERY", 600)  # not by the clock
    due = {Someone(due=True) for _number in range(5)}
    granting = Granting(due)
    async with running(granting):
        await asyncio.wait_for(asyncio.gather(*(granting.ask(Someone()) for _number in range(35))), 15)
        await asyncio.wait_for(asyncio.gather(*(one.answers.get() for one in due)), 15)
    assert (sum(read), max(read)) == (40, 10)


async def test_when_the_database_cannot_be_read_everybody_who_asks_hears_why_and_later_ones_are_answered(
    read, monkeypatch
):
    check = grants.check

    def cannot(_asked):
        raise RuntimeError("no database")

    monkeypatch.setattr(grants, "check", cannot)
    granting = Granting(set())
    async with running(granting):
        answer = await asyncio.wait_for(granting.ask(Someone()), 15)
        assert isinstance(answer, RuntimeError)
        monkeypatch.setattr(grants, "check", check)
        assert await asyncio.wait_for(granting.ask(Someone()), 15) is None


@pytest.fixture
async def viewer():
    async def never(_html):
        raise AssertionError("nothing is sent")

    return Viewer(None, "key", [], Outlook("en", "UTC"), never)


def grant(at):
    return grants.Grant("key", 1, at, {})


async def test_a_renewal_counts_only_between_two_frames_for_one_may_be_on_its_way(viewer):
    now = time.monotonic()
    first, renewed = grant(now - 1), grant(now)
    viewer._take(first)
    viewer.renewed(renewed)
    assert viewer._grant is first
    assert await viewer._admitted()
    assert viewer._grant is renewed


async def test_a_renewal_that_was_read_before_somebody_asked_changes_nothing(viewer):
    now = time.monotonic()
    older, newer = grant(now - 1), grant(now)
    viewer._take(newer)
    viewer.renewed(older)
    assert await viewer._admitted()
    assert viewer._grant is newer


# --- what is delivered ------------------------------------------------------------------------------------------------


def signed_out(user, cookie):
    with connection.cursor() as cursor:  # as from another process: no signal
        cursor.execute("DELETE FROM django_session WHERE session_key = %s", [cookie])


def taken_from_the_group(user, cookie):
    User.groups.through.objects.filter(user_id=user.pk)._raw_delete("default")


def test_nothing_is_delivered_five_seconds_after_another_process_took_the_right_to_it(look, reds):
    """Whatever it was. The clock of these five seconds is the promise itself: a slow machine only makes it longer."""
    changes = (signed_out, expired, inactive, of_another_password, taken_from_the_group)
    people = reds(*(change.__name__ for change in changes), "witness")
    pages = {name: look("board:red", cookie=cookie) for name, (_user, cookie) in people.items()}
    for page in pages.values():
        page.until("nothing")
    for change in changes:
        change(*people[change.__name__])
    end, witness = time.monotonic() + 5, pages.pop("witness")
    witness.until_true(lambda: time.monotonic() > end, "five seconds", limit=60)
    write_down("too late")
    witness.until("too late")
    in_the_group = pages.pop("taken_from_the_group")
    in_the_group.until(CLOSED)
    in_the_group.pulses(2)
    assert "too late" not in "".join(in_the_group.seen)
    for name, page in pages.items():
        assert page.close_code() == 4401, name
        assert "too late" not in "".join(page.seen), name


def test_a_right_that_another_process_gave_opens_the_region_by_itself(look, sign_in):
    user, cookie = sign_in("maria")
    page = look("board:red", cookie=cookie)
    page.until(CLOSED)
    red = Group.objects.get_or_create(name="red")[0]
    User.groups.through.objects.bulk_create([User.groups.through(user_id=user.pk, group_id=red.pk)])
    page.until("nothing (everybody)")


def test_another_audience_by_another_process_takes_nothing_of_the_old_one_along(look, sign_in):
    """A slow browser's frame waits while the grant is renewed: it was of the old audience, and is not sent again."""
    user, cookie = sign_in("maria", "red")
    quick, slow = look("board:red", cookie=cookie), look("board:red", cookie=cookie, slow=True)
    quick.until("nothing (everybody)")
    for number in range(5):
        write_down(f"version {number} " + "x" * 300_000)
        quick.until(f"version {number} ")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    quick.until("(with their name)")
    slow.until("(with their name)")
    seen = slow.versions()
    first = next(place for place, html in enumerate(seen) if "(with their name)" in html)
    assert not any("(everybody)" in html for html in seen[first:])


def test_a_page_goes_on_from_one_grant_to_the_next(look, sign_in):
    page = look("board:red", cookie=sign_in("maria", "red")[1])
    page.until("nothing")
    end = time.monotonic() + 2 * grants.MAX_AGE
    page.until_true(lambda: time.monotonic() > end, "the time of two grants", limit=60)
    write_down("still here")
    page.until("still here")
    assert len(page.versions()) == 2, "a new grant alone is no reason to send anything"
