"""What approvers are told of a batch that they are asked about: as texts, for every page, mail and program alike."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.writing import link
from approvals.rows import person_name
from batches.figures import digits
from batches.models import Batch
from batches.release.limits import Estimate
from batches.templatetags.batches import pace_words
from batches.templatetags.batches import size as in_bytes
from worker import registry
from worker.batch_contract import PAUSE

LONGEST = 1_000


def details_of(row: Batch, found: Estimate) -> dict[str, str]:
    """By what they are called; what it has not is left out."""
    spec = row.spec
    texts = {
        _("Batch"): f"{row.reference} {row.title}\n{link(row.get_absolute_url())}",
        _("Why it is asked"): "\n".join(found.reasons),
        _("Job"): _job(row.job),
        _("Arguments"): _short(json.dumps(spec["job_args"], ensure_ascii=False)) if spec.get("job_args") else "",
        _("If it does not serve"): "\n".join(_job(rung["job"]) for rung in spec.get("fallbacks") or ()),
        _("Items"): _items(found),
        _("Estimated cost"): _cost(found),
        **_source(row, found.sized.source),
        _("Pace"): pace_words(spec.get("pace")) or _("as fast as it goes"),
        _("Service"): spec.get("service") or "",
        _("Tolerated"): _tolerance(spec),
        _("Asked by"): person_name(row.user) or row.requester,
    }
    return {name: text for name, text in texts.items() if text}


def _job(name: str) -> str:
    known = registry.jobs.find(name)
    return f"{name}: {known.title}" if known else name


def _items(found: Estimate) -> str:
    number = digits(found.sized.items)
    return number if found.sized.exactly else _("%(number)s at most") % {"number": number}


def _cost(found: Estimate) -> str:
    if not found.each:
        return ""
    about = {"cost": f"{found.cost:,.2f}", "currency": found.currency, "each": _plain(found.each)}
    return _("%(cost)s %(currency)s, %(each)s for each item") % about


def _plain(cost: Decimal) -> str:
    return f"{cost.normalize():f}"


def _source(row: Batch, source: Mapping[str, Any]) -> dict[str, str]:
    if source.get("failed_of"):
        of = row.follows.reference if row.follows else str(source["failed_of"])
        return {_("Source"): _("the failed items of %(batch)s") % {"batch": of}}
    if source.get("degraded_of"):
        of = row.follows.reference if row.follows else str(source["degraded_of"])
        return {_("Source"): _("the degraded items of %(batch)s") % {"batch": of}}
    if "uri" not in source:
        return {_("Source"): _("items given with the order")}
    name = row.source_name
    return {_("File"): f"{name}, {in_bytes(source['size'])}", "SHA-256": source["sha256"]}


def _tolerance(spec: Mapping[str, Any]) -> str:
    share = digits(100 * spec["tolerated_failure_rate"], 1).removesuffix(".0")
    then = _("then it pauses and asks") if spec["on_tolerance"] == PAUSE else _("then it fails")
    return _("%(share)s %% failed") % {"share": share} + f", {then}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
