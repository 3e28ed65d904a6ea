"""What a workflow or an activity cannot have of what is kept outside Temporal needs ops, until it is well again."""

import os
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Letter
from circuits.models import Episode, Unread
from circuits.unread import looking, noting
from dashboard.watch import Watch
from live.models import Pulse
from tests.temporal import SINGLE, until
from tests.worker.payloads.conftest import BIG, failures_of, file_of
from worker import client as door
from worker.payloads import folder as folders
from worker.payloads import unread
from worker.payloads.troubles import not_there

pytestmark = pytest.mark.usefixtures("stored")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(looking, "EVERY", 0.0)
    monkeypatch.setattr(looking, "SETTLED", timedelta(0))
    monkeypatch.setattr(looking, "_next", 0.0)
    unread._noted.clear()


@pytest.fixture
def home(client, olga):
    """The words of home as ops see it."""

    def page(user=olga):
        client.force_login(user)
        return " ".join(re.sub(r"<[^>]*>", " ", client.get("/").content.decode()).split())

    return page


def chores():
    """What a worker does each second."""
    unread.hand_on()
    looking.look()


SPOILT = {
    "missing": (lambda path: path.unlink(), "is not there"),
    "cut off": (lambda path: os.truncate(path, 20_000), "was cut off or changed"),
    "altered": (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"), "was cut off or changed"),
}


def stuck(house, stored, spoil, id):
    """A workflow whose payload cannot be had, and what puts it back."""
    house.worker.stop()
    handle = house.start(BIG, workflow=SINGLE, id=id)
    path = file_of(stored)
    whole = path.read_bytes()
    spoil(path)
    house.worker.start()
    until(lambda: failures_of(house, handle), what="its workflow task failed")

    def mend():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(whole)

    return handle, mend, path


@pytest.mark.parametrize(("spoil", "words"), SPOILT.values(), ids=SPOILT)
def test_a_workflow_that_waits_for_a_file_needs_ops_until_it_is_back(house, stored, home, rita, olga, spoil, words):
    handle, mend, path = stuck(house, stored, spoil, f"program-single-unread-{words[:6]}-{timezone.now().timestamp()}")
    chores()
    page = home()
    assert "One workflow waits for a file" in page
    assert handle.id in page
    assert words in page
    assert str(path) in page
    assert "It goes on by itself within ten minutes" in page
    assert handle.id not in home(rita)
    assert [letter.user for letter in Letter.objects.filter(kind="ops")] == [olga]
    chores()
    assert Letter.objects.filter(kind="ops").count() == 1
    mend()
    unread._noted.clear()  # of a try that was under way
    chores()
    assert "waits for a file" not in home()
    assert Episode.objects.get().ended_at is not None


def test_one_that_was_ended_needs_nobody_even_while_no_worker_runs(house, stored, home):
    handle, _mend, _path = stuck(house, stored, SPOILT["missing"][0], "program-single-unread-ended")
    chores()
    house.worker.stop()
    unread._noted.clear()
    assert handle.id in home()
    house.run(handle.terminate("it is lost"))
    watch = Watch()
    watch.look(timezone.now() + timedelta(hours=1))
    assert handle.id not in home()


def test_nothing_is_taken_back_while_temporal_gives_no_answer(house, stored, home, monkeypatch):
    handle, mend, _path = stuck(house, stored, SPOILT["missing"][0], "program-single-unread-away")
    chores()

    def away(*_args, **_more):
        raise door.Unreachable("nobody there")

    monkeypatch.setattr(door, "describe", away)
    looking.look()
    assert handle.id in home()
    mend()
    looking.look()
    assert handle.id not in home()


def test_an_activity_that_waits_for_a_file_needs_ops_only_while_it_is_tried_again(house, stored, home, monkeypatch):
    house.worker.stop()
    handle = house.start(BIG, workflow=SINGLE, id="program-single-unread-activity")
    own, opened, away = file_of(stored).name, folders.Folder._opened, [True]

    def missing(self, key):
        if away and not key.endswith(own):
            raise not_there(self.name_of(key))
        return opened(self, key)

    monkeypatch.setattr(folders.Folder, "_opened", missing)
    house.worker.start()
    until(lambda: [each for each in door.pending(handle.id) if "is not there" in each.failure], what="it was missed")
    chores()
    assert handle.id in home()
    assert Unread.objects.get().activity
    pending = door.pending
    monkeypatch.setattr(door, "pending", lambda _id: [])  # it has failed for good
    unread._noted.clear()
    looking.look()
    assert handle.id not in home()
    monkeypatch.setattr(door, "pending", pending)
    away.clear()
    house.waits(handle)


# --- on several hosts ---------------------------------------------------------------------------------------------


def found(key="a" * 32 + "/" + "b" * 64, **more):
    given = {"workflow_id": "w", "run_id": "r", "activity": "", "place": "payloads", "key": key, "cause": "missing"}
    return {**given, "sentence": "It is not there.", **more}


def test_what_is_missed_again_and_again_is_one(db):
    for cause in ("missing", "missing", "damaged"):
        noting.note([found(cause=cause)])
    assert Unread.objects.get().cause == "damaged"


def test_what_was_missed_on_another_host_is_looked_for_there_while_a_worker_lives_there(db, monkeypatch):
    monkeypatch.setattr(noting.socket, "gethostname", lambda: "elsewhere")
    noting.note([found()])
    monkeypatch.undo()
    monkeypatch.setattr(looking, "is_whole", lambda *_row: True)
    now = timezone.now()
    pulse = Pulse.objects.create(worker="w", host="elsewhere", pid=1, queues="leitstand", started_at=now, at=now)
    monkeypatch.setattr(looking, "_next", 0.0)
    monkeypatch.setattr(looking, "SETTLED", timedelta(0))
    assert looking.look() == 0
    Pulse.objects.filter(pk=pulse.pk).update(at=now - timedelta(minutes=1))
    monkeypatch.setattr(looking, "_next", 0.0)
    assert looking.look() == 1


def test_hundreds_that_wait_for_one_disk_are_one_mail_and_a_short_list(db, olga, home, monkeypatch):
    noting.note([found(workflow_id=f"workflow-{number:03}") for number in range(30)])
    monkeypatch.setattr(looking, "_waited_for", lambda _row: True)
    for _ in range(3):
        looking.look()
    assert Letter.objects.count() == 1
    page = home()
    assert "30 workflows wait for files" in page
    assert "workflow-004" in page
    assert "workflow-005" not in page
    assert "and 25 more workflows" in page
