"""The people of every test."""

import pytest
from django.contrib.auth.models import Group, User

from approvals import access
from approvals.models import Level, LevelHolder
from tests import emptying
from tests.leaving import pytest_sessionfinish, pytest_unconfigure  # noqa: F401  (hooks: found by their names here)
from tests.order import pytest_collection_modifyitems  # noqa: F401  (likewise)
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


@pytest.fixture(autouse=True)
def _nothing_known_of_another_tests_rows():
    """How to look for what somebody decides is known for a minute: it would end in the midst of some test."""
    access.forget()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):  # the plugin's, and more
    with django_db_blocker.unblock(), emptying.between_tests():
        yield
