"""The outbox in the admin site: to read, for the outbox alone knows what went out."""

from typing import Any

from django.contrib import admin

from accounts.models import Letter


@admin.register(Letter)
class LetterAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("made_at", "name", "kind", "state", "why", "tries", "tried_at")
    list_filter = ("state", "kind", "why")
    search_fields = ("name", "address", "stream")
    ordering = ("-id",)
    show_full_result_count = False

    def has_add_permission(self, *_args: Any) -> bool:
        return False

    def has_change_permission(self, *_args: Any) -> bool:
        return False

    def has_delete_permission(self, *_args: Any) -> bool:
        return False
