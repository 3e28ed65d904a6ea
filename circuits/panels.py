"""Pieces that other apps put on the page of a circuit, such as the demo's; shown where they have something to say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

Read = Callable[[str, HttpRequest], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Panel:
    template: str
    read: Read


_panels: dict[str, Panel] = {}


def register(name: str, template: str, read: Read) -> None:
    """From ``AppConfig.ready()``. ``read(service, request)`` gives the template's context; None: not on this page."""
    _panels[name] = Panel(template, read)


def forget(name: str) -> None:
    _panels.pop(name, None)


def of(service: str, request: HttpRequest) -> list[str]:
    """The panels of this circuit's page, rendered, in the order in which they were registered."""
    found = [(panel.template, panel.read(service, request)) for panel in _panels.values()]
    return [render_to_string(template, dict(context), request) for template, context in found if context is not None]
