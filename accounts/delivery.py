"""One letter over one connection, and what a failure of it means."""

import smtplib
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email

from accounts.backends import NotSet
from accounts.models import Letter
from accounts.writing import Message

Why = Letter.Why


class Trouble(NamedTuple):
    """``final``: trying again will not help. ``broken``: nor will trying another letter over this connection."""

    why: Letter.Why
    final: bool = False
    broken: bool = False


def deliver(connection: Any, letter: Letter, address: str, message: Message) -> None:
    """The Message-ID is the letter's own: should it go out twice after a crash, mail programs show it once."""
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[address],
        headers={"Message-ID": message_id(letter), "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    mail.attach_alternative(message.html, "text/html")
    mail.send()


def message_id(letter: Letter) -> str:
    host = settings.LEITSTAND_BASE_URL.partition("://")[2].partition("/")[0].partition(":")[0]
    return f"<letter-{letter.pk}-{letter.made_at.timestamp():.6f}@{host or 'leitstand'}>"


def usable(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True


def trouble_of(error: Exception) -> Trouble:
    """By RFC 5321: what begins with 5 is for good, with 4 for now; 421 says that the server hangs up."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _said in error.recipients.values()), default=550)
        return Trouble(Why.BAD_ADDRESS, final=True) if code >= 500 else Trouble(Why.LATER, broken=code == 421)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Trouble(Why.LOGIN, broken=True)
    if isinstance(error, smtplib.SMTPSenderRefused):
        return Trouble(Why.SENDER, broken=True)
    if isinstance(error, smtplib.SMTPDataError):
        final = error.smtp_code >= 500
        return Trouble(Why.REFUSED if final else Why.LATER, final, broken=error.smtp_code == 421)
    if isinstance(error, NotSet):
        return Trouble(Why.NOT_SET, broken=True)
    if isinstance(error, OSError):  # all other errors of smtplib are of this kind too
        return Trouble(Why.UNREACHABLE, broken=True)
    return Trouble(Why.UNWRITTEN)


def said_by(error: Exception) -> str:
    """For administrators."""
    return f"{type(error).__name__}: {error}"[:1000]
