"""The people of every test."""

import pytest
from django.contrib.auth.models import Group, User

from approvals.models import Level, LevelHolder
from tests.leaving import pytest_sessionfinish, pytest_unconfigure  # noqa: F401  (hooks: found by their names here)
from tests.temporal import _skipping, _worker, house, skipping, temporal_server  # noqa: F401  (fixtures: likewise)

LEVELS = ("manager", "director", "vp", "ceo")


def person(username: str, *levels: str, groups: tuple[str, ...] = (), **more: object) -> User:
    """A user who holds these levels and is in these groups."""
    user = User.objects.create_user(username, password="pass", **more)  # type: ignore[arg-type]
    for name in levels:
        LevelHolder.objects.create(user=user, level=Level.objects.get(name=name))
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


@pytest.fixture
def maria(db):
    return person("maria", "manager", first_name="Maria", last_name="Berg")


@pytest.fixture
def dirk(db):
    return person("dirk", "director", first_name="Dirk", last_name="Holm")


@pytest.fixture
def vera(db):
    return person("vera", "vp", first_name="Vera", last_name="Stein")


@pytest.fixture
def rita(db):
    return person("rita", first_name="Rita", last_name="Lang")


@pytest.fixture
def olga(db):
    return person("olga", groups=("ops",))


@pytest.fixture
def auditor(db):
    return person("august", groups=("auditors",))


@pytest.fixture
def boss(db):
    return User.objects.create_superuser("admin", password="pass")


@pytest.fixture(scope="session", autouse=True)
def _a_flush_may_empty_the_ledger():
    """Between transactional tests all tables are emptied: the triggers of the ledger, which refuse it, are off then."""
    from importlib import import_module

    from django.apps import apps
    from django.db import connection

    from audit import triggers

    defaults = import_module("approvals.migrations.0002_defaults")
    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def flush_without_triggers(self, statements):
        triggers.remove(self.connection)
        try:
            flush(self, statements)
        finally:
            triggers.install(self.connection)
        # What came by migration is in every test, transactional or not.
        defaults.fill(apps, None)

    operations.execute_sql_flush = flush_without_triggers
    yield
    operations.execute_sql_flush = flush
