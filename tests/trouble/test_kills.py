"""Worker, web server and Temporal are killed in the middle of decisions: nothing is lost, nothing doubled."""

import os
import signal
import sqlite3
import threading
import uuid

import pytest

from tests.trouble.people import Person, make_people, manage
from tests.up.running import Up, statics, until

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    running = Up(tmp_path_factory.mktemp("trouble") / "data", **statics(tmp_path_factory)).ready()
    make_people(running)
    yield running
    running.end()


def rows(up: Up, sql: str, *values: object) -> list[tuple]:
    with sqlite3.connect(f"file:{up.data / 'leitstand.sqlite3'}?mode=ro", uri=True) as connection:
        return connection.execute(sql, values).fetchall()


def kill(up: Up, name: str) -> None:
    os.kill(until(lambda: up.children().get(name), f"{name} to run"), signal.SIGKILL)


def one(up: Up, request: str, column: str) -> object:
    return rows(up, f"select {column} from approvals_request where uuid = ?", uuid.UUID(request).hex)[0][0]


def level_is_open(up: Up, request: str, level: str) -> None:
    sql = """select 1 from approvals_step s join approvals_request r on r.id = s.request_id
             where r.uuid = ? and s.level = ? and s.state = 'open'"""
    until(lambda: rows(up, sql, uuid.UUID(request).hex, level), f"{level} to be open")


def decisions(up: Up, request: str) -> list[tuple]:
    return rows(
        up,
        """select a.username, a.level, a.state, a.decision_id from approvals_attempt a
           join approvals_request r on r.id = a.request_id where r.uuid = ? order by a.id""",
        uuid.UUID(request).hex,
    )


def ledger_is_intact(up: Up) -> None:
    ran = manage(up, "verify_ledger")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_click_while_the_worker_is_dead_is_recorded_when_it_is_back(up):
    rita, maria = Person(up, "rita"), Person(up, "maria")
    request = rita.submit("A pump while the worker dies", "900")
    level_is_open(up, request, "manager")
    worker = up.child("worker")
    os.killpg(worker, signal.SIGSTOP)  # all of its processes hang, as a killed one that nobody has started again yet
    try:
        receipt = maria.decide(request, "approve", "manager", str(uuid.uuid4()))
        assert receipt["state"] == "recording"
    finally:
        os.killpg(worker, signal.SIGKILL)
    until(lambda: one(up, request, "status") == "approved", "the approval to be recorded")
    assert [(who, level, state) for who, level, state, _ in decisions(up, request)] == [("maria", "manager", "applied")]


def test_killing_the_worker_again_and_again_between_the_levels_loses_nothing(up):
    rita = Person(up, "rita")
    request = rita.submit("A line, approved under fire", "250000", action="record", **{"arg-record-text": "ordered"})
    for level, username in (("manager", "maria"), ("director", "dirk"), ("vp", "vera")):
        level_is_open(up, request, level)
        person = Person(up, username)
        kill(up, "worker")
        receipt = person.decide(request, "approve", level, str(uuid.uuid4()), f"fine, says {username}")
        assert receipt["state"] in ("recording", "recorded")
        kill(up, "worker")
    until(lambda: one(up, request, "status") == "approved", "the whole chain")
    assert [state for _, _, state, _ in decisions(up, request)] == ["applied"] * 3
    written = rows(up, "select count(*) from approvals_record c join approvals_request r on r.id = c.request_id")
    assert written == [(1,)]
    ledger_is_intact(up)


def test_with_temporal_dead_nothing_is_sent_and_the_same_click_counts_once_it_is_back(up):
    rita, maria = Person(up, "rita"), Person(up, "maria")
    request = rita.submit("A truck while Temporal dies", "800")
    level_is_open(up, request, "manager")
    decision_id = str(uuid.uuid4())
    kill(up, "temporal")
    first = maria.decide(request, "approve", "manager", decision_id, "needed")
    assert (first["status"], first["state"]) in {(503, "not_sent"), (200, "recording"), (200, "recorded")}
    while_away = rita.submit("Asked for while Temporal was away", "700")

    def clicked_again() -> bool:
        return maria.decide(request, "approve", "manager", decision_id, "needed")["state"] == "recorded"

    until(clicked_again, "the same click to be recorded")
    assert [(who, state) for who, _, state, _ in decisions(up, request)] == [("maria", "applied")]
    level_is_open(up, while_away, "manager")
    assert one(up, while_away, "status") == "waiting"
    ledger_is_intact(up)


def test_killing_the_web_server_in_the_middle_of_clicks_doubles_none(up):
    rita = Person(up, "rita")
    people = {name: Person(up, name) for name in ("maria", "peter")}
    requests = [rita.submit(f"Item {number} while the site dies", "100") for number in range(6)]
    for request in requests:
        level_is_open(up, request, "manager")
    ids = {(request, name): str(uuid.uuid4()) for request in requests for name in people}

    def click(name: str) -> None:
        for request in requests:
            try:
                people[name].decide(request, "approve", "manager", ids[request, name])
            except (OSError, ValueError):  # the server died under it: the person clicks again below
                pass

    threads = [threading.Thread(target=click, args=(name,)) for name in people]
    for thread in threads:
        thread.start()
    kill(up, "web")
    for thread in threads:
        thread.join()
    until(lambda: up.health().get("status") == "ok", "the site to be back")
    for name in people:
        click(name)
    for request in requests:
        until(lambda request=request: one(up, request, "status") == "approved", "each to be approved")
        settled = {state for _, _, state, _ in until_settled(up, request)}
        counted = [who for who, _, state, _ in decisions(up, request) if state == "applied"]
        assert len(counted) == 1
        assert settled <= {"applied", "refused"}
    ledger_is_intact(up)


def until_settled(up: Up, request: str) -> list[tuple]:
    open_states = ("made", "sent", "unknown")
    until(
        lambda: not any(state in open_states for _, _, state, _ in decisions(up, request)),
        "every attempt to be settled",
    )
    return decisions(up, request)


def test_a_claim_through_temporals_own_tool_for_somebody_without_the_level_is_refused_and_shown(up):
    rita, maria = Person(up, "rita"), Person(up, "maria")
    request = rita.submit("Claimed by a program", "500")
    level_is_open(up, request, "manager")
    up.temporal(
        "workflow",
        "signal",
        "--workflow-id",
        f"approval-{request}",
        "--name",
        "approve_step",
        "--input",
        '"manager"',
        "--input",
        '"dirk"',
    )
    until(lambda: decisions(up, request), "the claim to be judged")
    assert [(who, state) for who, _, state, _ in until_settled(up, request)] == [("dirk", "refused")]
    status, page = maria.get(f"/approvals/{request}/")
    assert status == 200
    assert "Dirk Holm does not hold the level manager" in page
    assert one(up, request, "status") == "waiting"
