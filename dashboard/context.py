"""What every page's template may name besides its own context."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from dashboard.queries import roles_of


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "DEMO": settings.DEMO,
        "TEMPORAL_UI_URL": settings.TEMPORAL_UI_URL,
        "roles": SimpleLazyObject(lambda: roles_of(request.user)),
    }
