"""The inbox: what waits for me stands first, and nothing stands there that I may not see."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals import queries
from approvals.models import Status
from tests.approvals.web.making import decided, queries_of, request_of, text

INBOX = "/approvals/"


def page(client, user, **query):
    client.force_login(user)
    response = client.get(INBOX, query)
    assert response.status_code == 200
    return text(response)


def titles(user, view="waiting", **more):
    return [row.title for row in queries.LISTS[view](user, **more).rows]


def test_it_says_how_many_wait(client, maria, rita):
    for _ in range(4):
        request_of(rita, "manager")
    assert "Four requests wait for you" in page(client, maria)


def test_it_teaches_somebody_without_a_level_and_somebody_with_nothing_to_do_differently(client, maria, rita):
    assert "You hold no level" in page(client, rita)
    assert "soonest deadline first" in page(client, maria)


def test_the_soonest_deadline_stands_first(maria, rita):
    request_of(rita, "manager", title="later", due_in=9)
    request_of(rita, "manager", title="sooner", due_in=1)
    assert titles(maria) == ["sooner", "later"]


def test_only_the_holder_of_the_open_level_is_waited_for(maria, dirk, rita):
    request_of(rita, "manager", "director")
    assert (titles(maria), titles(dirk)) == (["Forklift"], [])


def test_ones_own_request_waits_for_others(maria):
    request_of(maria, "manager")
    assert titles(maria) == []


def test_ones_own_request_waits_for_oneself_where_the_policy_lets_it(maria):
    request_of(maria, "manager", self_approval=True)
    assert titles(maria) == ["Forklift"]


def test_a_second_level_of_one_request_is_for_somebody_else(maria, rita):
    from approvals.models import Level, LevelHolder

    LevelHolder.objects.create(user=maria, level=Level.objects.get(name="director"))
    strict = request_of(rita, "manager", "director", at=1, title="strict")
    lax = request_of(rita, "manager", "director", at=1, title="lax", distinct_approvers=False)
    for one in (strict, lax):
        decided(one, 0, maria)
    assert titles(maria) == ["lax"]


def test_an_approval_without_a_level_waits_for_anybody_who_holds_one(maria, dirk, rita):
    request_of(rita, "", workflow_type="ApprovalWorkflow")
    assert titles(maria) == titles(dirk) == ["Forklift"]
    assert titles(rita) == []


def test_a_request_between_two_levels_waits_for_nobody(maria, dirk, rita):
    request_of(rita, "manager", "director", deadline=None)
    assert titles(maria) == []
    assert not queries.open_for(maria).rows[0].can_decide


def test_an_inactive_person_sees_nothing(maria, rita):
    request_of(rita, "manager")
    maria.is_active = False
    assert titles(maria) == titles(maria, "open") == []


@pytest.mark.parametrize("who", ["auditor", "boss"])
def test_auditors_and_admins_see_all_that_is_open_and_decide_nothing(request, rita, who):
    user = request.getfixturevalue(who)
    request_of(rita, "manager")
    rows = queries.open_for(user).rows
    assert [row.can_decide for row in rows] == [False]


def test_a_person_outside_sees_nothing_in_any_view(client, olga, rita):
    request_of(rita, "manager", title="secret forklift")
    request_of(rita, "manager", title="secret forklift", status=Status.APPROVED)
    for view in queries.VIEWS:
        assert "secret forklift" not in page(client, olga, view=view)


def test_every_view_shows_its_own(rita, maria):
    request_of(rita, "manager", title="open")
    request_of(rita, "manager", title="closed", status=Status.REJECTED)
    assert titles(maria, "open") == ["open"]
    assert titles(maria, "closed") == ["closed"]
    assert titles(rita, "mine") == ["closed", "open"]


def test_what_has_no_deadline_stands_before_what_has_one(rita):
    request_of(rita, "manager", title="waits")
    request_of(rita, "manager", title="failed", status=Status.ACTION_FAILED)
    assert titles(rita, "open") == ["failed", "waits"]


@pytest.mark.parametrize("view", ["waiting", "open", "mine", "closed"])
def test_pages_hold_every_request_once(maria, rita, view):
    status = Status.APPROVED if view == "closed" else Status.WAITING
    same = timezone.now() + timedelta(hours=1)
    for number in range(7):
        more = {"closed_at": same} if view == "closed" else {"deadline": same}
        request_of(rita, "manager", title=str(number), status=status, **(more if number % 2 else {}))
    if view == "open":
        request_of(rita, "manager", title="7", status=Status.ACTION_FAILED)
        request_of(rita, "manager", title="8", status=Status.NOT_STARTED)
    user = rita if view == "mine" else maria
    seen, after = [], ""
    while True:
        part = queries.LISTS[view](user, limit=3, after=after)
        seen += [row.title for row in part.rows]
        if not (after := part.next):
            break
    assert sorted(seen) == [str(number) for number in range(9 if view == "open" else 7)]


@pytest.mark.parametrize("after", ["", "x", "_", "2026_1", "2026-01-01T00:00:00_5", "_99999999999999999999", "\x00_1"])
def test_a_broken_key_in_the_address_is_no_error(client, maria, after):
    for view in queries.VIEWS:
        page(client, maria, view=view, after=after)


def test_the_second_page_is_reached_by_a_link(client, maria, rita, monkeypatch):
    for number in range(queries.PAGE + 1):
        request_of(rita, "manager", title=f"number {number}", due_in=number + 1)
    client.force_login(maria)
    first = client.get(INBOX).content.decode()
    link = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = text(client.get(INBOX + link))
    assert "number 50" in second
    assert "number 49" not in second


def test_counts_stop_counting(maria, rita, monkeypatch):
    monkeypatch.setattr(queries, "CAP", 3)
    for _ in range(5):
        request_of(rita, "manager")
    assert queries.count_waiting_for(maria) == 4
    assert queries.said(4) == "3+"


def test_the_number_of_queries_does_not_grow_with_the_requests(client, maria, rita):
    client.force_login(maria)
    client.get(INBOX)
    for _ in range(5):
        request_of(rita, "manager", "director")
    few = queries_of(lambda: client.get(INBOX))
    for _ in range(45):
        request_of(rita, "manager", "director")
    assert queries_of(lambda: client.get(INBOX)) <= few < 30


def test_a_row_leads_to_the_form_that_decides(client, maria, rita):
    one = request_of(rita, "manager")
    client.force_login(maria)
    body = client.get(INBOX).content.decode()
    assert f'href="{one.get_absolute_url()}?verdict=approve"' in body
    assert f'href="{one.get_absolute_url()}?verdict=reject"' in body


def test_what_waits_for_others_offers_nothing_to_press(client, dirk, rita):
    request_of(rita, "manager", "director")
    assert "not yours to decide" in page(client, dirk, view="open")
    assert "verdict=approve" not in client.get(INBOX, {"view": "open"}).content.decode()


def test_open_requests_of_others_stand_below_mine(client, maria, rita):
    request_of(rita, "manager", title="for me")
    request_of(rita, "manager", "director", at=1, title="for others")
    shown = page(client, maria)
    assert shown.index("for me") < shown.index("Open, with others") < shown.index("for others")


def test_a_title_is_shown_and_never_run(client, maria, rita):
    request_of(rita, "manager", title="<script>alert(1)</script>")
    client.force_login(maria)
    body = client.get(INBOX).content.decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_the_chain_is_said_in_words_too(client, maria, rita):
    request_of(rita, "manager", "director")
    client.force_login(maria)
    assert 'aria-label="Manager: Waiting, Director: Not yet"' in client.get(INBOX).content.decode()


def test_nobody_signed_in_is_sent_to_sign_in(client, db):
    assert client.get(INBOX).status_code == 302


def test_due_soonest_is_of_all_that_one_may_see(maria, dirk, rita):
    request_of(rita, "manager", "director", title="late", due_in=9)
    request_of(rita, "manager", "director", title="soon", due_in=1)
    request_of(rita, "manager", title="not dirk's", due_in=0.5)
    assert [row.title for row in queries.due_soonest(dirk, limit=5)] == ["soon", "late"]


@pytest.mark.parametrize("few", [0, 2_000])
def test_whoever_holds_a_common_level_sees_by_the_same_rule_as_a_rare_one(rita, dirk, olga, monkeypatch, few):
    monkeypatch.setattr("approvals.access.FEW", few)
    request_of(rita, "manager", "director", title="in the chain")
    request_of(rita, "manager", title="not in the chain")
    request_of(rita, "", title="any level", workflow_type="ApprovalWorkflow")
    request_of(dirk, "manager", title="own")
    assert sorted(titles(dirk, "open")) == ["any level", "in the chain", "own"]
    assert titles(olga, "open") == []
