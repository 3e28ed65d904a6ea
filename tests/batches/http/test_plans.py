"""All that can be wrong with the arguments is said before anything is called."""

import pytest

from accounts.hosts import read
from batches.http import plans

URL = "https://erp.example/orders/{item.id}"


@pytest.fixture(autouse=True)
def allowed(settings):
    settings.HTTP_HOSTS = read("erp.example")


def test_nothing_is_wrong():
    given = {"url": URL, "body": '{"a": "{item.a} {item.b}", "n": {item.a}}', "headers": {"X-C": "{item.c}"}}
    assert plans.wrong(given) == []
    assert plans.columns(given) == ["id", "c", "a", "b"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"url": ""}, "begins with https://"),
        ({"url": "{item}"}, "begins with https://"),
        ({"url": "https://{item.host}/"}, "begins with https://"),
        ({"url": "https://erp.example{item.x}"}, "begins with https://"),
        ({"url": "ftp://erp.example/"}, "begins with https://"),
        ({"url": "https://evil.example/"}, "not among the hosts"),
        ({"url": "http://erp.example/"}, "over https only"),
        ({"url": "https://u:p@erp.example/"}, "a user or a password"),
        ({"url": "https://erp.example/{itm.x}"}, "holds '{itm.x}'"),
        ({"url": "https://erp.example/{item.}"}, "holds '{item.}'"),
        ({"url": "https://erp.example/{key.x}"}, "the key has no parts"),
        ({"url": "https://erp.example/" + "x" * 200_000}, "longer than"),
        ({"method": "TRACE"}, "is none of"),
        ({"method": "GET", "body": "{}"}, "has no body"),
        ({"body": "{item.a"}, "not JSON"),
        ({"body": '{"a": "{item.a}}'}, "not JSON"),
        ({"body": "x", "headers": {"Content-Type": "application/xml"}}, "of these types"),
        ({"headers": {"Host": "x"}}, "cannot be set"),
        ({"headers": {"Idempotency-Key": "x"}}, "cannot be set"),
        ({"headers": {"X A": "x"}}, "not a name"),
        ({"headers": {"X": "a\nb"}}, "one line"),
        ({"headers": {"X": 5}}, "one line"),
        ({"success": ["200s"]}, "no status"),
        ({"success": [404], "final": ["404"]}, "which is it"),
        ({"timeout_seconds": 0}, "above 0"),
        ({"timeout_seconds": 1e9}, "above 0"),
        ({"keep": "all"}, "'keep' must be"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(given, words):
    errors = plans.wrong({"url": URL, **given})
    assert any(words in error for error in errors), errors


def test_all_of_it_at_once():
    assert len(plans.wrong({"url": "x", "method": "x", "keep": "x", "success": ["x"]})) == 4


def test_without_a_host_nobody_is_called(settings):
    settings.HTTP_HOSTS = read("")
    assert plans.wrong({"url": URL}) == ["No host may be called: LEITSTAND_HTTP_ALLOWED_HOSTS names none."]
