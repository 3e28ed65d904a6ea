"""What both approval workflows share: a queue of claims, levels that open one after the other, the action, the end.

Handlers never raise and never decide: they queue. One loop hands the queue to the recording activity, which compares,
authorises and writes, and applies what it says. See docs/adr/0002 for why decisions are signals.
"""

import asyncio
from datetime import timedelta
from itertools import accumulate
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError

from worker import contracts, reading, steps, telling
from worker.contracts import Claim, Ref, Verdict
from worker.state import ApprovalState, Outcome, StepState

BATCH = 200
WEIGHT = 300_000
"""Characters that the claims of one batch may have, as JSON: Temporal ends a workflow that schedules more than 2 MB."""
GRACE = 2.0
"""Seconds that a click made before the deadline has to be committed: the level times out only after them."""
REMEMBERED = 1_000


class ApprovalCore(ApprovalState):
    """The way that one approval goes."""

    # --- what signals do ---------------------------------------------------------------------------------------

    def claim(self, verdict: str, level: Any, who: Any, comment: Any, decision_id: Any, shown: Any = "") -> None:
        """Queue a claim, whatever its arguments are: what does not fit is refused on record, not here."""
        self.claims_seen += 1
        texts = {
            "level": reading.claim_text(level, 50),
            "approver": reading.claim_text(who),
            "comment": reading.claim_text(comment, reading.MAX_TEXT),
            "shown": reading.claim_text(shown, 64),
        }
        given_id, id_fits = reading.claim_text(decision_id)
        odd = [name for name, (_, fits) in texts.items() if not fits] + ([] if id_fits else ["decision_id"])
        self.queue.append(
            Claim(
                verdict=verdict,
                decision_id=given_id or f"program-{self.claims_seen}",
                handled_at=now(),
                open_index=self.open_index,
                problem=f"Not a text: {', '.join(odd)}." if odd else "",
                **{name: text for name, (text, _) in texts.items()},
            )
        )

    # --- the way -----------------------------------------------------------------------------------------------

    async def run(self) -> dict[str, Any]:
        """From the first step to the end. Cancelling is a condition here, so that no recording is cut off."""
        way = asyncio.create_task(self._way())
        try:
            return await asyncio.shield(way)
        except asyncio.CancelledError:
            self.cancelled = True
            return await way

    async def _way(self) -> dict[str, Any]:
        opened = await steps.open_request(
            contracts.OpenRequest(
                ref=ref(),
                request=self.parsed.request,
                errors=self.parsed.errors,
                warnings=self.parsed.warnings,
                started_at=workflow.info().start_time.timestamp(),
                single=self.single,
            )
        )
        self.uuid = opened.uuid
        if opened.errors:
            result = {"status": "rejected", "reason": "validation_failed", "errors": opened.errors}
            return await self._close(Outcome("invalid", result, " ".join(opened.errors)))
        self.chain = [StepState(spec.level, spec.timeout_seconds) for spec in opened.chain]
        for index in range(len(self.chain)):
            ended = await self._level(index)
            if ended:
                return await self._close(ended)
        return await self._close(await self._act())

    async def _level(self, index: int) -> Outcome | None:
        """Open a level and wait until it is approved (None) or the request ends."""
        step = self.chain[index]
        self._open(index, step)
        await steps.open_level(contracts.OpenLevel(ref(), index, step.opened_at or 0, step.deadline or 0))
        while True:
            await self._something((step.deadline or 0) + GRACE)
            if self.queue:
                applied = await self._record()
                if applied:
                    return self._applied(applied, step)
            elif self.cancelled:
                return CANCELLED
            elif now() >= (step.deadline or 0) + GRACE:
                ended = await self._expire(index, step)
                if ended:
                    return ended

    def _open(self, index: int, step: StepState) -> None:
        self.open_index, self.phase, self.status = index, "waiting", "waiting"
        step.opened_at = now()
        step.deadline = step.opened_at + step.timeout_seconds

    async def _something(self, deadline: float | None) -> None:
        """Until a claim, a cancellation or the deadline."""
        left = None if deadline is None else max(0.0, deadline - now())
        try:
            await workflow.wait_condition(
                lambda: bool(self.queue) or self.cancelled,
                timeout=None if left is None else timedelta(seconds=left),
                timeout_summary="deadline of the level",
            )
        except TimeoutError:
            pass

    async def _expire(self, index: int, step: StepState) -> Outcome | None:
        """Time the level out, unless somebody clicked before the deadline and the signal has not come yet."""
        found = await steps.expire_level(contracts.ExpireLevel(ref(), index, step.deadline or 0, now()))
        if not found.expired:
            self.queue[:0] = found.claims
            return None
        step.timed_out = True
        return Outcome("timeout", self._timeout_result(step), "Nobody decided in time.")

    def _timeout_result(self, step: StepState) -> dict[str, Any]:
        if self.single:
            return {"status": "timeout", "reason": "no_approval_within_7_days"}
        return {"status": "timeout", "level": step.level, "reason": "approval_timeout"}

    async def _record(self) -> Verdict | None:
        """Hand the queue to the recording activity; the verdict that was applied, if one was."""
        size = batch_size(self.queue)
        batch, self.queue = self.queue[:size], self.queue[size:]
        self.recording = {claim.decision_id for claim in batch}
        deadline = 0.0 if self.open_index is None else self.chain[self.open_index].deadline or 0.0
        done = await steps.record_claims(contracts.RecordClaims(ref(), batch, self.phase, self.open_index, deadline))
        self.recording = set()
        return self._remember(done.verdicts)

    def _remember(self, verdicts: list[Verdict]) -> Verdict | None:
        """Keep them for get_decision; the one that newly applies, if one does: a double click applies once."""
        applied = next((each for each in verdicts if each.applied and each.decision_id not in self.applied), None)
        if applied:
            self.applied.add(applied.decision_id)
        self.verdicts.update((verdict.decision_id, verdict) for verdict in verdicts)
        while len(self.verdicts) > REMEMBERED:
            del self.verdicts[next(iter(self.verdicts))]
        return applied

    def _applied(self, verdict: Verdict, step: StepState) -> Outcome | None:
        if verdict.verdict == contracts.WITHDRAW:
            return Outcome("withdrawn", {"status": "withdrawn", "reason": verdict.comment}, verdict.comment)
        step.verdict = verdict
        if verdict.verdict == contracts.APPROVE:
            self.open_index = None
            return None
        result = {"status": "rejected", "level": step.level, "reason": verdict.comment}
        if self.single:
            del result["level"]
        return Outcome("rejected", result, verdict.comment)

    # --- the action --------------------------------------------------------------------------------------------

    async def _act(self) -> Outcome:
        """Run what was approved. Every decision that allows it is in the ledger by now: audit before action."""
        action = self.parsed.request.action
        if not action:
            return self._approved(None, "none")
        while True:
            error, result = await self._run_action(action)
            await steps.action_ended(contracts.ActionEnded(ref(), not error, now(), error, result))
            self.action_error = error
            if not error:
                return self._approved(result, "done")
            self.phase = self.status = "action_failed"
            ended = await self._failed()
            if ended:
                return ended

    async def _run_action(self, action: dict[str, Any]) -> tuple[str, Any]:
        """One round of tries, while claims that come too late are answered."""
        self.phase = self.status = "action_running"
        self.action_rounds += 1
        given = contracts.RunAction(ref(), action["name"], action["args"], f"{self.uuid}", self.action_rounds)
        running = asyncio.create_task(steps.run_action(given))
        while not running.done():
            await workflow.wait_condition(lambda: running.done() or bool(self.queue))
            if self.queue:
                await self._record()
        try:
            return "", running.result()
        except ActivityError as failed:
            return cause_of(failed), None

    async def _failed(self) -> Outcome | None:
        """Wait for somebody: None to try again, or the end."""
        while True:
            await self._something(None)
            if self.queue:
                applied = await self._record()
                if applied and applied.verdict == contracts.RETRY:
                    return None
                if applied:
                    return self._approved(None, "failed")
            elif self.cancelled:
                return CANCELLED

    def _approved(self, result: Any, action_state: str) -> Outcome:
        error = self.action_error if action_state == "failed" else None
        action = {"state": action_state, "error": error}
        answer: dict[str, Any] = {"status": "approved", "result": result, "action": action}
        if not self.single:
            answer["approval_chain"] = [telling.link(step.level, step.verdict) for step in self.chain if step.verdict]
        return Outcome("approved", answer)

    async def _close(self, end: Outcome) -> dict[str, Any]:
        """Record the end, then refuse on record whatever still comes. No await after the queue was seen empty."""
        self.phase, self.status, self.open_index = "closed", end.status, None
        await steps.close_request(contracts.CloseRequest(ref(), end.status, end.result, now(), end.reason))
        while self.queue:
            await self._record()
        return end.result


class Answering:
    """The signals and the query that both workflows have."""

    core: ApprovalCore

    @workflow.signal
    def withdraw(self, actor: Any = "", reason: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.WITHDRAW, "", actor, reason, decision_id)

    @workflow.signal
    def retry_action(self, actor: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.RETRY, "", actor, "", decision_id)

    @workflow.signal
    def give_up(self, actor: Any = "", reason: Any = "", decision_id: Any = "", *more: Any) -> None:
        self.core.claim(contracts.GIVE_UP, "", actor, reason, decision_id)

    @workflow.query
    def get_decision(self, decision_id: Any = "", *more: Any) -> dict[str, Any]:
        return telling.decision(self.core, decision_id)


CANCELLED = Outcome("cancelled", {"status": "cancelled"}, "Cancelled from outside.")


def now() -> float:
    """The workflow's time, epoch seconds."""
    return workflow.now().timestamp()


def batch_size(queue: list[Claim]) -> int:
    """How many of the queue go at once: at least one, at most BATCH, and not more than a payload holds."""
    weights = accumulate(reading.size_of([claim.level, claim.approver, claim.comment]) for claim in queue[:BATCH])
    return max(1, sum(1 for weight in weights if weight <= WEIGHT))


def ref() -> Ref:
    info = workflow.info()
    return Ref(info.workflow_id, info.first_execution_run_id, info.run_id, info.workflow_type)


def cause_of(failed: BaseException) -> str:
    """The innermost message of a failure: what went wrong, not which machinery noticed it."""
    while failed.__cause__ is not None:
        failed = failed.__cause__
    said = failed.message if isinstance(failed, FailureError) else str(failed)  # str() would put the class before it
    return reading.printable(said)[:2_000] or type(failed).__name__
