"""Claims that come through signals: each is applied or refused on record, and nothing wedges a workflow."""

import threading
import uuid

import pytest
from temporalio.service import RPCError

from approvals.models import Attempt, LevelHolder, Policy, Request
from audit import verify
from audit.queries import of_stream
from tests.conftest import person
from tests.temporal import SINGLE, until

LAPTOPS = {"title": "Laptops", "amount": 20_000, "requester": "rita"}


def waiting(house, **given):
    handle = house.start({**LAPTOPS, **given})
    house.waits(handle)
    return handle


def refused(house, handle, code: str, *args, name: str = "approve_step") -> dict:
    """Send it; it is refused for this reason, kept, and in the ledger; and the request waits on."""
    key = str(uuid.uuid4())
    house.signal(handle, name, *args, key)
    told = house.settled(handle, key)
    assert (told["state"], told["code"]) == ("refused", code)
    attempt = Attempt.objects.get(decision_id=key)
    assert (attempt.state, attempt.code) == ("refused", code)
    assert told["reason"] == attempt.reason != ""
    entry = of_stream(attempt.request.stream)[-1]
    assert (entry.kind, entry.data["code"], entry.known) == ("decision.refused", code, "program")
    assert house.ask(handle, "get_approval_status")["status"] == "waiting"
    return told


# --- signals of any shape ---------------------------------------------------------------------------------------

ODD = [None, 5, 1.5, True, [], {}, ["manager"], {"a": {"b": []}}, "", "janitor\x00", "x" * 20_000, "\U0001f4a9" * 5_000]
SIGNALS = ["approve_step", "reject_step", "withdraw", "retry_action", "give_up"]


def test_signals_with_any_arguments_in_any_number_are_recorded_and_wedge_nothing(house, maria, dirk):
    handle = waiting(house, requester="")
    sent = 0
    for name in SIGNALS:
        for args in ([], *([odd] for odd in ODD), *([odd] * 7 for odd in ODD)):
            house.signal(handle, name, *args)
            sent += 1
    house.signal(handle, "no_such_signal", 1, 2, 3)
    until(lambda: Attempt.objects.count() > 20)
    until(lambda: house.ask(handle, "get_decision", f"program-{sent}")["state"] in ("refused", "unknown"))
    house.signal(handle, "approve_step", "manager", "maria")
    house.waits(handle, step=1)
    house.signal(handle, "approve_step", "director", "dirk")
    assert house.result(handle)["status"] == "approved"
    assert set(Attempt.objects.exclude(username__in=["maria", "dirk"]).values_list("state", flat=True)) == {"refused"}
    assert verify.stream(Request.objects.get().stream) is None


def test_queries_with_any_arguments_answer(house):
    handle = waiting(house)
    for odd in ODD:
        assert house.ask(handle, "get_approval_status", odd, odd)["status"] == "waiting"
        assert house.ask(handle, "get_decision", odd, odd)["state"] == "unknown"
    assert house.ask(handle, "get_decision")["state"] == "unknown"


def test_two_hundred_long_comments_at_once_do_not_weigh_too_much(house):
    """Sent while no worker is up they come as one batch; Temporal ends a workflow that schedules more than 2 MB."""
    handle = waiting(house)
    house.worker.stop()
    for _ in range(200):
        house.signal(handle, "reject_step", "nobody", "\U0001f4a9" * 5_000)
    house.worker.start()
    until(lambda: Attempt.objects.count() == 200)
    assert house.ask(handle, "get_approval_status")["status"] == "waiting"


# --- for which level --------------------------------------------------------------------------------------------


def test_a_claim_for_an_unknown_level_is_refused(house, maria):
    refused(house, waiting(house), "unknown_level", "janitor", "maria", "")


def test_a_claim_for_a_level_that_is_not_open_yet_is_refused_and_never_applied_later(house, maria, dirk):
    handle = waiting(house)
    refused(house, handle, "not_open", "director", "dirk", "too early")
    house.signal(handle, "approve_step", "manager", "maria")
    told = house.waits(handle, step=1)
    assert told["steps"][1]["pending"]
    assert Attempt.objects.get(comment="too early").state == "refused"


def test_a_claim_for_the_next_level_in_the_same_moment_is_not_carried_over(house, maria, dirk):
    """Both signals are in the history before the workflow wakes: a leftover answer must not approve the next step."""
    handle = waiting(house)
    house.worker.stop()
    house.signal(handle, "approve_step", "manager", "maria")
    house.signal(handle, "approve_step", "director", "dirk", "", "early")
    house.signal(handle, "approve_step", "manager", "maria", "again", "double")
    house.worker.start()
    assert house.settled(handle, "early")["code"] == "not_open"
    assert house.settled(handle, "double")["code"] == "already_decided"
    assert house.waits(handle, step=1)["steps"][1]["pending"]


def test_a_signal_that_comes_with_the_start_is_kept_and_refused(house, maria):
    given = {"start_signal": "approve_step", "start_signal_args": ["manager", "maria", "", "first"]}
    handle = house.start(LAPTOPS, **given)
    assert house.settled(handle, "first")["code"] == "not_open"
    assert house.waits(handle)["current_step"] == 0


def test_signals_before_any_worker_is_up_are_kept_and_refused(house, maria):
    house.worker.stop()
    handle = house.start(LAPTOPS)
    for number in range(3):
        house.signal(handle, "approve_step", "manager", "maria", "", f"early-{number}")
    house.worker.start()
    for number in range(3):
        assert house.settled(handle, f"early-{number}")["code"] == "not_open"
    house.signal(handle, "approve_step", "manager", "maria")
    house.waits(handle, step=1)


def test_a_claim_for_a_level_that_is_decided_names_who_was_first(house, maria):
    person("mona", "manager", first_name="Mona", last_name="Lind")
    handle = waiting(house)
    house.signal(handle, "approve_step", "manager", "mona")
    house.waits(handle, step=1)
    told = refused(house, handle, "already_decided", "manager", "maria", "")
    assert "Mona Lind approved as manager" in told["reason"]


# --- by whom ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("approver", "code"),
    [
        ("nobody", "unknown_approver"),
        ("", "unknown_approver"),
        ("gone", "unknown_approver"),
        ("dirk", "not_holder"),
        ("rita", "not_holder"),
        ("admin", "not_holder"),
        ("Maria", "unknown_approver"),
        (" maria", "unknown_approver"),
        (["maria"], "malformed"),
        ({"name": "maria"}, "malformed"),
    ],
    ids=str,
)
def test_whoever_may_not_decide_is_refused(house, maria, dirk, rita, boss, approver, code):
    person("gone", "manager", is_active=False)
    refused(house, waiting(house), code, "manager", approver, "")


def test_the_mapping_at_the_moment_of_the_decision_counts(house, maria, dirk):
    handle = waiting(house)
    LevelHolder.objects.filter(user=maria).delete()
    refused(house, handle, "not_holder", "manager", "maria", "")
    dirk.levels_held.create(level=Policy.objects.get(kind="default").tiers.get(level__name="manager").level)
    house.signal(handle, "approve_step", "manager", "dirk")
    house.waits(handle, step=1)


def test_nobody_decides_on_their_own_request_unless_the_policy_says_so(house, maria):
    refused(house, waiting(house, requester="maria"), "own_request", "manager", "maria", "")
    Policy.objects.update(self_approval=True)
    handle = waiting(house, requester="maria")
    house.signal(handle, "approve_step", "manager", "maria")
    house.waits(handle, step=1)


def test_nobody_decides_at_two_levels_unless_the_policy_says_so(house):
    person("both", "manager", "director")
    handle = waiting(house)
    house.signal(handle, "approve_step", "manager", "both")
    house.waits(handle, step=1)
    refused(house, handle, "same_person", "director", "both", "")
    Policy.objects.update(distinct_approvers=False)
    other = waiting(house)
    house.signal(other, "approve_step", "manager", "both")
    house.waits(other, step=1)
    house.signal(other, "approve_step", "director", "both")
    assert house.result(other)["status"] == "approved"


def test_strictly_only_what_was_clicked_counts(house, maria, settings):
    settings.STRICT_SIGNALS = True
    handle = waiting(house)
    refused(house, handle, "no_attempt", "manager", "maria", "")
    refused(house, handle, "no_attempt", "manager", "because", "", name="reject_step")
    refused(house, handle, "no_attempt", "rita", "because", name="withdraw")
    single = house.start({"title": "Laptops"}, workflow=SINGLE, id="single-strict")
    house.waits(single)
    house.signal(single, "approve", "maria", "", "one")
    assert house.settled(single, "one")["code"] == "no_attempt"


def test_what_somebody_else_was_shown_is_not_what_they_approved(house, maria):
    handle = waiting(house)
    house.signal(handle, "approve_step", "manager", "maria", "", "one", "0" * 64)
    assert house.settled(handle, "one")["code"] == "shown_differs"


# --- the same id again ------------------------------------------------------------------------------------------


def test_the_same_claim_again_gets_the_same_verdict_and_counts_once(house, maria):
    handle = waiting(house)
    for _ in range(3):
        house.signal(handle, "approve_step", "manager", "maria", "", "one")
    assert house.settled(handle, "one")["state"] == "applied"
    house.signal(handle, "approve_step", "manager", "maria", "", "one")
    house.signal(handle, "approve_step", "janitor", "maria", "", "last")
    house.settled(handle, "last")
    assert house.settled(handle, "one")["state"] == "applied"
    assert house.ask(handle, "get_approval_status")["current_step"] == 1
    assert Attempt.objects.filter(decision_id="one").count() == Attempt.objects.count() - 1 == 1


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("approve_step", ["manager", "mona", ""]),
        ("approve_step", ["director", "maria", ""]),
        ("reject_step", ["manager", "no", "maria"]),
        ("withdraw", ["maria", ""]),
    ],
)
def test_the_same_id_with_other_content_is_refused_and_kept_beside_the_first(house, maria, name, args):
    person("mona", "manager")
    handle = waiting(house)
    house.signal(handle, "approve_step", "manager", "maria", "", "one")
    assert house.settled(handle, "one")["state"] == "applied"
    for _ in range(2):
        house.signal(handle, name, *args, "one")
    house.signal(handle, "approve_step", "janitor", "maria", "", "last")
    house.settled(handle, "last")
    assert house.settled(handle, "one")["state"] == "applied", "the first one stands"
    assert Attempt.objects.get(decision_id="one").state == "applied"
    (beside,) = Attempt.objects.filter(decision_id__startswith="one#")
    assert (beside.state, beside.code) == ("refused", "id_reused")
    assert house.ask(handle, "get_approval_status")["current_step"] == 1


# --- while it closes --------------------------------------------------------------------------------------------


def test_every_signal_that_was_taken_while_it_closes_is_applied_or_refused_on_record(house, maria):
    """Ten workflows, twenty-four signals each, all at once: whatever Temporal acknowledged is on record."""
    handles = [waiting(house, amount=5) for _ in range(10)]
    acknowledged: list[tuple[str, str]] = []

    def flood(handle) -> None:
        for number in range(24):
            who = "maria" if number % 3 == 2 else f"nobody-{number}"
            try:
                house.signal(handle, "approve_step", "manager", who, "", f"{handle.id}:{number}")
            except RPCError:  # it has closed, and says so
                return
            acknowledged.append((handle.id, f"{handle.id}:{number}"))

    threads = [threading.Thread(target=flood, args=[handle]) for handle in handles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [house.result(handle)["status"] for handle in handles] == ["approved"] * 10
    on_record = set(Attempt.objects.filter(state__in=["applied", "refused"]).values_list("decision_id", flat=True))
    assert len(acknowledged) >= 30
    assert {key for _, key in acknowledged} <= on_record
    assert Attempt.objects.filter(state="applied").count() == 10


def test_a_signal_after_the_close_is_told_so_at_once(house, maria):
    handle = waiting(house, amount=5)
    house.signal(handle, "approve_step", "manager", "maria")
    house.result(handle)
    with pytest.raises(Exception, match="already completed"):
        house.signal(handle, "approve_step", "manager", "maria")
