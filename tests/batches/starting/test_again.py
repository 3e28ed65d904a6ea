"""Start again with the same spec, and a new batch from the failed: filled in, linked both ways, or told why not."""

import re
from pathlib import Path

from batches.models import Batch
from tests.batches.starting.conftest import NEW, ended, upload_of, words

MIXED = "id,word\n" + "".join(f"{n},{'never' if n % 3 == 0 else 'fine'}\n" for n in range(1, 31))
TYPED = {
    "item_key": "id", "chunk_size": "7", "max_parallel": "3", "pace-0-limit": "1000", "pace-0-per_seconds": "0.5",
    "pace-1-limit": "9999", "pace-1-kind": "sliding_window", "tolerated": "50", "window": "rolling",
    "item_attempts": "1", "job": "told",
}  # fmt: skip


def with_failures(starting):
    address = starting.sent(MIXED, "orders.csv")
    return ended(starting.started(address, **TYPED))


def page(starting, row):
    return starting.client.get(row.get_absolute_url()).content.decode()


def test_the_form_begins_with_all_that_was_ordered_and_a_start_does_the_same(batches, starting):
    first = with_failures(starting)
    assert f"{NEW}?again={first.uuid}" in page(starting, first)
    form = starting.client.get(f"{NEW}?again={first.uuid}").context["form"]
    assert {name: form[name].value() for name in TYPED} == TYPED
    assert form["title"].value() == "Airports"
    assert "Chunks 5" in words(starting.client.get(f"{NEW}?again={first.uuid}"))
    second = ended(starting.started(f"{NEW}?again={first.uuid}"))
    changed = {name for name in second.spec if second.spec[name] != first.spec[name]}
    assert (changed, second.follows, second.upload) == (set(), first, first.upload)
    assert (second.total, second.failed) == (30, 10)
    assert second.reference in page(starting, first)
    assert first.reference in page(starting, second)


def test_a_new_batch_from_the_failed_runs_these_under_their_keys(batches, told, starting):
    first = with_failures(starting)
    assert re.search(r"New batch from the 10 failed", page(starting, first))
    assert "of 10 of them its job said that no other try will help" in page(starting, first)
    address = f"{NEW}?failed_of={first.uuid}"
    said = words(starting.client.get(address))
    assert "The failed items of" in said
    assert "there is no such order" in said
    assert "the 10 failed items of" in said
    told.well.add("never")
    assert starting.client.get(address).context["form"]["title"].value() == "Airports, what failed"
    assert starting.client.get(address).context["form"]["tolerated"].value() == "100"
    second = ended(starting.started(address))
    assert (second.total, second.succeeded, second.follows) == (10, 10, first)
    assert "New batch from" not in page(starting, second)
    assert "No item of" in words(starting.client.get(f"{NEW}?failed_of={second.uuid}"))
    third = ended(starting.started(f"{NEW}?again={second.uuid}"))
    assert (third.total, third.follows) == (10, second)


def test_what_failed_for_one_cause_is_a_batch_of_its_own(batches, told, starting):
    items = [{"n": n, "word": "never" if n < 3 else "raises" if n < 5 else "fine"} for n in range(6)]
    first = batches.start(items, item_key="n", item_attempts=1, tolerated_failure_rate=1)
    assert first.result()["failed"] == 5
    (cause,) = [group for group in first.row.groups.all() if "no such order" in group.words]
    address = f"{NEW}?failed_of={first.row.uuid}&group={cause.fingerprint}"
    assert address.replace("&", "&amp;") in page(starting, first.row)
    said = words(starting.client.get(address))
    assert "there is no such order" in said
    assert "was refused" not in said
    told.well.add("never")
    second = ended(starting.started(address))
    assert (second.total, second.succeeded, second.follows) == (3, 3, first.row)
    assert "what failed for one cause in" in page(starting, second)
    third = ended(starting.started(f"{NEW}?again={second.uuid}"))
    assert third.total == 3
    for wrong in (f"{address}x", f"{NEW}?failed_of={second.uuid}&group={cause.fingerprint}"):
        assert "has failed for this cause, so there is nothing to do" in words(starting.client.get(wrong))


def test_a_programs_batch_is_started_again_with_its_items(batches, starting):
    program = batches.start([{"n": 1, "word": "fine"}, {"n": 2, "word": "fine"}], item_key="n")
    program.result()
    row = ended(starting.started(f"{NEW}?again={program.row.uuid}"))
    assert (row.total, row.succeeded, row.spec["item_key"], row.follows) == (2, 2, "n", program.row)


def test_where_its_source_is_gone_or_is_another_it_is_said_and_not_offered(batches, starting):
    first = with_failures(starting)
    path = Path(first.upload.uri.removeprefix("file://"))
    path.write_text("id,word\n")
    assert "it is another file" in page(starting, first)
    path.unlink()
    shown = page(starting, first)
    assert "There is no file" in shown
    assert f"again={first.uuid}" not in shown
    assert f"failed_of={first.uuid}" not in shown
    for how in ("again", "failed_of"):
        response = starting.client.get(f"{NEW}?{how}={first.uuid}")
        assert response.status_code == 400
        assert "There is no file" in words(response)


def test_one_that_runs_is_offered_as_a_pattern_only(batches, told, starting):
    told.open.clear()
    row = starting.started(starting.sent())
    assert "Start another one like it" in page(starting, row)
    assert "has not ended" in words(starting.client.get(f"{NEW}?failed_of={row.uuid}"))
    told.open.set()
    ended(row)


def test_a_job_that_is_gone_is_not_replaced_by_another_unseen(batches, starting):
    first = with_failures(starting)
    Batch.objects.filter(pk=first.pk).update(spec={**first.spec, "job": "shout"})
    page = starting.client.get(f"{NEW}?again={first.uuid}")
    assert "shout, which is not known any more" in words(page)
    response = starting.press(f"{NEW}?again={first.uuid}", job="shout")
    assert "There is no job 'shout'" in response.context["form"].errors["job"][0]


def test_others_see_no_button(batches, client, rita, starting):
    first = with_failures(starting)
    client.force_login(rita)
    shown = page(starting, first)
    assert "Start again" not in shown
    assert "New batch from" not in shown
    assert client.get(f"{NEW}?again={first.uuid}").status_code == 403
    assert starting.client.get(f"{NEW}?again=none").status_code == 403
    assert upload_of(f"?upload={first.upload.uuid}")
