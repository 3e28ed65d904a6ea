"""The page of the ledger: for auditors and admins, newest first, found again by what, who and where."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import queries
from audit.models import Entry, Seal
from audit.services import seal_due
from tests.approvals.web.making import request_of
from tests.audit.conftest import add

URL = "/audit/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, auditor):
    """The page as the auditor sees it, as text."""
    client.force_login(auditor)

    def get(**query: object) -> str:
        answer = client.get(URL, query)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_a_stranger_is_asked_to_sign_in(client):
    assert client.get(URL).status_code == 302


@pytest.mark.parametrize("who", ["maria", "rita", "olga"])
def test_for_anybody_else_there_is_no_such_page(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(URL).status_code == 404


@pytest.mark.parametrize("who", ["auditor", "boss"])
def test_auditors_and_admins_read_it(client, request, who):
    client.force_login(request.getfixturevalue(who))
    assert client.get(URL).status_code == 200


def test_nothing_is_written_through_the_page(client, auditor):
    client.force_login(auditor)
    assert client.post(URL).status_code == 405


def test_an_empty_ledger_says_what_will_stand_there(page):
    assert "Nothing is recorded yet" in page()


def test_a_line_says_when_who_how_known_what_and_where(page, rita):
    key = request_of(rita, "manager").uuid
    add(f"request:{key}", actor="dirk", known="program", kind="decision.refused", data={"reason": "Peter was first"})
    text = page()
    for piece in ("dirk", "claimed by a program", "Decision refused", "Peter was first", f'href="/approvals/{key}/"'):
        assert piece in text


def test_what_people_wrote_is_text_not_markup(page):
    add("request:a", actor="<script>x</script>", data={"comment": "<script>y</script>"})
    assert "<script>x" not in page()
    assert "<script>y" not in page()


@pytest.mark.parametrize(("name", "value"), [("stream", "request:b"), ("kind", "request.submitted"), ("actor", "eve")])
def test_it_is_filtered(page, name, value):
    add("request:a", data={"sign": "old-one"})
    add("request:b", kind="request.submitted", actor="eve", data={"sign": "new-one"})
    text = page(**{name: value})
    assert "new-one" in text
    assert "old-one" not in text


def test_a_filter_that_nothing_matches_says_so(page):
    add("request:a")
    assert "Nothing matches" in page(actor="nobody")


def test_older_leads_through_all_of_it_without_a_gap(client, auditor):
    client.force_login(auditor)
    add("request:a", queries.PAGE * 2 + 1)
    seen, link = [], "?actor=maria"
    while link:
        context = client.get(URL + link).context
        seen += [line.entry.pk for line in context["lines"]]
        link = context["older"]
    assert seen == list(Entry.objects.order_by("-pk").values_list("pk", flat=True))


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²", "1e3", "\x00"])
def test_a_wild_place_in_the_list_is_the_beginning_of_it(page, before):
    add("request:a", data={"sign": "here"})
    assert "here" in page(before=before)


@pytest.mark.parametrize("name", ["stream", "kind", "actor"])
def test_wild_filters_do_no_harm(page, name):
    assert page(**{name: "\x00'\"<>%"})
    assert page(**{name: "x" * 5_000})


def test_it_makes_as_many_queries_for_many_entries_as_for_one(client, auditor):
    client.force_login(auditor)

    def queries_made() -> int:
        with CaptureQueriesContext(
            connection,
        ) as made:
            client.get(URL)
        return len(made)

    add("request:a")
    queries_made()
    one = queries_made()
    for number in range(30):
        add(f"request:{number}", kind=f"kind.{number}")
    assert queries_made() == one


def test_all_kinds_are_offered():
    for kind in ("b", "a", "c", "a"):
        add("request:a", kind=kind)
    assert queries.kinds() == ["a", "b", "c"]


def test_a_chain_is_said_in_words_and_hours(page):
    chain = [{"level": "manager", "timeout_seconds": 43_200.0}, {"level": "vp", "timeout_seconds": 90.0, "from": None}]
    settings = {"timeout_seconds": 20, "rate": None, "title": "Payments"}
    add("request:a", kind="request.opened", data={"chain": chain, "limits": [{"at_most": 3}], "after": settings})
    text = page()
    assert "manager (timeout 12 h), vp (timeout 90 s)" in text
    assert "at most 3" in text
    assert "timeout 20 s, title Payments" in text


def test_a_stream_says_whether_its_chain_is_intact(page, intruder):
    add("request:a", 3)
    assert "chain intact" in page(stream="request:a")
    intruder("UPDATE audit_entry SET actor = 'eve' WHERE seq = 2")
    text = page(stream="request:a")
    assert "chain broken" in text
    assert "entry 2 of request:a" in text


@pytest.mark.parametrize("model", ["entry", "seal"])
def test_in_the_admin_site_it_can_only_be_looked_at(client, boss, model):
    add("request:a")
    seal_due(force=True)
    client.force_login(boss)
    pk = (Entry if model == "entry" else Seal).objects.get().pk
    assert client.get(f"/admin/audit/{model}/").status_code == 200
    assert client.get(f"/admin/audit/{model}/{pk}/change/").status_code == 200
    assert client.post(f"/admin/audit/{model}/{pk}/change/", {}).status_code == 403
    assert client.get(f"/admin/audit/{model}/{pk}/delete/").status_code == 403
    assert client.get(f"/admin/audit/{model}/add/").status_code == 403


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("deadline", 1795384000.5, ("deadline", "22 Nov 2026, 21:46:40")),
        ("deadline", 1e300, ("deadline", "1e+300")),
        ("made_at", "rubbish", ("made at", "rubbish")),
        ("level", "vp", ("level", "vp")),
    ],
)
def test_what_was_recorded_is_said_for_people(name, value, said):
    (entry,) = add("request:1", data={name: value})
    assert queries.Line(entry).facts == [said]


def test_what_only_programs_need_stands_in_the_record_alone(page):
    add("request:1", data={"decision_id": "d-4711", "shown": "abc", "level": "vp"})
    assert queries.Line(Entry.objects.get()).facts == [("level", "vp")]
    assert "d-4711" in page()
