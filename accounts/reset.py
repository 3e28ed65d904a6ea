"""The letter with the way to a new password. Its token is made when it goes out, and is in no table."""

from datetime import timedelta

from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.models import Letter
from accounts.writing import Message, compose, link

AN_HOUR = timedelta(hours=1)
"""Who has waited longer has asked again, or does not want it any more."""


def write(letter: Letter) -> Message | None:
    user = letter.user
    if user is None or timezone.now() - letter.made_at > AN_HOUR or not user.has_usable_password():
        return None
    key = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("accounts:reset-confirm", args=[key, default_token_generator.make_token(user)])
    return compose("reset", {"person": user, "url": link(path)})
