"""What people see of a batch that waits: on its page, on the request's, in the list, in the form; who may do what."""

import pytest
from django.urls import reverse

from approvals.models import Request
from audit.models import Entry
from batches import asking, listing
from batches.asking import Asked
from batches.models import Batch
from batches.release import settling
from tests.batches.release.conftest import ROWS
from tests.batches.starting.conftest import SUM, upload_of, words
from tests.batches.starting.conftest import starting as starting


def page(client, person, address):
    client.force_login(person)
    response = client.get(address)
    assert response.status_code == 200, response.status_code
    return words(response)


def of(row):
    return reverse("batches:batch", args=[row.uuid])


@pytest.fixture
def changed(front, maria):
    row, path = front.over_file()
    path.write_text(path.read_text() + "ZZZ,one more\n")
    front.decided(row, maria)
    return front.becomes(row, "changed")


def test_it_has_its_page_from_the_first_moment_and_says_who_decides(front, client, olga, rita):
    row, _path = front.over_file()
    front.waits(row)
    said = page(client, rita, of(row))
    for words_ in ("To be approved", "Manager decides", "30 items", "adds up to 30", "75.00", "more than 3 items"):
        assert words_ in said
    request = front.release(row).request
    address = request.get_absolute_url()
    assert request.reference in said
    assert address not in client.get(of(row)).content.decode()
    assert client.get(address).status_code == 404
    client.force_login(olga)
    assert address in client.get(of(row)).content.decode()


def test_the_request_shows_the_batch_and_its_first_rows_to_whoever_decides(front, client, maria):
    row, path = front.over_file()
    front.waits(row)
    said = page(client, maria, front.release(row).request.get_absolute_url())
    for words_ in (row.reference, "A000", "City 7", "Its first 8 items.", "To be approved", "SHA-256"):
        assert words_ in said
    path.unlink()
    said = page(client, maria, front.release(row).request.get_absolute_url())
    assert "There is no file" in said
    assert "Approved like this, it would not begin." in said


def test_rejected_it_says_by_whom_at_which_level_and_why(front, client, maria, rita):
    row = front.order()
    front.decided(row, maria, "reject", comment="Not before the audit.")
    row = front.becomes(row, "declined")
    said = page(client, rita, of(row))
    for words_ in ("Not approved: rejected", "Not before the audit.", "Manager", "Maria Berg", "Not run 4"):
        assert words_ in said
    assert "decides" not in said


def test_approved_its_page_says_by_whom(front, client, maria, rita):
    row = front.order()
    front.decided(row, maria)
    front.becomes(row, "completed")
    assert "Approved by Maria Berg" in page(client, rita, of(row))


def test_changed_ops_ask_again_with_one_click_and_others_cannot(changed, front, client, olga, rita):
    address = reverse("batches:ask", args=[changed.uuid])
    said = page(client, rita, of(changed))
    assert "it is another file" in said
    assert address not in client.get(of(changed)).content.decode()
    assert client.get(address).status_code == client.post(address).status_code == 403
    client.force_login(olga)
    assert address in client.get(of(changed)).content.decode()
    assert "it is another file" in words(client.get(address))
    for _twice in range(2):
        assert client.post(address)["Location"] == of(changed)
    changed.refresh_from_db()
    assert (changed.state, changed.total) == ("awaiting", 31)
    assert Request.objects.filter(kind="batch").count() == 2
    assert "asked 2 times in all" in words(client.get(of(changed)))


def test_what_could_not_begin_anyway_is_not_asked_again_and_says_why(front, client, maria, olga):
    row, path = front.over_file()
    path.unlink()
    front.decided(row, maria)
    front.becomes(row, "changed")
    client.force_login(olga)
    response = client.post(reverse("batches:ask", args=[row.uuid]))
    assert response.status_code == 400
    assert "Not asked. There is no file" in words(response)
    assert Request.objects.filter(kind="batch").count() == 1


def test_dropped_on_its_page_it_has_ended(changed, client, olga, rita):
    client.force_login(olga)
    client.post(reverse("batches:ask", args=[changed.uuid]), {"drop": "1"})
    changed.refresh_from_db()
    assert changed.state == "declined"
    said = page(client, rita, of(changed))
    assert "Dropped after it had changed" in said
    assert Entry.objects.get(stream=changed.stream, kind="batch.declined").actor == "olga"


def test_the_list_counts_those_that_wait_apart_and_the_changed_need_a_look(changed, front, client, rita):
    waits = front.order()
    said = {view.name: view.number for view in listing.listed(Asked()).views}
    assert said == {"all": "2", "needs": "1", "held": "2", "running": "0", "ended": "0"}
    found = listing.listed(Asked(view="held"))
    assert [one.row for one in found.rows] == [waits, changed]
    assert listing.listed(Asked(view="running")).rows == []
    assert asking.read({"view": "held"}).view == "held"
    said = page(client, rita, "/batches/?view=held")
    for words_ in ("To be approved 2", "Not as approved", "4 items, not begun"):
        assert words_ in said


def test_the_form_says_beforehand_who_would_decide_and_what_it_costs(limits, starting):  # noqa: F811
    address = starting.sent(ROWS)
    upload = {"upload": upload_of(address).uuid}
    said = words(starting.client.get(SUM, {**starting.filled(address), **upload}))
    assert "It is approved first, by: Manager." in said
    assert "75.00" in said


def test_started_with_the_form_it_waits(front, starting):  # noqa: F811
    row = starting.started(starting.sent(ROWS))
    assert row.state == "awaiting"
    assert row.upload
    front.closed_by_withdrawal(row)


def test_nobody_chooses_the_action_by_hand_nor_submits_such_a_request_again(front, client, olga):
    row = front.order()
    front.closed_by_withdrawal(row)
    settling.settle_closed()
    client.force_login(olga)
    assert "start_batch" not in client.get("/approvals/new/").content.decode()
    request = front.release(row).request
    assert f"again={request.uuid}" not in client.get(request.get_absolute_url()).content.decode()
    assert Batch.objects.get(pk=row.pk).state == "declined"
