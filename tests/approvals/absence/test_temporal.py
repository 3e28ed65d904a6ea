"""Through a real Temporal server: a stand-in decides, the workflow's result and the ledger name both."""

import pytest

from approvals.models import Delegation
from audit.models import Entry
from tests.approvals.absence.conftest import lends
from tests.approvals.core.conftest import click, opened, submit, waiting  # noqa: F401  (a fixture)
from tests.conftest import person

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_stand_in_approves_and_both_are_named(house, rita, maria, dirk, vera):
    request = submit(rita, 150_000)
    handle = house.client.get_workflow_handle(request.workflow_id)
    house.started.append(handle)
    click(opened(request), maria)
    click(opened(request, 1), dirk, level="director")
    opened(request, 2)
    olga = person("olga", first_name="Olga", last_name="Petri")
    refused = click(request, olga, level="vp")
    assert (refused.state, refused.code) == ("refused", "not_holder")
    lends(vera, olga, "vp")
    assert click(request, olga, level="vp").state == "recorded"

    result = house.result(handle)
    assert result["status"] == "approved"
    chain = result["approval_chain"]
    assert [sorted(link) for link in chain[:2]] == [["approved_at", "approved_by", "level"]] * 2
    assert {key: chain[2][key] for key in ("level", "approved_by", "on_behalf_of")} == {
        "level": "vp", "approved_by": "olga", "on_behalf_of": "vera",
    }  # fmt: skip
    told = house.ask(handle, "get_approval_status")["steps"]
    assert [step["on_behalf_of"] for step in told] == [None, None, "vera"]
    request.refresh_from_db()
    assert request.steps.get(index=2).on_behalf_of == vera
    applied = Entry.objects.filter(stream=request.stream, kind="decision.applied").order_by("seq")
    assert [(entry.actor, entry.data.get("on_behalf_of")) for entry in applied] == [
        ("maria", None), ("dirk", None), ("olga", "vera"),
    ]  # fmt: skip


def test_a_program_names_the_stand_in_and_the_mapping_says_for_whom(house, rita, maria):
    olga = person("olga")
    lends(maria, olga, "manager")
    handle = house.start({"title": "Pens", "amount": 5, "requester": "rita"})
    house.waits(handle)
    house.signal(handle, "approve_step", "manager", "olga", "", "by-a-program")
    assert house.settled(handle, "by-a-program")["state"] == "applied"
    assert house.result(handle)["approval_chain"][0]["on_behalf_of"] == "maria"


def test_what_ended_while_the_worker_was_down_decides_nothing(house, waiting, maria):  # noqa: F811
    olga = person("olga")
    lends(maria, olga, "manager")
    request = waiting()
    house.worker.stop()
    receipt = click(request, olga, patience=0.05)
    assert receipt.state == "recording"
    from approvals import absence

    absence.end(delegation=Delegation.objects.get(), by=maria)
    house.worker.start()
    handle = house.client.get_workflow_handle(request.workflow_id)
    found = house.settled(handle, receipt.attempt.decision_id)
    assert (found["state"], found["code"]) == ("refused", "not_holder")
    click(request, maria)
    assert house.result(handle)["status"] == "approved"


def test_a_lost_row_is_put_right_with_both_names(house, rita, maria):
    """What the workflow says of itself is enough to write the index again."""
    from approvals.follow import target

    olga = person("olga")
    lends(maria, olga, "manager")
    handle = house.start({"title": "Pens", "amount": 20_000, "requester": "rita"})
    house.waits(handle)
    house.signal(handle, "approve_step", "manager", "olga", "", "first")
    told = house.waits(handle, step=1)
    wanted = target(told)
    assert wanted.steps[0]["on_behalf_of_name"] == "maria"
