"""People in the admin site: deactivated or deleted only after it was said which requests would wait for nobody then."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import Q

from approvals import absence, granting
from approvals.admin.saving import Guarded
from approvals.models import Delegation, LevelHolder


class PeopleAdmin(Guarded, UserAdmin):  # type: ignore[type-arg]
    """Django's own, with the question before."""

    def store(self, by: User, obj: User, form: Any, change: bool) -> None:  # noqa: ARG002
        obj.save()

    def remove(self, by: User, obj: User) -> None:
        for holder in LevelHolder.objects.filter(user=obj).select_related("user", "level"):
            granting.withdraw(holder=holder, by=by)
        for one in Delegation.objects.filter(Q(delegator=obj) | Q(delegate=obj)).select_related("level"):
            absence.end(delegation=one, by=by)
        obj.delete()


admin.site.unregister(User)
admin.site.register(User, PeopleAdmin)
