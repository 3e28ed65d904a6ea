"""From the rows to Temporal: schedules as they were ordered, and runs that were; sent again until Temporal has them."""

import logging
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from batches.clock import rules
from batches.models import Intervention, Schedule
from live.writes import write
from worker import client, schedules

log = logging.getLogger(__name__)

TRIES = 3
LATE = timedelta(minutes=15)
"""A run that was ordered and could not be sent for so long is not sent any more: nobody would expect it to come."""
YOUNG = timedelta(seconds=3)
"""Its own click may be at it."""
PIECE = 20


def sync(row: Schedule) -> bool:
    """Have Temporal know it as it is ordered; False: later, by itself.

    Of two that send at once the older one may come last: whoever was overtaken sends again what is newer.
    """
    for _try in range(TRIES):
        row.refresh_from_db()
        if row.sent:
            return True
        try:
            _send(row)
        except client.ClientError as error:
            log.warning("%s is not known to Temporal yet: %s", row.reference, error)
            return False
    return False


def _send(row: Schedule) -> None:
    if row.deleted_at:
        schedules.take_away(str(row.uuid))
        rules.sent(row, None)
        return
    schedules.put(rules.wanted(row))
    rules.sent(row, schedules.told(str(row.uuid)))


def trigger(made: Intervention) -> bool:
    """Have Temporal begin the run that was ordered; once, however often it is sent."""
    row = made.schedule
    try:
        if not sync(row):
            return False
        if made.run_at and not row.deleted_at:
            schedules.run_now(str(row.uuid), made.order_id, made.run_at)
    except client.NotFound:
        return _not_run(made, "gone")
    except client.ClientError as error:
        log.warning("The run of %s is not known to have been taken: %s", row.reference, error)
        return False
    with write():
        Intervention.objects.filter(pk=made.pk, sent_at=None).update(sent_at=timezone.now())
    return True


def _not_run(made: Intervention, why: str) -> bool:
    with write():
        Intervention.objects.filter(pk=made.pk, sent_at=None).update(why_not=why, sent_at=timezone.now())
    return True


# --- the chore of every worker ----------------------------------------------------------------------------------


def send_unsent() -> int:
    """What Temporal is not known to have: asked each second by each worker, an index answers where there is nothing."""
    rows = Schedule.objects.filter(sent_version__lt=F("version")).order_by("pk")
    done = 0
    for row in rows[:PIECE]:
        last = row.interventions.order_by("-pk").values_list("made_at", flat=True).first()
        if last and last > timezone.now() - YOUNG:
            continue
        if not sync(row):
            return done
        done += 1
    return done + _send_runs()


def _send_runs() -> int:
    now = timezone.now()
    ordered = Intervention.objects.filter(action="run", why_not="", sent_at=None, made_at__lt=now - YOUNG)
    done = 0
    for made in ordered.select_related("schedule").order_by("pk")[:PIECE]:
        if made.made_at < now - LATE:
            done += _not_run(made, "late")
        elif not trigger(made):
            break
        else:
            done += 1
    return done
