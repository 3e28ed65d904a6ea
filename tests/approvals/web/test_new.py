"""The form of a new request: what is wrong is said in a sentence, what was typed is kept, twice is once."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.utils.html import escape

from approvals.models import Policy, Request
from audit.models import Entry
from tests.approvals.web.making import text

NEW = "/approvals/new/"
GOOD = {
    "title": "Forklift, electric", "amount": "250000", "currency": "EUR", "kind": "default",
    "details": "Vendor: Acme\nDelivery: 12 weeks", "action": "record", "arg-record-text": "order it",
}  # fmt: skip


@pytest.fixture
def rita_in(client, rita):
    client.force_login(rita)
    return client


def post(client, **changed):
    return client.post(NEW, {**GOOD, **changed})


def test_a_good_form_makes_a_request_and_leads_to_it(rita_in, rita, temporal):
    response = post(rita_in)
    one = Request.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/approvals/{one.uuid}/")
    assert (one.title, one.amount, one.currency, one.requester) == ("Forklift, electric", Decimal(250000), "EUR", rita)
    assert one.details == {"Vendor": "Acme", "Delivery": "12 weeks"}
    assert (one.action_name, one.action_args) == ("record", {"text": "order it"})
    assert temporal.started == [one.workflow_id]


def test_what_a_program_posts_is_enough(rita_in):
    """The contract's fields alone, with an action that needs no arguments."""
    fields = {name: GOOD[name] for name in ("title", "amount", "currency", "kind", "details")}
    assert rita_in.post(NEW, {**fields, "action": "none"}).status_code == 302
    assert rita_in.post(NEW, {**fields, "action": "record"}).status_code == 302
    assert rita_in.post(NEW, {"title": "Only", "amount": "1"}).status_code == 302


def test_without_temporal_it_is_kept_and_says_so(rita_in, temporal):
    temporal.mode = "unreachable"
    response = rita_in.post(NEW, GOOD, follow=True)
    assert Request.objects.get().status == "not_started"
    assert "Not started yet" in text(response)
    assert "starts by itself" in text(response)


BAD_AMOUNTS = {
    "": "Enter the amount",
    "   ": "Enter the amount",
    "1e400": "without an exponent",
    "NaN": "in digits",
    "inf": "in digits",
    "-5": "cannot be negative",
    "1.000,50": "with a point and nothing between the thousands: 1000.50",
    "1,5": "with a point and nothing between the thousands: 1.5",
    "250,000": "Leave out the comma between the thousands: 250000",
    "250,000.00": "Leave out the comma between the thousands: 250000.00",
    "1 000": "Leave out what stands between the thousands: 1000",
    "9" * 40: "too large",
    "1.234": "at most two decimals",
    "0x10": "in digits",
    "٣": "in digits",
    "1_000": "in digits",
    "12 €": "in digits",
    "<b>": "in digits",
}


@pytest.mark.parametrize(("amount", "sentence"), BAD_AMOUNTS.items())
def test_an_amount_that_is_none_is_said_to_be(rita_in, amount, sentence):
    response = post(rita_in, amount=amount)
    assert response.status_code == 400
    assert sentence in text(response)
    assert not Request.objects.exists()


@pytest.mark.parametrize("amount", ["0", "0.5", "1000.50", "9999999999999.99", " 12 "])
def test_an_amount_that_is_one_is_taken(rita_in, amount):
    assert post(rita_in, amount=amount).status_code == 302
    assert Request.objects.get().amount == Decimal(amount.strip())


BAD = [
    ("title", "", "Give the request a title"),
    ("title", " \t\u00a0\u2003 ", "Give the request a title"),
    ("title", "\u200b\u200d\u200e", "Give the request a title"),
    ("title", "x" * 201, "201 characters long; at most 200"),
    ("title", "x" * 10_000, "10,000 characters long"),
    ("title", "Pay \u202eeciovni", "right-to-left override, U+202E"),
    ("title", "Pay \u2066this\u2069", "U+2066"),
    ("title", "Pay\u200fthis", "U+200F"),
    ("title", "one\ntwo", "U+000A"),
    ("title", "null\x00byte", "U+0000"),
    ("currency", "XXX", "“XXX” is not a currency known here"),
    ("currency", "€" * 5000, "is not a currency known here"),
    ("kind", "yacht", "There is no policy for “yacht”"),
    ("kind", "\x00", "There is no policy"),
    ("action", "launch", "There is no action “launch”"),
    ("action", "\x00", "There is no action"),
    ("details", "no colon here", "Line 1: write it as “key: value”"),
    ("details", "a: 1\n\n: 2", "Line 3: write it as “key: value”"),
    ("details", "a: 1\na: 2", "Line 2: “a” stands there already"),
    ("details", "a: \x00", "U+0000"),
    ("details", "a: \u202e1", "U+202E"),
    ("details", "k" * 101 + ": v", "longer than 100 characters"),
    ("details", "\n".join(f"k{n}: v" for n in range(101)), "have 101 lines; at most 100"),
    ("details", "a: " + "x" * 1_000_000, "larger than 20,000 bytes"),
]


@pytest.mark.parametrize(("field", "typed", "sentence"), BAD)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(rita_in, field, typed, sentence):
    response = post(rita_in, **{field: typed})
    assert response.status_code == 400
    assert sentence in text(response)
    assert not Request.objects.exists()
    body = response.content.decode()
    for name, value in {**GOOD, field: typed}.items():
        if name not in ("currency", "kind", "action", field):
            assert escape(value).splitlines()[0] in body, name
    if field in ("title", "details") and typed.strip():
        assert escape(typed).replace("\r", "").strip() in body.replace("\r", "")


def test_a_script_in_the_title_is_only_text(rita_in):
    response = rita_in.post(NEW, {**GOOD, "title": "<script>alert(1)</script>"}, follow=True)
    assert response.status_code == 200
    assert "<script>alert" not in response.content.decode()
    assert "<script>alert(1)</script>" in Request.objects.get().title


def test_letters_of_every_script_and_emoji_are_taken(rita_in):
    title = "Büro für 日本 · משרד · 👩‍🔧"
    assert post(rita_in, title=title).status_code == 302
    assert Request.objects.get().title == title


@pytest.fixture
def typed_action():
    from worker import registry

    @registry.actions.register("order", title="orders")
    def order(*, key: str, vendor: str, count: int, urgent: bool = False, lines: list = ()) -> None: ...  # type: ignore

    yield
    del registry.actions._known["order"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, ["'vendor'", "'count'"]),
        ({"vendor": "Acme", "count": "many"}, ["'count'", "a whole number"]),
        ({"vendor": "Acme", "count": "1.5"}, ["'count'"]),
        ({"vendor": "Acme", "count": "1", "urgent": "perhaps"}, ["'urgent'"]),
        ({"vendor": "Acme", "count": "1", "lines": "not json"}, ["'lines'"]),
        ({"vendor": "Acme", "count": "1", "lines": "[" * 100_000}, ["at most"]),
        ({"vendor": "Ac\x00me", "count": "1"}, ["U+0000"]),
    ],
)
def test_arguments_of_the_wrong_type_are_said_to_be(rita_in, typed_action, typed, words):
    response = post(rita_in, action="order", **{f"arg-order-{name}": value for name, value in typed.items()})
    assert response.status_code == 400
    for word in words:
        assert word in text(response)


def test_arguments_are_read_by_their_types(rita_in, typed_action):
    typed = {
        "arg-order-vendor": "Acme",
        "arg-order-count": "12",
        "arg-order-urgent": "yes",
        "arg-order-lines": "[1, 2]",
    }
    assert post(rita_in, action="order", **typed).status_code == 302
    assert Request.objects.get().action_args == {"vendor": "Acme", "count": 12, "urgent": True, "lines": [1, 2]}


def test_the_same_form_sent_twice_is_one_request(rita_in, temporal):
    form_id = str(uuid4())
    first, second = (post(rita_in, form_id=form_id) for _ in range(2))
    assert first["Location"] == second["Location"] == f"/approvals/{form_id}/"
    assert Request.objects.count() == len(temporal.started) == 1


def test_the_page_comes_with_a_form_id_of_its_own_and_keeps_it(rita_in):
    body = rita_in.get(NEW).content.decode()
    form_id = body.split('name="form_id" value="')[1].split('"')[0]
    assert UUID(form_id)
    assert form_id in post(rita_in, form_id=form_id, amount="x").content.decode()


def test_another_persons_form_id_is_not_taken_over(rita_in, client, maria):
    form_id = str(uuid4())
    post(rita_in, form_id=form_id)
    client.force_login(maria)
    assert post(client, form_id=form_id)["Location"] != f"/approvals/{form_id}/"
    assert Request.objects.count() == 2


def test_a_form_id_that_is_none_is_given_a_new_one(rita_in):
    assert post(rita_in, form_id="../../etc").status_code == 302


def test_it_is_in_the_ledger_at_once(rita_in):
    post(rita_in)
    assert Entry.objects.get(stream=Request.objects.get().stream).kind == "request.submitted"


@pytest.mark.parametrize(
    ("amount", "levels"),
    [("5", ["Manager"]), ("10000", ["Manager", "Director"]), ("1000000", ["Manager", "Director", "VP", "CEO"])],
)
def test_the_chain_that_the_amount_needs_is_shown(rita_in, amount, levels):
    shown = text(rita_in.get(NEW + "chain/", {"amount": amount, "currency": "EUR", "kind": "default"}))
    assert [level for level in ("Manager", "Director", "VP", "CEO") if level in shown] == levels


def test_a_foreign_currency_takes_the_full_chain(rita_in):
    assert "CEO" in text(rita_in.get(NEW + "chain/", {"amount": "5", "currency": "USD", "kind": "default"}))


@pytest.mark.parametrize("amount", ["", "1e400", "1.000,50", "\x00"])
def test_a_half_typed_amount_is_no_error(rita_in, amount):
    response = rita_in.get(NEW + "chain/", {"amount": amount, "currency": "?", "kind": "?"})
    assert response.status_code == 200


def test_without_javascript_a_button_shows_the_chain_and_judges_nothing(rita_in):
    response = post(rita_in, show_chain="1", title="")
    assert response.status_code == 200
    assert "VP" in text(response)
    assert "Give the request a title" not in text(response)
    assert not Request.objects.exists()


def test_the_chain_is_shown_again_beside_an_error(rita_in):
    assert "3 levels decide" in text(post(rita_in, title=""))


def test_a_policy_without_levels_says_so(rita_in):
    Policy.objects.create(kind="bare", title="Bare")
    shown = text(rita_in.get(NEW + "chain/", {"amount": "5", "currency": "EUR", "kind": "bare"}))
    assert "names no level" in shown


def test_every_action_can_be_chosen_with_its_arguments(rita_in):
    body = rita_in.get(NEW).content.decode()
    assert '<option value="record">' in body
    assert 'name="arg-record-text"' in body


def test_nobody_signed_in_is_sent_to_sign_in(client, db):
    assert client.get(NEW).status_code == client.post(NEW, GOOD).status_code == 302
    assert not Request.objects.exists()


def test_the_first_field_that_is_wrong_has_the_focus(client, rita):
    client.force_login(rita)
    typed = {"title": "Forklift", "amount": "NaN", "details": "no colon"}
    body = client.post("/approvals/new/", typed).content.decode()
    assert body.count("autofocus") == 1
    assert 'name="amount"' in body.split("autofocus")[0].rsplit("<", 1)[1] + body.split("autofocus")[1].split(">")[0]
