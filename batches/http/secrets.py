"""Secrets of headers: looked up by name in the settings when a call is made, and struck out of whatever is kept."""

import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from accounts.hosts import Failed, Hosts

STRUCK = "[secret]"


def missing(names: Iterable[str]) -> list[str]:
    """What is wrong, in words."""
    return [
        f"There is no secret {name!r:.80}: set LEITSTAND_HTTP_SECRET_{name:.80} where site and workers run."
        for name in dict.fromkeys(names)
        if not _known(name)
    ]


def elsewhere(names: Iterable[str], url: str) -> list[str]:
    """Which of them are bound to other hosts than this address has, in words."""
    return [
        f"The secret {name!r:.80} may not be sent there: LEITSTAND_HTTP_SECRETS_TO binds it to other hosts."
        for name in dict.fromkeys(names)
        if (bound := settings.HTTP_SECRETS_TO.get(name)) is not None and not _is_among(bound, url)
    ]


def _is_among(bound: Hosts, url: str) -> bool:
    try:
        bound.check(url)
    except Failed:
        return False
    return True


def of(names: Iterable[str]) -> dict[str, str]:
    return {name: _known(name) for name in names}


def _known(name: str) -> str:
    return str(settings.HTTP_SECRETS.get(name, "")).strip()


class Striking:
    """Takes these secrets out of texts, however JSON would write them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for each in secrets if each for form in (each, json.dumps(each)[1:-1])}
        self.forms = sorted(forms, key=len, reverse=True)

    def text(self, text: str) -> str:
        for form in self.forms:
            text = text.replace(form, STRUCK)
        return text

    def value(self, value: Any) -> Any:
        if not self.forms:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if isinstance(value, dict):
            return {self.text(name): self.value(each) for name, each in value.items()}
        return value
