"""Many at once: fifty approvers, and signals into workflows that are closing."""

import asyncio
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from tests.bench.measuring.house import Browser, House
from tests.bench.measuring.table import Table, median, ms, p95
from tests.up.running import until


def storm(house: House, table: Table, count: int, approvers: int = 50) -> None:
    """Everybody decides their share at once, and every tenth request is decided by two."""
    from approvals.models import Attempt, Request

    begun = time.monotonic()
    requests = house.requests(count)
    table.add(f"{count:,} requests started by a program", f"{count / (time.monotonic() - begun):.0f} a second")
    people = [house.person(f"approver-{number}", "manager") for number in range(approvers)]
    shares = [requests[number::approvers] + requests[number + 1 :: approvers * 10] for number in range(approvers)]
    clicks = sum(map(len, shares))
    begun = time.monotonic()
    with ThreadPoolExecutor(approvers) as pool:
        receipts = [each for share in pool.map(_decide_all, people, shares) for each in share]
    seconds = time.monotonic() - begun
    mine = Request.objects.filter(uuid__in=requests[:1]).model.objects.filter(title__startswith="Measured ")
    ids = {receipt["decision_id"] for receipt, _took in receipts}
    attempts = Attempt.objects.filter(username__startswith="approver-")
    until(lambda: not attempts.filter(settled_at=None).exists(), "every click to be settled", 600)
    applied = Counter(str(one) for one in attempts.filter(state="applied").values_list("request__uuid", flat=True))
    kept = set(attempts.values_list("decision_id", flat=True))
    lost = sum(1 for one in requests if not applied[str(one)]) + len(ids - kept)
    doubled = sum(1 for times in applied.values() if times > 1) + attempts.count() - len(kept)
    wrong = sum(1 for receipt, _ in receipts if receipt["state"] not in ("recorded", "recording", "refused"))
    until(lambda: not mine.filter(uuid__in=requests[:900], closed_at=None).exists(), "them to close", 600)
    took = [took for _receipt, took in receipts]
    told = Counter(receipt["state"] for receipt, _ in receipts)
    table.add(f"{approvers} approvers, {count:,} requests, {clicks:,} clicks", f"{clicks / seconds:.0f} a second")
    table.add("  … receipts", ", ".join(f"{number} {state}" for state, number in told.most_common()))
    table.add("  … until the receipt, median and 95th percentile", f"{ms(median(took))}, {ms(p95(took))}")
    table.add(
        "  … lost, doubled, answered wrongly", f"{lost}, {doubled}, {wrong}", "0, 0, 0", not (lost or doubled or wrong)
    )
    ledger(table)


def _decide_all(person: Browser, share: list[uuid.UUID]) -> list[tuple[dict[str, str], float]]:
    told = []
    for request in share:
        begun = time.perf_counter()
        receipt = person.decide(request, "manager")
        told.append((receipt, time.perf_counter() - begun))
    return told


def ledger(table: Table) -> None:
    from audit import verify

    begun = time.monotonic()
    report = verify.ledger(None)
    said = f"{report.entries:,} entries in {time.monotonic() - begun:.1f} s"
    table.add("  … ledger", str(report.broken) if report.broken else said, "intact", not report.broken)


def closing(house: House, table: Table, workflows: int, rate: float = 100.0) -> None:
    """Each workflow is approved, and while it closes more signals come to it, at that many a second."""
    from approvals.models import Attempt

    house.person("maria", "manager")
    requests = house.requests(workflows)
    acknowledged, gone, unknown = asyncio.run(_fire(house.temporal, requests, rate))
    settled = Attempt.objects.filter(request__uuid__in=requests, settled_at__isnull=False)
    deadline = time.monotonic() + 60
    while settled.count() < len(acknowledged) and time.monotonic() < deadline:
        time.sleep(0.2)
    kept = Counter(settled.values_list("decision_id", "state"))
    ids = Counter(decision_id for decision_id, _state in kept.elements())
    lost = sum(1 for one in acknowledged if not ids[one])
    doubled = sum(1 for one in acknowledged if ids[one] > 1)
    applied = sum(1 for _id, state in kept.elements() if state == "applied")
    table.add(
        f"{len(acknowledged)} signals taken while closing ({gone} too late, {unknown} unknown)", f"{applied} applied"
    )
    table.add("  … of those taken: lost, doubled", f"{lost}, {doubled}", "0, 0", not (lost or doubled))


async def _fire(address: str, requests: list[uuid.UUID], rate: float) -> tuple[list[str], int, int]:
    """20 signals to each, the first closes it; the rest come while it does."""
    client = await Client.connect(address)
    taken: list[str] = []
    missed: Counter[bool] = Counter()

    async def send(request: uuid.UUID, decision_id: str) -> None:
        try:
            handle = client.get_workflow_handle(f"approval-{request}")
            await handle.signal("approve_step", args=["manager", "maria", "", decision_id])
            taken.append(decision_id)
        except RPCError as error:
            missed[error.status == RPCStatusCode.NOT_FOUND] += 1

    sending = []
    begun = time.perf_counter()
    for number in range(len(requests) * 20):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        sending.append(asyncio.create_task(send(requests[number // 20], f"closing-{number}")))
    await asyncio.gather(*sending)
    return taken, missed[True], missed[False]
