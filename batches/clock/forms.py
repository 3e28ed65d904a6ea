"""What ops fill in to have batches started by the clock. What was typed is kept, whatever is wrong with it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import zones
from approvals.clicks import ClickForm
from approvals.forms import Typed
from batches.clock import asked, services, times
from batches.clock.page import DAYS, NEXT, OVERLAPS, Next, nexts, when_words
from batches.clock.times import ClockChange
from batches.models import Intervention, Schedule

A = Intervention.Action
WEEK = [(str(day), DAYS[day]) for day in (1, 2, 3, 4, 5, 6, 0)]
BEGIN = {"kind": "nightly", "at": "02:30", "weekdays": ["1", "2", "3", "4", "5"], "overlap": "skip", "catchup": "1 h"}


class ClockForm(forms.Form):
    """``upload``: it runs over a file that was sent, whose name has no date. ``zone``: the person's."""

    title = Typed(label=gettext_lazy("Title"), widget=forms.TextInput(attrs={"autocomplete": "off"}))
    kind = Typed(label=gettext_lazy("How often"), widget=forms.Select(choices=Schedule.Kind.choices))
    at = Typed(label=gettext_lazy("At"), widget=forms.TextInput(attrs={"placeholder": "02:30", "autocomplete": "off"}))
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("On"), choices=WEEK, required=False, widget=forms.CheckboxSelectMultiple
    )
    cron = Typed(
        label=gettext_lazy("Cron expression"),
        widget=forms.TextInput(attrs={"placeholder": "30 2 * * 1-5", "autocomplete": "off"}),
    )
    zone = Typed(label=gettext_lazy("Time zone"), widget=forms.Select)
    overlap = Typed(
        label=gettext_lazy("If the last run has not ended"), widget=forms.Select(choices=Schedule.Overlap.choices)
    )
    catchup = Typed(label=gettext_lazy("Made up for within"))
    jitter = Typed(label=gettext_lazy("Spread by at most"))
    pause_on_failure = forms.BooleanField(label=gettext_lazy("Pause when a run has failed"), required=False)
    only_new = forms.BooleanField(label=gettext_lazy("Refuse a file that is the same as last time"), required=False)
    pattern = Typed(label=gettext_lazy("File"), widget=forms.TextInput(attrs={"autocomplete": "off"}))
    days_before = Typed(
        label=gettext_lazy("Days before the run"), widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )

    prefix = "clock"

    def __init__(self, *args: Any, upload: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        self.upload = upload
        if not self.is_bound:
            self.initial = {**BEGIN, "zone": timezone.get_current_timezone_name(), **self.initial}
        self._offer_zones()
        self.facts: dict[str, Any] | None = None

    def _offer_zones(self) -> None:
        """One that is not known is offered as that, not replaced by another unseen."""
        choices = zones.choices()[1:]
        typed = str(self["zone"].value() or "")
        if typed not in zones.known():
            choices = [(typed, _("%(name)s, which is not known here") % {"name": typed[:60] or _("none")}), *choices]
        self.fields["zone"].widget.choices = choices

    def clean_weekdays(self) -> list[int]:
        return [int(day) for day in self.cleaned_data["weekdays"]]

    def clean(self) -> None:
        try:
            self.facts = asked.read(self.cleaned_data, upload=self.upload)
        except ValidationError as error:
            self.refuse(error)

    def refuse(self, error: ValidationError) -> None:
        for name, said in error.message_dict.items():
            self.add_error(name if name in self.fields else None, said)

    # --- for the page -------------------------------------------------------------------------------------------

    @property
    def overlaps(self) -> list[tuple[str, Any]]:
        """Each rule in words."""
        labels = dict(Schedule.Overlap.choices)
        return [(str(labels[name]), said) for name, said in OVERLAPS.items()]

    @property
    def meant(self) -> dict[str, Any] | None:
        """The facts of a form that makes sense, also where the order was refused; one that nobody has sent yet is read
        as it is.
        """
        if self.is_bound:
            self.is_valid()
            return self.facts
        try:
            return asked.read(self.initial, upload=self.upload)
        except ValidationError:
            return None

    @property
    def preview(self) -> "Preview | None":
        """What it comes to."""
        return Preview.of(self.meant)


class Preview:
    """When it would run, over which files, and what happens when the clocks change."""

    def __init__(self, row: Schedule) -> None:
        now = timezone.now()
        self.row, self.words = row, when_words(row)
        self.next: list[Next] = nexts(row, times.coming(row.cron, row.zone, now, NEXT))
        self.changes: list[ClockChange] = times.changes(row.cron, row.zone, now)

    @classmethod
    def of(cls, facts: Mapping[str, Any] | None) -> "Preview | None":
        return cls(Schedule(**facts)) if facts else None


class ScheduleOrderForm(ClickForm):
    """One order of a schedule, and why."""

    @property
    def needs_a_reason(self) -> bool:
        return self.wanted in services.WITH_A_REASON
