"""The sentences that say what makes a batch as slow as it is, each with its figures. Pure but for the language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from batches import figures
from batches.evidence import Work
from circuits.limits.numbers import rate
from circuits.templatetags.circuits import span
from worker import batch_waiting as causes

MOST = 0.5
"""The share of a chunk's time from which it is what makes it slow."""
FEW = 0.1
LONG = 0.05
"""Seconds of an item's job, from which more of them at once are worth a thought."""

WAIT, BAD, RUN = "wait", "bad", "run"
"""Something holds it up; something is wrong; it is as fast as its work allows."""


@dataclass(frozen=True)
class Why:
    """``cause`` is for programs; ``shares`` say how the last minute was spent."""

    cause: str
    kind: str
    sentence: SafeString
    shares: str = ""


@dataclass(frozen=True)
class Case:
    """A batch's own words, what of them binds, and what is known beside. ``work`` None: that is not known."""

    progress: Mapping[str, Any]
    waits: Mapping[str, Any]
    work: Work | None
    workers: int
    now: float
    limit: float | None = None
    """That of its queue, where it holds work back."""

    @property
    def until(self) -> str:
        """How long it lasts; "" where nobody knows."""
        until = self.waits.get("until")
        return span(max(until - self.now, 1.0)) if until else ""

    @property
    def service(self) -> SafeString:
        name = self.progress["service"]
        return format_html('<a href="{}">{}</a>', reverse("circuits:circuit", args=[name]), name)


Reason = Callable[[Case], Why]


def _why(cause: str, kind: str, said: str, **figures: Any) -> Why:
    return Why(cause, kind, format_html(said, **figures) if figures else format_html("{}", said))


# --- what it waits for -------------------------------------------------------------------------------------------


def circuit(case: Case) -> Why:
    held = case.progress["held"]
    pending = figures.digits(case.progress["pending"] + held)
    state = case.waits.get("state")
    if state == "half_open":
        said = _("the circuit {service} is being tried: one item at a time is begun, {pending} wait.")
        return _why("circuit", WAIT, said, service=case.service, pending=pending)
    if held:
        return _held(case, pending)
    if state == "forced_open":
        said = _(
            "the circuit {service} was opened by hand{reason}, so no chunk is begun and {pending} items wait. {again}"
        )
    else:
        said = _("the circuit {service} is open{reason}, so no chunk is begun and {pending} items wait. {again}")
    return _why("circuit", WAIT, said, service=case.service, pending=pending, **_circuit_words(case))


def _circuit_words(case: Case) -> dict[str, Any]:
    again = _("It tries again in {s}.").format(s=case.until) if case.until else _("It stays so until it is closed.")
    reason = format_html(" (<bdi>{}</bdi>)", case.waits["reason"]) if case.waits.get("reason") else ""
    return {"again": again, "reason": reason}


def _held(case: Case, pending: str) -> Why:
    """Nobody can serve them now; how long they may be held is counted from the first."""
    if case.waits.get("state") == "forced_open":
        said = _("the circuit {service} was opened by hand{reason}: {pending} items are held. {again} {limit}")
    else:
        said = _("the circuit {service} is open{reason}: {pending} items are held. {again} {limit}")
    until = (case.progress.get("holding") or {}).get("until")
    left = span(max(until - case.now, 1.0)) if until else ""
    limit = _("Those held longest fail in {s} if it is still open then.").format(s=left) if left else ""
    return _why("circuit", WAIT, said, service=case.service, pending=pending, limit=limit, **_circuit_words(case))


def budget(case: Case) -> Why:
    others = case.waits.get("others") or 0
    said = _("it waits for the budget of {service}: {limit}{shared}.{again}")
    shared = ngettext(", shared with {n} other batch", ", shared with {n} other batches", others).format(n=others)
    again = _(" More may begin in {s}.").format(s=case.until) if case.until else ""
    about = {"service": case.service, "limit": limit_words(case.waits), "shared": shared if others else ""}
    return _why("budget", WAIT, said, again=again, **about)


def pace(case: Case) -> Why:
    used, most = case.progress["chunks_in_flight"], case.progress["max_parallel"]
    if case.work is None or used >= most:
        return _why("pace", WAIT, _("its pace binds: {limit}."), limit=limit_words(case.waits))
    said = _("its pace binds: {limit}; not the workers: {n} of its {most} places are in use.")
    return _why("pace", WAIT, said, limit=limit_words(case.waits), n=used, most=most)


def rolling(case: Case) -> Why:
    oldest = (case.progress.get("oldest") or [{}])[0].get("since")
    since = _(", which has run for {s}").format(s=span(case.now - oldest)) if oldest else ""
    said = _("its window is rolling: more begins when the slowest of its chunks has ended{since}.")
    return _why("rolling", WAIT, said, since=since)


def resting(case: Case) -> Why:
    return _why("resting", WAIT, _("it rests between two windows, for {s} more."), s=case.until or span(1.0))


def reducing(progress: Mapping[str, Any]) -> Why:
    tree = progress["reducing"]
    said = _("its items are mapped, and their partial results are put together: level {level} of {levels}, {done} of "
             "{groups} reduces are done, {running} run.")  # fmt: skip
    return _why("reducing", RUN, said, **{name: figures.digits(tree[name]) for name in _TREE})


_TREE = ("level", "levels", "done", "groups", "running")


def last(case: Case) -> Why:
    number = case.progress["chunks_in_flight"]
    said = ngettext(
        "nothing is left to begin: the last chunk runs.", "nothing is left to begin: the last {n} chunks run.", number
    )
    return _why("last", RUN, said, n=number)


def draining(case: Case) -> Why:
    said = _("its workflow goes on in a new run as soon as the chunks under way have ended ({n}).")
    return _why("draining", RUN, said, n=case.progress["chunks_in_flight"])


def unknown(_case: Case) -> Why:
    return _why("unknown", WAIT, _("what holds it up is not known."))


# --- all its places are taken ------------------------------------------------------------------------------------


def parallel(case: Case) -> Why:
    """By what: reading, standing in line for the processor, or the job itself."""
    work, most = case.progress.get("work"), case.progress["max_parallel"]
    full = ngettext("its only place is taken", "all its {n} places are taken", most).format(n=most)
    if not work:
        said = _("{full}, and no chunk has ended within the last minute: how long an item takes is not known.")
        return _why("parallel", RUN, said, full=full)
    if work["reading"] > MOST:
        said = _("{full} by chunks that read the source: {share} of their time.")
        return _why("source", WAIT, said, full=full, share=_percent(work["reading"]))
    if work["standing"] > MOST:
        said = _("{full} by chunks that stand in line for the processor: {share} of their time. Another worker would "
                 "help, more places would not.")  # fmt: skip
        return _why("standing", WAIT, said, full=full, share=_percent(work["standing"]))
    said = _("{full}, and busy: an item takes {item}.")
    if work["item_seconds"] >= LONG and work["standing"] < FEW and case.work is not None:
        said = _("{full}, and busy: an item takes {item}. More places would help, if what it calls bears that.")
    return _why("job", RUN, said, full=full, item=_short(work["item_seconds"]))


REASONS: Mapping[str, Reason] = {
    causes.CIRCUIT: circuit,
    causes.BUDGET: budget,
    causes.PACE: pace,
    causes.PARALLEL: parallel,
    causes.ROLLING: rolling,
    causes.RESTING: resting,
    causes.LAST: last,
    causes.DRAINING: draining,
}

# --- workers -----------------------------------------------------------------------------------------------------


def nobody_takes(case: Case, work: Work) -> Why:
    since = span(case.now - work.since)
    if not case.workers:
        return _why("no_worker", BAD, _("no worker has taken work for {since}: none runs that serves it."), since=since)
    waits = ngettext(
        "{n} piece of its work waits for a worker", "{n} pieces of its work wait for a worker", work.waiting
    )
    busy = ngettext("the only worker has no place free", "none of the {n} workers has a place free", case.workers)
    about = {"waits": waits.format(n=work.waiting), "since": since, "busy": busy.format(n=case.workers)}
    if work.taken:
        return _why("workers", WAIT, _("{waits}, for {since}: {busy}. More workers would help."), **about)
    return _why("workers", WAIT, _("{waits}, for {since}, and none is taken: {busy}, or it hangs."), **about)


def limited(case: Case, work: Work, limit: float) -> Why:
    waits = ngettext("{n} piece of its work waits", "{n} pieces of its work wait", work.waiting)
    about = {"waits": waits.format(n=work.waiting), "since": span(case.now - work.since)}
    where = format_html('<a href="{}">{}</a>', reverse("limits:index"), _("the limit of the queue"))
    if limit == 0:
        said = _("{waits}, for {since}: {where} is 0, so no worker is handed any until that is changed or reset.")
        return _why("limit", BAD, said, where=where, **about)
    said = _("{waits}, for {since}, though places are free: {where} is {limit} chunks a second for all batches.")
    return _why("limit", WAIT, said, where=where, limit=rate(limit), **about)


def failing(work: Work) -> Why:
    said = _("a worker cannot do its work now, and tries again: “{failure}”")
    return _why("failing", BAD, said, failure=work.failure[:300])


def lost(work: Work) -> Why:
    said = ngettext(
        "a piece of its work lost its worker, and is begun again in a moment.",
        "{n} pieces of its work lost their worker, and are begun again in a moment.",
        work.lost,
    )
    return _why("lost", WAIT, said, n=work.lost)


# --- in words ----------------------------------------------------------------------------------------------------


def limit_words(limit: Mapping[str, Any]) -> str:
    """ "450 a second", "100 a minute", "100 in 60.5 s"."""
    number, seconds = figures.digits(limit["limit"]), limit["per_seconds"]
    units = {1: _("{n} a second"), 60: _("{n} a minute"), 3_600: _("{n} an hour")}
    if seconds in units:
        return units[seconds].format(n=number)
    return _("{n} in {s} s").format(n=number, s=figures.digits(seconds, 0 if seconds == int(seconds) else 1))


_NAMES: Mapping[str, Callable[[], str]] = {
    causes.PARALLEL: lambda: _("all places taken"),
    causes.LAST: lambda: _("the last chunks"),
    causes.PACE: lambda: _("its pace"),
    causes.BUDGET: lambda: _("the budget"),
    causes.CIRCUIT: lambda: _("the circuit"),
    causes.ROLLING: lambda: _("the slowest of a window"),
    causes.RESTING: lambda: _("rest"),
    causes.PAUSED: lambda: _("paused"),
    causes.DRAINING: lambda: _("a new run"),
}


def shares(spent: Mapping[str, float]) -> str:
    """ "its pace 75 %, all places taken 25 %"; "" where it was all the same."""
    much = sorted(((share, cause) for cause, share in spent.items() if share >= 0.01 and cause in _NAMES), reverse=True)
    return ", ".join(f"{_NAMES[cause]()} {_percent(share)}" for share, cause in much) if len(much) > 1 else ""


def _percent(share: float) -> str:
    return f"{figures.digits(100 * share)} %"


def _short(seconds: float) -> str:
    if seconds < 0.001:
        return _("less than 1 ms")
    if seconds < 0.1:
        return f"{figures.digits(1_000 * seconds)} ms"
    return f"{figures.digits(seconds, 1)} s" if seconds < 60 else span(seconds)
