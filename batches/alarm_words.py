"""How ops are told of batches: that one failed, was not approved, waits above its tolerance, or stands still."""

from collections.abc import Collection
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Kind, Letter
from batches.models import Batch, Release, Schedule
from circuits.models import Episode
from circuits.subjects import Subject, register

FAILED, WAITS, STILL, REDUCE = "batch-failed", "batch-waits", "batch-still", "batch-reduce"
DECLINED = "batch-declined"
OUTCOMES = {
    "rejected": _("rejected"),
    "timeout": _("nobody decided in time"),
    "approved": _("approved, but given up before it began"),
    "": _("its request has ended"),
}
"""How its request ended."""


class OfRow(Subject):
    """Its episodes are called ``<name>:<uuid>``. ``called`` is its word for programs, addresses and the ledger."""

    model: ClassVar[type[Batch] | type[Schedule]]
    called: ClassVar[str]

    def about(self, episode: Episode) -> dict[str, Any]:
        row = self.model._default_manager.filter(uuid=episode.whose).only("title", "uuid").first()
        reference = {"reference": row.reference} if row else {}
        return {self.called: episode.whose, "title": str(row) if row else episode.whose, **reference}

    def page(self, episode: Episode) -> str:
        return reverse(f"batches:{self.called}", args=[episode.whose])

    def stream(self, episode: Episode) -> str:
        return f"{self.called}:{episode.whose}"


class OfBatch(OfRow):
    model, called = Batch, "batch"
    see = _("See the batch")


@register
class OfFailedBatch(OfBatch):
    name = FAILED
    at_once = True
    types = {"begins": ("batch.failed", _("a batch fails"))}
    headlines = {"begins": _("The batch “%(title)s” failed")}
    says = {
        "begins": _(
            "Nothing more of it is run. What was done counts, what its jobs returned is kept, and its failed items can "
            "be run again as a new batch."
        )
    }


@register
class OfDeclinedBatch(OfBatch):
    name = DECLINED
    at_once = True
    types = {"begins": ("batch.declined", _("a batch is not approved"))}
    headlines = {"begins": _("The batch “%(title)s” was not approved")}
    says = {
        "begins": _(
            "It has ended, and none of its items was run. Its page says who decided; it can be started again, which "
            "asks once more."
        )
    }

    def told_already(self, episode: Episode) -> Collection[int]:
        """Whoever asked for it hears how the request ended."""
        last = Release.objects.filter(batch__uuid=episode.whose).select_related("request").order_by("pk").last()
        letters = Letter.objects.filter(kind=Kind.OUTCOME, event=f"{last.request.stream}/closed" if last else "")
        return [pk for pk in letters.values_list("user_id", flat=True) if pk]


_WAITS = _("Nothing is lost, and nothing goes on by itself: look at why they failed, then resume or cancel it.")
_STILL = _("It runs, and none of its items comes to an end. Its page says what it waits for.")


@register
class OfWaitingBatch(OfBatch):
    name = WAITS
    types = {
        "begins": ("batch.waits", _("a batch pauses above its tolerance")),
        "lasts": ("batch.still_waits", _("a batch still waits above its tolerance")),
        "ends": ("batch.goes_on", _("a batch that waited goes on, or was ended")),
    }
    headlines = {
        "begins": _("The batch “%(title)s” has paused: too many of its items failed"),
        "lasts": _("The batch “%(title)s” is still paused: too many of its items failed"),
        "ends": _("The batch “%(title)s” waits no longer"),
    }
    says = {"begins": _WAITS, "lasts": _WAITS, "ends": _("Somebody has decided how it goes on.")}


_REDUCE = _(
    "What was mapped is kept. Mend what the reduce stumbled over, then resume it: it is tried again; or cancel it."
)


@register
class OfWaitingReduce(OfBatch):
    name = REDUCE
    types = {
        "begins": ("batch.reduce_failed", _("a MapReduce pauses because its reduce failed")),
        "lasts": ("batch.reduce_still_waits", _("a MapReduce whose reduce failed still waits")),
        "ends": ("batch.reduce_goes_on", _("a MapReduce that waited goes on, or was ended")),
    }
    headlines = {
        "begins": _("“%(title)s” has paused: its reduce failed"),
        "lasts": _("“%(title)s” is still paused: its reduce failed"),
        "ends": _("“%(title)s” waits no longer"),
    }
    says = {"begins": _REDUCE, "lasts": _REDUCE, "ends": _("Somebody has decided how it goes on.")}


@register
class OfStillBatch(OfBatch):
    name = STILL
    types = {
        "begins": ("batch.stands_still", _("a batch stands still")),
        "lasts": ("batch.still_stands", _("a batch goes on standing still")),
        "ends": ("batch.moves", _("a batch stands still no longer")),
    }
    headlines = {
        "begins": _("The batch “%(title)s” stands still"),
        "lasts": _("The batch “%(title)s” goes on standing still"),
        "ends": _("The batch “%(title)s” stands still no longer"),
    }
    says = {
        "begins": _STILL,
        "lasts": _STILL,
        "ends": _("Its items come to an end again, or it was paused or ended."),
    }
