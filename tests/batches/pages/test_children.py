"""What people are told of the children of a batch: who they are, what a cancel does, and what is not known of them."""

import uuid

import pytest
from django.test import override_settings

from batches.models import Batch
from tests.batches.pages.conftest import SPEC, written

pytestmark = pytest.mark.django_db

CANCELLED = {
    "terminate": "12 children are ended at once. Of their 120 items what they had written down counts; the rest counts",
    "request_cancel": "12 children are asked to end. What they run at this moment ends, and counts",
    "abandon": "12 children go on by themselves. Their 120 items are run all the same, and count here",
}
SET = {
    "terminate": "children are ended at once",
    "request_cancel": "children end what they run",
    "abandon": "children go on by themselves",
}


def with_children(temporal, policy="terminate", strategy="child_per_chunk", **more):
    about = {"strategy": strategy, "parent_close_policy": policy, "wait": True}
    batch = written(succeeded=50, running=120, pending=30, spec={**SPEC, **about}, **more)
    temporal.says(batch, **about, chunks_in_flight=12)
    return batch


@pytest.mark.parametrize("policy", CANCELLED)
def test_before_a_cancel_it_says_what_becomes_of_the_children(temporal, see, olga, client, policy):
    batch = with_children(temporal, policy)
    client.force_login(olga)
    order = {"action": "cancel", "reason": "the wrong file", "order_id": str(uuid.uuid4()), "shown": "", "ask": "1"}
    asked = client.post(f"{batch.get_absolute_url()}order/", order, headers={"HX-Request": "true"})
    said = " ".join(asked.content.decode().replace("<b>", "").replace("</b>", "").split())
    assert CANCELLED[policy] in said
    assert "30 items are not begun, and never will be." in said
    assert "they end, and count" not in said


@pytest.mark.parametrize("policy", CANCELLED)
def test_the_page_says_who_runs_the_chunks_and_how_many_are_open(temporal, see, rita, policy):
    said = see(rita, with_children(temporal, policy).get_absolute_url())
    assert "a child workflow for each chunk 12 are open" in said
    assert f"If cancelled {SET[policy]}" in said
    assert "item" in see(rita, with_children(temporal, strategy="child_per_item").get_absolute_url())


@override_settings(TEMPORAL_UI_URL="http://localhost:8233/")
def test_its_children_are_found_in_temporals_own_pages(temporal, client, rita):
    batch = with_children(temporal)
    client.force_login(rita)
    page = client.get(batch.get_absolute_url()).content.decode()
    asked = f"http://localhost:8233/namespaces/default/workflows?query=ParentWorkflowId%3D%22{batch.workflow_id}%22"
    assert f'id="children" href="{asked}"' in page


def test_without_children_nothing_is_said_of_any(temporal, see, rita):
    batch = written(succeeded=50, running=20, pending=30)
    temporal.says(batch, strategy="activities")
    assert "child" not in see(rita, batch.get_absolute_url())


def test_of_children_that_went_on_it_says_what_is_known_and_offers_no_order(temporal, see, olga):
    about = {"strategy": "child_per_chunk", "parent_close_policy": "abandon", "wait": False}
    alone = {str(n): {"id": f"x-chunk-{n}", "child": {}} for n in range(3)}
    batch = written(state="started", succeeded=50, running=30, spec={**SPEC, **about}, alone=alone)
    Batch.objects.filter(pk=batch.pk).update(result={"status": "started", "reason": ""})
    said = see(olga, batch.get_absolute_url())
    assert "Children go on" in said
    assert "3 children go on by themselves. The workflow of the batch has ended." in said
    assert "what it has done so far is not known here" in said
    assert "Only in Temporal" in said or "possible only in Temporal" in said
    assert not temporal.asked, "its workflow has ended: it is not asked"
    assert "Pause it" not in said
    assert 'id="choose-cancel"' not in said


def test_groups_are_shown_with_their_states_in_words(temporal, see, rita):
    about = {"strategy": "child_per_chunk", "group_by": "tenant"}
    batch = written(succeeded=50, running=20, pending=30, spec={**SPEC, **about})
    groups = [
        {"name": "acme", "items": 40, "served": 3, "degraded": 2, "failed": 9, "held": 0, "state": "stopped"},
        {"name": "", "items": 20, "served": 0, "degraded": 0, "failed": 0, "held": 4, "state": "running"},
    ]
    by = {"waiting": 58, "running": 1, "ended": 0, "stopped": 1}
    temporal.says(batch, **about, chunks=60, groups=groups, groups_by_state=by)
    said = see(rita, batch.get_absolute_url())
    assert "Groups by “tenant” 1 stopped: too much of it failed · 1 running · 58 waiting · 0 ended" in said
    assert "acme stopped, its rest is not run 40 3 2 9 0" in said
    assert "(no value) running 20 0 0 0 4" in said
    assert "2 of 60 groups are shown" in said
    assert "a child workflow for each “tenant”" in said


@pytest.mark.parametrize(("items", "split"), [(60, True), (50, False)])
def test_the_page_says_that_a_group_above_its_pace_is_several_children(temporal, see, rita, items, split):
    about = {"strategy": "child_per_chunk", "group_by": "tenant"}
    batch = written(running=items, spec={**SPEC, **about})
    by = {"waiting": 0, "running": 1, "ended": 0, "stopped": 0}
    zoo = {"name": "zoo", "items": items, "served": 0, "degraded": 0, "failed": 0, "held": 0, "state": "running"}
    pace = [{"kind": "token_bucket", "limit": 50, "per_seconds": 1.0, "burst": None}]
    temporal.says(batch, **about, chunks=1, groups=[zoo], groups_by_state=by, pace=pace)
    said = see(rita, batch.get_absolute_url())
    assert ("A group of more than 50 items is run by several children" in said) is split
