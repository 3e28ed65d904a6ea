"""The mail backend of a site in production that has no mail server yet: it says so, and the outbox waits."""

from typing import Any

from django.core.mail.backends.base import BaseEmailBackend


class NotSet(Exception):
    """Nobody has said by which server mail goes out."""


class NoServer(BaseEmailBackend):
    def open(self) -> bool:
        raise NotSet("LEITSTAND_SMTP_URL is not set.")

    def send_messages(self, email_messages: Any) -> int:  # noqa: ARG002
        raise NotSet("LEITSTAND_SMTP_URL is not set.")
