"""What the inbox costs: bin/bench inbox [--rows N] times the SQL of each view, order, search and filter, then watches.

The second part is ``bin/bench watching``: how soon a decision is on 200 open inboxes.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any

from dashboard.leaving import leave
from tests.bench.measuring.table import Table, median

LIMIT, TRIES, USERS = 30.0, 3, 1_000
DECISIONS = 20_000
"""Made by one person, on requests that are closed."""
LEVELS = {"manager": 1, "director": 3, "vp": 20, "ceo": 200}
"""Every so many requests have the level in their chain."""
FILTERS: list[dict[str, str]] = [
    {"q": "forklift"}, {"q": "R-2041"}, {"q": "acme 77"}, {"q": "nosuchword"}, {"q": "f"}, {"requester": "first77"},
    {"kind": "default"}, {"kind": "none"}, {"state": "late"}, {"state": "waiting"}, {"state": "action_failed"},
    {"level": "ceo"}, {"amount_from": "1990000"}, {"amount_from": "1000"}, {"q": "hall", "amount_from": "1995000"},
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench inbox", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="open requests (default: 100,000)")
    parser.add_argument("--only", default="sql,watching", help="parts, by commas")
    given = parser.parse_args()
    only, surroundings = given.only.split(","), dict(os.environ)
    if "sql" in only:
        sql(given.rows)
    if "watching" in only:  # a house of its own: with nothing of the database's that was measured
        subprocess.run([sys.executable, "-m", "tests.bench.watching"], check=True, env=surroundings)


def sql(rows: int) -> None:
    """In a database of its own, on the server that DATABASE_URL names."""
    with tempfile.TemporaryDirectory(prefix="leitstand-bench-") as folder:
        os.environ |= {"LEITSTAND_DATA": folder, "LEITSTAND_SECRET_KEY": "measured", "LEITSTAND_CONFIRM_A_SECOND": "0"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
        import django

        django.setup()
        from django.db import connection

        name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            people = fill(rows)
            table = Table()
            took = measure(table, people)
            slow, load = sum(one > LIMIT for one in took), os.getloadavg()[0]
            figure = f"{slow} over {LIMIT:.0f} ms, median {median(took):.0f}, worst {max(took):.0f} ms"
            table.add(f"{len(took)} views, {connection.vendor}, load {load:.1f}", figure, "0 over", not slow)
            table.say()
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def fill(count: int) -> list[Any]:
    """A thousand people, one of each level, one who sees all, one who has decided much; what they ask for as rows only.

    Then PostgreSQL is vacuumed and analysed, as its autovacuum does within a minute of any such load.
    """
    from django.contrib.auth.models import User
    from django.db import connection
    from django.utils import timezone

    from approvals.models import Level, LevelHolder, Request, SearchText, Step
    from approvals.searched import text_of

    random.seed(1)
    now = timezone.now()
    made = [User(username=f"user{n}", first_name=f"First{n}", last_name=f"Last{n}") for n in range(USERS)]
    users = User.objects.bulk_create(made)
    for user, level in zip(users, [*LEVELS, "manager"], strict=False):
        LevelHolder.objects.create(user=user, level=Level.objects.get(name=level))
    boss = User.objects.create_superuser("boss")

    def request(number: int) -> Request:
        level = next(name for name, each in reversed(LEVELS.items()) if number % each == 0)
        user = users[number % USERS]
        return Request(
            workflow_id=f"measured-{number}", first_run_id="measured", title=f"Forklift {number}, hall {number % 97}",
            amount=random.randint(1, 2_000_000), requester=user, requester_name=user.username, status="waiting",
            current_level=level, deadline=now + timedelta(seconds=random.randint(-10_000, 1_000_000)),
            created_at=now, started_at=now, details={"Vendor": f"Acme {number}"},
        )  # fmt: skip

    rows = Request.objects.bulk_create([request(number) for number in range(count)], batch_size=500)
    Step.objects.bulk_create(
        [
            Step(request=row, index=index, level=name, timeout_seconds=1, amount=row.amount)
            for number, row in enumerate(rows)
            for index, (name, each) in enumerate(LEVELS.items())
            if number % each == 0
        ],
        batch_size=500,
    )
    past = decisions(users, users[len(LEVELS)])
    SearchText.objects.bulk_create([text_of(row) for row in (*rows, *past)], batch_size=500)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return [*users[: len(LEVELS) + 1], users[9], boss]


def decisions(users: list[Any], by: Any) -> list[Any]:
    """Requests of the last year that this manager has approved; the levels after theirs as with those that are open."""
    from django.utils import timezone

    from approvals.models import Request, Step

    def request(number: int) -> Request:
        at, requester = timezone.now() - timedelta(minutes=30 * number), users[number % USERS]
        return Request(
            workflow_id=f"decided-{number}", first_run_id="measured", title=f"Chair {number}, hall {number % 97}",
            amount=random.randint(1, 10_000), requester=requester, requester_name=requester.username,
            status="approved", created_at=at, started_at=at, closed_at=at,
        )  # fmt: skip

    rows = Request.objects.bulk_create([request(number) for number in range(DECISIONS)], batch_size=500)
    done = {"timeout_seconds": 1, "state": "approved"}

    def carried(row: Any) -> dict[str, Any]:
        return {"amount": row.amount, "closed_at": row.closed_at, "decided_at": row.closed_at}

    Step.objects.bulk_create(
        [
            Step(
                request=row, index=index, level=name, decided_by=None if index else by, **carried(row), **done
            )
            for number, row in enumerate(rows)
            for index, (name, each) in enumerate(LEVELS.items())
            if number % each == 0
        ],
        batch_size=500,
    )  # fmt: skip
    return rows


def measure(table: Table, people: list[Any]) -> list[float]:
    """Milliseconds of each view."""
    from approvals.asking import SORTS, Asked

    took = []
    for user in people:
        for view, sorts in SORTS.items():
            for sort in sorts:
                took.append(one(table, user, Asked(view, "" if sort == sorts[0] else sort)))
    for user in (people[0], people[2], people[-1]):
        for narrow in FILTERS:
            for view in ("waiting", "open"):
                took.append(one(table, user, Asked(view, **narrow)))
    return took


def one(table: Table, user: Any, asked: Any) -> float:
    """The best of a few, so that a neighbour on this machine is not what is measured."""
    from django.contrib.auth.models import User
    from django.db import connection

    from approvals import queries
    from approvals.access import sight_of
    from approvals.once import remembering

    runs: list[list[float]] = []
    for _ in range(TRIES):
        runs.append([])
        with connection.execute_wrapper(partial(to_the_last_row, runs[-1])), remembering():  # as a page does
            sight = sight_of(User.objects.get(pk=user.pk))
            queries.inbox(sight, asked)
            queries.own_views(sight, asked)
    best = min(map(sum, runs))
    table.add(
        f"{user.username}: {asked.key}", f"{best:.0f} ms, {len(runs[-1])} queries", f"<= {LIMIT:.0f} ms", best <= LIMIT
    )
    return best


def to_the_last_row(took: list[float], execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """SQLite looks for a row when it is fetched, so each statement is first run, and timed, with all that it finds."""
    begun = time.perf_counter()
    with closing(context["connection"].create_cursor()) as cursor:
        cursor.execute(sql, params)
        cursor.fetchall()
    took.append((time.perf_counter() - begun) * 1000)
    return execute(sql, params, many, context)


if __name__ == "__main__":
    main()
    leave(0)
