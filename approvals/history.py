"""What happened, said in sentences: the ledger's entries of one request, for people to read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.rows import person_name
from approvals.told import told_of
from approvals.words import in_a_sentence
from audit.models import Entry
from audit.queries import of_stream

LONGEST = 200
"""A page shows this many entries, the latest; the ledger has them all."""


@dataclass(frozen=True)
class Sentence:
    """One entry. The page sets ``who`` apart, and ``quote`` in quotation marks."""

    at: datetime
    who: str
    text: str
    quote: str = ""
    refused: bool = False
    why: str = ""
    known: str = ""
    href: str = ""
    """Where on the page the words are that it only mentions."""


def history_of(stream: str, titles: Mapping[str, str]) -> tuple[Sentence, ...]:
    entries = of_stream(stream)[-LONGEST:]
    names = _names(name for entry in entries for name in (entry.actor, _text(entry.data, "on_behalf_of")))
    happened = [_sentence(entry, names, titles) for entry in entries]
    told = [Sentence(at, who="", text=text) for at, text in told_of(stream)]
    return tuple(merge(happened, told, key=lambda one: one.at))


def _names(usernames: Iterable[str]) -> dict[str, str]:
    users = get_user_model()._default_manager.filter(username__in={name for name in usernames if name})
    return {user.get_username(): person_name(user) for user in users}


def _sentence(entry: Entry, names: Mapping[str, str], titles: Mapping[str, str]) -> Sentence:
    data = entry.data
    refused = entry.kind == "decision.refused"
    phrase, level, quote = _phrase(entry.kind, data), _text(data, "level"), _quote(entry.kind, data)
    text = str(phrase) % {"level": in_a_sentence(titles.get(level, level)), **_policy(data), **_linked(data)}
    known = _("claimed by a program") if entry.known == "program" and entry.kind.startswith("decision.") else ""
    return Sentence(
        at=entry.at,
        who="" if entry.kind in _OF_NOBODY else _who(entry, names),
        text=_ended(text, followed=bool(quote or refused or known)),
        quote=quote,
        refused=refused,
        why=_text(data, "reason") if refused else "",
        known=known,
        href=_href(data) if entry.kind in _SAID else "",
    )


def _href(data: Mapping[str, Any]) -> str:
    """What was said stands in the conversation."""
    number = data.get("remark")
    return f"#remark-{number}" if isinstance(number, int) else ""


def _who(entry: Entry, names: Mapping[str, str]) -> str:
    who, whom = names.get(entry.actor, entry.actor), _text(entry.data, "on_behalf_of")
    return _("%(who)s for %(whom)s") % {"who": who, "whom": names.get(whom, whom)} if whom else who


def _ended(text: str, followed: bool) -> str:
    """With its full stop, unless something follows in the same sentence."""
    return text if followed or text.endswith(".") else f"{text}."


_OF_NOBODY = {"request.opened", "level.opened", "level.timeout", "action.done", "action.failed", "request.closed"}
_OF_NOBODY |= {"request.ended_outside", "request.mended", "request.recreated"}
_HAPPENED = {
    "request.submitted": gettext_lazy("asked for it."),
    "request.opened": gettext_lazy("The workflow began, by the policy “%(policy)s”, version %(version)s."),
    "level.opened": gettext_lazy("It waits for %(level)s."),
    "level.timeout": gettext_lazy("Nobody decided as %(level)s in time."),
    "request.withdrawn": gettext_lazy("withdrew it"),
    "request.ended_outside": gettext_lazy("It was ended from outside"),
    "request.mended": gettext_lazy("What the index said was put right, as the workflow says it"),
    "request.recreated": gettext_lazy("The index had lost it; it was written down again as the workflow says it."),
    "request.submitted_again": gettext_lazy("asked for it again, as %(as)s."),
    "comment.added": gettext_lazy("commented."),
    "question.asked": gettext_lazy("put a question to the requester."),
    "question.answered": gettext_lazy("answered a question."),
    "action.done": gettext_lazy("The approved action ran."),
    "action.failed": gettext_lazy("The approved action failed"),
}
_SAID = {"comment.added", "question.asked", "question.answered"}
_APPLIED = {
    "approve": gettext_lazy("approved as %(level)s"),
    "reject": gettext_lazy("rejected as %(level)s"),
    "withdraw": gettext_lazy("withdrew it"),
    "retry_action": gettext_lazy("had the action tried again"),
    "give_up": gettext_lazy("gave the action up"),
}
_REFUSED = {
    "approve": gettext_lazy("tried to approve as %(level)s"),
    "reject": gettext_lazy("tried to reject as %(level)s"),
    "withdraw": gettext_lazy("tried to withdraw it"),
    "retry_action": gettext_lazy("tried to have the action run again"),
    "give_up": gettext_lazy("tried to give the action up"),
}
_CLOSED = {
    "approved": gettext_lazy("It closed as approved."),
    "rejected": gettext_lazy("It closed as rejected."),
    "timeout": gettext_lazy("It closed: the deadline passed."),
    "withdrawn": gettext_lazy("It closed as withdrawn."),
    "cancelled": gettext_lazy("It closed: the workflow was cancelled."),
    "invalid": gettext_lazy("It closed: the request was not valid."),
}


def _phrase(kind: str, data: Mapping[str, Any]) -> Any:
    if kind == "decision.applied":
        return _APPLIED.get(_text(data, "verdict"), gettext_lazy("decided as %(level)s"))
    if kind == "decision.refused":
        return _REFUSED.get(_text(data, "verdict"), gettext_lazy("tried to decide as %(level)s"))
    if kind == "request.submitted" and _text(data, "follows"):
        return gettext_lazy("asked for it again, after %(follows)s.")
    if kind == "request.closed":
        return _CLOSED.get(_text(data, "status"), gettext_lazy("It closed."))
    return _HAPPENED.get(kind) or kind.replace(".", ", ").replace("_", " ").replace("%", "%%")


def _policy(data: Mapping[str, Any]) -> dict[str, Any]:
    return {"policy": _text(data, "policy"), "version": data.get("policy_version", "?")}


def _linked(data: Mapping[str, Any]) -> dict[str, str]:
    return {"follows": _text(data, "follows"), "as": _text(data, "as")}


def _quote(kind: str, data: Mapping[str, Any]) -> str:
    if kind == "action.failed":
        return _text(data, "error") or _text(data, "reason")
    if kind in ("request.ended_outside", "request.mended"):
        return _text(data, "reason")
    if kind == "request.withdrawn":
        return _text(data, "reason") or _text(data, "comment")
    return _text(data, "comment")


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
