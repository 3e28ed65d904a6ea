"""The form that sets how the demo's service behaves: shares in percent, as people say them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.demo.service.knobs import LONGEST, Knobs


class KnobsForm(forms.Form):
    percent = forms.FloatField(label=_("Calls that fail, in %"), min_value=0, max_value=100)
    latency_seconds = forms.FloatField(label=_("Seconds that a call takes"), min_value=0, max_value=LONGEST)
    hang = forms.BooleanField(label=_("It hangs: no call is answered at all"), required=False)

    def __init__(self, data: Any = None, **more: Any) -> None:
        super().__init__(data, auto_id="id_demo_%s", **more)
        for name in ("percent", "latency_seconds"):
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "step": "any"}

    def focus_on_what_is_wrong(self) -> None:
        wrong = [name for name in self.fields if name in self.errors]
        for name in wrong:
            error = f"{self[name].id_for_label}_error"
            self.fields[name].widget.attrs |= {"aria-invalid": "true", "aria-describedby": error}
        for name in wrong[:1]:
            self.fields[name].widget.attrs["autofocus"] = True

    @classmethod
    def of(cls, knobs: Knobs) -> "KnobsForm":
        percent = round(knobs.failure_rate * 100, 3)
        return cls(initial={"percent": percent, "latency_seconds": knobs.latency_seconds, "hang": knobs.hang})

    @property
    def wanted(self) -> Knobs:
        typed = self.cleaned_data
        return Knobs(typed["percent"] / 100, typed["latency_seconds"], typed["hang"])
