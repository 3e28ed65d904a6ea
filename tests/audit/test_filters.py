"""What is found in the ledger: by how somebody is known, by what people call a request, by time."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit import filters, queries
from audit.models import Entry
from tests.approvals.web.making import request_of
from tests.audit.conftest import add

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def seen(**query):
    lines, _older = queries.entries(filters.read(query))
    return [line.entry.data["n"] for line in lines]


def test_by_how_somebody_is_known():
    add("request:a", known="program", data={"n": 1})
    add("request:a", known="signed_in", data={"n": 2})
    assert seen(known="program") == [1]


def test_by_what_people_call_a_request(rita):
    forklift, crane = request_of(rita, "manager"), request_of(rita, "manager", title="Crane 100% 'new'")
    add(forklift.stream, data={"n": 1})
    add(crane.stream, data={"n": 2})
    assert seen(stream=crane.reference) == seen(stream=crane.reference.lower()) == [2]
    assert seen(stream=str(crane.uuid)) == seen(stream=crane.stream) == [2]
    assert seen(stream="crane") == seen(stream="100%") == seen(stream="'new'") == [2]
    assert seen(stream="R-99999999999") == seen(stream=str(uuid.uuid4())) == seen(stream="barge") == []


def test_a_line_says_which_request_it_is_about(client, auditor, rita):
    request = request_of(rita, "manager", title="<b>Crane</b>")
    add(request.stream)
    client.force_login(auditor)
    page = client.get("/audit/").content.decode()
    assert f"{request.reference} &lt;b&gt;Crane" in page
    assert request.get_absolute_url() in page


def test_more_requests_than_a_search_can_follow_are_said_to_be_too_many(rita, monkeypatch):
    from audit import subjects

    monkeypatch.setattr(subjects, "MOST", 2)
    for number in range(3):
        add(request_of(rita, "manager").stream, data={"n": number})
    wanted = filters.read({"stream": "forklift"})
    assert "More than 2 requests" in wanted.problems[0]
    assert not filters.found(wanted).exists()


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        ("2026-03-10", "", [3, 2]),
        ("2026-03-10", "2026-03-10", [2]),
        ("", "2026-03-09", [1]),
        ("2026-03-10T12:00", "2026-03-10T12:00", [2]),
        ("2026-03-10T12:01", "2026-03-11", [3]),
        ("2026-03-10T13:00+01:00", "2026-03-10T12:00Z", [2]),
        ("2030-01-01", "", []),
        ("", "1999-12-31", []),
    ],
)
def test_by_time(since, until, found):
    for number, day in enumerate((-1, 0, 1), start=1):
        add("request:a", at=NOON + timedelta(days=day), data={"n": number})
    assert seen(since=since, until=until) == found


def test_a_day_is_that_of_the_person_who_looks():
    add("request:a", at=datetime(2026, 3, 9, 20, 0, tzinfo=UTC), data={"n": 1})
    with timezone.override("Asia/Tokyo"):
        assert seen(since="2026-03-10") == [1]


@pytest.mark.parametrize(
    "text", ["soon", "2026-13-01", "2026-02-30T10:00", "0001-01-01", "9999-12-31T23:59", "²", "x" * 9_999]
)
def test_what_is_not_a_time_is_said_and_never_taken_for_everything(client, auditor, text):
    add("request:a", data={"n": 1})
    assert seen(since=text) == []
    client.force_login(auditor)
    assert "is not a time" in client.get("/audit/", {"until": text}).content.decode()


def test_from_later_than_until_is_said(client, auditor):
    client.force_login(auditor)
    page = client.get("/audit/", {"since": "2026-03-10", "until": "2026-03-09"}).content.decode()
    assert "later than" in page


def test_an_unknown_way_of_knowing_is_said():
    assert filters.read({"known": "gossip"}).problems


def test_no_filter_goes_through_a_long_ledger(rita):
    """SQLite says how it would look it up; a plan that scans the table would show here."""
    add("request:a", 3)
    for query in (
        {"kind": "x"},
        {"actor": "x"},
        {"known": "program"},
        {"stream": "request:a"},
        {"since": "2026-03-10"},
    ):
        rows = filters.found(filters.read(query)).order_by("-id")[:51]
        plan = rows.explain() if connection.vendor == "sqlite" else "SEARCH"
        assert "SEARCH" in plan, (query, plan)


def test_entries_written_out_of_order_are_found_by_their_time():
    for number in range(40):
        add("request:a", at=NOON + timedelta(minutes=number if number % 2 else 40 - number), data={"n": number})
    wanted = filters.read({"since": "2026-03-10T12:10", "until": "2026-03-10T12:20"})
    in_time = Entry.objects.filter(at__gte=wanted.since, at__lte=wanted.until).count()
    assert filters.found(wanted).count() == in_time > 0
