"""The inbox as a page: its addresses, what is typed into it, and the panel that decides in the row."""

from urllib.parse import parse_qs

import pytest

from approvals import queries
from approvals.models import Status
from live.regions import find
from tests.approvals.inbox.conftest import made
from tests.approvals.web.making import decided, request_of, text

INBOX = "/approvals/"


def body(client, user, **query):
    client.force_login(user)
    response = client.get(INBOX, query)
    assert response.status_code == 200
    return response.content.decode()


def link(page, id):
    return page.split(f'id="{id}" ', 1)[1].split('href="?', 1)[1].split('"', 1)[0].replace("&amp;", "&")


def test_every_view_has_a_count_and_an_address(client, maria, rita):
    decided(request_of(rita, "manager", status=Status.APPROVED), 0, maria)
    page = body(client, maria)
    for view, count in [("waiting", 0), ("open", 0), ("mine", 0), ("decided", 1), ("closed", 1)]:
        assert link(page, f"view-{view}") == f"view={view}"
        assert f"<b>{count}</b>" in page.split(f'id="view-{view}"')[1].split("</a>")[0]


def test_what_is_asked_is_kept_when_one_thing_changes(client, maria, rita):
    made(rita, "manager")
    page = body(client, maria, view="open", sort="amount", q="forklift", kind="default", amount_from="5")
    for id in ("view-waiting", "sort-age"):
        assert {"q": ["forklift"], "kind": ["default"], "amount_from": ["5"]}.items() <= parse_qs(
            link(page, id)
        ).items()
    assert parse_qs(link(page, "view-waiting"))["sort"] == ["amount"]
    assert parse_qs(link(page, "clear-filters")) == {"view": ["open"], "sort": ["amount"]}


def test_the_list_is_live_with_all_that_is_asked(client, maria, rita):
    made(rita, "manager")
    page = body(client, maria, view="open", q="fork", after="x")
    assert 'data-region="inbox:open?q=fork&amp;after=x"' in page
    assert find("inbox").may_watch(maria, "open?q=fork&after=x")


def test_nothing_there_and_nothing_matches_are_told_apart(client, maria, rita):
    assert "Nothing is open" in body(client, maria, view="open")
    made(rita, "manager")
    page = body(client, maria, view="open", q="crane")
    assert "Nothing matches" in page
    assert link(page, "empty-clear") == "view=open"


@pytest.mark.parametrize("after", ["x", "NaN_1", "2026_1"])
def test_a_place_that_cannot_be_read_is_said_and_the_first_page_shown(client, maria, rita, after):
    made(rita, "manager")
    page = body(client, maria, view="open", after=after)
    assert "cannot be read" in page
    assert "Forklift" in page
    assert link(page, "page-first") == "view=open"


def test_a_page_beyond_the_end_offers_the_first(client, maria, rita):
    made(rita, "manager")
    page = body(client, maria, view="open", after="2999-01-01T00:00:00+00:00_9")
    assert "There is nothing more here" in page
    assert link(page, "empty-first") == "view=open"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("amount_from", "abc", "“abc” is not an amount"),
        ("amount_to", "-5", "“-5” is not an amount"),
        ("amount_to", "1e400", "“1e400” is not an amount"),
        ("due_before", "2026-13-40", "“2026-13-40” is not a day"),
        ("state", "asleep", "“asleep” is not one of these"),
        ("level", "<b>", "“<b>” is not one of these"),
        ("kind", "'", "“'” is not one of these"),
    ],
)
def test_a_filter_that_cannot_be_used_is_said_and_the_others_hold(client, maria, rita, name, value, said):
    made(rita, "manager")
    made(rita, "manager", title="Crane")
    client.force_login(maria)
    shown = client.get(INBOX, {"view": "open", "q": "fork", name: value})
    assert said in text(shown)
    assert "Forklift" in text(shown)
    assert "Crane" not in text(shown)
    if name not in ("state", "level", "kind"):
        assert f'value="{value}"' in shown.content.decode()


@pytest.mark.parametrize("typed", ["%%%", '"', "a" * 10_000, "🚚", "\x00", "<script>", "' OR 1=1 --"])
def test_whatever_is_typed_is_kept_and_no_error(client, maria, rita, typed):
    from django.utils.html import escape

    made(rita, "manager")
    page = body(client, maria, view="open", q=typed, requester=typed)
    if typed.isprintable():
        assert f'value="{escape(typed)}"' in page
    assert "<script>" not in page
    if typed == "%%%":
        assert "no letter and no digit" in page
        assert "Forklift" in page
    if len(typed) > 1_000:
        assert "only its first 120 characters" in page


def test_amounts_that_exclude_each_other_are_said(client, maria):
    assert "No amount is from 9 to 5" in body(client, maria, view="open", amount_from="9", amount_to="5")


def test_a_request_is_found_as_soon_as_it_is_submitted(client, rita):
    from approvals import services

    services.submit(
        title="A crane", amount=5, currency="EUR", kind="default", details={"Site": "Hall 7"}, action=None, by=rita
    )
    assert [row.title for row in queries.page_of(rita, queries.Asked("mine", q="hall 7")).rows] == ["A crane"]


# --- the dialog -------------------------------------------------------------------------------------------------------


def test_the_row_leads_to_its_dialog_and_without_javascript_to_its_page(client, maria, rita):
    one = made(rita, "manager")
    page = body(client, maria)
    assert (
        f'href="{one.get_absolute_url()}?verdict=approve" data-dialog="{one.get_absolute_url()}row/?verdict=approve"'
        in page
    )


def test_the_dialog_asks_whether_an_approval_is_meant_and_for_a_reason_to_reject(client, maria, rita):
    one = made(rita, "manager")
    client.force_login(maria)
    approve = client.get(f"{one.get_absolute_url()}row/?verdict=approve").content.decode()
    assert 'name="confirmed"' in approve
    assert 'name="decision_id" value="' in approve
    again = client.get(f"{one.get_absolute_url()}row/?verdict=approve").content.decode()
    ids = {part.split('name="decision_id" value="')[1].split('"')[0] for part in (approve, again)}
    assert len(ids) == 2
    reject = client.get(f"{one.get_absolute_url()}row/?verdict=reject").content.decode()
    assert "<textarea" in reject
    assert 'name="confirmed"' not in reject


def test_the_dialog_is_not_for_those_who_do_not_see_the_request(client, olga, maria, dirk, rita):
    one = made(rita, "manager", "director")
    client.force_login(olga)
    assert client.get(f"{one.get_absolute_url()}row/").status_code == 404
    client.force_login(dirk)
    assert "<textarea" not in client.get(f"{one.get_absolute_url()}row/?verdict=approve").content.decode()
    client.force_login(maria)
    assert client.post(f"{one.get_absolute_url()}row/").status_code == 405
