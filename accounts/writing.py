"""What a letter says: each kind has a writer, which looks the facts up when the mail goes out, not before."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import Letter
from accounts.zones import outlook_of

LONGEST_SUBJECT = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Message:
    subject: str
    text: str
    html: str


Writer = Callable[[Letter], Message | None]
_writers: dict[str, Writer] = {}


def register(kind: str, writer: Writer) -> None:
    """The writer of a kind; it answers None for what needs no telling any more."""
    _writers[kind] = writer


def write(letter: Letter) -> Message | None:
    """In the language and the time zone of whoever it goes to; None if they have gone, or it has."""
    if letter.user is None or not letter.user.is_active:
        return None
    language, zone = outlook_of(letter.user)
    with translation.override(language or settings.LANGUAGE_CODE), timezone.override(zone or None):
        return _writers[letter.kind](letter)


def compose(template: str, context: Mapping[str, Any]) -> Message:
    """From ``mail/<template>``.subject.txt, .txt and .html."""
    given = {**context, "site": settings.LEITSTAND_BASE_URL}
    return Message(
        subject=one_line(render_to_string(f"mail/{template}.subject.txt", given)),
        text=render_to_string(f"mail/{template}.txt", given).strip() + "\n",
        html=render_to_string(f"mail/{template}.html", given),
    )


def one_line(text: str) -> str:
    """Nothing that a title holds can begin another header."""
    return " ".join(_CONTROL.sub(" ", text).split())[:LONGEST_SUBJECT]


def link(path: str) -> str:
    """The whole address of a page: never from the Host that a request names."""
    return f"{settings.LEITSTAND_BASE_URL}{path}"
