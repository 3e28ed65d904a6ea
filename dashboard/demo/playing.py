"""Tells the stories through the real doors: the form's service, the click's service, a program's start and signal.

Everything has a fixed id, so that a second telling adds nothing and one that was cut off is completed. What is asked
first is always our own row: Temporal forgets, and would then start the same story again.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections

from approvals import services, talking
from approvals.models import Attempt, Request, Status, Step
from dashboard.demo.stories import Act, K, Story
from worker import client

T = TypeVar("T")

NAMESPACE = uuid5(NAMESPACE_URL, "https://leitstand.example/demo")
AT_ONCE = 12
PATIENCE = 60.0
"""Seconds for one step of a story; a worker that is alive takes a fraction of one."""


class Stuck(Exception):
    """A story does not go on; the text says where."""


def tell(stories: Iterable[Story], people: Mapping[str, User]) -> None:
    """All of them, several at once; the first that gets stuck is raised when the others have ended."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="demo") as pool:
        told = [pool.submit(_tell, story, people) for story in stories]
    for each in told:
        each.result()


def _tell(story: Story, people: Mapping[str, User]) -> None:
    try:
        request = _begin(story, people)
        for number, act in enumerate(story.acts, start=1):
            _perform(request, act, f"demo-{story.slug}-{number}", people)
        with suppress(talking.Refused):  # people have closed it meanwhile: then nobody asks any more
            _talk(request, story, people)
    finally:
        connections.close_all()


# --- asking -----------------------------------------------------------------------------------------------------


def _begin(story: Story, people: Mapping[str, User]) -> Request:
    if story.program:
        return _begun_by_a_program(story)
    return services.submit(
        title=story.title,
        amount=Decimal(story.amount),
        currency="EUR",
        kind=story.kind,
        details=dict(story.details),
        action=story.action,
        uuid=uuid5(NAMESPACE, story.slug),
        by=people[story.by],
    )


def _begun_by_a_program(story: Story) -> Request:
    rows = Request.objects.filter(workflow_id=story.program)
    if not rows.exists():
        client.start(
            story.workflow,
            [_payload(story)],
            workflow_id=story.program,
            task_queue=settings.TEMPORAL_TASK_QUEUE,
        )
    return _until(rows.first, f"the worker has written down {story.program}")


def _payload(story: Story) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "title": story.title,
        "kind": story.kind,
        "requester": story.by,
        "details": dict(story.details),
    }
    if story.amount:
        asked["amount"] = float(story.amount)
    return asked | {"action": story.action} | story.more


# --- talking ----------------------------------------------------------------------------------------------------


def _talk(request: Request, story: Story, people: Mapping[str, User]) -> None:
    """As people do: about what waits for somebody already."""
    if story.said:
        _until(lambda: _begun(request), f"{story.slug} can be talked about")
    asked: int | None = None
    for number, word in enumerate(story.said, start=1):
        remark = talking.say(
            request=request,
            kind=word.kind,
            text=word.text,
            form_id=uuid5(NAMESPACE, f"{story.slug}-said-{number}"),
            by=people[word.who],
            question=asked if word.kind == K.ANSWER else None,
        )
        asked = remark.pk if word.kind == K.QUESTION else asked


def _begun(request: Request) -> bool:
    request.refresh_from_db()
    return request.deadline is not None or not request.is_open


# --- deciding ---------------------------------------------------------------------------------------------------


def _perform(request: Request, act: Act, decision_id: str, people: Mapping[str, User]) -> None:
    made = Attempt.objects.filter(request=request, decision_id=decision_id).exclude(state=Attempt.State.NOT_SENT)
    if made.exists():
        return
    if not act.second and _until(lambda: _turn(request, act), f"{decision_id} can be made") == "never":
        return
    if act.claimed:
        signal = "approve_step" if act.verdict == Attempt.Verdict.APPROVE else "reject_step"
        client.signal(request.workflow_id, signal, [act.level, act.who, act.comment, decision_id])
        _until(made.filter(settled_at__isnull=False).exists, f"{decision_id} is recorded")
        return
    _click(request, act, decision_id, people[act.who])


def _click(request: Request, act: Act, decision_id: str, by: User) -> None:
    receipt = services.decide(
        request=request,
        verdict=act.verdict,
        level=act.level,
        comment=act.comment,
        decision_id=decision_id,
        shown=services.shown_digest(request),
        by=by,
        patience=0 if act.at_once else PATIENCE,
    )
    if receipt.state == "not_sent" or (receipt.state == "recording" and not act.at_once):
        raise Stuck(f"{decision_id} is not recorded: {receipt.state}.")


def _turn(request: Request, act: Act) -> str:
    """ "now", "never" where somebody else has moved the story on meanwhile, or "" as long as it must wait."""
    request.refresh_from_db()
    if request.status == act.once and (act.once != Status.WAITING or _level_open(request, act)):
        return "now"
    gone = Step.objects.filter(request=request, level=act.level).exclude(state__in=["pending", "open"])
    return "never" if not request.is_open or (act.once == Status.WAITING and gone.exists()) else ""


def _level_open(request: Request, act: Act) -> bool:
    return request.deadline is not None and act.level in ("", request.current_level)


def _until(condition: Callable[[], T | None], what: str) -> T:
    end, pause = time.monotonic() + PATIENCE, 0.03
    while not (found := condition()):
        if time.monotonic() > end:
            raise Stuck(f"Waited {PATIENCE:g} s until {what}. Does a worker run?")
        time.sleep(pause)
        pause = min(pause * 1.4, 0.3)
    return found
