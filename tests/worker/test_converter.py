"""Payloads that are no JSON, or that nobody can read, neither wedge a workflow nor end it."""

import pytest
from temporalio.api.common.v1 import Payload

from tests.temporal import LEVELS, SINGLE, until
from worker.converter import CONVERTER, TolerantConverter


def payload(encoding: bytes | None, data: bytes, **more: bytes) -> Payload:
    return Payload(metadata={} if encoding is None else {"encoding": encoding, **more}, data=data)


RUBBISH = {
    "not JSON": payload(b"json/plain", b"{"),
    "empty": payload(b"json/plain", b""),
    "not UTF-8": payload(b"json/plain", b'"\xff\xfe"'),
    "too deep": payload(b"json/plain", b"[" * 100_000),
    "endless number": payload(b"json/plain", b"9" * 5_000),
    "unknown encoding": payload(b"binary/encrypted", b"secret"),
    "no encoding": payload(None, b"{}"),
    "no text as encoding": payload(b"\xff\xfe", b"{}"),
    "unknown message": payload(b"json/protobuf", b"{}", messageType=b"no.Such"),
    "no text as message": payload(b"json/protobuf", b"{}", messageType=b"\xff"),
    "no name as message": payload(b"json/protobuf", b"{}"),
    "a symbol that is no message": payload(b"json/protobuf", b"{}", messageType=b"google.protobuf.Timestamp.seconds"),
    "wrong message": payload(b"json/protobuf", b"[1", messageType=b"google.protobuf.Timestamp"),
    "wrong bytes": payload(b"binary/protobuf", b"\xff\xff\xff", messageType=b"google.protobuf.Timestamp"),
    "bytes": payload(b"binary/plain", b"\x00\x01"),
    "null": payload(b"binary/null", b""),
}
GOOD = payload(b"json/plain", b'{"title": "Laptops", "amount": 100}')


@pytest.mark.parametrize("given", RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_read_without_an_exception_and_leaves_its_neighbours_alone(given):
    read = TolerantConverter().from_payloads([GOOD, given, GOOD])
    assert (read[0], read[2]) == ({"title": "Laptops", "amount": 100},) * 2
    assert len(read) == 3


def test_what_must_be_of_a_type_is_not_made_up():
    """Activities are ours: a payload that does not fit there is an error to see, not something to go on with."""
    with pytest.raises(RuntimeError):
        TolerantConverter().from_payloads([RUBBISH["not JSON"]], [dict])


def test_ordinary_payloads_are_plain_json():
    (made,) = CONVERTER.payload_converter.to_payloads([{"title": "Büro", "amount": 1.5}])
    assert made.metadata["encoding"] == b"json/plain"
    assert set(made.metadata) == {"encoding"}


def test_a_request_that_cannot_be_read_does_not_validate(house):
    started = [house.start_raw(given, workflow=LEVELS) for given in RUBBISH.values()]
    started += [house.start_raw(given, workflow=SINGLE) for given in RUBBISH.values()]
    for handle in started:
        result = house.result(handle)
        assert (result["status"], result["reason"]) == ("rejected", "validation_failed")
        assert result["errors"]


def test_a_signal_that_cannot_be_read_is_refused_on_record_and_the_request_goes_on(house, maria):
    handle = house.start_raw(GOOD)
    house.waits(handle)
    name = payload(b"json/plain", b'"manager"')
    for number, given in enumerate(RUBBISH.values()):
        key = payload(b"json/plain", b'"odd-%d"' % number)
        house.signal_raw(handle, "approve_step", given, given, given, key, given, given, given)
        house.signal_raw(handle, "approve_step", name, given)
        house.signal_raw(handle, "reject_step", given)
        house.signal_raw(handle, "withdraw", given, given, given)
        house.signal_raw(handle, "retry_action", given, given)
        house.signal_raw(handle, "give_up", given)
    for number in range(len(RUBBISH)):
        assert house.settled(handle, f"odd-{number}")["state"] == "refused"
    told = house.ask(handle, "get_approval_status")
    assert (told["status"], told["current_step"]) == ("waiting", 0)
    house.signal(handle, "approve_step", "manager", "maria", "", "good")
    assert house.result(handle)["status"] == "approved"


@pytest.mark.parametrize("name", ["not JSON", "unknown encoding", "no text as encoding"])
def test_a_name_or_an_amount_that_cannot_be_read_does_not_pass_for_a_missing_one(house, name):
    """Without an approver an approval of one level counts as unattributed; one that cannot be read must not."""
    single = house.start_raw(GOOD, workflow=SINGLE)
    until(lambda: house.ask(single, "get_status")["status"] == "waiting")
    house.signal_raw(single, "approve", RUBBISH[name])
    house.signal(single, "withdraw", "", "", "next")
    assert house.settled(single, "next")["state"] == "refused"
    assert house.ask(single, "get_status")["waiting"]
    assert house.result(house.start_raw(GOOD, RUBBISH[name]))["errors"] == ["amount must be a finite number."]
