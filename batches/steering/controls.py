"""What ops can order of a batch, as its page offers, asks and answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from batches.children import Children
from batches.models import Event, FailureGroup, Order, State
from batches.page import BatchPage
from batches.steering.forms import OrderForm

A = Order.Action

BUTTONS: Mapping[str, Any] = {
    A.RESUME: gettext_lazy("Resume"),
    A.PAUSE: gettext_lazy("Pause"),
    A.LIMITS: gettext_lazy("Limits"),
    A.RETRY: gettext_lazy("Run failed again"),
    A.REDO: gettext_lazy("Serve degraded again"),
    A.CANCEL: gettext_lazy("Cancel"),
}
ICONS = {
    A.RESUME: "play", A.PAUSE: "pause", A.LIMITS: "gauge", A.RETRY: "list-restart", A.REDO: "chevrons-up",
    A.CANCEL: "ban",
}  # fmt: skip
MEANINGS: Mapping[str, Any] = {
    A.PAUSE: gettext_lazy("The items that run now end and count; nothing new is begun until somebody resumes it."),
    A.RESUME: gettext_lazy("It goes on where it stopped."),
    A.LIMITS: gettext_lazy("How many chunks at once, and how fast. It counts from now on."),
    A.RETRY: gettext_lazy("They are begun before what was not begun yet, and count as failed until then."),
    A.REDO: gettext_lazy(
        "Their job itself tries them again, before what was not begun yet. Until then, and if it fails, they stay as "
        "another served them."
    ),
    A.CANCEL: gettext_lazy("It ends for good: what runs ends and counts, nothing new is begun. What is known is kept."),
}
AT_ONCE = (A.PAUSE, A.RESUME)
"""Its form says all there is to say; the others are asked once more, with what they come to."""

_OPEN = (State.PREPARING, State.RUNNING, State.PAUSING, State.PAUSED)


@dataclass(frozen=True)
class Choice:
    action: str
    children: Children | None = None

    @property
    def button(self) -> Any:
        return BUTTONS[self.action]

    @property
    def icon(self) -> str:
        return ICONS[A(self.action)]

    @property
    def meaning(self) -> Any:
        if self.action == A.CANCEL and self.children:
            return self.children.if_cancelled
        return MEANINGS[self.action]


def choices(page: BatchPage) -> Sequence[Choice]:
    """By its state: what could not count is not offered."""
    state = page.state
    if state not in _OPEN or page.row.closed_at is not None or page.told.why in ("not_started", "gone"):
        return []
    paused = state in (State.PAUSED, State.PAUSING)
    offered = [A.RESUME if paused else A.PAUSE, A.LIMITS]
    if page.progress["failed"] and state != State.PREPARING and not page.reduces:
        offered.append(A.RETRY)
    if page.progress["degraded"] and state != State.PREPARING:
        offered.append(A.REDO)
    return [Choice(action, page.children) for action in (*offered, A.CANCEL)]


@dataclass(frozen=True)
class Difference:
    """One limit that would be another."""

    label: Any
    before: str
    after: str


@dataclass(frozen=True)
class Asking:
    """The panel of orders: which one is filled in, and whether it is asked to be meant."""

    page: BatchPage
    form: OrderForm | None = None
    confirming: bool = False
    judged: bool = False

    @property
    def chosen(self) -> Choice | None:
        action = self.form.wanted if self.form else ""
        return Choice(action, self.page.children) if is_action(action) else None

    @property
    def at_once(self) -> bool:
        return bool(self.form and self.form.wanted in AT_ONCE)

    @property
    def differences(self) -> list[Difference]:
        """What new limits change, in words."""
        form = self.form
        if form is None or "wanted" not in form.cleaned_data:
            return []
        wanted, before = form.cleaned_data["wanted"], form.in_force
        found = []
        if "max_parallel" in wanted:
            found.append(
                Difference(_("Chunks at once"), _said(before.get("max_parallel")), _said(wanted["max_parallel"]))
            )
        if "pace" in wanted:
            found.append(Difference(_("Pace"), _pace(before.get("pace")), _pace(wanted["pace"])))
        return found

    @property
    def group(self) -> FailureGroup | None:
        """Whose failures are to be run again, where it is not all of them."""
        name = self.form["group"].value() if self.form and "group" in self.form.fields else ""
        return self.page.row.groups.filter(fingerprint=name).first() if name else None

    @property
    def number(self) -> int:
        """So many items would be run again."""
        if self.redoes:
            return self._redone
        counted = int(self.page.progress["failed"])
        failed = min(self.group.number, counted) if self.group else counted
        sample = (self.form.cleaned_data.get("wanted") or {}).get("sample", 0) if self.form else 0
        return min(failed, sample) if sample else failed

    @property
    def redoes(self) -> bool:
        return bool(self.form and self.form.wanted == A.REDO)

    @property
    def rung(self) -> str:
        """Whose items are to be served again, where it is not all of them."""
        return str(self.form["group"].value() or "") if self.form and self.redoes else ""

    @property
    def _redone(self) -> int:
        progress = self.page.progress
        some = int((progress.get("rungs") or {}).get(self.rung, 0) if self.rung else progress["degraded"])
        sample = (self.form.cleaned_data.get("wanted") or {}).get("sample", 0) if self.form else 0
        return min(some, sample) if sample else some

    @property
    def unbegun(self) -> int:
        """Held ones, too."""
        return int(self.page.progress["pending"] + self.page.progress["held"])

    @property
    def final(self) -> int:
        """Of so many of them no other try will help, as their job said."""
        groups = self.page.row.groups.filter(number__gt=0)
        name = self.group.fingerprint if self.group else ""
        found = groups.filter(fingerprint=name) if name else groups
        return found.aggregate(final=Sum("final"))["final"] or 0

    @property
    def done(self) -> int:
        """As far as is known: with those in chunks that still run."""
        return self.page.ended + self.page.under_way.ended

    @property
    def failed(self) -> int:
        return int(self.page.progress["failed"]) + self.page.under_way.failed

    @property
    def left(self) -> int:
        """So many are never run once it is cancelled, or a few more."""
        return self.unbegun + self.page.under_way.rest

    @property
    def is_sample(self) -> bool:
        sample = (self.form.cleaned_data.get("wanted") or {}).get("sample", 0) if self.form else 0
        return 0 < sample < int(self.page.progress["failed"])

    @property
    def last(self) -> Event | None:
        """What was ordered last: whoever orders next should know."""
        rows = self.page.row.events.exclude(kind="refused").exclude(action="").exclude(actor="")
        return rows.order_by("-number").first()


def _said(number: Any) -> str:
    return "–" if number is None else str(number)


def _pace(limits: Any) -> str:
    each = [_limit(limit) for limit in limits or ()]
    return "; ".join(each) if each else _("no limit")


def _limit(limit: Mapping[str, Any]) -> str:
    about = {"limit": f"{limit['limit']:,}", "seconds": f"{limit['per_seconds']:g}"}
    if limit["kind"] == "sliding_window":
        return _("%(limit)s in any %(seconds)s s") % about
    burst = limit.get("burst")
    said = _("%(limit)s in %(seconds)s s on average") % about
    return f"{said}, {_('at most %(burst)s at once') % {'burst': f'{burst:,}'}}" if burst else said


def is_action(name: str) -> bool:
    return name in BUTTONS
