"""Shows every page in the time zone, and in the language, of whoever looks at it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from accounts.zones import outlook_of

Answer = Callable[[HttpRequest], HttpResponse]


def in_the_viewers_zone(answer: Answer) -> Answer:
    """After the authentication. Threads are used again, so the zone is left as it was."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return answer(request)
        language, zone = outlook_of(request.user)
        if language:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        with timezone.override(zone or None):
            return answer(request)

    return middleware
