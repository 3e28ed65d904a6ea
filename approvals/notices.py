"""Who is told what: when a level opens, before its deadline passes, and how a request ended."""

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Kind, Letter
from accounts.outbox import put
from accounts.writing import Message, compose, link, register
from approvals import announcing
from approvals.deciders import deciders, holder_for, ids_of
from approvals.models import Attempt, Request, Status, Step
from approvals.rows import a_level_is_open, given_up, kind_titles, level_titles, person_name, who_asked
from approvals.words import in_a_sentence
from live.counting import count
from live.writes import write

LATE = 0.75
"""So much of a level's time has passed when those who have not decided are reminded."""


def connect() -> None:
    """Called when the app is ready."""
    register(Kind.LEVEL_WAITS, write_waits)
    register(Kind.REMINDER, write_waits)
    register(Kind.OUTCOME, write_outcome)
    announcing.connect()


# --- into the outbox, each in the transaction of what it tells of -----------------------------------------------


def level_opened(row: Request, step: Step) -> None:
    """Sets on the step when to remind; whoever calls saves it."""
    assert step.opened_at is not None
    assert step.deadline is not None
    step.remind_at = step.opened_at + (step.deadline - step.opened_at) * LATE
    _tell_deciders(row, step, Kind.LEVEL_WAITS)
    announcing.level_opened(row, step)


def _tell_deciders(row: Request, step: Step, kind: Kind) -> None:
    data = {"request": row.pk, "step": step.pk}
    event = f"{row.stream}/{step.index}/{kind.value}"
    put(kind=kind, event=event, stream=row.stream, data=data, people=deciders(row, step))


def action_failed(row: Request) -> None:
    """Each time it fails for good: between two of them somebody had it tried again."""
    again = row.attempts.filter(verdict=Attempt.Verdict.RETRY, state=Attempt.State.APPLIED).count()
    _tell_requester(row, f"action_failed/{again}")
    announcing.action_failed(row, again)


def closed(row: Request) -> None:
    _tell_requester(row, "closed")
    announcing.closed(row)


def _tell_requester(row: Request, event: str) -> None:
    """Only somebody who has an account here, and still uses it, can be told."""
    if row.requester_id is None:
        return
    people = User.objects.filter(pk=row.requester_id, is_active=True).select_related("preferences")
    data = {"request": row.pk, "status": row.status}
    put(kind=Kind.OUTCOME, event=f"{row.stream}/{event}", stream=row.stream, data=data, people=people)


# --- reminders --------------------------------------------------------------------------------------------------


def remind_due() -> int:
    """Remind whoever could still decide. Asked every second by each worker; a step is taken by one of them."""
    due = Step.objects.filter(remind_at__lte=timezone.now()).order_by("remind_at").values_list("pk", flat=True)
    return sum(_remind(pk) for pk in list(due[:100]))


def _remind(pk: int) -> bool:
    with write(nudge=False):
        if Step.objects.filter(pk=pk, remind_at__isnull=False).update(remind_at=None) != 1:
            return False
        step = Step.objects.select_related("request").get(pk=pk)
        if not _waits(step):
            return False
        _tell_deciders(step.request, step, Kind.REMINDER)
        announcing.reminded(step.request, step)
        count("reminders")
    return True


def _waits(step: Step) -> bool:
    in_time = step.deadline is not None and timezone.now() < step.deadline
    return step.state == Step.State.OPEN and in_time and a_level_is_open(step.request)


# --- what they say, when they go out ----------------------------------------------------------------------------


def write_waits(letter: Letter) -> Message | None:
    """Nothing any more if it was decided meanwhile, or if it is no longer theirs to decide."""
    step = Step.objects.select_related("request", "request__requester").filter(pk=letter.data["step"]).first()
    if step is None or not _waits(step) or letter.user_id not in ids_of(deciders(step.request, step)):
        return None
    level = _as(step, letter)
    about = {"level": level, "deadline": step.deadline, "again": letter.kind == Kind.REMINDER}
    return compose("level_waits", {**facts(step.request, letter), **about})


def _as(step: Step, letter: Letter) -> str:
    """The level, and for whom, where somebody stands in."""
    level = in_a_sentence(level_titles().get(step.level, step.level))
    holder = holder_for(step.request, step, letter.user_id) if letter.user_id else None
    return _("%(level)s, for %(whom)s") % {"level": level, "whom": person_name(holder)} if holder else level


def write_outcome(letter: Letter) -> Message | None:
    """A failed action that somebody has had tried again meanwhile is no news."""
    row = Request.objects.select_related("requester").filter(pk=letter.data["request"]).first()
    if row is None or row.requester_id != letter.user_id or row.status != letter.data["status"]:
        return None
    failed = row.status == Status.ACTION_FAILED or given_up(row)
    about = {"outcome": outcome_of(row), "said": row.action_error if failed else row.reason}
    return compose("outcome", {**facts(row, letter), **about})


def facts(row: Request, letter: Letter) -> dict[str, object]:
    kind = kind_titles().get(row.kind, row.kind)
    url = link(row.get_absolute_url())
    return {"one": row, "person": letter.user, "kind": kind, "who": who_asked(row), "url": url}


def outcome_of(row: Request) -> str:
    """As the end of a sentence that begins with the request."""
    if given_up(row):
        return _("approved, but what was approved has not been done, and will not be")
    said = {
        Status.ACTION_FAILED: _("approved, but what was approved could not be done; somebody has to look at it"),
        Status.APPROVED: _("approved"),
        Status.REJECTED: _("rejected"),
        Status.TIMEOUT: _("closed, because nobody decided in time"),
        Status.WITHDRAWN: _("withdrawn"),
        Status.CANCELLED: _("cancelled"),
        Status.INVALID: _("closed, because it is not valid"),
        Status.TERMINATED: _("closed without a decision, because its workflow was ended"),
    }
    return said.get(Status(row.status)) or _("closed (%(status)s)") % {"status": row.get_status_display()}
