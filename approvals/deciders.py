"""Everybody who could decide a level now: the rules of the recording activity, asked of all people at once."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from approvals.models import LevelHolder, Request, Step


def deciders(row: Request, step: Step) -> QuerySet[User]:
    held = LevelHolder.objects.current(kind=row.kind)
    if step.level:
        held = held.filter(level__name=step.level)
    people = User.objects.filter(is_active=True, pk__in=held.values("user_id"))
    if row.requester_id and not row.self_approval:
        people = people.exclude(pk=row.requester_id)
    if row.distinct_approvers:
        before = row.steps.filter(state=Step.State.APPROVED, decided_by__isnull=False)
        people = people.exclude(pk__in=before.values("decided_by_id"))
    return people.select_related("preferences").order_by("pk")


def ids_of(people: QuerySet[User]) -> set[int]:
    return set(people.values_list("pk", flat=True))
