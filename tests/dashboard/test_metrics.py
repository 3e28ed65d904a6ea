"""What a scraper reads, and who may."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import Attempt, Request, Status
from circuits import episodes
from circuits.models import Circuit
from live import queries
from live.models import Pulse
from live.writes import write


@pytest.fixture(autouse=True)
def temporal(monkeypatch):
    monkeypatch.setattr(queries, "_temporal_answers", lambda: True)


def read(client, **more):
    return client.get("/metrics", **more).content.decode()


def request(**more):
    return Request.objects.create(workflow_id="w", title="Forklift", created_at=timezone.now(), **more)


def test_this_machine_may_read(client, db):
    assert "leitstand_requests_open" in read(client)


@pytest.mark.parametrize("proxy", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"])
def test_a_stranger_behind_a_proxy_on_this_machine_may_not(client, db, proxy):
    assert client.get("/metrics", **{proxy: "203.0.113.9"}).status_code == 404


def test_a_stranger_may_not_and_is_not_told_that_it_exists(client, db):
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404


def test_somebody_signed_in_may_not_but_a_superuser_may(client, maria, boss):
    client.force_login(maria)
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404
    client.force_login(boss)
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_the_token_opens_it_and_no_other_does(client, db, settings):
    def status(token):
        return client.get("/metrics", REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION=f"Bearer {token}").status_code

    assert status("") == 404
    settings.METRICS_TOKEN = "a-long-secret"
    assert [status("a-long-secret"), status("a-long-secreT"), status(""), status("ä")] == [200, 404, 404, 404]


def test_open_requests_are_told_by_status_and_closed_ones_are_not(client, db):
    request(status=Status.WAITING)
    page = read(client)
    assert 'leitstand_requests_open{status="waiting"} 1.0' in page
    assert 'leitstand_requests_open{status="action_failed"} 0.0' in page
    assert 'leitstand_requests_open{status="approved"}' not in page


def test_unsettled_attempts_are_told(client, db):
    Attempt.objects.create(
        request=request(), decision_id="d", verdict="approve", known_by="signed_in", made_at=timezone.now()
    )
    assert "leitstand_attempts_unsettled 1.0" in read(client)


def test_workers_are_told_with_the_age_of_their_pulse(client, db):
    now = timezone.now()
    Pulse.objects.create(worker="w1", host="h", pid=1, queues="leitstand", started_at=now, at=now, temporal_at=now)
    page = read(client)
    assert 'leitstand_worker_pulse_age_seconds{worker="w1"} ' in page
    assert "leitstand_workers_alive 1.0" in page
    assert "leitstand_temporal_up 1.0" in page


def test_answers_are_timed_by_the_name_of_the_view_never_by_the_address(client, db):
    client.get("/accounts/login/")
    client.get("/no/such/address/1234")
    page = read(client)
    assert 'leitstand_http_request_seconds_count{method="GET",status="200",view="login"}' in page
    assert 'leitstand_http_request_seconds_count{method="GET",status="404",view="none"}' in page
    assert "no/such" not in page


def test_each_circuit_has_its_state_its_totals_and_the_age_of_its_last_report(client, db):
    kept = {"state": {"totals": {"ok": 7, "failed": 5, "fallback": {"rules": 3}}}}
    now = timezone.now()
    Circuit.objects.create(service="payments", state="open", written_at=now, last_report_at=now, kept=kept)
    Circuit.objects.create(service="mail", written_at=now)
    said = read(client)
    assert 'leitstand_circuit_state{service="payments",state="open"} 1.0' in said
    assert 'leitstand_circuit_state{service="payments",state="closed"} 0.0' in said
    assert 'leitstand_circuit_calls_total{result="failed",service="payments"} 5.0' in said
    assert 'leitstand_circuit_fallbacks_total{rung="rules",service="payments"} 3.0' in said
    assert 'leitstand_circuit_report_age_seconds{service="payments"}' in said
    assert 'leitstand_circuit_report_age_seconds{service="mail"}' not in said


def test_requests_past_their_deadline_are_told_and_those_of_the_last_minute_are_not(client, db):
    for seconds, number in ((30, 0), (90, 1)):
        Request.objects.all().delete()
        request(status=Status.WAITING, deadline=timezone.now() - timedelta(seconds=seconds))
        assert f"leitstand_requests_overdue {number}.0" in read(client)


def test_what_ops_are_told_of_is_told_by_its_kind_while_it_goes_on(client, db):
    now = timezone.now()
    with write():
        episodes.begin("circuit:mail", at=now, cause="")
        episodes.begin("circuit:erp", at=now, cause="")
        episodes.begin("worker", at=now, cause="")
        episodes.end("circuit:mail", at=now)
    page = read(client)
    assert 'leitstand_episodes_open{kind="circuit"} 1.0' in page
    assert 'leitstand_episodes_open{kind="worker"} 1.0' in page
    assert 'leitstand_episodes_open{kind="batch-waits"} 0.0' in page
    assert 'kind="batch-failed"' not in page
