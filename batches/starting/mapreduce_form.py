"""What ops fill in to start a MapReduce: which map, which reduce, how they are cut and put together."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.forms import Typed
from batches.paces import number_field, number_typed
from batches.starting import mapreduce
from batches.starting.filled import MAP, REDUCE
from batches.starting.items import ItemsForm
from worker import registry
from worker.batch_contract import PAUSE
from worker.mapreduce_contract import FAN_IN

NUMBERS = ("chunk_size", "max_parallel", "fan_in")


class MapReduceForm(ItemsForm):
    """The functions are chosen of those that are registered here, each with its arguments."""

    BEGIN = {
        "chunk_size": "100",
        "max_parallel": "10",
        "fan_in": str(FAN_IN),
        "tolerated": "10",
        "on_tolerance": PAUSE,
    }
    BESIDE = {
        **ItemsForm.BESIDE,
        "map_activity": MAP,
        "map_args": MAP,
        "reduce_activity": REDUCE,
        "reduce_args": REDUCE,
    }
    field_order = ("title", MAP, REDUCE)
    map = Typed(label=gettext_lazy("Map"), widget=forms.Select)
    reduce = Typed(label=gettext_lazy("Reduce"), widget=forms.Select)
    chunk_size = number_field(gettext_lazy("Items per map"))
    max_parallel = number_field(gettext_lazy("Maps at once"))
    fan_in = number_field(gettext_lazy("Partial results per reduce"))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.maps, self.reduces = self.offer(MAP, registry.maps), self.offer(REDUCE, registry.reduces)
        self.call: dict[str, Any] = {}

    def clean(self) -> None:
        """As a program would say it, and what the contract's reader says of that beside its field."""
        self.call = self._call()
        try:
            mapreduce.checked(mapreduce.arguments(self.source, self.call))
        except ValidationError as error:
            self.refuse(error)

    def _call(self) -> dict[str, Any]:
        typed = self.typed
        return {
            "title": typed["title"],
            "map_activity": typed[MAP],
            "reduce_activity": typed[REDUCE],
            "map_args": self.arguments(self.maps, typed[MAP], MAP),
            "reduce_args": self.arguments(self.reduces, typed[REDUCE], REDUCE),
            "item_key": typed["item_key"],
            "on_tolerance": typed["on_tolerance"] or PAUSE,
            **{name: number_typed(typed[name]) for name in NUMBERS},
            **self.share_in(typed),
        }

    def worded(self, key: str, said: str) -> str:
        if key == "map_activity" and said.startswith(key):
            return _("Choose what makes a partial result of the items.")
        if key == "reduce_activity" and said.startswith(key):
            return _("Choose what puts partial results together.")
        return super().worded(key, said)
