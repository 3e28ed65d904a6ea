"""Who is told of a delegation: both, when it is set and when it is ended; the stand-in also on its first day."""

from collections.abc import Iterable, Sequence

from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Kind, Letter
from accounts.outbox import put
from accounts.writing import Message, compose, link, register
from approvals.holders import day_of
from approvals.models import Delegation
from approvals.receivers import stand_in_changed
from approvals.rows import person_name
from approvals.words import in_a_sentence, listed
from live.writes import write

SET, BEGUN, ENDED = "set", "begun", "ended"


def connect() -> None:
    """Called when the app is ready."""
    register(Kind.ABSENCE, write_letter)


# --- into the outbox --------------------------------------------------------------------------------------------


def set_up(made: Sequence[Delegation], by: User) -> None:
    """One letter to each of the two, however many levels."""
    _tell(made, SET, by, to=("delegator_id", "delegate_id"))


def ended(one: Delegation, by: User) -> None:
    _tell([one], ENDED, by, to=("delegator_id", "delegate_id"))


def begin_due() -> int:
    """Tell stand-ins on the first day that it counts from now on. Asked by each worker; one of them does it."""
    today = day_of(timezone.now())
    due = Delegation.objects.filter(begun_at=None, ended_at=None, from_day__lte=today)
    forms = list(due.order_by("form_id").values_list("form_id", flat=True).distinct()[:50])
    return sum(_begin(list(due.filter(form_id=form).select_related("level", "delegator"))) for form in forms)


def _begin(ones: Sequence[Delegation]) -> int:
    """With its nudge: what is on screen changes now."""
    with write():
        mine = Delegation.objects.filter(pk__in=[one.pk for one in ones], begun_at=None)
        if not ones or mine.update(begun_at=timezone.now()) != len(ones):
            return 0
        _tell(ones, BEGUN, ones[0].delegator, to=("delegate_id",))
        stand_in_changed(ones[0].delegate_id)
    return len(ones)


def _tell(ones: Sequence[Delegation], what: str, by: User, to: Iterable[str]) -> None:
    wanted = {getattr(ones[0], who) for who in to}
    people = User.objects.filter(pk__in=wanted, is_active=True).select_related("preferences")
    data = {"delegations": [one.pk for one in ones], "what": what, "by": by.get_username()}
    put(kind=Kind.ABSENCE, event=f"delegation:{ones[0].pk}/{what}", data=data, people=people)


# --- what they say ----------------------------------------------------------------------------------------------


def write_letter(letter: Letter) -> Message | None:
    """Nothing any more of what was ended before anybody could be told that it was set."""
    ones = Delegation.objects.filter(pk__in=letter.data["delegations"])
    ones = ones.filter(Q(delegator_id=letter.user_id) | Q(delegate_id=letter.user_id))
    found = list(ones.select_related("level", "delegator", "delegate"))
    what = letter.data["what"]
    if not found or (what != ENDED and all(one.ended_at or one.state == "over" for one in found)):
        return None
    by = User.objects.filter(username=letter.data["by"]).first()
    return compose("absence", {**_facts(found, letter), "what": what, "by": person_name(by) or letter.data["by"]})


def _facts(found: Sequence[Delegation], letter: Letter) -> dict[str, object]:
    one = found[0]
    away = letter.user_id == one.delegator_id
    return {
        "person": letter.user,
        "away": away,
        "other": person_name(one.delegate if away else one.delegator),
        "levels": listed([in_a_sentence(each.level.title) for each in found]),
        "first": one.from_day,
        "last": one.until_day,
        "self_made": letter.user is not None and letter.user.get_username() == letter.data["by"],
        "counts": one.state == "now",
        "url": link(reverse("approvals:absence")),
        "inbox": link(reverse("approvals:inbox")),
    }
