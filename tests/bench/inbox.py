"""What the inbox costs: bin/bench inbox [--rows N] times the SQL of each view, order, search and filter, then watches.

The second part is ``bin/bench watching``: how soon a decision is on 200 open inboxes.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from datetime import timedelta
from typing import Any

from dashboard.leaving import leave
from tests.bench.measuring.table import Table

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
    only = given.only.split(",")
    if "sql" in only:
        sql(given.rows)
    if "watching" in only:
        subprocess.run([sys.executable, "-m", "tests.bench.watching"], check=True)


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
            measure(table, people)
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
            Step(request=row, index=index, level=name, timeout_seconds=1)
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
    Step.objects.bulk_create(
        [
            Step(
                request=row, index=index, level=name, decided_by=None if index else by, decided_at=row.closed_at, **done
            )
            for number, row in enumerate(rows)
            for index, (name, each) in enumerate(LEVELS.items())
            if number % each == 0
        ],
        batch_size=500,
    )  # fmt: skip
    return rows


def measure(table: Table, people: list[Any]) -> None:
    from approvals.asking import SORTS, Asked

    for user in people:
        for view, sorts in SORTS.items():
            for sort in sorts:
                one(table, user, Asked(view, "" if sort == sorts[0] else sort))
    for user in (people[0], people[2], people[-1]):
        for narrow in FILTERS:
            for view in ("waiting", "open"):
                one(table, user, Asked(view, **narrow))


def one(table: Table, user: Any, asked: Any) -> None:
    """The best of a few, so that a neighbour on this machine is not what is measured."""
    from django.contrib.auth.models import User
    from django.db import connection, reset_queries
    from django.test.utils import CaptureQueriesContext

    from approvals import queries
    from approvals.access import sight_of

    took, count = [], 0
    for _ in range(TRIES):
        reset_queries()  # the log is of a limited length
        with CaptureQueriesContext(connection) as caught:
            sight = sight_of(User.objects.get(pk=user.pk))
            queries.inbox(sight, asked)
            queries.own_views(sight, asked)
        took.append(sum(float(query["time"]) * 1000 for query in caught))
        count = len(caught)
    figure = f"{min(took):.0f} ms, {count} queries"
    table.add(f"{user.username}: {asked.key}", figure, f"<= {LIMIT:.0f} ms", min(took) <= LIMIT)


if __name__ == "__main__":
    main()
    leave(0)
