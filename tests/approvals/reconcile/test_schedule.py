"""The schedule: one, however many workers make it; as the settings say; and what it starts ends well."""

import pytest
from temporalio.client import ScheduleActionStartWorkflow
from temporalio.service import RPCError

from approvals.drift import Reconciliation
from approvals.models import Request
from tests.approvals.reconcile.conftest import ends_outside
from tests.temporal import QUEUE, until
from worker import scheduling


@pytest.fixture
def ensure(house):
    yield lambda seconds: house.run(scheduling.ensure(house.client, seconds))
    house.run(scheduling.ensure(house.client, 0))


def described(house):
    return house.run(house.client.get_schedule_handle(scheduling.ID).describe())


def test_made_twice_it_is_one_and_it_runs_at_once(house, ensure):
    ensure(3_600)
    until(Reconciliation.objects.count)
    ensure(3_600)

    async def ids():
        return [each.id async for each in await house.client.list_schedules()]

    until(lambda: house.run(ids()) == [scheduling.ID])
    until(lambda: Reconciliation.objects.count() >= 2)


def test_another_interval_changes_it_and_none_takes_it_away(house, ensure):
    ensure(3_600)
    ensure(60)
    found = described(house).schedule
    assert [every.every.total_seconds() for every in found.spec.intervals] == [60]
    assert isinstance(found.action, ScheduleActionStartWorkflow)
    assert found.action.task_queue == QUEUE
    ensure(0)
    ensure(0)
    with pytest.raises(RPCError):
        described(house)


def test_its_workflow_mends_and_has_a_small_history(house, waiting, ensure):
    row = waiting()
    ends_outside(house, row)
    ensure(3_600)
    until(lambda: not Request.objects.get(pk=row.pk).is_open)

    def ran():
        recent = described(house).info.recent_actions
        return recent and recent[-1].action

    action = until(ran)
    handle = house.client.get_workflow_handle(action.workflow_id, run_id=action.first_execution_run_id)
    assert house.run(handle.result())["repaired"] == 1
    assert house.run(handle.describe()).history_length < 15


def test_its_workflow_takes_whatever_it_is_given(house):
    handle = house.start("rubbish", 5, None, workflow="ReconcileWorkflow")
    assert house.result(handle)["differing"] == 0
