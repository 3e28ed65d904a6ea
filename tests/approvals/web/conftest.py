"""Temporal, played at its one door: a start, and a signal that the real recording service judges."""

import pytest

from approvals import recording
from approvals.models import Request, Step
from worker import client, contracts


class Temporal:
    """``mode``: "answers", "unreachable", "silent" (the worker is down), "unknown" or "closed"."""

    def __init__(self):
        self.mode, self.started, self.signals = "answers", [], []

    def start(self, workflow, args, *, workflow_id, task_queue, timeout=3.0):
        if self.mode == "unreachable":
            raise client.Unreachable("nobody there")
        self.started.append(workflow_id)
        return f"run-of-{workflow_id}"[:64]

    def signal(self, workflow_id, name, args=(), *, run_id="", timeout=2.0):
        failures = {"unreachable": client.Unreachable, "unknown": client.Unknown, "closed": client.NotFound}
        if self.mode in failures:
            raise failures[self.mode]("no")
        self.signals.append((name, list(args)))
        if self.mode == "answers":
            self.record(workflow_id, run_id, claim_of(name, list(args)))

    def describe(self, workflow_id, **_more):
        raise client.NotFound("no")

    def record(self, workflow_id, run_id, claim):
        row = Request.objects.get(workflow_id=workflow_id, first_run_id=run_id)
        step = row.steps.filter(state=Step.State.OPEN).first()
        ref = contracts.Ref(workflow_id, run_id)
        phase = "action_failed" if row.status == "action_failed" else "waiting" if row.is_open else "closed"
        index, deadline = (step.index, step.deadline.timestamp()) if step else (None, 0.0)
        claims = [contracts.Claim(**{**claim, "open_index": index})]
        recording.record_claims(contracts.RecordClaims(ref, claims, phase, index, deadline))


def claim_of(name, args):
    if name in ("approve_step", "reject_step"):
        level, first, second, decision_id, shown = args
        who, said = (first, second) if name == "approve_step" else (second, first)
        return {
            "verdict": name.removesuffix("_step"), "level": level, "approver": who, "comment": said,
            "decision_id": decision_id, "shown": shown,
        }  # fmt: skip
    if name == "retry_action":
        return {"verdict": name, "approver": args[0], "decision_id": args[1]}
    return {"verdict": name, "approver": args[0], "comment": args[1], "decision_id": args[2]}


@pytest.fixture(autouse=True)
def temporal(monkeypatch):
    played = Temporal()
    monkeypatch.setattr(client, "start", played.start)
    monkeypatch.setattr(client, "signal", played.signal)
    monkeypatch.setattr(client, "describe", played.describe)
    return played


@pytest.fixture
def impatient(monkeypatch):
    """The page waits 20 ms for its receipt, not two seconds."""
    from approvals import services

    monkeypatch.setitem(services.decide.__kwdefaults__, "patience", 0.02)
