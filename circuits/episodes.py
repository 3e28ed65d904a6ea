"""What ops are told of once: a circuit's outage from its opening to its closing, that no worker runs, and the like.

A circuit that closes and opens again within a minute goes on with the same episode: nobody reads ten mails a night.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from circuits import notices
from circuits.models import Change, Circuit, Episode
from live.writes import write

SETTLED = timedelta(seconds=60)
"""So long it has to be well before that is told."""
OUT = ("open", "forced_open")
WELL = ("closed", "disabled", "metrics_only")
WORKER = "worker"


def follow(circuit: Circuit, change: Change) -> None:
    """In the transaction that writes a change down. Half open is neither: the outage goes on."""
    if change.kind != "changed":
        return
    if change.target in OUT:
        begin(circuit.stream, at=change.at, cause=notices.cause_of(change))
    elif change.target in WELL:
        end(circuit.stream, at=change.at)


def begin(subject: str, *, at: datetime, cause: str) -> Episode:
    """The episode of this subject; one that is over, and of which that was not told yet, goes on."""
    last = Episode.objects.filter(subject=subject).order_by("-began_at", "-pk").first()
    if last and last.ended_at is None:
        return last
    if last and last.told_end_at is None:
        Episode.objects.filter(pk=last.pk).update(ended_at=None)
        return last
    began = Episode.objects.create(subject=subject, began_at=at, cause=cause)
    _tell(began, "begins")
    return began


def happened(subject: str, *, at: datetime, cause: str) -> Episode:
    """Something that is over as it begins: told once."""
    now = timezone.now()
    told = Episode.objects.create(subject=subject, began_at=at, ended_at=at, cause=cause, told_end_at=now)
    _tell(told, "begins")
    return told


def going_on(subject: str) -> bool:
    return Episode.objects.filter(subject=subject, ended_at=None).exists()


def end(subject: str, *, at: datetime) -> None:
    Episode.objects.filter(subject=subject, ended_at=None).update(ended_at=at)


# --- the chore of every worker ----------------------------------------------------------------------------------


def tell_due() -> int:
    """Tell what still goes on, and what has been well for a minute. How many were told."""
    now = timezone.now()
    lasting = now - timedelta(seconds=settings.TELL_AGAIN_SECONDS)
    long = Episode.objects.filter(ended_at=None, told_long_at=None, began_at__lte=lasting)
    over = Episode.objects.filter(ended_at__lte=now - SETTLED, told_end_at=None)
    told = [_once(pk, "lasts", "told_long_at") for pk in _few(long)] if settings.TELL_AGAIN_SECONDS else []
    return sum(told) + sum(_once(pk, "ends", "told_end_at") for pk in _few(over))


def _few(episodes: QuerySet[Episode]) -> list[int]:
    return list(episodes.order_by("pk").values_list("pk", flat=True)[:50])


def _once(pk: int, what: str, mark: str) -> bool:
    """One worker tells it: compare and set, in the transaction of the letters."""
    with write(nudge=False):
        episode = Episode.objects.select_for_update().get(pk=pk)
        going_on = episode.ended_at is None
        if getattr(episode, mark) is not None or going_on != (what == "lasts"):
            return False
        _tell(episode, what, mark)
    return True


def _tell(episode: Episode, what: str, mark: str = "told_begin_at") -> None:
    setattr(episode, mark, timezone.now())
    episode.save(update_fields=[mark])
    notices.tell_ops(episode, what)
