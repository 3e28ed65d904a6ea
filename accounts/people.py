"""The person behind a request."""

from django.contrib.auth.models import User
from django.http import HttpRequest


def person(request: HttpRequest) -> User:
    """For views that nobody else comes into: behind the sign-in check, or in the admin site."""
    assert isinstance(request.user, User)
    return request.user
