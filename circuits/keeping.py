"""The chore that keeps the registry's circuits: each has an entity that lives and knows its newest settings."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from circuits.beginning import ENTITY, kept_of, settings_of
from circuits.models import Circuit, Service
from live.writes import write
from worker import client
from worker.circuit_contract import workflow_id_of

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
"""So often is looked whether an entity lives, and is one told again that has not said that it knows."""
SOON = timedelta(seconds=5)
"""Where Temporal did not answer."""
MOST = 20


def keep() -> int:
    """Asked every second by each worker: one query where there is nothing to do. How many were seen to."""
    now, seen = timezone.now(), 0
    for service in due(now)[:MOST]:
        if not _ours(service, now):
            continue  # another worker's
        if not _see_to(service, now):
            break
        seen += 1
    return seen


def due(now: datetime) -> QuerySet[Service]:
    """Whose settings have not arrived, as far as is written down; and of whom nobody has looked for a minute."""
    knows = Circuit.objects.filter(service=OuterRef("name"), config_version__gte=OuterRef("config_version"))
    long_ago = now - EVERY
    services = Service.objects.annotate(knows=Exists(knows))
    to_tell = Q(knows=False) & (Q(told_at=None) | Q(told_at__lte=long_ago))
    to_look = Q(knows=True) & (Q(looked_at=None) | Q(looked_at__lte=long_ago))
    return services.filter(to_tell | to_look).order_by("knows", F("looked_at").asc(nulls_first=True))


def _ours(service: Service, now: datetime) -> bool:
    """Compare and set: one worker sees to it."""
    same = Service.objects.filter(pk=service.pk, told_at=service.told_at, looked_at=service.looked_at)
    with write(nudge=False):
        return bool(same.update(looked_at=now) if _knows(service) else same.update(told_at=now, looked_at=now))


def _knows(service: Service) -> bool:
    return bool(getattr(service, "knows", False))


def _see_to(service: Service, now: datetime) -> bool:
    """False: Temporal cannot be asked now."""
    try:
        if not _knows(service) or not lives(service.name):
            tell(service)
    except client.ClientError as error:
        log.warning("The circuit %s could not be seen to, and will be soon: %s", service.name, error)
        again = now - EVERY + SOON
        Service.objects.filter(pk=service.pk, looked_at=now).update(told_at=again, looked_at=again)
        return False
    return True


def lives(service: str) -> bool:
    """Needs no worker. Whoever was terminated, or failed, does not."""
    try:
        return client.describe(workflow_id_of(service)).status == "RUNNING"
    except client.NotFound:
        return False


def tell(service: Service) -> None:
    """Its settings, by their version: told twice does no harm. Where no entity runs, it begins with what it knew."""
    client.signal_with_start(
        ENTITY,
        [service.name, None, kept_of(service.name)],
        "configure",
        [settings_of(service)],
        workflow_id=workflow_id_of(service.name),
        task_queue=settings.TEMPORAL_TASK_QUEUE,
    )
