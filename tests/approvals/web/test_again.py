"""Submit again: who may, what the form begins with, what it cannot carry, and how both requests say so."""

from decimal import Decimal
from uuid import uuid4

import pytest

from approvals.again import ENDED
from approvals.models import Level, Policy, Request, Status, Tier
from audit.models import Entry
from tests.approvals.web.making import request_of, text

NEW = "/approvals/new/"


def ended(requester, status=Status.REJECTED, **more):
    given = {"details": {"Vendor": "Acme: Lift", "Delivery": "12 weeks"}, "reason": "Too dear."} | more
    return request_of(requester, "manager", status=status, **given)


def begun(client, user, old):
    client.force_login(user)
    return client.get(NEW, {"again": str(old.uuid)})


def value(response, name):
    return response.context["form"][name].value()


def send(client, old, **changed):
    fields = {
        "title": "Forklift", "amount": "200000", "currency": "EUR", "kind": "default", "details": "Vendor: Acme",
        "action": "none", "form_id": str(uuid4()), "again": str(old.uuid),
    }  # fmt: skip
    return client.post(NEW, {**fields, **changed})


# --- who, and when ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [s for s in Status if s in ENDED])
def test_the_requester_is_offered_it_after_every_end_without_an_approval(client, rita, status):
    old = ended(rita, status)
    client.force_login(rita)
    assert f'href="{NEW}?again={old.uuid}"' in client.get(old.get_absolute_url()).content.decode()
    assert f'href="{NEW}?again={old.uuid}"' in client.get(f"{old.get_absolute_url()}form/").content.decode()
    assert value(begun(client, rita, old), "title") == "Forklift"


@pytest.mark.parametrize("status", [s for s in Status if s not in ENDED])
def test_what_is_open_or_approved_is_not_asked_for_again(client, rita, status):
    old = ended(rita, status)
    client.force_login(rita)
    assert "Submit again" not in text(client.get(old.get_absolute_url()))
    response = begun(client, rita, old)
    assert f"An empty form. {old.reference} cannot be submitted again from here" in text(response)
    assert not value(response, "title")


@pytest.mark.parametrize("who", ["maria", "boss"])
def test_others_who_see_it_get_an_empty_form_that_says_why(request, client, rita, who):
    user = request.getfixturevalue(who)
    old = ended(rita)
    response = begun(client, user, old)
    assert "only who asked for it can" in text(response)
    assert not value(response, "title")
    assert "Submit again" not in text(client.get(old.get_absolute_url()))


def test_for_a_stranger_it_does_not_exist(client, rita, olga):
    assert begun(client, olga, ended(rita)).status_code == 404


@pytest.mark.parametrize("again", ["", "x", "00000000-0000-4000-8000-000000000000", "\x00", "9" * 5_000])
def test_an_address_that_names_nothing_is_none(client, rita, again):
    client.force_login(rita)
    assert client.get(NEW, {"again": again}).status_code == 404


# --- what it begins with ------------------------------------------------------------------------------------------


def test_the_form_begins_with_all_that_was_asked(client, rita):
    travel = Policy.objects.create(kind="travel", title="Travel")
    Tier.objects.create(policy=travel, level=Level.objects.get(name="ceo"))
    old = ended(rita, amount=Decimal("1000.50"), currency="USD", kind="travel", action_name="record",
                action_args={"text": "order it"})  # fmt: skip
    response = begun(client, rita, old)
    shown = {name: value(response, name) for name in ("title", "amount", "currency", "kind", "details", "action")}
    assert shown == {
        "title": "Forklift", "amount": "1000.50", "currency": "USD", "kind": "travel",
        "details": "Vendor: Acme: Lift\nDelivery: 12 weeks", "action": "record",
    }  # fmt: skip
    assert 'name="arg-record-text" value="order it"' in response.content.decode()
    assert f"Follows {old.reference}. Forklift , Rejected. Too dear. What it asked" in text(response)
    assert "Not carried over" not in text(response)
    assert "CEO" in text(response), "the chain for it is shown at once"


def test_what_it_begins_with_is_a_request_as_it_stands(client, rita, temporal):
    old = ended(rita, action_name="record", action_args={"text": "order it"})
    response = begun(client, rita, old)
    names = ("title", "amount", "currency", "kind", "details", "action", "form_id", "again")
    fields = {name: str(value(response, name)) for name in names}
    assert client.post(NEW, {**fields, "arg-record-text": "order it"}).status_code == 302
    new = Request.objects.latest("pk")
    for name in ("title", "amount", "currency", "kind", "details", "action_name", "action_args"):
        assert getattr(new, name) == getattr(old, name), name
    assert new.follows == old
    assert temporal.started == [new.workflow_id]


LOST = [
    ({"details": {"Vendor": "Acme", "Lines": [1, 2]}}, "Of the details, “Lines” cannot be written"),
    ({"details": {"Count": 3}}, "“Count”"),
    ({"details": {"Text": "one\ntwo"}}, "“Text”"),
    ({"details": {"a: b": "c"}}, "“a: b”"),
    ({"details": {"x" * 101: "c"}}, "“" + "x" * 60 + "”"),
    ({"details": {"": "d"}}, "“”"),
    ({"details": {"Odd": "\u202e1"}}, "“Odd”"),
    ({"details": {f"k{n}": n for n in range(30)}}, "and more cannot be written"),
    ({"details": [1]}, "all of them"),
    ({"amount": None}, "It named no amount; the form needs one."),
    ({"by_program": True}, "may have chosen who decides and until when: now the policy does."),
    ({"currency": "XAU"}, "The currency was XAU, which cannot be chosen here."),
    ({"kind": "yacht"}, "The kind was “yacht”, which does not exist any more."),
    ({"action_name": "gone"}, "The action “gone”, which was to run when approved, does not exist any more"),
    ({"action_name": "record", "action_args": {"text": "a\nb"}}, "Of the action’s arguments, “text” cannot"),
    ({"action_name": "record", "action_args": {"text": 5}}, "“text” cannot"),
    ({"action_name": "record", "action_args": {"old": "x"}}, "“old” cannot"),
]


@pytest.mark.parametrize(("odd", "sentence"), LOST)
def test_what_cannot_be_carried_over_is_said(client, rita, odd, sentence):
    old = ended(rita, **odd)
    response = begun(client, rita, old)
    assert "Not carried over:" in text(response)
    assert sentence in text(response)
    client.force_login(rita)
    assert sentence in text(send(client, old, title="")), "and again beside an error"


def test_an_argument_of_every_type_is_carried_over(client, rita):
    from worker import registry

    @registry.actions.register("order", title="orders")
    def order(*, vendor: str, count: int, urgent: bool, price: float, lines: list, more: dict, note: str | None = None):
        """Nothing."""

    try:
        args = {"vendor": "Acme", "count": 3, "urgent": True, "price": 1.5, "lines": [1, "ü"], "more": {"a": None},
                "note": None}  # fmt: skip
        response = begun(client, rita, ended(rita, action_name="order", action_args=args))
        assert "Not carried over" not in text(response)
        [fields] = [one["fields"] for one in response.context["arguments"] if one["name"] == "order"]
        send(client, ended(rita), action="order", **{field["name"]: field["value"] for field in fields})
        assert Request.objects.latest("pk").action_args == {k: v for k, v in args.items() if k != "note"}
    finally:
        del registry.actions._known["order"]


# --- both say so --------------------------------------------------------------------------------------------------


def test_both_requests_and_the_ledger_say_so(client, rita, maria):
    old = ended(rita)
    client.force_login(rita)
    assert send(client, old).status_code == 302
    new = Request.objects.latest("pk")
    assert new.follows == old
    submitted = Entry.objects.get(stream=new.stream)
    assert (submitted.kind, submitted.data["follows"]) == ("request.submitted", old.reference)
    again = Entry.objects.get(stream=old.stream)
    assert (again.kind, again.actor) == ("request.submitted_again", "rita")
    assert again.data == {"as": new.reference, "as_uuid": str(new.uuid)}
    response = client.get(new.get_absolute_url())
    assert f'follows <a href="{old.get_absolute_url()}">{old.reference}</a>' in response.content.decode()
    assert f"Rita Lang asked for it again, after {old.reference}." in text(response)
    response = client.get(old.get_absolute_url())
    assert f'submitted again as <a href="{new.get_absolute_url()}">{new.reference}</a>' in response.content.decode()
    assert f"Rita Lang asked for it again, as {new.reference}." in text(response)


def test_whoever_does_not_see_the_one_gets_no_link_to_it(client, rita, vera):
    old = request_of(rita, "vp", status=Status.REJECTED)
    new = request_of(rita, "manager", follows=old)
    client.force_login(vera)
    assert str(new.uuid) not in client.get(old.get_absolute_url()).content.decode()


def test_the_form_that_comes_back_with_errors_still_follows(client, rita):
    old = ended(rita)
    client.force_login(rita)
    response = send(client, old, amount="NaN")
    assert response.status_code == 400
    assert f'name="again" value="{old.uuid}"' in response.content.decode()
    assert f"Follows {old.reference}." in text(response)
    assert not Request.objects.filter(follows=old).exists()


def test_the_same_form_sent_twice_follows_once(client, rita):
    old, form_id = ended(rita), str(uuid4())
    client.force_login(rita)
    first, second = (send(client, old, form_id=form_id) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Entry.objects.filter(stream=old.stream).count() == 1


def test_a_second_request_after_the_same_one_is_told_of_the_first(client, rita):
    old = ended(rita)
    client.force_login(rita)
    send(client, old)
    new = Request.objects.latest("pk")
    assert f"It was submitted again before: {new.reference} ." in text(begun(client, rita, old))


@pytest.mark.parametrize("again", ["x", "\x00", "00000000-0000-4000-8000-000000000000", "9" * 5_000])
def test_what_cannot_be_followed_is_said_and_the_next_try_stands_alone(client, rita, again):
    client.force_login(rita)
    response = send(client, ended(rita), again=again)
    assert response.status_code == 400
    assert "What this was to follow cannot be submitted again by you." in text(response)
    assert 'name="again"' not in response.content.decode()
    assert not Request.objects.filter(follows__isnull=False).exists()


def test_nobody_follows_what_another_asked_for(client, rita, maria):
    old = ended(rita)
    client.force_login(maria)
    assert send(client, old).status_code == 400
    assert not Request.objects.filter(follows=old).exists()
