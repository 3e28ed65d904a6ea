"""A form of the admin site that saves nothing over what somebody else has saved meanwhile. Its rows have a version."""

from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _


class Seen(forms.IntegerField):
    """Never a change in itself."""

    widget = forms.HiddenInput

    def has_changed(self, *_asked: Any) -> bool:
        return False


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]
    """Remembers the version that was shown. Whoever saves second is told, and finds all that was typed in its place."""

    seen = Seen(required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.initial["seen"] = self.instance.version if self.instance.pk else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        seen, pk = self.cleaned_data.get("seen"), self.instance.pk
        if not pk or seen is None:
            return cleaned
        rows = type(self.instance)._default_manager.select_for_update().filter(pk=pk)
        now = rows.values_list("version", flat=True).first()
        if now is not None and now != seen:
            self._show_again(now)
        return cleaned

    def _show_again(self, now: int) -> None:
        data = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix("seen")] = str(now)
        self.data = data
        said = _(
            "%(who)s saved this while you were editing, so nothing of yours was saved yet. What you typed is still "
            "here. Open the page in a second window to compare; save again to replace what is there."
        )
        raise ValidationError(said % {"who": _who_saved_last(self.instance)})


def _who_saved_last(instance: Model) -> str:
    kind = ContentType.objects.get_for_model(type(instance))
    last = LogEntry.objects.filter(content_type=kind, object_id=str(instance.pk)).select_related("user").first()
    return last.user.get_username() if last else _("Somebody else")
