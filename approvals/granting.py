"""Who decides, and by which rules: every change of it, with its entry in the ledger."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from approvals.models import Level, LevelHolder, Policy, PolicyVersion
from approvals.versions import snapshot_of
from audit.services import append
from live.writes import write


def said(holder: LevelHolder) -> dict[str, Any]:
    """An assignment as the ledger keeps it."""
    return {
        "user": holder.user.get_username(),
        "level": holder.level.name,
        "valid_from": holder.valid_from.isoformat() if holder.valid_from else None,
        "valid_until": holder.valid_until.isoformat() if holder.valid_until else None,
        "kinds": list(holder.only_kinds),
    }


def assign(*, holder: LevelHolder, by: User) -> LevelHolder:
    """Give a level, or change for when and for what it is given."""
    with write():
        before = LevelHolder.objects.select_for_update().filter(pk=holder.pk).select_related("user", "level").first()
        holder.version = before.version + 1 if before else 1
        holder.save()
        if before and before.level_id != holder.level_id:
            _enter(f"level:{before.level.name}", "level.withdrawn", said(before), by)
            before = None
        data = said(holder) | ({"before": said(before)} if before else {})
        _enter(f"level:{holder.level.name}", "level.assigned", data, by)
    return holder


def withdraw(*, holder: LevelHolder, by: User) -> None:
    """Take a level away. It decides nothing from now on, clicks that are being recorded included."""
    with write():
        _enter(f"level:{holder.level.name}", "level.withdrawn", said(holder), by)
        holder.delete()


def keep_level(*, level: Level, by: User) -> Level:
    with write():
        before = Level.objects.select_for_update().filter(pk=level.pk).first()
        level.version = before.version + 1 if before else 1
        level.save()
        data = {"name": level.name, "title": level.title, "rank": level.rank}
        _enter(f"level:{level.name}", "level.changed" if before else "level.added", data, by)
    return level


def remove_level(*, level: Level, by: User) -> None:
    with write():
        _enter(f"level:{level.name}", "level.removed", {"name": level.name, "title": level.title}, by)
        level.delete()


def remove_policy(*, policy: Policy, by: User) -> None:
    with write():
        _enter(f"policy:{policy.kind}", "policy.removed", snapshot_of(policy), by)
        policy.delete()


def before_change(policy: Policy) -> PolicyVersion | None:
    """The version that is about to be replaced, kept if it is not kept yet; to be called before anything is saved."""
    stored = Policy.objects.select_for_update().filter(pk=policy.pk).first() if policy.pk else None
    return _keep(stored, "") if stored else None


def after_change(*, policy: Policy, before: PolicyVersion | None, by: User) -> PolicyVersion:
    """What was saved is the next version. Open requests carry the chain that they began with."""
    with write():
        stored = Policy.objects.select_for_update().get(pk=policy.pk)
        stored.version = before.version + 1 if before else stored.version
        stored.save(update_fields=["version"])
        kept = _keep(stored, by.get_username())
        data = kept.snapshot | {"version": stored.version}
        _enter(f"policy:{policy.kind}", "policy.changed" if before else "policy.added", data, by)
    policy.version = kept.version
    return kept


def _keep(policy: Policy, by: str) -> PolicyVersion:
    facts = {"at": timezone.now(), "by": by, "snapshot": snapshot_of(policy)}
    kept, _new = PolicyVersion.objects.get_or_create(policy=policy, version=policy.version, defaults=facts)
    return kept


def _enter(stream: str, kind: str, data: dict[str, Any], by: User) -> None:
    append(stream=stream, kind=kind, actor=by.get_username(), known="signed_in", data=data)
