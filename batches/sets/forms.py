"""What ops fill in to start a data set: what loads it, what is done with it, where it lies meanwhile."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.forms import Typed
from batches.sets import services
from batches.starting.items import BeginForm
from worker import registry
from worker.dataset_contract import FS
from worker.datasets import kinds

LOADER, PROCESSOR = "loader", "processor"


class DataSetForm(BeginForm):
    """The functions are chosen of those that are registered here, each with its arguments."""

    BEGIN = {"kind": FS}
    NO_TITLE = gettext_lazy("Give the data set a title.")
    field_order = ("title", LOADER, PROCESSOR)
    loader = Typed(label=gettext_lazy("What loads it"), widget=forms.Select)
    processor = Typed(label=gettext_lazy("What is done with it"), widget=forms.Select)
    kind = Typed(label=gettext_lazy("Where it lies meanwhile"), widget=forms.Select)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.loaders = self.offer(LOADER, registry.loaders)
        self.processors = self.offer(PROCESSOR, registry.processors)
        self.fields["kind"].widget.choices = [(name, name) for name in kinds.all_kinds()]
        self.spec: dict[str, Any] = {}

    def clean(self) -> None:
        """As a program would say it, and what is wrong with that beside its field."""
        typed = self.typed
        self.spec = {
            "title": typed["title"],
            "loader": typed[LOADER],
            "loader_args": self.arguments(self.loaders, typed[LOADER], LOADER),
            "processor": typed[PROCESSOR],
            "processor_args": self.arguments(self.processors, typed[PROCESSOR], PROCESSOR),
            "kind": typed["kind"] or FS,
        }
        try:
            services.checked(self.spec)
        except ValidationError as error:
            self.refuse(error)

    def worded(self, key: str, said: str) -> str:
        if key == LOADER and said.startswith(f"{LOADER} must"):
            return _("Choose what loads it.")
        if key == PROCESSOR and said.startswith(f"{PROCESSOR} must"):
            return _("Choose what is done with it.")
        return said
