"""The ledger in the admin site: to look at only."""

from django.contrib import admin

from audit.models import Entry, Seal


class ReadOnly:
    """Nobody adds, changes or deletes here: entries are written with what they record, seals by the workers."""

    show_full_result_count = False

    def has_add_permission(self, *_asked: object) -> bool:
        return False

    def has_change_permission(self, *_asked: object) -> bool:
        return False

    def has_delete_permission(self, *_asked: object) -> bool:
        return False


@admin.register(Entry)
class EntryAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["id", "at", "actor", "known", "kind", "stream", "seq"]
    ordering = ["-id"]


@admin.register(Seal)
class SealAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["number", "at", "entries", "hash"]
    ordering = ["-number"]
