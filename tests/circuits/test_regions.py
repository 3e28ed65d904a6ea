"""The live pieces of circuits: what they show without being asked, who may look, and what it costs Temporal."""

import time
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from circuits import told
from circuits.models import Circuit
from circuits.regions import CircuitPastRegion, CircuitRegion, CircuitsRegion
from live import reader
from live.models import Pulse
from live.queries import System
from live.regions import find
from live.rendering import Piece, render
from tests.circuits import machine
from tests.circuits.machine import STATES, written
from tests.conftest import person
from tests.live.conftest import asked, look, port, session_of  # noqa: F401  (fixtures: found by their names here)
from tests.temporal import until

ALL = "region-circuits-all"


@pytest.fixture
def alive(monkeypatch):
    """As if the worker of the tests had shown its pulse."""
    monkeypatch.setattr(told, "system", lambda: System([], True, True, timezone.now()))
    reader.clear()


def test_a_circuit_opens_before_the_eyes_of_who_looks(circuits, rita, alive, look):  # noqa: F811
    circuits.begin()
    pages = [Piece("circuit", circuits.service), Piece("circuit-past", circuits.service), Piece("circuits", "all")]
    page = look(*(quote(str(piece)) for piece in pages), cookie=session_of(rita))
    page.until("is closed", pages[0].element_id)
    page.until("All", ALL) if Circuit.objects.count() > 1 else page.until("The circuit is closed", ALL)
    circuits.fails(5)
    page.until("is open", pages[0].element_id, 60)
    page.until("5 failures in a row", pages[1].element_id, 60)
    page.until("The circuit is open", ALL, 60)


def test_the_number_of_questions_is_the_same_for_one_viewer_and_for_many(
    circuits,
    rita,
    olga,
    boss,
    alive,
    asked,  # noqa: F811
    look,  # noqa: F811
):
    """Two people of ops, one who is not: two renderings, one reader."""
    circuits.begin()
    pieces = [f"circuit:{circuits.service}", f"circuit-past:{circuits.service}", "circuits:all", "circuits:needs"]
    cookies = [session_of(user) for user in (rita, olga, boss)]

    def asked_by(number: int) -> int:
        pages = [look(*pieces, cookie=cookies[place % 3]) for place in range(number)]
        for page in pages:
            page.until("closed", ALL)
        asked.clear()
        pages[0].pulses(6)
        found = sum(asked.values())
        for page in pages:
            page.close()
        return found

    one, many = asked_by(1), asked_by(24)
    assert 4 <= one <= 8
    assert many <= 8


def test_a_list_asks_so_many_at_once_and_shows_the_others_as_written_down(db, alive, asked, monkeypatch):  # noqa: F811
    monkeypatch.setattr(reader, "_query", lambda workflow_id, *rest: asked.update([workflow_id]) or _telling())
    for number in range(25):
        written(f"s{number:02}", STATES["closed"])
    written("z-open", machine.opens)
    found = told.all_told()
    assert len(asked) == told.ASKED_AT_ONCE
    assert "circuit-z-open" in asked  # what needs somebody is asked first
    assert {one.why for one in found} == {"", "index"}


def _telling():
    from worker.circuit_telling import Problems, Run
    from worker.resilience.circuit_state import CircuitState

    return told.told("s", CircuitState(), Run("r", 1.0, 0, 0), Problems(), time.time())


def test_one_that_does_not_answer_is_not_waited_for_with_all_the_others(db, alive, asked, monkeypatch):  # noqa: F811
    from worker import client

    def silent(workflow_id, *rest):
        asked[workflow_id] += 1
        raise client.Unknown("No answer.")

    monkeypatch.setattr(reader, "_query", silent)
    for number in range(5):
        written(f"s{number}")
    found = told.all_told()
    assert len(asked) == 1
    assert {one.why for one in found} == {"no_answer"}
    assert all(one.state for one in found)


def test_an_answer_from_before_what_was_written_down_is_asked_for_again(db, alive, asked, monkeypatch):  # noqa: F811
    """The read that follows an opening must not show the half second before it."""
    from circuits.models import Circuit

    old = _telling()
    row = written("payments", machine.opens)
    new = old | {"state": "open", "transitions": [{"number": row.events_ever}]}
    answers = iter([old, new])
    monkeypatch.setattr(reader, "_query", lambda *_rest: asked.update(["x"]) or next(answers))
    Circuit.objects.update(events_ever=0)
    assert told.one_told("payments").state["state"] == "closed"
    Circuit.objects.update(events_ever=row.events_ever)
    assert told.one_told("payments").state["state"] == "open"
    assert asked["x"] == 2


def test_an_entity_that_was_ended_is_shown_as_it_was_written_down_last(circuits, rita, see, alive):
    circuits.begin()
    circuits.fails(5)
    until(lambda: circuits.row().state == "open")
    circuits.terminate()
    page = see(rita, f"/circuits/{circuits.service}/")
    assert "Its workflow does not run." in page
    assert "is open" in page


def test_a_circuit_that_only_temporal_knows_has_a_page(circuits, rita, boss, see, alive):
    from tests.circuits.conftest import ENTITY

    circuits.house.start(circuits.service, workflow=ENTITY, id=f"circuit-{circuits.service}")
    circuits.house.signal(circuits.handle(), "record", {"ok": 3, "caller": "w-1", "seq": 1})
    until(lambda: circuits.told()["totals"]["ok"] == 3)
    assert not Circuit.objects.exists()
    assert "is closed" in see(rita, f"/circuits/{circuits.service}/")
    assert find("circuit").may_watch(rita, circuits.service)
    assert circuits.click(boss, "forced_open").state == "recorded"  # and can be ordered at once
    assert circuits.told()["state"] == "forced_open"


@pytest.mark.parametrize("state", STATES)
def test_nothing_that_takes_the_focus_or_decides_is_in_a_region(db, state):
    written("payments", STATES[state])
    for region, key, audience in ((CircuitsRegion(), "all", "ops"), (CircuitRegion(), "payments", "everybody"),
                                  (CircuitPastRegion(), "payments", "everybody")):  # fmt: skip
        html = render(region, Piece(region.name, key), audience)
        for part in ("<form", "<input", "<button", "csrf", "autofocus"):
            assert part not in html


def test_nobody_watches_what_there_is_not(db, rita):
    written("payments")
    regions = [find(name) for name in ("circuit", "circuit-past", "circuit-facts")]
    assert all(region.may_watch(rita, "payments") for region in regions)
    assert not any(region.may_watch(rita, key) for region in regions for key in ("nobody", "", "\x00", "x" * 300))
    assert not find("circuits").may_watch(rita, "some")
    rita.is_active = False
    assert not any(region.may_watch(rita, "payments") for region in regions)


def test_the_badge_counts_what_needs_ops_and_is_theirs_alone(client, olga, rita, boss):
    written("a", machine.opens)
    written("b", machine.half_opens)
    written("c", machine.forced)
    written("d", machine.observed)
    Pulse.objects.create(worker="w", host="h", pid=1, queues="leitstand", started_at=timezone.now(), at=timezone.now())

    def badge(user):
        client.force_login(user)
        return 'data-region="circuits-badge"' in (page := client.get("/circuits/").content.decode()), page

    assert [badge(user)[0] for user in (olga, boss, rita)] == [True, True, False]
    assert "3 circuits need a look" in badge(olga)[1]
    Pulse.objects.update(at=timezone.now() - timezone.timedelta(minutes=1))
    page = badge(olga)[1]
    assert "3 circuits need a look, and no worker runs" in page
    assert ">4</span>" in page


def test_what_was_written_elsewhere_makes_nobody_read_a_circuit_again(db):
    from circuits import queries

    written("payments", machine.opens)
    before = queries.version(), queries.version("payments")
    person("somebody")
    assert (queries.version(), queries.version("payments")) == before
    written("payments", machine.forced)
    assert queries.version() != before[0]
    assert queries.version("payments") != before[1]


def test_reading_all_costs_the_same_however_many_there_are(db):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            CircuitsRegion().read("all", "everybody")
        return len(seen)

    written("a", machine.opens)
    few = queries()
    for number in range(20):
        written(f"s{number}", machine.opens)
    assert queries() == few <= 8
