"""Pieces that other apps put on the page of a request: of what it is about, where that is theirs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string

from approvals.models import Request

Read = Callable[[Request], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Panel:
    template: str
    read: Read


_panels: dict[str, Panel] = {}


def register(kind: str, template: str, read: Read) -> None:
    """From ``AppConfig.ready()``, for requests of this kind. ``read`` gives the template's context; None: no piece."""
    _panels[kind] = Panel(template, read)


def of(approval: Request, request: HttpRequest) -> str:
    """The piece of this request's page, rendered; "" for none. Whoever sees the request sees it."""
    panel = _panels.get(approval.kind)
    context = panel.read(approval) if panel else None
    return render_to_string(panel.template, dict(context), request) if panel and context is not None else ""
