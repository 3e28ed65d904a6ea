"""A service's budget and circuit, asked by batches before each chunk: one transaction, by the database's own clock."""

import time

from django.db import connection

from batches.models import Batch, Budget
from circuits.knowing import known
from circuits.models import Circuit, Service
from live.writes import write
from worker.batch_wire import AskService, CallsLent, ServiceSays, TakeCalls
from worker.resilience import budget as rules
from worker.resilience.budget import Answer, Ask, BudgetState, Gate, Take, Window
from worker.resilience.caller import LETTING_THROUGH, Caller
from worker.resilience.circuit_state import HALF_OPEN
from worker.resilience.versioned import Versioned

STATE = Versioned("budget", BudgetState, version=1)
SILENT = 30.0
"""Seconds after which is looked whether a batch that holds something of the budget still runs."""


def ask(given: AskService) -> ServiceSays:
    """Safe to ask again: the same question is granted once. Who has ended meanwhile is lent nothing."""
    gate_, window = gate(given.service), window_of(given.service)
    question = Ask(
        given.uuid, given.number, given.round, given.count, given.running, given.wants, given.lease, given.again
    )
    with write(nudge=False):
        row = _locked(given.service)
        if given.count and not Batch.objects.filter(uuid=given.uuid, closed_at=None).exists():
            return ServiceSays(wait=rules.LONGEST_WAIT)
        budget = rules.Budget(window, STATE.load(row.state) if row.state else BudgetState())
        answer = budget.ask(question, gate_, _now())
        if answer.cause == "budget" and (ended := _ended(budget.silent(given.uuid, SILENT))):
            budget.over(ended, _now())
        row.state = STATE.dump(budget.state)
        row.save(update_fields=["state"])
    return _said(answer, gate_, window)


def take(given: TakeCalls) -> CallsLent:
    """Calls that a chunk makes beyond those it was begun with, one by one. Safe to ask again."""
    window = window_of(given.service)
    if window is None:
        return CallsLent(given.count, unlimited=True)
    question = Take(given.uuid, given.round, given.holds, given.count, given.lease)
    with write(nudge=False):
        row = _locked(given.service)
        budget = rules.Budget(window, STATE.load(row.state) if row.state else BudgetState())
        answer = budget.take(question, _now())
        row.state = STATE.dump(budget.state)
        row.save(update_fields=["state"])
    return CallsLent(answer.granted, answer.wait)


def over(batch: Batch) -> None:
    """It has ended, and calls nothing any more. The caller holds the transaction."""
    service = (batch.spec or {}).get("service")
    row = Budget.objects.select_for_update().filter(service=service).first() if service else None
    if row is None or not row.state:
        return
    budget = rules.Budget(window_of(row.service), STATE.load(row.state))
    budget.over([str(batch.uuid)], _now())
    row.state = STATE.dump(budget.state)
    row.save(update_fields=["state"])


def wrong_service(name: str) -> list[str]:
    """Why no batch can call it, in words."""
    if Service.objects.filter(name=name).exists() or Circuit.objects.filter(service=name).exists():
        return []
    names = ", ".join(Service.objects.values_list("name", flat=True)[:20]) or "none"
    return [f"There is no service {name!r:.80}. There are: {names}."]


def window_of(name: str) -> Window | None:
    """None: nothing limits it."""
    service = Service.objects.filter(name=name).only("budget_calls", "budget_seconds").first()
    return Window(service.budget_calls, service.budget_seconds) if service and service.budget_calls else None


def gate(name: str) -> Gate:
    """What its circuit allows now: what time alone brings is not waited for."""
    for word in known([name], "batches"):
        now = time.time()
        caller = Caller(name, "batches", 1)
        caller.learn(word, now)
        state, until, reason = caller.state(now)
        opens = "all" if state in LETTING_THROUGH else "trial" if state == HALF_OPEN else "none"
        return Gate(state, opens, until, reason)
    return Gate()


def _locked(service: str) -> Budget:
    Budget.objects.get_or_create(service=service)
    return Budget.objects.select_for_update().get(service=service)


def _ended(uuids: list[str]) -> list[str]:
    rows = Batch.objects.filter(uuid__in=uuids, closed_at__isnull=False)
    return [str(uuid) for uuid in rows.values_list("uuid", flat=True)]


def _now() -> float:
    """Once the row is locked. SQLite has no clock but that of this machine, which is the only one."""
    if connection.vendor != "postgresql":
        return time.time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])


def _said(answer: Answer, gate: Gate, window: Window | None) -> ServiceSays:
    reason = gate.reason if answer.cause == "circuit" else ""
    limit, seconds = (window.limit, window.seconds) if window else (0, 0.0)
    return ServiceSays(
        answer.granted, answer.wait, answer.cause, limit, seconds, answer.others, gate.state, answer.until, reason
    )
