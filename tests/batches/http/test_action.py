"""The action ``http``: an approved request is one call, with the request's own key; what is final ends it."""

import json
import uuid

import pytest

from audit.models import Entry
from tests.accounts.receiver import one_after_another, says
from tests.temporal import SINGLE, until

PROGRAM = {"title": "Laptops", "details": {"Vendor": "Acme"}, "amount": 12.5, "requester": "rita"}


@pytest.fixture
def approved(house, maria, program):
    def approved(**args):
        action = {"name": "http", "args": {"url": program.url, **args}}
        handle = house.start({**PROGRAM, "action": action}, workflow=SINGLE, id=f"single-{uuid.uuid4()}")
        house.waits(handle)
        house.signal(handle, "approve", "maria")
        return handle

    return approved


def test_it_is_called_and_what_it_said_is_the_result(approved, program, house):
    program.answer = one_after_another(says(503), says(200, b'{"order": 7}'))
    result = house.result(approved(body='{"v": "{item.Vendor}", "a": {item.amount}}', keep="json"))
    assert result["action"] == {"state": "done", "error": None}
    assert result["result"] == {"status": 200, "json": {"order": 7}}
    first, second = program.calls
    assert json.loads(second[1])["v"] == "Acme"
    assert first[0]["Idempotency-Key"] == second[0]["Idempotency-Key"]


def test_what_is_final_is_not_tried_again(approved, program):
    program.answer = says(422, b"no")
    approved()
    failed = until(lambda: Entry.objects.filter(kind="action.failed").first(), what="the action has failed")
    assert "It answered 422" in str(failed.data)
    assert len(program.calls) == 1


def test_a_host_that_is_not_allowed_is_refused_with_the_request(house, program):
    action = {"name": "http", "args": {"url": "https://evil.example/"}}
    handle = house.start({**PROGRAM, "action": action}, workflow=SINGLE, id=f"single-{uuid.uuid4()}")
    result = house.result(handle)
    assert result["status"] == "rejected"
    assert "not among the hosts" in " ".join(result["errors"])
