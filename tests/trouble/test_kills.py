"""Worker, web server and Temporal are killed amid decisions and what begins by them: nothing is lost or doubled."""

import os
import re
import signal
import sqlite3
import threading
import time
import uuid
from html import unescape

import pytest

from tests import readymade
from tests.trouble.people import Person, manage
from tests.up.running import Up, until

pytestmark = pytest.mark.timeout(400)
LINES = 2_000
START = {"title": "Under fire", "job": "echo", "chunk_size": "500", "tolerated": "5", "item_key": "id"}
CLOCK = {"title": "Night", "kind": "nightly", "at": "02:30", "zone": "UTC", "overlap": "skip", "catchup": "1 h"}
STATES = """select b.state, b.succeeded, b.total, r.state from batches_batch b
            left join batches_release r on r.batch_id = b.id where b.title like ?"""


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    data = tmp_path_factory.mktemp("trouble") / "data"
    readymade.people(data)
    running = Up(data, LEITSTAND_BATCH_APPROVAL_ITEMS="1000", **readymade.statics()).ready()
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


# --- batches that begin by an approval, and by the clock --------------------------------------------------------


def put(up, name, wide=10):
    """A file that takes a moment to be read, where it is wide: so there is a middle to be killed in."""
    folder = up.data / "uploads"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("id,text\n" + "".join(f"{n},{'x' * wide}\n" for n in range(LINES)))
    return f"?file=0/{name}"


def said(person, path):
    status, page = person.get(path)
    assert status == 200, page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def killed_as_soon_as(up, *names, true):
    """No later than a few milliseconds after it is so."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.002)
    for name in names:
        if name == "worker":
            os.killpg(up.child("worker"), signal.SIGKILL)
        else:
            kill(up, name)


def request_of(up, title):
    sql = """select q.uuid from approvals_request q join batches_release r on r.request_id = q.id
             join batches_batch b on b.id = r.batch_id where b.title like ?"""
    [(found,)] = until(lambda: rows(up, sql, title), "its request")
    return str(uuid.UUID(found))


def entries(up, stream, kind):
    return rows(up, "select count(*) from audit_entry where stream = ? and kind = ?", stream, kind)[0][0]


def is_one_batch_and_complete(up, title):
    until(lambda: rows(up, STATES, title) == [("completed", LINES, LINES, "given")], "all of it to be done")
    [(batch,)] = rows(up, "select uuid from batches_batch where title like ?", title)
    stream = f"batch:{uuid.UUID(batch)}"
    assert [entries(up, stream, f"batch.{kind}") for kind in ("ordered", "approval_asked", "approved", "begun")] == [
        1
    ] * 4
    assert len(rows(up, "select 1 from batches_batch where workflow_id = ?", f"batch-{uuid.UUID(batch)}")) == 1
    ledger_is_intact(up)


def test_worker_and_temporal_killed_between_the_approval_and_the_start(up):
    admin, maria, form = Person(up, "admin"), Person(up, "maria"), str(uuid.uuid4())
    status, _page = admin.post(f"/batches/new/{put(up, 'front.csv')}", form_id=form, **{**START, "title": "Front"})
    assert status == 200
    request = request_of(up, "Front")
    level_is_open(up, request, "manager")
    worker = up.child("worker")
    os.killpg(worker, signal.SIGSTOP)  # so that the approval comes while nobody can take it
    assert maria.decide(request, "approve", "manager", str(uuid.uuid4()))["state"] == "recording"
    assert "Manager decides" in said(admin, f"/batches/{form}/")
    os.killpg(worker, signal.SIGCONT)
    killed_as_soon_as(up, "worker", "temporal", true=lambda: rows(up, STATES, "Front")[0][3] == "given")
    assert "Front" in said(admin, f"/batches/{form}/")
    is_one_batch_and_complete(up, "Front")


def test_the_worker_killed_in_the_middle_of_a_scheduled_runs_start(up):
    admin, maria = Person(up, "admin"), Person(up, "maria")
    query, clock = put(up, "night.csv", wide=20_000), {f"clock-{name}": value for name, value in CLOCK.items()}
    given = {**START, "form_id": str(uuid.uuid4()), **clock, "clock-pattern": "night.csv", "save": "1"}
    assert admin.post(f"/batches/schedules/new/{query}", **given)[0] == 200
    [(found, pk)] = until(
        lambda: rows(up, "select uuid, id from batches_schedule where sent_version > 0"), "the schedule"
    )
    page, order = f"/batches/schedules/{uuid.UUID(found)}/", str(uuid.uuid4())
    worker = up.child("worker")
    os.killpg(worker, signal.SIGSTOP)
    assert admin.post(f"{page}order/", action="run", order_id=order, shown="1", reason="")[0] == 200
    assert "It begins as soon as a worker is there" in said(admin, f"{page}?receipt={order}")
    os.killpg(worker, signal.SIGCONT)
    killed_as_soon_as(up, "worker", true=lambda: rows(up, "select 1 from batches_scheduledrun"))
    begun = rows(up, STATES, "Night, 20%")
    assert begun or "Begins" in said(admin, page), "it says that the run begins, while no worker is there to do it"
    until(lambda: rows(up, STATES, "Night, 20%") == [("awaiting", 0, LINES, "asked")], "it to be asked for")
    until(lambda: "Manager decides" in said(admin, page), "the page to say whom it waits for")
    request = request_of(up, "Night, 20%")
    level_is_open(up, request, "manager")
    maria.decide(request, "approve", "manager", str(uuid.uuid4()))
    is_one_batch_and_complete(up, "Night, 20%")
    until(lambda: rows(up, "select ended_at is not null from batches_scheduledrun") == [(1,)], "the run to end")
    assert entries(up, f"schedule:{uuid.UUID(found)}", "schedule.began") == 1
    assert rows(up, "select count(*) from batches_scheduledrun where schedule_id = ?", pk) == [(1,)]
