"""What the queries of an approval answer: its state, told as plain JSON. Pure."""

from typing import Any

from worker.contracts import APPROVE, REJECT, Verdict
from worker.reading import claim_text
from worker.state import ApprovalState, StepState


def decision(state: ApprovalState, decision_id: Any) -> dict[str, Any]:
    wanted, _ = claim_text(decision_id)
    if wanted in state.verdicts:
        found = state.verdicts[wanted]
        came = "applied" if found.applied else "refused"
        return {"state": came, "reason": found.reason, "code": found.code, "by": found.by, "at": found.at}
    waiting = wanted in state.recording or any(claim.decision_id == wanted for claim in state.queue)
    return {"state": "recording" if waiting else "unknown", "reason": ""}


def _step(state: ApprovalState, index: int, step: StepState) -> dict[str, Any]:
    verdict = step.verdict
    approved = bool(verdict and verdict.verdict == APPROVE)
    rejected = bool(verdict and verdict.verdict == REJECT)
    return {
        "level": step.level,
        "approved": approved,
        "rejected": rejected,
        "pending": not (approved or rejected or step.timed_out),
        "open": index == state.open_index,
        "approved_by": verdict.by if verdict and approved else None,
        "approved_at": verdict.at if verdict and approved else None,
        "rejected_by": verdict.by if verdict and rejected else None,
        "on_behalf_of": (verdict.on_behalf_of or None) if verdict else None,
        "rejection_reason": verdict.comment if verdict and rejected else None,
        "comment": verdict.comment if verdict else "",
        "known_by": verdict.known if verdict else None,
        "timed_out": step.timed_out,
        "opened_at": step.opened_at,
        "deadline": step.deadline,
    }


def link(level: str, verdict: Verdict) -> dict[str, Any]:
    """A level in the result's chain. For whom somebody stood in is named where they did."""
    told = {"level": level, "approved_by": verdict.by, "approved_at": verdict.at}
    return {**told, "on_behalf_of": verdict.on_behalf_of} if verdict.on_behalf_of else told


def status(state: ApprovalState) -> dict[str, Any]:
    steps_told = [_step(state, index, step) for index, step in enumerate(state.chain)]
    done = sum(1 for step in steps_told if step["approved"])
    return {
        "status": state.status,
        "uuid": state.uuid,
        "title": state.parsed.request.title,
        "amount": state.parsed.request.amount,
        "currency": state.parsed.request.currency,
        "requester": state.parsed.request.requester,
        "current_step": done,
        "total_steps": len(state.chain),
        "steps": steps_told,
        "action_error": state.action_error or None,
    }
