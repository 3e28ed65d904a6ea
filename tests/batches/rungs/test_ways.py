"""A batch whose service breaks and is mended, on a real circuit: who is degraded, held, failed, and that it adds up."""

from collections import Counter

import pytest

from batches.models import Failure
from tests.temporal import until
from worker.resilience import budget

CACHE = {"name": "cached", "job": "cache", "timeout_seconds": 5, "attempts": 1}
ITEMS = [{"n": n} for n in range(40)]


@pytest.fixture(autouse=True)
def asked_often(monkeypatch):
    """A circuit that lets through again is known soon."""
    monkeypatch.setattr(budget, "CIRCUIT_POLL", 0.2)
    monkeypatch.setattr(budget, "TRIAL_POLL", 0.2)


@pytest.fixture
def payments(circuit):
    """A service whose circuit somebody else has opened by force; ``guard`` is that of the worker."""
    circuit.begin()
    return circuit


def force(circuit, state, reason="maintenance"):
    circuit.house.signal(circuit.handle, "override", state, reason, "olga", 3_600)
    circuit.knows(state)


def ordered(circuit, **spec):
    return {"job": "charge", "service": circuit.service, "item_attempts": 1, **spec}


STRATEGIES = ["activities", "child_per_chunk"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_while_the_circuit_is_open_rungs_serve_and_nothing_waits(batches, shop, payments, strategy):
    force(payments, "forced_open")
    batch = batches.start(ITEMS, **ordered(payments, fallbacks=[CACHE], strategy=strategy))
    result = batch.result()
    assert (result["status"], result["degraded"], result["success_rate"]) == ("completed", 40, 1)
    assert result["rungs"] == {"cached": 40}
    assert {line["rung"] for line in batch.results()} == {"cached"}
    assert shop.calls == {"cache": 40}


def test_with_nobody_to_stand_in_all_is_held_and_goes_on_by_itself(batches, shop, payments):
    force(payments, "forced_open")
    batch = batches.start(ITEMS, **ordered(payments))
    told = batch.becomes("running", held=40, pending=0, running=0)
    assert told["holding"]["service"] == payments.service
    assert told["holding"]["until"] == told["holding"]["since"] + 3_600
    assert told["waits"]["cause"] == "circuit"
    assert (batch.row.held, shop.calls) == (40, {}) or until(lambda: batch.row.held == 40)
    force(payments, "disabled", "it is back")
    assert batch.result()["successful"] == 40
    assert shop.calls == {"charge": 40}


def test_held_for_as_long_as_it_may_be_it_fails_and_says_so(batches, shop, payments):
    force(payments, "forced_open")
    batch = batches.start(ITEMS, **ordered(payments, on_open="hold", hold_seconds=0.5, tolerated_failure_rate=1))
    assert batch.result()["failed"] == 40
    said = f"The circuit of {payments.service} stayed open: maintenance."
    said += " It was held for 0.5 s, which is as long as it may be."
    assert set(Failure.objects.filter(batch=batch.row).values_list("error", "attempts")) == {(said, 0)}
    assert shop.calls == {}


def test_a_child_that_goes_on_alone_holds_no_longer_either(batches, shop, circuit):
    circuit.begin()
    shop.slow, shop.mended = 0.2, True
    children = {"strategy": "child_per_chunk", "parent_close_policy": "abandon", "wait": False}
    holding = {"on_open": "hold", "hold_seconds": 0.5, "tolerated_failure_rate": 1}
    batch = batches.start(ITEMS, **ordered(circuit, chunk_size=40, **children, **holding))
    assert batch.result()["status"] == "started"
    shop.mended, shop.broken = False, {"charge"}
    until(lambda: batch.row.closed_at, what="its child has ended")
    row = batch.row
    errors = Counter(Failure.objects.filter(batch=row).values_list("error", flat=True))
    (long,) = [error for error in errors if error.endswith("It was held for 0.5 s, which is as long as it may be.")]
    assert long.startswith(f"The circuit of {circuit.service} stayed open: ")
    assert errors[long] >= 10
    assert row.failed == errors.total() == 40 - row.succeeded
    assert shop.calls["charge"] == 40 - errors[long]


def test_or_it_fails_at_once(batches, shop, payments):
    force(payments, "forced_open")
    batch = batches.start(ITEMS, **ordered(payments, on_open="fail", tolerated_failure_rate=1))
    assert batch.result()["failed"] == 40
    assert batch.failures()[0] == ("1", f"The circuit of {payments.service} was open: maintenance.")
    assert shop.calls == {}


def test_above_its_tolerance_what_is_held_is_not_run(batches, shop, payments):
    force(payments, "forced_open")
    batch = batches.start(ITEMS, **ordered(payments, on_open="fail", chunk_size=5, max_parallel=1))
    result = batch.result()
    assert (result["status"], result["failed"], result["not_run"]) == ("failed", 5, 35)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_broken_and_mended_while_it_runs_everything_adds_up(batches, shop, circuit, strategy):
    """It opens within a chunk: some are held by then, and none of them burns a try for it."""
    circuit.begin(timeout_seconds=3)
    shop.slow = 0.05
    wanted = ordered(circuit, chunk_size=50, max_parallel=2, tolerated_failure_rate=1, strategy=strategy)
    batch = batches.start(ITEMS * 50, **wanted)
    until(lambda: batch.told()["succeeded"])
    shop.broken.add("charge")
    until(lambda: (now := batch.told())["held"] > 0 == now["running"], what="all that is left is held")
    circuit.knows("open")
    shop.broken.clear()
    result = batch.result()
    assert result["successful"] + result["failed"] == 2_000
    assert 5 <= result["failed"] <= 30, "those that were called while it was broken, and no other"
    assert Failure.objects.filter(batch=batch.row).count() == result["failed"]
    assert set(Failure.objects.values_list("attempts", flat=True)) == {1}
    assert len({line["number"] for line in batch.results()}) == result["successful"]


def test_paused_nothing_is_held_and_resumed_it_is_again(batches, shop, payments):
    force(payments, "forced_open")
    batch = batches.start(ITEMS, **ordered(payments))
    batch.becomes("running", held=40)
    batch.signal("pause", "olga", "lunch")
    batch.becomes("paused", held=0, pending=40)
    batch.signal("resume", "olga")
    batch.becomes("running", held=40)
    batch.signal("cancel", "olga", "enough")
    assert batch.result()["not_run"] == 40


def test_a_group_for_each_tenant_says_of_each_who_served_it_and_what_is_held(batches, shop, payments, see, rita):
    items = [{"n": n, "tenant": ("acme", "zoo")[n % 2], "cache": ("", "raises")[n % 2]} for n in range(20)]
    force(payments, "forced_open")
    grouped = {"strategy": "child_per_chunk", "group_by": "tenant", "tolerated_failure_rate": 1}
    batch = batches.start(items, **ordered(payments, fallbacks=[CACHE], on_open="hold", **grouped))
    batch.becomes("running", degraded=10, held=10, running=0)
    told = {group["name"]: group for group in batch.told()["groups"]}
    numbers = {name: [group[each] for each in ("served", "degraded", "failed", "held")] for name, group in told.items()}
    assert numbers == {"acme": [10, 10, 0, 0], "zoo": [0, 0, 0, 10]}
    shop.fails_for = {1}
    force(payments, "disabled", "it is back")
    result = batch.result()
    assert (result["degraded"], result["successful"], result["failed"]) == (10, 9, 1)
    page = see(rita, batch.row.get_absolute_url())
    assert "acme ended 10 10 10 0" in page
    assert "zoo ended 10 9 0 1" in page
    assert "All groups as CSV" in page


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"fallbacks": [{"name": "x", "job": "nowhere"}]}, "fallbacks: 'x': There is no job 'nowhere'."),
        ({"fallbacks": [{**CACHE, "job_args": {"speed": 3}}]}, "fallbacks: 'cached': 'cache' has no argument 'speed'."),
        ({"fallbacks": [{**CACHE, "service": "moon"}]}, "There is no service 'moon'."),
    ],
)
def test_a_rung_that_cannot_be_called_is_said_before_it_begins(batches, shop, spec, said):
    result = batches.start(ITEMS, job="charge", **spec).result()
    assert result["status"] == "invalid"
    assert said in " ".join(result["errors"])
