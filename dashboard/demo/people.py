"""The people of the demo, who decides at which level, and the one password of all who sign in."""

from typing import NamedTuple

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group, User

from approvals.models import Level, LevelHolder
from live.writes import write

MARK = "@leitstand.example"
"""Ends the address of everybody the demo made: nobody else is ever given its password or a level."""


class Person(NamedTuple):
    username: str
    first_name: str
    last_name: str
    level: str = ""
    group: str = ""
    superuser: bool = False
    signs_in: bool = True


PEOPLE = (
    Person("maria", "Maria", "Berg", level="manager"),
    Person("peter", "Peter", "Holt", level="manager"),
    Person("dirk", "Dirk", "Holm", level="director"),
    Person("vera", "Vera", "Stein", level="vp"),
    Person("carla", "Carla", "Roth", level="ceo"),
    Person("rita", "Rita", "Lang"),
    Person("olga", "Olga", "Petri", group="ops"),
    Person("admin", "Ada", "Minten", superuser=True),
    Person("jonas", "Jonas", "Weber", signs_in=False),
    Person("amira", "Amira", "Saleh", signs_in=False),
)


def strangers() -> list[str]:
    """Names of the demo that belong to somebody the demo did not make."""
    taken = User.objects.filter(username__in=[person.username for person in PEOPLE])
    return list(taken.exclude(email__endswith=MARK).order_by("username").values_list("username", flat=True))


def load(password: str) -> dict[str, User]:
    """Everybody, by username. Whoever is there already keeps all but a password that is not the demo's."""
    encoded = _encoded(password)
    with write():
        return {person.username: _person(person, encoded) for person in PEOPLE}


def _encoded(password: str) -> str:
    """One hash for all of them: it takes a quarter of a second to make, and as long to check."""
    known = User.objects.filter(username=PEOPLE[0].username).values_list("password", flat=True).first()
    return known if known and check_password(password, known) else make_password(password)


def _person(person: Person, encoded: str) -> User:
    user, new = User.objects.get_or_create(username=person.username, defaults=_about(person))
    wanted = encoded if person.signs_in else user.password or make_password(None)
    if user.password != wanted:
        user.password = wanted
        user.save(update_fields=["password"])
    if new and person.level:
        LevelHolder.objects.create(user=user, level=Level.objects.get(name=person.level))
    if new and person.group:
        user.groups.add(Group.objects.get(name=person.group))
    return user


def _about(person: Person) -> dict[str, str | bool]:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": f"{person.username}{MARK}",
        "is_staff": person.superuser,
        "is_superuser": person.superuser,
    }
