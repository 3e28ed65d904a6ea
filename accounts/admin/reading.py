"""What was sent, in the admin site: there to read, and to be sent again by whoever may."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy

from audit import subjects


class Sent(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nobody adds, changes or deletes it; ``send`` is the permission to change it, which is all that it means here."""

    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, *_args: Any) -> bool:
        return False

    def has_change_permission(self, *_args: Any) -> bool:
        return False

    def has_delete_permission(self, *_args: Any) -> bool:
        return False

    def has_send_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"accounts.change_{self.opts.model_name}"))

    @admin.display(description=gettext_lazy("about"))
    def about(self, sent: Any) -> str:
        """What it is about, with a link to its page, where it has one."""
        found = subjects.of([sent.stream]).get(sent.stream)
        if found is None:
            return str(sent.stream) or "–"
        return format_html('<a href="{}">{}</a>', found.url, found.label) if found.url else found.label
