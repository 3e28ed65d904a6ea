"""An activity may be tried again after it has committed: then nothing changes, and the answer is the same."""

from datetime import timedelta

import pytest
from django.forms.models import model_to_dict
from django.utils import timezone

from approvals import recording
from approvals.models import Attempt, Record, Request, Step
from audit.models import Entry
from worker import contracts
from worker.contracts import Claim, Ref

REF = Ref("invoice-7", "run-1", "run-1", "MultiStepApprovalWorkflow")
NOW = 1_900_000_000.0
pytestmark = pytest.mark.django_db


def everything():
    """All that recording writes, but for the moment of the last change."""
    rows = [model_to_dict(row) for model in (Request, Step, Attempt, Record) for row in model.objects.order_by("pk")]
    return rows, list(Entry.objects.order_by("pk").values_list("body", flat=True))


def twice(service, given):
    """Call it, then once more; the second call gives the same and changes nothing."""
    before = everything()
    first = service(given)
    after = everything()
    assert service(given) == first
    assert everything() == after
    return first, before != after


def request(**given):
    return contracts.parse_request({"title": "Laptops", "amount": 20_000, "requester": "rita", **given})


def open_request(**given):
    parsed = request(**given)
    return contracts.OpenRequest(REF, parsed.request, parsed.errors, parsed.warnings, NOW)


def open_level(index: int):
    return contracts.OpenLevel(REF, index, NOW, NOW + 86_400)


def record(*claims: Claim, phase: str = "waiting", index: int | None = 0):
    return contracts.RecordClaims(REF, list(claims), phase, index, NOW + 86_400)


def claim(key: str, level: str = "manager", who: str = "maria", verdict: str = "approve", index: int | None = 0):
    return Claim(verdict, key, level, who, "because", "", NOW + 1, index)


@pytest.fixture
def row(maria, dirk):
    recording.open_request(open_request(action={"name": "record", "args": {}}))
    recording.open_level(open_level(0))
    return Request.objects.get()


def test_opening_a_request():
    opened, wrote = twice(recording.open_request, open_request())
    assert wrote
    assert [spec.level for spec in opened.chain] == ["manager", "director"]


def test_opening_a_request_that_the_site_has_written_down(rita):
    from approvals import services

    content = {"amount": 20_000, "currency": "EUR", "kind": "default", "details": {}, "action": None}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("approvals.sending.start", lambda row: False)
        row = services.submit(title="Laptops", by=rita, **content)
    ref = Ref(row.workflow_id, "run-1", "run-1", "MultiStepApprovalWorkflow")
    parsed = contracts.parse_request(row.payload)
    opened, _ = twice(recording.open_request, contracts.OpenRequest(ref, parsed.request, started_at=NOW))
    row.refresh_from_db()
    assert (opened.uuid, row.first_run_id, row.status, Request.objects.count()) == (
        str(row.uuid),
        "run-1",
        "waiting",
        1,
    )


def test_opening_a_request_that_does_not_validate():
    opened, _ = twice(recording.open_request, open_request(title=""))
    assert opened.errors
    result = {"status": "rejected"}
    assert twice(recording.close_request, contracts.CloseRequest(REF, "invalid", result, NOW, "no title"))[1]


def test_opening_a_level(row):
    recording.record_claims(record(claim("one")))
    assert twice(recording.open_level, open_level(1))[1]


@pytest.mark.parametrize("verdict", ["approve", "reject", "withdraw"])
def test_recording_a_decision(row, verdict):
    who = "rita" if verdict == "withdraw" else "maria"
    level = "" if verdict == "withdraw" else "manager"
    recorded, wrote = twice(recording.record_claims, record(claim("one", level, who, verdict)))
    assert wrote
    assert [each.applied for each in recorded.verdicts] == [True]


def test_recording_a_batch_of_all_kinds(row):
    claims = [
        *[claim("early", "director", "dirk"), claim("wrong", "manager", "dirk"), claim("one"), claim("one")],
        *[claim("one", "director"), claim("late"), claim("", "", "", "retry_action"), claim("odd", "nobody")],
    ]
    recorded, _ = twice(recording.record_claims, record(*claims))
    codes = ["not_open", "not_holder", "", "", "id_reused", "already_decided", "not_failed", "unknown_level"]
    assert [verdict.code for verdict in recorded.verdicts] == codes
    assert [verdict.applied for verdict in recorded.verdicts] == [False, False, True, True, *[False] * 4]


def test_timing_a_level_out(row):
    expired, wrote = twice(recording.expire_level, contracts.ExpireLevel(REF, 0, NOW + 86_400, NOW + 86_402))
    assert (expired.expired, wrote) == (True, True)


def test_finding_a_click_in_time(row, maria):
    Attempt.objects.create(
        request=row, decision_id="one", verdict="approve", level="manager", user=maria, username="maria",
        known_by="signed_in", made_at=recording.moment(NOW) + timedelta(hours=1),
    )  # fmt: skip
    found, _ = twice(recording.expire_level, contracts.ExpireLevel(REF, 0, NOW + 86_400, NOW + 86_402))
    assert ([each.decision_id for each in found.claims], found.expired) == (["one"], False)


def approved(row) -> None:
    recording.record_claims(record(claim("one")))
    recording.open_level(open_level(1))
    recording.record_claims(record(claim("two", "director", "dirk", index=1), index=1))


def test_running_the_action(row):
    approved(row)
    given = contracts.RunAction(REF, "record", {}, str(row.uuid))
    assert twice(recording.run_action, given)[1]
    assert Record.objects.count() == 1


def test_ending_the_action_badly_then_well(row):
    approved(row)
    assert twice(recording.action_ended, contracts.ActionEnded(REF, False, NOW, "no answer"))[1]
    retry = record(claim("again", "", "maria", "retry_action", None), phase="action_failed", index=None)
    assert twice(recording.record_claims, retry)[1]
    assert twice(recording.action_ended, contracts.ActionEnded(REF, False, NOW + 9, "no answer"))[1], (
        "each round is told"
    )
    give = record(claim("third", "", "maria", "retry_action", None), phase="action_failed", index=None)
    assert twice(recording.record_claims, give)[1]
    assert twice(recording.action_ended, contracts.ActionEnded(REF, True, NOW + 18, "", {"order": 7}))[1]
    assert Entry.objects.filter(kind="action.done").count() == 1


def test_closing(row):
    approved(row)
    assert twice(recording.close_request, contracts.CloseRequest(REF, "approved", {"status": "approved"}, NOW, ""))[1]
    assert Request.objects.get().closed_at < timezone.now() + timedelta(days=9_999)


def test_after_the_close_nothing_reopens_it(row):
    approved(row)
    recording.close_request(contracts.CloseRequest(REF, "approved", {"status": "approved"}, NOW, ""))
    before = everything()
    recording.open_request(open_request(action={"name": "record", "args": {}}))
    recording.open_level(open_level(0))
    recording.action_ended(contracts.ActionEnded(REF, False, NOW, "no answer"))
    assert everything() == before


@pytest.mark.parametrize("open_then", [None, 0])
def test_a_claim_that_came_before_its_level_was_open_is_not_applied_once_it_is(row, open_then):
    """It waited in the queue while the level before it was being recorded."""
    recording.record_claims(record(claim("one")))
    recording.open_level(open_level(1))
    given = record(claim("two", "director", "dirk", index=open_then), index=1)
    recorded, _ = twice(recording.record_claims, given)
    assert [(verdict.applied, verdict.code) for verdict in recorded.verdicts] == [(False, "not_open")]
    assert row.steps.get(index=1).state == "open"
