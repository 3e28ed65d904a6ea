"""What crosses the wire: read by hand from untrusted JSON, additive changes only, times in epoch seconds.

Nothing here raises for rubbish: a value that does not fit becomes an error in words, so no caller can wedge a workflow.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

DAY = 86_400.0
MAX_AMOUNT = 1e12
MAX_TITLE = 200
MAX_NAME = 200
MAX_TEXT = 5_000
MAX_OBJECT = 100_000
"""Characters as JSON, where one letter may take twelve: Temporal ends a workflow that schedules more than 2 MB."""
MAX_DETAILS = 200
MAX_LEVELS = 20
MAX_DEADLINE = 10 * 365 * DAY
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


class _Reader:
    """Takes values out of an untrusted object, one line of complaint each."""

    def __init__(self, given: Mapping[Any, Any]) -> None:
        self.given = given
        self.errors: list[str] = []

    def text(self, name: str, default: str = "", limit: int = MAX_NAME, required: bool = False) -> str:
        value = self.given.get(name)
        if value is None and not required:
            return default
        if not isinstance(value, str) or (required and not value.strip()):
            self.errors.append(f"{name} must be a text{'' if required else ', or be left out'}.")
            return default
        if len(value) > limit:
            self.errors.append(f"{name} has {len(value)} characters; at most {limit} are taken.")
        # Cut before anything looks at each letter: a workflow that thinks for two seconds is taken for dead.
        kept = value[:limit]
        if printable(kept) != kept:
            self.errors.append(f"{name} holds characters that are not text.")
        return printable(kept).strip()

    def seconds(self, name: str) -> float | None:
        value = self.given.get(name)
        if value is None:
            return None
        number = as_number(value)
        if number is None or not 0 < number <= MAX_DEADLINE:
            self.errors.append(f"{name} must be a number of seconds above 0 and at most {MAX_DEADLINE:.0f}.")
            return None
        return number

    def names(self, name: str) -> list[str] | None:
        value = self.given.get(name)
        if value is None:
            return None
        if (
            not isinstance(value, list)
            or not 0 < len(value) <= MAX_LEVELS
            or not all(isinstance(each, str) and 0 < len(each) <= 50 for each in value)
        ):
            self.errors.append(f"{name} must be a list of 1 to {MAX_LEVELS} names of levels.")
            return None
        names = [printable(each) for each in value]
        if len(set(names)) < len(names):
            self.errors.append(f"{name} names a level twice.")
        return names


def printable(text: str) -> str:
    """The text without what no database and no JSON reader takes: NUL and lone surrogates."""
    return "".join(letter for letter in text if letter != "\x00" and not 0xD800 <= ord(letter) <= 0xDFFF)


def as_number(value: Any) -> float | None:
    """A finite number; bool is not one, nor is a text, nor an integer too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def parse_request(given: Any, amount: Any = None, *, amount_needed: bool = True) -> Parsed:
    """Read the argument of an approval workflow. The second argument's amount wins over the one in the object."""
    if not isinstance(given, Mapping):
        return Parsed(ApprovalRequest(), ["request must be an object with at least a title."], [])
    read = _Reader(given)
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
    return Parsed(request, read.errors, _warnings(given))


def _warnings(given: Mapping[Any, Any]) -> list[str]:
    unknown = (printable(str(key)[:80]) for key in given if key not in _KEYS)
    return [f"The key {key!r} is not known and was ignored." for key in islice(unknown, MAX_WARNINGS)]


def _levels(read: _Reader) -> list[str] | None:
    levels = read.names("levels")
    level = read.text("level", limit=50)
    return levels if levels is not None or not level else [level]


def _amount(read: _Reader, value: Any, needed: bool) -> float | None:
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


def _currency(read: _Reader) -> str:
    currency = read.text("currency", "EUR", 10).upper()
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        read.errors.append("currency must be a code of three letters, such as EUR.")
        return "EUR"
    return currency


def _details(read: _Reader) -> dict[str, Any]:
    value = read.given.get("details")
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > MAX_DETAILS:
        read.errors.append(f"details must be an object of at most {MAX_DETAILS} entries.")
        return {}
    return _object(read, "details", value)


def _action(read: _Reader) -> dict[str, Any] | None:
    value = read.given.get("action")
    if value is None:
        return None
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str) or not 0 < len(value["name"]) <= 100:
        read.errors.append('action must be an object {"name": …, "args": {…}}, or be left out.')
        return None
    return {"name": printable(value["name"]), "args": _object(read, "action.args", value.get("args") or {})}


def _object(read: _Reader, name: str, value: Any) -> dict[str, Any]:
    try:
        clean = clean_json(value) if size_of(value) <= MAX_OBJECT else None
    except ValueError:
        clean = None
    if not isinstance(clean, dict):
        read.errors.append(
            f"{name} must be a JSON object of at most {MAX_OBJECT:,} characters, nested 20 deep at most."
        )
        return {}
    return clean


def clean_json(value: Any, depth: int = 0) -> Any:
    """The value as every database and JSON reader takes it; ValueError where it is nested too deep."""
    if depth > 20:
        raise ValueError("nested too deep")
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): clean_json(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(each, depth + 1) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > 2**63:
        return str(value) if abs(value) < 10**300 else "a very large number"
    return value if isinstance(value, int | float) or value is None else None


def size_of(value: Any) -> int:
    """Characters of the value written as JSON; more than anything may have where that cannot be written."""
    try:
        return len(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        return 10**9


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


def claim_text(value: Any, limit: int = MAX_NAME) -> tuple[str, bool]:
    """A signal's argument as a text, and whether it was one."""
    if value is None:
        return "", True
    if isinstance(value, str):
        return printable(value[:limit]), True
    try:
        return json.dumps(value)[:limit], False
    except (TypeError, ValueError, RecursionError):
        return "(not JSON)", False


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
