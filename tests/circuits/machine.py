"""Circuits in the states that tests look at: a real machine is driven there, and what it has is written down."""

import time
from collections.abc import Callable

from circuits.models import Circuit
from circuits.recording import record_circuit
from worker.circuit_contract import STATE, CircuitNews
from worker.resilience.circuit import Circuit as Machine
from worker.resilience.circuit import Order
from worker.resilience.circuit_state import CircuitConfig, CircuitState
from worker.resilience.report import Report

BY_OLGA = Order("olga", "they move house")


def written(service: str, drive: Callable[[Machine, float], object] = lambda machine, now: None, *, ago: float = 0.0,
            config: CircuitConfig | None = None) -> Circuit:  # fmt: skip
    """The row of a circuit whose machine was driven so, ``ago`` seconds before now."""
    now = time.time() - ago
    machine = Machine(CircuitState(config=config or CircuitConfig()))
    machine.record(Report(ok=20, caller="worker-1:7", seq=1), now - 120)
    drive(machine, now)
    machine.tick(now)
    state = machine.state
    record_circuit(
        CircuitNews(service, f"circuit-{service}", "run-1", now - 60, STATE.dump(state), machine.news, state.minutes)
    )
    return Circuit.objects.get(service=service)


def opens(machine: Machine, now: float) -> None:
    machine.record(Report(failed=5, caller="worker-2:9", seq=1, sample="503 upstream connect error"), now)


def half_opens(machine: Machine, now: float) -> None:
    opens(machine, now - 61)
    machine.acquire("worker-2:9/1", now)


def forced(machine: Machine, now: float) -> None:
    machine.override("forced_open", 3_600, BY_OLGA, now)


def switched_off(machine: Machine, now: float) -> None:
    machine.override("disabled", 900, BY_OLGA, now)


def observed(machine: Machine, now: float) -> None:
    machine.override("metrics_only", 900, BY_OLGA, now)
    machine.record(Report(failed=9, caller="worker-2:9", seq=2), now)


STATES = {
    "closed": lambda machine, now: None,
    "open": opens,
    "half_open": half_opens,
    "forced_open": forced,
    "disabled": switched_off,
    "metrics_only": observed,
}
