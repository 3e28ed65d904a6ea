"""Writes of the registry: each is a new version, with who, why, what it was before; all that contradicts is refused."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import append
from circuits.access import may_register
from circuits.asked import wrong_reason
from circuits.models import Circuit, Rung, Service, ServiceVersion, stream_of
from circuits.versions import snapshot_of
from live.writes import write
from worker.circuit_contract import MAX_RUNGS, MAX_SEQ
from worker.reading import printable


def save_service(*, service: Service, rungs: Sequence[Rung], reason: str, by: User) -> Service:
    """Register it, or change what is registered; ``rungs`` are all of its rungs. Raises ValidationError in sentences.

    Saved only over the version that ``service`` was read as. Its circuit hears of new settings from a chore of the
    workers (keeping), also when Temporal is away now, and keeps its state.
    """
    reason = _allowed(reason, by)
    with write():
        lock()
        before = Service.objects.filter(pk=service.pk).first() if service.pk else None
        _newest(service, before)
        service.full_clean()
        if wrong := wrong_rungs(service, rungs):
            raise ValidationError(wrong)
        was = snapshot_of(before, before.rungs.select_related("circuit")) if before else None
        now = snapshot_of(service, sorted(rungs, key=lambda rung: rung.position))
        if was != now:
            _store(service, rungs, before)
            _keep(service, was, now, reason, by)
    return service


def remove_service(*, service: Service, reason: str, by: User) -> None:
    """Take it out of the registry. Its circuit lives on as it is set, "not registered", and goes on protecting."""
    reason = _allowed(reason, by)
    with write():
        lock()
        before = Service.objects.get(pk=service.pk)
        if holds := what_holds(before):
            raise ValidationError(holds)
        was = snapshot_of(before, before.rungs.select_related("circuit"))
        lives_on = Circuit.objects.filter(service=before.name).exists()
        data = {"version": before.version, "reason": reason, "before": was, "circuit_lives_on": lives_on}
        _enter(before, "circuit.removed", data, by)
        before.delete()


def what_holds(service: Service) -> str:
    """Why it cannot be removed, in a sentence; "" if it can."""
    others = Rung.objects.filter(circuit=service).exclude(service=service).select_related("service")
    names = sorted({str(rung) for rung in others})
    if not names:
        return ""
    said = _(
        "Rungs of other services stand behind its circuit: %(rungs)s. Put them behind another one, or none, first."
    )
    return said % {"rungs": ", ".join(names)}


def what_removal_means(service: Service) -> list[str]:
    """What becomes of everything that hangs on it, in sentences."""
    circuit = Circuit.objects.filter(service=service.name).exists()
    said = [
        _("Its circuit lives on as it is set now, and is shown as “not registered”: callers go on being protected, and "
          "operators go on steering it. Should it be terminated in Temporal, only the next caller begins it again.")
        if circuit
        else _("It has no circuit yet; the next caller begins one, with the defaults."),
        _("Its rungs go with it: callers that have rungs of these names wait as long as the defaults say."),
        _("Its versions, and everything in the ledger, stay. Registered again, its versions go on."),
    ]  # fmt: skip
    return said if service.rungs.exists() else [said[0], said[2]]


def lock() -> None:
    """One writer of the registry at a time: whether rungs go in a circle is about all of it."""
    list(Service.objects.select_for_update().order_by("pk").values_list("pk"))


def _allowed(reason: str, by: User) -> str:
    if not may_register(by):
        raise PermissionDenied(_("Only operators and admins may change the registry."))
    reason = printable(reason).strip()
    if wrong := wrong_reason(reason):
        raise ValidationError({"reason": [wrong]})
    return reason


def _newest(service: Service, before: Service | None) -> None:
    if service.pk and (before is None or before.version != service.version):
        raise ValidationError(_("Somebody else saved or removed this meanwhile, so nothing was saved. Look again."))
    if before and before.name != service.name:
        said = _("Programs call it by its name, so that stays as it is. Register another service instead.")
        raise ValidationError({"name": [said]})


# --- rungs --------------------------------------------------------------------------------------------------------


def wrong_rungs(service: Service, rungs: Sequence[Rung]) -> list[str]:
    """What is wrong with all of them together, and with each, in words."""
    found = [*_too_many(rungs), *_doubled(rungs), *_twice_behind(service, rungs), *_circles(service, rungs)]
    for rung in rungs:
        try:
            rung.clean_fields(exclude=["service"])
        except ValidationError as error:
            found += [f"{rung.name or '?'}: {said}" for said in error.messages]
    return found


def _too_many(rungs: Sequence[Rung]) -> Iterator[str]:
    if len(rungs) > MAX_RUNGS:
        yield _("These are %(number)d rungs; at most %(most)d are kept.") % {"number": len(rungs), "most": MAX_RUNGS}


def _doubled(rungs: Sequence[Rung]) -> Iterator[str]:
    if names := _more_than_once(rung.name for rung in rungs):
        yield _("Each rung has a name of its own; more than one is called %(names)s.") % {"names": ", ".join(names)}
    if places := _more_than_once(str(rung.position) for rung in rungs):
        said = _("More than one rung has the position %(places)s: which one serves first would be left to chance.")
        yield said % {"places": ", ".join(places)}


def _more_than_once(words: Any) -> list[str]:
    return sorted(word for word, number in Counter(words).items() if number > 1)


def _twice_behind(service: Service, rungs: Sequence[Rung]) -> Iterator[str]:
    own = [rung.name for rung in rungs if service.pk and rung.circuit_id == service.pk]
    if len(own) > 1:
        said = _("Only one rung stands behind the service's own circuit, not %(names)s: an open one stops them all.")
        yield said % {"names": ", ".join(own)}


def _circles(service: Service, rungs: Sequence[Rung]) -> Iterator[str]:
    """A rung of A behind the circuit of B, one of B behind that of A: nobody could say what serves whom."""
    others = Rung.objects.exclude(service=service) if service.pk else Rung.objects.all()
    behind: dict[str, set[str]] = {}
    for one, other in others.filter(circuit__isnull=False).values_list("service__name", "circuit__name"):
        behind.setdefault(one, set()).add(other)
    behind[service.name] = {rung.circuit.name for rung in rungs if rung.circuit} - {service.name}
    if way := _way_back(service.name, behind):
        said = _("These stand behind each other in a circle: %(way)s. When one fails, it would wait for itself.")
        yield said % {"way": " → ".join(way)}


def _way_back(start: str, behind: dict[str, set[str]]) -> list[str]:
    """The way from a service to itself; [] where there is none."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop(0)
        for name in sorted(behind.get(way[-1], ())):
            if name == start and len(way) > 1:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


# --- storing ------------------------------------------------------------------------------------------------------


def _store(service: Service, rungs: Sequence[Rung], before: Service | None) -> None:
    service.version = _next_version(service)
    if before is None or before.config != service.config:
        service.config_version, service.told_at = service.version, None
    try:
        with transaction.atomic():
            service.save()
    except IntegrityError:  # registered on another connection a moment before
        raise ValidationError({"name": [_("A service of this name is registered already.")]}) from None
    service.rungs.all().delete()
    for rung in rungs:
        rung.pk, rung.service = None, service
    Rung.objects.bulk_create(rungs)


def _next_version(service: Service) -> int:
    """Higher than any that was ever given under this name, by whomever: an entity takes no older one."""
    saved = ServiceVersion.objects.filter(service=service.name).aggregate(last=Max("version"))["last"] or 0
    taken = Circuit.objects.filter(service=service.name).values_list("config_version", flat=True).first() or 0
    version = max(saved, taken) + 1
    if version > MAX_SEQ:
        raise ValidationError(_("A program has given this circuit the last version that there is. Use another name."))
    return version


def _keep(service: Service, was: dict[str, Any] | None, now: dict[str, Any], reason: str, by: User) -> None:
    ServiceVersion.objects.create(
        service=service.name,
        version=service.version,
        at=timezone.now(),
        by=by.get_username(),
        reason=reason,
        snapshot=now,
    )
    data = {"version": service.version, "reason": reason, "before": was, "after": now}
    _enter(service, "circuit.settings_changed" if was else "circuit.registered", data, by)


def _enter(service: Service, kind: str, data: dict[str, Any], by: User) -> None:
    append(stream=stream_of(service.name), kind=kind, actor=by.get_username(), known="signed_in", data=data)
