"""Secrets arrive at the service, at no other, and stand nowhere else."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.hosts import read
from batches.http import plans
from dashboard.environment import hosts_by_name
from tests.accounts.receiver import Program, says
from worker.resilience.fallback import NotAgain, NotYet

BEARER = {"Authorization": "Bearer {secret.ERP}", "X-Plain": "plain"}


def echoes(status):
    """A service that says what it was told."""

    def answer(handler):
        said = handler.headers["Authorization"]
        says(status, json.dumps({"you said": said, said: [said]}).encode())(handler)

    return answer


def test_it_arrives(program, call):
    call(headers=BEARER)
    assert program.calls[0][0]["Authorization"] == 'Bearer tok"en-4711'


@pytest.mark.parametrize("keep", ["json", "text"])
def test_what_is_kept_does_not_hold_it(program, call, keep):
    program.answer = echoes(200)
    kept = json.dumps(call(headers=BEARER, keep=keep))
    assert "4711" not in kept
    assert "[secret]" in kept


@pytest.mark.parametrize("status", [400, 500])
def test_what_is_said_of_a_failure_does_not_hold_it(program, call, status):
    program.answer = echoes(status)
    with pytest.raises((NotAgain, NotYet)) as failed:
        call(headers=BEARER)
    assert "4711" not in str(failed.value)
    assert "[secret]" in str(failed.value)


def test_a_reason_and_a_secret_cut_in_two_do_not_hold_it(program, call, settings):
    settings.HTTP_SECRETS = {"ERP": "y" * 400}
    program.answer = says(400, b"y" * 400)
    with pytest.raises(NotAgain) as failed:
        call(headers=BEARER)
    assert "yyy" not in str(failed.value)


def test_another_host_does_not_get_it(program, call, settings):
    other = Program()
    settings.HTTP_HOSTS = read(f"127.0.0.1:{program.port},127.0.0.1:{other.port}")
    program.answer = says(307, Location=other.url)
    try:
        assert call(headers={**BEARER, "X-Key": "{secret.ERP}"}) == {"status": 200}
        sent = other.calls[0][0]
        assert "Authorization" not in sent
        assert "X-Key" not in sent
        assert sent["X-Plain"] == "plain"
    finally:
        other.close()


def test_one_that_is_bound_goes_to_its_hosts_only(program, call, settings):
    args = {"url": program.url, "headers": BEARER}
    settings.HTTP_SECRETS_TO = {"ERP": read(f"erp.example.com,127.0.0.1:{program.port}", plain=True)}
    assert plans.wrong(args) == []
    assert call(headers=BEARER) == {"status": 200}
    settings.HTTP_SECRETS_TO = {"ERP": read("erp.example.com", plain=True)}
    (said,) = plans.wrong(args)
    assert said == "The secret 'ERP' may not be sent there: LEITSTAND_HTTP_SECRETS_TO binds it to other hosts."
    with pytest.raises(NotAgain, match="may not be sent there"):
        call(headers=BEARER)
    assert len(program.calls) == 1


def test_bindings_are_read_from_a_setting(monkeypatch):
    monkeypatch.setenv("BOUND", "ERP=erp.example.com, PAY=pay.example.com:8443,ERP=old.example.com")
    found = hosts_by_name("BOUND")
    assert [rule.host for rule in found["ERP"].rules] == ["erp.example.com", "old.example.com"]
    assert found["PAY"].rules[0].port == 8443
    for wrong in ("erp.example.com", "ERP=", "=erp.example.com", "ERP=a/b"):
        monkeypatch.setenv("BOUND", wrong)
        with pytest.raises(ImproperlyConfigured, match="BOUND"):
            hosts_by_name("BOUND")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_one_that_does_not_exist_is_said_before_anything_is_called(program, call, settings, value):
    settings.HTTP_SECRETS = {} if value is None else {"ERP": value}
    args = {"url": program.url, "headers": BEARER}
    assert plans.wrong(args) == ["There is no secret 'ERP': set LEITSTAND_HTTP_SECRET_ERP where site and workers run."]
    with pytest.raises(NotAgain, match="no secret 'ERP'"):
        call(headers=BEARER)
    assert program.calls == []


def test_one_with_a_line_break_is_not_sent_and_not_said(program, call, settings):
    settings.HTTP_SECRETS = {"ERP": "line4711\nHost: evil"}
    with pytest.raises(NotAgain) as failed:
        call(headers=BEARER)
    assert "4711" not in str(failed.value)
    assert program.calls == []


@pytest.mark.parametrize("where", ["url", "body"])
def test_it_stands_in_headers_only(program, where):
    given = {"url": program.url, where: (program.url + "/" if where == "url" else "") + "{secret.ERP}"}
    assert "secrets stand in headers only" in plans.wrong(given)[0]
