"""What ops are told of, kind by kind: a circuit, that no worker runs, and what later apps add. Each in its words."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import webhooks
from circuits.models import Episode

Words = Mapping[str, str | Promise]
"""For "begins", "lasts" and "ends"."""


class Subject:
    """``name``: what the subject of its episodes begins with. ``at_once``: over as it begins, and told once.

    ``types`` of webhooks with their titles; ``headlines``, with names out of ``about`` in them; ``says``: what it
    means, and what to do now.
    """

    name: ClassVar[str]
    types: ClassVar[Mapping[str, tuple[str, str | Promise]]]
    headlines: ClassVar[Words]
    says: ClassVar[Words]
    see: ClassVar[str | Promise] = _("See the site")
    at_once: ClassVar[bool] = False

    def headline(self, episode: Episode, what: str) -> str:
        return str(self.headlines[what]) % self.about(episode)

    def about(self, episode: Episode) -> dict[str, Any]:
        """What programs are told besides, and headlines name."""
        return {"service": episode.whose}

    def told_already(self, _episode: Episode) -> Collection[int]:
        """Those of ops who hear of it by another letter."""
        return ()

    def page(self, _episode: Episode) -> str:
        """Where one sees it: else home, which says how the system is."""
        return "/"

    def stream(self, episode: Episode) -> str:
        """The ledger's stream that it belongs to."""
        return episode.subject


_subjects: dict[str, Subject] = {}


def register(subject: type[Subject]) -> type[Subject]:
    """A class decorator."""
    _subjects[subject.name] = subject()
    return subject


def lasting() -> list[str]:
    """The names of those that go on for a while."""
    return sorted(name for name, subject in _subjects.items() if not subject.at_once)


def connect() -> None:
    """Make the types of webhooks known; called by the app that brings a subject, when it is ready."""
    for subject in _subjects.values():
        for name, title in subject.types.values():
            webhooks.register(name, title)


def of(episode: Episode) -> Subject:
    return _subjects[episode.subject.partition(":")[0]]


_REFUSED = _(
    "Calls to it are refused, and served by what stands in for it where there is something. It tries again by itself."
)
_KEPT = _(
    "Decisions and requests are kept, and count as soon as a worker runs again. Nothing moves until then: start one."
)


@register
class OfCircuit(Subject):
    name = "circuit"
    see = _("See the circuit")
    types = {
        "begins": ("circuit.opened", _("a circuit opens")),
        "lasts": ("circuit.stays_open", _("a circuit stays open")),
        "ends": ("circuit.closed", _("a circuit is closed again")),
    }
    headlines = {
        "begins": _("The circuit %(service)s is open"),
        "lasts": _("The circuit %(service)s is still open"),
        "ends": _("The circuit %(service)s is closed again"),
    }
    says = {"begins": _REFUSED, "lasts": _REFUSED, "ends": _("Calls go through again.")}

    def page(self, _episode: Episode) -> str:
        return reverse("circuits:circuit", args=[_episode.whose])


_LOST = _(
    "Files are gone, changed, or may not be read. Put them back, and all goes on by itself; home names what waits for "
    "which."
)


@register
class OfUnread(Subject):
    name = "unread"
    types = {
        "begins": ("payload.missing", _("a workflow waits for a file that is kept outside Temporal")),
        "lasts": ("payload.still_missing", _("a workflow still waits for such a file")),
        "ends": ("payload.back", _("no workflow waits for such a file any more")),
    }
    headlines = {
        "begins": _("A workflow waits for a file that cannot be had"),
        "lasts": _("A workflow still waits for a file that cannot be had"),
        "ends": _("No workflow waits for a file any more"),
    }
    says = {"begins": _LOST, "lasts": _LOST, "ends": _("All of them are back, or nobody needs them any more.")}


@register
class OfWorker(Subject):
    name = "worker"
    types = {
        "begins": ("worker.none", _("no worker runs")),
        "lasts": ("worker.still_none", _("still no worker runs")),
        "ends": ("worker.back", _("a worker runs again")),
    }
    headlines = {"begins": _("No worker runs"), "lasts": _("Still no worker runs"), "ends": _("A worker runs again")}
    says = {"begins": _KEPT, "lasts": _KEPT, "ends": _("What was kept meanwhile is being worked off.")}
