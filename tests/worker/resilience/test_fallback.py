"""The fallback chain: the best rung that answers serves, and the result says why better ones did not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from worker.resilience.fallback import AllFailed, NotAdmitted, NotAgain, Patience, Rung, serve
from worker.resilience.refusals import CircuitOpen

TWICE = Patience(10, 2, 1)


class Calls:
    def __init__(self, *answers: Any) -> None:
        self.answers, self.made = list(answers), 0

    async def __call__(self, *args: Any) -> Any:
        self.made += 1
        answer = self.answers[min(self.made, len(self.answers)) - 1]
        if isinstance(answer, BaseException):
            raise answer
        return answer


class Paused:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class OpenFor:
    def __init__(self, *names: str) -> None:
        self.names, self.failures = names, 0
        self.instead: list[tuple[str, str]] = []

    def served(self, circuit: str, *, rung: str) -> None:
        self.instead.append((circuit, rung))

    @asynccontextmanager
    async def call(self, circuit: str) -> AsyncIterator[None]:
        if circuit in self.names:
            raise CircuitOpen(circuit, "5 failures in a row", 60.0)
        try:
            yield
        except Exception:
            self.failures += 1
            raise


async def test_the_best_rung_serves_and_is_not_degraded() -> None:
    served = await serve([Rung("learned", Calls(None)), Rung("rules", Calls(2))])
    assert (served.value, served.source, served.degraded, served.skipped) == (None, "learned", False, ())


async def test_a_rung_is_tried_again_after_its_pause_and_then_left() -> None:
    first, pause = Calls(OSError("no route")), Paused()
    served = await serve([Rung("learned", first, TWICE), Rung("rules", Calls(2))], sleep=pause)
    assert (first.made, pause.seconds, served.source, served.degraded) == (2, [1], "rules", True)
    assert [(s.rung, s.code, s.words) for s in served.skipped] == [("learned", "failed", "no route, twice")]


async def test_a_slow_rung_is_said_to_have_timed_out() -> None:
    async def slow() -> None:
        await asyncio.sleep(60)

    served = await serve([Rung("slow", slow, Patience(0.01, 2, 0)), Rung("rules", Calls(2))])
    assert (served.skipped[0].code, served.skipped[0].words) == ("timed_out", "timed out after 0.01 s, twice")


async def test_a_timeout_of_the_call_itself_is_its_own_failure() -> None:
    served = await serve([Rung("a", Calls(TimeoutError("socket")), Patience(9, 1)), Rung("b", Calls(2))])
    assert (served.skipped[0].code, served.skipped[0].words) == ("failed", "socket")


async def test_an_open_circuit_is_skipped_without_a_try() -> None:
    first, pause = Calls(1), Paused()
    served = await serve(
        [Rung("a", first, TWICE, "pay"), Rung("b", Calls(2), TWICE, "b")], guard=OpenFor("pay"), sleep=pause
    )
    assert (first.made, pause.seconds, served.value, served.skipped[0].code, served.skipped[0].tries) == (
        0,
        [],
        2,
        "circuit_open",
        0,
    )


async def test_the_guard_sees_each_failure() -> None:
    guard = OpenFor()
    await serve([Rung("a", Calls(OSError("x")), TWICE, "pay"), Rung("b", Calls(2))], guard=guard, sleep=Paused())
    assert guard.failures == 2


async def test_the_guard_is_told_which_rung_served_in_whose_place() -> None:
    guard = OpenFor("pay")
    await serve([Rung("a", Calls(1), circuit="pay"), Rung("b", Calls(2))], guard=guard)
    await serve([Rung("a", Calls(1), circuit="mail"), Rung("b", Calls(2))], guard=guard)
    await serve([Rung("a", Calls(OSError("x")), Patience(1, 1)), Rung("b", Calls(2), circuit="mail")], guard=guard)
    assert guard.instead == [("pay", "b")]


async def test_what_is_not_to_be_tried_again_is_not() -> None:
    first = Calls(NotAgain("bad input"))
    assert (await serve([Rung("a", first, TWICE), Rung("b", Calls(2))])).value == 2
    assert first.made == 1


async def test_cancellation_passes_through_at_once() -> None:
    second = Calls(2)
    with pytest.raises(asyncio.CancelledError):
        await serve([Rung("a", Calls(asyncio.CancelledError()), TWICE), Rung("b", second)])
    assert second.made == 0


async def test_all_failing_gives_all_reasons_cut_in_length() -> None:
    with pytest.raises(AllFailed) as failed:
        await serve(
            [Rung("a", Calls(OSError("x" * 999)), Patience(1, 1)), Rung("b", Calls(OSError("down")), Patience(1, 1))]
        )
    assert [one.rung for one in failed.value.skipped] == ["a", "b"]
    assert len(failed.value.skipped[0].words) == 300
    assert "b: down" in str(failed.value)


async def test_a_circuit_without_a_guard_is_a_mistake_that_is_told() -> None:
    with pytest.raises(ValueError, match="needs a guard"):
        await serve([Rung("a", Calls(1), circuit="pay")])


# --- whatever the rungs do --------------------------------------------------------------------------------------

outcomes = some.sampled_from(["well", "badly", "never"])
ladders = some.lists(
    some.tuples(some.lists(outcomes, min_size=3, max_size=3), some.integers(1, 3), some.booleans()), max_size=4
)
"""Of each rung: what its tries come to, how many it has, and whether its circuit is open."""
ANSWERS = {"well": 1, "badly": ValueError("badly"), "never": NotAgain("never")}


def expected(outcomes: list[str], attempts: int, is_open: bool) -> tuple[str, int]:
    """The plain model of one rung: "served" or why not, and after how many tries."""
    if is_open:
        return "circuit_open", 0
    for tries, outcome in enumerate(outcomes[:attempts], 1):
        if outcome == "well":
            return "served", tries
        if outcome == "never":
            return "failed", tries
    return "failed", attempts


@given(ladders)
def test_whatever_the_rungs_do_the_first_that_answers_serves_and_each_before_it_says_why_not(ladder: Any) -> None:
    calls = [Calls(*(ANSWERS[outcome] for outcome in outcomes)) for outcomes, _attempts, _open in ladder]
    rungs = [
        Rung(str(place), call, Patience(10, attempts, 1), circuit=str(place))
        for place, (call, (_outcomes, attempts, _open)) in enumerate(zip(calls, ladder, strict=True))
    ]
    guard = OpenFor(*(str(place) for place, (_outcomes, _attempts, is_open) in enumerate(ladder) if is_open))
    model = [expected(*rung) for rung in ladder]
    serves = next((place for place, (what, _tries) in enumerate(model) if what == "served"), None)
    try:
        served = asyncio.run(serve(rungs, guard=guard, sleep=Paused()))
        assert (served.source, served.degraded) == (str(serves), bool(serves))
        skipped = served.skipped
    except AllFailed as failed:
        assert serves is None
        skipped = failed.skipped
    assert [(one.code, one.tries) for one in skipped] == model[:serves]
    assert [call.made for call in calls[: (len(calls) if serves is None else serves + 1)]] == [
        tries for _what, tries in model[: (len(calls) if serves is None else serves + 1)]
    ]
    assert guard.instead == ([("0", str(serves))] if serves else [])


# --- limits --------------------------------------------------------------------------------------------------------


class Limit:
    """So many tries are admitted."""

    def __init__(self, left: int) -> None:
        self.left, self.inside, self.seen = left, 0, 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        await asyncio.sleep(0.02)  # longer than a try may take
        if not self.left:
            raise NotAdmitted("no call is left")
        self.left -= 1
        self.inside, self.seen = self.inside + 1, self.seen + 1
        try:
            yield
        finally:
            self.inside -= 1


def test_each_try_is_admitted_outside_its_time_and_where_none_is_left_the_next_rung_serves():
    limit, first, second = Limit(1), Calls(OSError("down")), Calls("here")
    rungs = [Rung("a", first, Patience(0.01, 3, 0), admission=limit), Rung("b", second)]
    served = asyncio.run(serve(rungs))
    assert (served.source, first.made, limit.inside, limit.seen) == ("b", 1, 0, 1)
    assert (served.skipped[0].code, served.skipped[0].words, served.skipped[0].tries) == (
        "not_admitted",
        "no call is left",
        1,
    )
