"""Counters on /metrics: what the ledger says, whichever process has written it."""

import json
import os
import subprocess
import sys
import time

import pytest
from django.db import connection

from accounts import sending
from approvals import notices, recording, services
from approvals.models import Attempt, Request, Status, Step
from audit.models import Entry
from audit.services import append
from dashboard import counters
from live.models import Count
from live.writes import write
from tests.accounts.conftest import (  # noqa: F401  (fixtures: found by their names here)
    letter_to,
    office,
    plain,
    with_address,
)
from tests.approvals.notices.conftest import asked, closes, opens, ref_of
from tests.architecture.rules import ROOT
from tests.dashboard.test_metrics import read, temporal  # noqa: F401
from worker import contracts

DAY = 86_400


def value(client, name, **labels):
    """Of the counter with exactly these labels; None where it is not shown."""
    shown = "{" + ",".join(f'{key}="{labels[key]}"' for key in sorted(labels)) + "}" if labels else ""
    start = f"leitstand_{name}_total{shown} "
    lines = [line for line in read(client).splitlines() if line.startswith(start)]
    return float(lines[0].removeprefix(start)) if lines else None


def claim(user, request, verdict="approve", level="manager", decision_id="d"):
    given = contracts.Claim(
        verdict=verdict, decision_id=decision_id, level=level, approver=user.username, handled_at=time.time(),
        open_index=0,
    )  # fmt: skip
    deadline = time.time() + DAY
    recording.record_claims(contracts.RecordClaims(ref_of(request), [given], "waiting", 0, deadline))


def test_decisions_are_counted_by_verdict_and_how_the_person_is_known(client, rita, maria):
    request = opens(asked(rita, "manager"))
    claim(maria, request)
    assert value(client, "decisions", known_by="program", verdict="approve") == 1
    assert value(client, "decisions", known_by="signed_in", verdict="approve") == 0


def test_refusals_are_counted_by_their_code(client, rita, maria, vera):
    request = opens(asked(rita, "manager"))
    claim(vera, request)
    claim(maria, request, decision_id="e")
    claim(maria, request, decision_id="f")
    assert value(client, "refusals", code="not_holder") == 1
    assert value(client, "refusals", code="already_decided") == 1
    assert value(client, "decisions", known_by="program", verdict="approve") == 1


def test_the_same_claim_told_twice_is_counted_once(client, rita, maria):
    request = opens(asked(rita, "manager"))
    claim(maria, request)
    claim(maria, request)
    assert value(client, "decisions", known_by="program", verdict="approve") == 1


def test_requests_are_counted_when_they_are_submitted_and_when_they_close(client, rita, maria, monkeypatch):
    monkeypatch.setattr(services.sending, "start", lambda row: None)
    services.submit(title="Forklift", amount=1, currency="EUR", kind="default", details={}, action=None, by=rita)
    assert value(client, "requests_submitted", known_by="signed_in") == 1
    request = opens(asked(rita, "manager"))
    closes(request, "rejected")
    closes(request, "rejected")
    assert value(client, "requests_closed", status="rejected") == 1
    assert value(client, "requests_closed", status="approved") == 0


def test_what_a_program_asks_is_counted_once_valid_or_not(client, db):
    for number, argument in enumerate([{"title": "Forklift", "amount": 5}, {"title": ""}]):
        parsed = contracts.parse_request(argument, None)
        ref = contracts.Ref(f"w{number}", f"r{number}", f"r{number}", "MultiStepApprovalWorkflow")
        given = contracts.OpenRequest(ref, parsed.request, parsed.errors, [], time.time())
        opened = recording.open_request(given)
        recording.open_request(given)
        if opened.errors:
            recording.close_request(contracts.CloseRequest(ref, "invalid", {}, time.time(), "no"))
    assert value(client, "requests_submitted", known_by="program") == 2
    assert value(client, "requests_submitted", known_by="signed_in") == 0
    assert value(client, "requests_closed", status="invalid") == 1


def test_deadlines_are_counted(client, rita, maria):
    request = opens(asked(rita, "manager"), at=time.time() - DAY * 0.8)
    assert notices.remind_due() == 1
    assert notices.remind_due() == 0
    assert value(client, "reminders") == 1
    recording.expire_level(contracts.ExpireLevel(ref_of(request), 0, time.time()))
    assert value(client, "levels_timed_out") == 1
    assert value(client, "levels_opened") == 1


def test_an_action_is_counted_by_what_came_of_it(client, rita):
    request = asked(rita, "manager", status=Status.ACTION_RUNNING, action_name="record")
    recording.action_ended(contracts.ActionEnded(ref_of(request), False, time.time(), "no"))
    assert value(client, "actions", result="failed") == 1
    assert value(client, "actions", result="done") == 0


def test_mail_is_counted_by_what_came_of_it(client, office, plain, maria, vera, rita, monkeypatch):  # noqa: F811
    monkeypatch.setattr(sending, "LONGEST_PAUSE", 0.0)
    office.answers["vera@example.org"] = "550 no such user"
    people = (with_address(maria), with_address(vera), rita)
    letter_to(*people)
    sending.Courier().go()
    letter_to(*people)
    assert value(client, "mail", result="sent") == 1
    assert value(client, "mail", result="failed") == 2, "one has no address at all"


def test_what_the_reconciler_mends_is_counted(client, rita):
    from approvals import mending

    request = opens(asked(rita, "manager"))
    assert mending.end_outside(request, reason="by mistake", how="terminated")
    assert value(client, "requests_closed", status="terminated") == 1
    assert value(client, "mended", how="ended_outside") == 1


def test_a_label_is_never_what_somebody_sent(client, db):
    with write():
        for data in ({"status": "x" * 500}, {"status": ["y"]}, {}):
            append(stream="s", kind="request.closed", actor="", known="system", data=data)
    assert value(client, "requests_closed", status="other") == 3


def test_a_counter_of_another_room_is_shown_by_its_name(client, db):
    Count.objects.create(name="circuit_trips", labels=json.dumps({"how": "own"}), number=3)
    assert value(client, "circuit_trips", how="own") == 3


def test_every_name_begins_at_nought(client, db):
    for name, (_words, known) in counters._KINDS.items():
        for labels in known:
            assert value(client, name, **labels) == 0, name


def test_a_scrape_costs_the_same_however_much_there_is(client, rita, maria, django_assert_num_queries):
    from tests.approvals.web.making import queries_of

    read(client)
    one = queries_of(lambda: read(client))
    for number in range(20):
        closes(opens(asked(rita, "manager")), "rejected" if number % 2 else "approved")
    assert queries_of(lambda: read(client)) == one


ELSEWHERE = """
import json, os, sys, time
import django
django.setup()
from django.db import connections
from approvals import recording
from worker import contracts
given = json.loads(sys.argv[1])
claim = contracts.Claim(
    verdict="approve", decision_id="d", level="manager", approver="maria", handled_at=time.time(), open_index=0
)
ref = contracts.Ref(*given["ref"])
recording.record_claims(contracts.RecordClaims(ref, [claim], "waiting", 0, time.time() + 86_400))
connections.close_all()
print("done", flush=True)
os._exit(0)
"""


@pytest.mark.django_db(transaction=True)
def test_a_decision_that_another_process_records_is_on_this_ones_metrics(client, rita, maria):
    """A worker writes it, the site tells it; and a restart of either forgets nothing."""
    request = opens(asked(rita, "manager"))
    ref = ref_of(request)
    name = {"known_by": "program", "verdict": "approve"}
    assert value(client, "decisions", **name) == 0
    argument = json.dumps({"ref": [ref.workflow_id, ref.first_run_id, ref.run_id, ref.workflow_type]})
    environment = {**os.environ, "DATABASE_URL": _url(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, argument],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert "done" in done.stdout, done.stderr
    assert Step.objects.get(request=request).state == Step.State.APPROVED
    assert Attempt.objects.get().state == Attempt.State.APPLIED
    assert value(client, "decisions", **name) == 1


def _url():
    """That of the test's own database."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"


def test_counting_costs_the_ledger_one_statement(db, django_assert_num_queries):
    with write(), django_assert_num_queries(4):
        append(stream="s", kind="level.timeout", actor="", known="system", data={})
    with write(), django_assert_num_queries(3):
        append(stream="s", kind="something.else", actor="", known="system", data={})
    assert Entry.objects.count() == 2
    assert Request.objects.count() == 0
