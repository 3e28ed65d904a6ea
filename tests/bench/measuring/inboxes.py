"""What an inbox costs with 100 and with 10,000 open requests."""

import time
import uuid
from datetime import timedelta

from tests.bench.measuring.house import Browser, House
from tests.bench.measuring.table import Table, median, ms

ROUNDS, ASKED = 8, 10


def inboxes(house: House, table: Table, many: int, few: int = 100) -> None:
    """The same server by turns with many and with few open ones: rows only, no workflows."""
    anna = house.person("anna", "manager")
    keys = _rows(many)
    for view in ("waiting", "open"):
        path = f"/approvals/?view={view}"
        took: dict[int, list[float]] = {few: [], many: []}
        busy: dict[int, list[float]] = {few: [], many: []}
        queries = {}
        for _ in range(ROUNDS):
            for open_ones in (few, many):
                _open(keys, open_ones)
                before = house.processor("web")
                took[open_ones] += _seconds(anna, path)
                busy[open_ones].append((house.processor("web") - before) / (ASKED + 1))
                queries[open_ones] = _queries(path)
        what = f"Inbox “{view}”, {few} -> {many:,} open"
        _compare(table, f"{what}: server's processor time", busy[few], busy[many], 1.3)
        _compare(table, f"{what}: until the answer", took[few], took[many], None)
        counted = f"{queries[few]} -> {queries[many]}"
        table.add(f"{what}: SQL queries", counted, "constant", queries[few] == queries[many])
    _remove(keys)


def _compare(table: Table, what: str, few: list[float], many: list[float], limit: float | None) -> None:
    """The processor's time is the verdict: it does not depend on what else this machine does."""
    ratio = median(many) / median(few)
    figure = f"{ms(median(few))} -> {ms(median(many))} = {ratio:.2f} times"
    if limit is None:
        table.add(what, figure)
    else:
        table.add(what, figure, f"<= {limit:g} times", ratio <= limit)


def _rows(many: int) -> list[int]:
    from django.utils import timezone

    from approvals.models import Request, Step

    now = timezone.now()
    made = [
        Request(
            workflow_id=f"measured-{uuid.uuid4()}",
            first_run_id="measured",
            title=f"Row {number}",
            amount=500,
            requester_name="robot",
            by_program=True,
            status="waiting",
            current_level="manager",
            deadline=now + timedelta(hours=1, seconds=number),
            created_at=now,
            started_at=now,
        )
        for number in range(many)
    ]
    rows = Request.objects.bulk_create(made, batch_size=500)
    Step.objects.bulk_create(
        [
            Step(
                request=row,
                index=0,
                level="manager",
                amount=row.amount,
                timeout_seconds=86_400,
                state="open",
                opened_at=now,
                deadline=row.deadline,
            )
            for row in rows
        ],
        batch_size=500,
    )
    return [row.pk for row in rows]


def _open(keys: list[int], count: int) -> None:
    from django.utils import timezone

    from approvals.models import Request, Step

    mine = Request.objects.filter(pk__gte=keys[0], pk__lte=keys[-1])
    mine.filter(pk__lte=keys[count - 1]).update(status="waiting", closed_at=None)
    mine.filter(pk__gt=keys[count - 1]).update(status="approved", closed_at=(now := timezone.now()))
    Step.objects.filter(request__in=mine.filter(closed_at=None)).update(closed_at=None)
    Step.objects.filter(request__in=mine.exclude(closed_at=None)).update(closed_at=now)
    time.sleep(0.5)


def _remove(keys: list[int]) -> None:
    from approvals.models import Request

    Request.objects.filter(pk__gte=keys[0], pk__lte=keys[-1]).delete()


def _seconds(person: Browser, path: str) -> list[float]:
    person.get(path)
    took = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        person.get(path)
        took.append(time.perf_counter() - begun)
    return took


def _queries(path: str) -> int:
    """Counted in this process, by the same view."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(username="anna"))
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path).status_code == 200
    return len(caught)
