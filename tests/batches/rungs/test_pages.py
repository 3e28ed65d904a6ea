"""Rungs and held items where people see and say them: the form, the terminal, the page, the files, one item."""

import json

import pytest
from django.urls import reverse

from batches.models import Batch
from circuits.models import Service
from tests.batches.pages.conftest import SPEC, written
from tests.batches.starting.conftest import NEW, ended, words

RUNG = {"rung-0-name": "cached", "rung-0-job": "cache", "rung-0-timeout_seconds": "2", "rung-0-attempts": "1"}


# --- said -----------------------------------------------------------------------------------------------------------


def test_rungs_are_filled_in_row_by_row_and_serve(batches, shop, starting):
    shop.broken.add("charge")
    said = {**RUNG, "rung-1-name": "best sellers", "rung-1-job": "popular", "job": "charge", "item_attempts": "1"}
    row = ended(starting.started(starting.sent(), **said))
    assert (row.degraded, row.told["rungs"]) == (30, {"cached": 30})
    assert [rung["name"] for rung in row.spec["fallbacks"]] == ["cached", "best sellers"]
    again = starting.client.get(f"{NEW}?again={row.uuid}").context["form"]
    assert {name: again[name].value() for name in RUNG} == RUNG
    assert len(again.rungs) == 3, "one more than are filled in"
    assert "Degraded, by who served: cached 30" in words(starting.client.get(row.get_absolute_url()))
    item = words(starting.client.get(f"{row.get_absolute_url()}item/?key=3"))
    assert "“ cached ” served it, in the place of its job." in item
    export = reverse("batches:export", args=[row.uuid, "results", "csv"])
    lines = b"".join(starting.client.get(export).streaming_content).decode().splitlines()
    assert lines[0] == "item,number,result,rung"
    assert lines[1].endswith(",cached")


def test_what_others_served_is_a_new_batch_once_its_own_has_ended(batches, shop, starting):
    shop.broken.add("charge")
    first = ended(starting.started(starting.sent(), **RUNG, job="charge", item_attempts="1"))
    assert "New batch from the 30 degraded" in words(starting.client.get(first.get_absolute_url()))
    address = f"{NEW}?degraded_of={first.uuid}"
    said = words(starting.client.get(address))
    assert f"30 degraded items of {first.reference}" in said
    assert "cached" in said
    shop.broken.clear()
    second = ended(starting.started(address))
    assert (second.total, second.succeeded, second.follows) == (30, 30, first)
    assert ended(starting.started(f"{NEW}?again={second.uuid}")).total == 30
    assert "New batch from the" not in words(starting.client.get(second.get_absolute_url()))
    assert "is degraded, so there is nothing to do" in words(starting.client.get(f"{NEW}?degraded_of={second.uuid}"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"rung-0-name": "cached"}, "Job that serves instead: must be a text."),
        ({**RUNG, "rung-0-job_args": "{url}"}, "This is no JSON."),
        ({**RUNG, "rung-0-job_args": '{"speed": 3}'}, "&#x27;cache&#x27; has no argument &#x27;speed&#x27;."),
        ({**RUNG, "rung-0-attempts": "many"}, "Tries: must be a whole number from 1 to 100."),
        ({**RUNG, "rung-1-name": "cached", "rung-1-job": "popular"}, "&#x27;cached&#x27; is there twice"),
        ({**RUNG, "on_open": "hold"}, "hold needs a service"),
        ({**RUNG, "rung-0-service": "moon"}, "There is no service &#x27;moon&#x27;."),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_is_started(shop, starting, typed, said):
    response = starting.press(starting.sent(), job="charge", **typed)
    assert response.status_code == 400
    assert said in words(response)
    assert response.context["form"].rungs_are_needed, "it is not folded away"
    assert not Batch.objects.exists()


def test_in_a_terminal_a_rung_is_an_object(batches, shop, batch, olga, file):
    shop.broken.add("charge")
    rung = json.dumps({"name": "cached", "job": "cache"})
    given = ("start", file, "--as", "olga", "--job", "charge", "--item-attempts", 1)
    ran = batch(*given, "--fallback", rung, "--wait", "--json")
    assert (ran.code, ran.json["degraded"]) == (0, 30), ran.err
    for wrong in ("cached", '{"name": "x", "jobs": "cache"}', '{"name": "x", "job": "nowhere"}'):
        assert batch(*given, "--fallback", wrong, "--json").code == 1
    assert Batch.objects.count() == 1


# --- seen -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_page_says_which_circuit_holds_items_and_until_when(temporal, see, rita):
    Service.objects.create(name="payments", title="Payments")
    fallbacks = [{"name": "cached", "job": "echo", "timeout_seconds": 5.0, "attempts": 2, "service": ""}]
    spec = {**SPEC, "service": "payments", "fallbacks": fallbacks, "on_open": "hold", "hold_seconds": 3_600.0}
    row = written(pending=100, spec=spec)
    holding = {"service": "payments", "since": row.begun_at.timestamp(), "until": row.begun_at.timestamp() + 3_600}
    temporal.says(row, degraded=60, held=40, rungs={"cached": 50, "popular": 10, "none": 0}, holding=holding)
    said = see(rita, row.get_absolute_url())
    for words_ in (
        "Degraded, by who served: cached 50, popular 10",
        "40 items are held by the circuit payments, the first",
        "nobody can serve them now. They go on by themselves when it lets them through",
        "cached echo, 2 tries of 5 s",
        "open: the next rung serves; held up to 1 h if all fail",
    ):
        assert words_ in said
