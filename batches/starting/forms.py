"""What ops fill in to start a batch. What was typed is kept; what is wrong with it the contract's reader says."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.forms import Typed
from batches.paces import PACES, SPANS, WithPaces, choice_field, number_field, number_typed
from batches.starting import services
from batches.starting.items import ItemsForm, choose
from batches.starting.jobs import job_fields
from batches.starting.rungs import WithRungs
from circuits.models import Service
from worker.batch_contract import PAUSE, ROLLING, SLIDING
from worker.batch_rungs import FALLBACK
from worker.batch_strategy import ABANDON, ACTIVITIES, PER_CHUNK, PER_ITEM, REQUEST_CANCEL, TERMINATE

NUMBERS = (
    "chunk_size", "max_parallel", "item_attempts", "item_timeout_seconds", "chunk_timeout_seconds",
    "window_pause_seconds",
)  # fmt: skip
BEGIN = {
    "chunk_size": "100", "max_parallel": "10", "item_attempts": "3", "item_timeout_seconds": "30",
    "chunk_timeout_seconds": "300", "window": SLIDING, "window_pause_seconds": "0", "tolerated": "10",
    "on_tolerance": PAUSE, "strategy": ACTIVITIES, "parent_close_policy": TERMINATE, "wait": "true", "group_by": "",
    "on_open": FALLBACK, "hold_seconds": "3600", **SPANS,
}  # fmt: skip
"""What the form begins with: the contract's defaults, but that it pauses where too much fails, for somebody looks."""
MORE = ("item_attempts", "item_timeout_seconds", "chunk_timeout_seconds", "window", "window_pause_seconds")
"""Folded away as long as nobody needs them."""
CHILDREN = ("strategy", "group_by", "parent_close_policy", "wait")
"""As those."""


class StartForm(ItemsForm, WithPaces, WithRungs):
    """A job for each item."""

    BEGIN = BEGIN
    BESIDE = {**ItemsForm.BESIDE, "pace": "pace-0-limit", "job_args": "job"}
    field_order = ("title", "job")
    job = Typed(label=gettext_lazy("Job"), widget=forms.Select)
    chunk_size = number_field(gettext_lazy("Items per chunk"))
    max_parallel = number_field(gettext_lazy("Chunks at once"))
    service = Typed(label=gettext_lazy("Service that the job calls"), widget=forms.Select)
    item_attempts = number_field(gettext_lazy("Tries of an item"))
    item_timeout_seconds = number_field(gettext_lazy("Seconds for one try"))
    chunk_timeout_seconds = number_field(gettext_lazy("Seconds for a chunk"))
    window = choice_field(
        gettext_lazy("Next chunks begin"),
        (SLIDING, gettext_lazy("as soon as one has ended")),
        (ROLLING, gettext_lazy("when all have ended")),
    )
    window_pause_seconds = number_field(gettext_lazy("Seconds of rest between"))
    strategy = choice_field(
        gettext_lazy("Chunks are run by"),
        (ACTIVITIES, gettext_lazy("the batch itself")),
        (PER_CHUNK, gettext_lazy("a child workflow for each chunk")),
        (PER_ITEM, gettext_lazy("a child workflow for each item")),
    )
    parent_close_policy = choice_field(
        gettext_lazy("If the batch is cancelled, its children"),
        (TERMINATE, gettext_lazy("are ended at once")),
        (REQUEST_CANCEL, gettext_lazy("end what they run")),
        (ABANDON, gettext_lazy("go on by themselves")),
    )
    group_by = Typed(label=gettext_lazy("A child for each value of"))
    wait = choice_field(
        gettext_lazy("The batch ends"),
        ("true", gettext_lazy("when its children have ended")),
        ("false", gettext_lazy("when all have begun")),
    )

    def __init__(self, *args: Any, paces: int = PACES, **more: Any) -> None:
        super().__init__(*args, **more)
        given = self.given
        self.jobs = job_fields(given, bound=self.is_bound)
        jobs, known = [(job.name, f"{job.name}: {job.title}") for job in self.jobs], _services()
        choose(self.fields["job"], _("choose one"), jobs, given.get("job"))
        choose(self.fields["service"], _("none that is watched"), known, given.get("service"))
        self.add_rungs(given, jobs, known)
        if self.columns:
            columns = [(column, column) for column in self.columns]
            choose(self.fields["group_by"], _("no column: of each chunk"), columns, given.get("group_by"), forms.Select)
        self.add_paces(given, paces)
        self.spec: dict[str, Any] = {}

    # --- for the page ----------------------------------------------------------------------------------------------

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in MORE]

    @property
    def children(self) -> list[forms.BoundField]:
        return [self[name] for name in CHILDREN]

    @property
    def more_is_needed(self) -> bool:
        """Something in there is wrong, or is not as it begins."""
        others = [f"pace-{place}-limit" for place in self.places[1:]]
        return (
            any(name in self.errors for name in (*MORE, *CHILDREN, *others))
            or any(self[name].value() not in (BEGIN[name], None) for name in (*MORE, *CHILDREN))
            or any(str(self[name].value() or "").strip() for name in others)
        )

    # --- read ------------------------------------------------------------------------------------------------------

    def clean(self) -> None:
        """All of it as a program would say it, and what the contract's reader says of that beside its field."""
        self.spec = self._spec()
        try:
            services.checked(self.spec)
        except ValidationError as error:
            self.refuse(error)

    def say(self, key: str, sentences: list[str]) -> None:
        if key == "pace" and sentences[0].startswith("pace: "):
            for said in dict.fromkeys(sentences):
                self.refuse_pace(said)
        elif key == "fallbacks":
            for said in sentences:
                self.refuse_rungs(said)
        else:
            super().say(key, sentences)

    def worded(self, key: str, said: str) -> str:
        if key == "job" and said.startswith("job "):
            return _("Choose what is to be done with each item.")
        if key in _CHILDREN and str(self.cleaned_data.get("strategy")) in ("", ACTIVITIES):
            return _("Choose first that child workflows run the chunks: the batch itself has no children.")
        if key == "group_by" and said.startswith("group_by needs"):
            return _("Choose first that a child workflow runs each chunk: each value is one then.")
        if key == "on_tolerance" and "group_by" in said:
            return _("Each group ends for itself, and the others go on: choose that it ends as failed.")
        if key == "wait":
            return _("Nobody would wait for them: so they must go on by themselves when the batch ends.")
        return super().worded(key, said)

    def _spec(self) -> dict[str, Any]:
        typed = self.typed
        spec: dict[str, Any] = {
            "title": typed["title"],
            "job": typed["job"],
            "source": dict(self.source),
            "item_key": typed["item_key"],
            "service": typed["service"] or None,
            "window": typed["window"] or SLIDING,
            "on_tolerance": typed["on_tolerance"] or PAUSE,
            "strategy": typed["strategy"] or ACTIVITIES,
            "parent_close_policy": typed["parent_close_policy"] or TERMINATE,
            "wait": typed["wait"] != "false",
            "group_by": typed["group_by"],
            "job_args": self.arguments(self.jobs, typed["job"], "job"),
            "pace": self.limits_in(typed),
            **self.rungs_in(typed),
            **self.share_in(typed),
        }
        spec |= {name: number for name in NUMBERS if (number := number_typed(typed[name])) is not None}
        return spec


def _services() -> list[tuple[str, Any]]:
    return [(service.name, f"{service.name}: {service.title}") for service in Service.objects.order_by("name")]


_CHILDREN = ("parent_close_policy", "wait")
