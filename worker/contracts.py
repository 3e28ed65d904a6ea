"""What crosses the wire: read by hand from untrusted JSON, additive changes only, times in epoch seconds.

Nothing here raises for rubbish: a value that does not fit becomes an error in words, so no caller can wedge a workflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.reading import Reader, as_number, as_object, printable

DAY = 86_400.0
MAX_AMOUNT = 1e12
MAX_TITLE = 200
MAX_DETAILS = 200
MAX_WARNINGS = 20


@dataclass(frozen=True)
class LevelSpec:
    """One level of a chain: who decides (empty: any level), and how long they have."""

    level: str
    timeout_seconds: float = DAY


@dataclass(frozen=True)
class ApprovalRequest:
    """What is asked, validated. ``levels`` is None where the policy decides."""

    title: str = ""
    amount: float | None = None
    currency: str = "EUR"
    requester: str = ""
    kind: str = "default"
    details: dict[str, Any] = field(default_factory=dict)
    action: dict[str, Any] | None = None
    levels: list[str] | None = None
    level_timeout_seconds: float | None = None


@dataclass(frozen=True)
class Parsed:
    """A request as it could be read, what is wrong with it, and what was ignored."""

    request: ApprovalRequest
    errors: list[str]
    warnings: list[str]


_KEYS = {
    "title",
    "amount",
    "currency",
    "requester",
    "kind",
    "details",
    "action",
    "levels",
    "level",
    "level_timeout_seconds",
    "timeout_seconds",
    "request_uuid",
}


def parse_request(given: Any, amount: Any = None, *, amount_needed: bool = True) -> Parsed:
    """Read the argument of an approval workflow. The second argument's amount wins over the one in the object."""
    if not isinstance(given, Mapping):
        return Parsed(ApprovalRequest(), ["request must be an object with at least a title."], [])
    read = Reader(given)
    levels = _levels(read)
    request = ApprovalRequest(
        title=read.text("title", limit=MAX_TITLE, required=True),
        amount=_amount(read, given.get("amount") if amount is None else amount, amount_needed),
        currency=_currency(read),
        requester=read.text("requester"),
        kind=read.text("kind", "default", 50) or "default",
        details=_details(read),
        action=_action(read),
        levels=levels,
        level_timeout_seconds=read.seconds("level_timeout_seconds") or read.seconds("timeout_seconds"),
    )
    return Parsed(request, read.errors, read.unknown(_KEYS, MAX_WARNINGS))


def _levels(read: Reader) -> list[str] | None:
    levels = read.names("levels", "level")
    level = read.text("level", limit=50)
    return levels if levels is not None or not level else [level]


def _amount(read: Reader, value: Any, needed: bool) -> float | None:
    if value is None and not needed:
        return None
    number = as_number(value)
    if number is None:
        read.errors.append("amount must be a finite number." if value is not None else "amount is missing.")
        return None
    if number < 0:
        read.errors.append("amount must not be negative.")
        return None
    if number >= MAX_AMOUNT:
        read.errors.append(f"amount must be below {MAX_AMOUNT:,.0f}.")
        return None
    return number


def _currency(read: Reader) -> str:
    currency = read.text("currency", "EUR", 10).upper()
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        read.errors.append("currency must be a code of three letters, such as EUR.")
        return "EUR"
    return currency


def _details(read: Reader) -> dict[str, Any]:
    value = read.given.get("details")
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > MAX_DETAILS:
        read.errors.append(f"details must be an object of at most {MAX_DETAILS} entries.")
        return {}
    return as_object(read, "details", value)


def _action(read: Reader) -> dict[str, Any] | None:
    value = read.given.get("action")
    if value is None:
        return None
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str) or not 0 < len(value["name"]) <= 100:
        read.errors.append('action must be an object {"name": …, "args": {…}}, or be left out.')
        return None
    return {"name": printable(value["name"]), "args": as_object(read, "action.args", value.get("args") or {})}


# --- claims: what signals bring ---------------------------------------------------------------------------------

APPROVE, REJECT, WITHDRAW, RETRY, GIVE_UP = "approve", "reject", "withdraw", "retry_action", "give_up"


@dataclass(frozen=True)
class Claim:
    """Somebody claims to decide. ``open_index`` is the step that was open when the claim arrived, None if none was."""

    verdict: str
    decision_id: str
    level: str = ""
    approver: str = ""
    comment: str = ""
    shown: str = ""
    handled_at: float = 0.0
    open_index: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the recording activity made of a claim. ``code`` is for programs, ``reason`` for people."""

    decision_id: str
    applied: bool
    verdict: str = ""
    level: str = ""
    code: str = ""
    reason: str = ""
    by: str = ""
    at: float = 0.0
    known: str = ""
    comment: str = ""
    on_behalf_of: str = ""


# --- what the steps send and get --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ref:
    """Which request: (workflow id, first run id) is its row."""

    workflow_id: str
    first_run_id: str
    run_id: str = ""
    workflow_type: str = ""


@dataclass(frozen=True)
class OpenRequest:
    """The first step: give this request its row, uuid and chain, or say why it is not valid."""

    ref: Ref
    request: ApprovalRequest
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    started_at: float = 0.0
    single: bool = False


@dataclass(frozen=True)
class Opened:
    """``chain`` is resolved once and carried by the workflow: a later change of policy never moves an open request."""

    uuid: str = ""
    errors: list[str] = field(default_factory=list)
    chain: list[LevelSpec] = field(default_factory=list)


@dataclass(frozen=True)
class OpenLevel:
    """This step of the chain waits from now on."""

    ref: Ref
    index: int
    opened_at: float
    deadline: float


@dataclass(frozen=True)
class RecordClaims:
    """Judge these claims in order. ``phase``: "waiting", "starting", "action_running", "action_failed" or "closed"."""

    ref: Ref
    claims: list[Claim]
    phase: str
    open_index: int | None = None
    deadline: float = 0.0


@dataclass(frozen=True)
class Recorded:
    """One verdict for each claim, in their order."""

    verdicts: list[Verdict] = field(default_factory=list)


@dataclass(frozen=True)
class ExpireLevel:
    """The deadline has passed: is there really nobody who clicked before it?"""

    ref: Ref
    index: int
    deadline: float
    now: float = 0.0


@dataclass(frozen=True)
class Expired:
    """Either the level is timed out on record, or these clicks came before the deadline and count first."""

    expired: bool
    claims: list[Claim] = field(default_factory=list)


@dataclass(frozen=True)
class RunAction:
    """Run the approved action. ``key`` is the same for every try: the action's guard against running twice."""

    ref: Ref
    name: str
    args: dict[str, Any]
    key: str
    round: int = 1


@dataclass(frozen=True)
class ActionEnded:
    """The action ran, or failed for good and waits for somebody."""

    ref: Ref
    ok: bool
    at: float
    error: str = ""
    result: Any = None


@dataclass(frozen=True)
class CloseRequest:
    """The end, with what the workflow is about to return."""

    ref: Ref
    status: str
    result: dict[str, Any]
    at: float
    reason: str = ""
