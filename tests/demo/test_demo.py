"""The demo, loaded into a real Temporal with a real worker: cut off, completed, and started once more."""

import json

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from approvals import actions
from approvals.models import Request
from tests.demo.stage import PASSWORD, Stage
from tests.up.running import until

pytestmark = pytest.mark.timeout(400)

TABLES = (
    "auth_user",
    "approvals_levelholder",
    "approvals_policy",
    "approvals_tier",
    "approvals_request",
    "approvals_attempt",
    "approvals_record",
    "approvals_remark",
    "approvals_delegation",
    "circuits_service",
    "circuits_rung",
    "circuits_serviceversion",
    "batches_batch",
    "batches_upload",
    "batches_dataset",
    "audit_entry",
)
COUNTS = """
import json
from django.contrib.auth.models import User
from approvals.queries import counts_for
print(json.dumps({user.username: counts_for(user) for user in User.objects.all()}))
"""
BETWEEN_LEVELS = "select id from approvals_request where status = 'waiting' and deadline is null"
TOLD = """select count(*) from circuits_service s join circuits_circuit c on c.service = s.name
          where c.config_version = s.config_version"""
SUMMED = "select result from batches_dataset where state = 'completed' and requester = 'olga'"
DONE = "select 1 from batches_batch where state = 'completed'"
PASSWORDS = f"""
import json
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import User
right = {{known for known in User.objects.values_list("password", flat=True).distinct()
         if check_password({PASSWORD!r}, known)}}
print(json.dumps([user.username for user in User.objects.order_by("pk") if user.password in right]))
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The demo after a start that was killed half-way, and one that completed it."""
    data = tmp_path_factory.mktemp("demo")
    stage = Stage(data)
    try:
        stage.load_and_be_killed(requests=15)
        ran = stage.manage("demo")
        assert ran.returncode == 0, ran.stderr
        until(lambda: len(by_status(stage).get("action_failed", [])) == 2, "the actions to have failed")
        until(lambda: not by_status(stage).get("action_running"), "the actions to have ended")
        until(lambda: not stage.rows(BETWEEN_LEVELS), "the next levels to have opened")
        until(lambda: stage.rows(TOLD) == [(4,)], "the circuits to know their settings")
        until(lambda: stage.rows(DONE), "the batch that is soon done")
        until(lambda: stage.rows(SUMMED), "the data set to be summed up")
        yield stage
    finally:
        stage.end()


def by_status(stage: Stage) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for status, level in stage.rows("select status, current_level from approvals_request"):
        found.setdefault(status, []).append(level)
    return found


def test_there_are_some_forty_requests_in_every_state_and_at_every_level(stage):
    found = by_status(stage)
    assert set(found) == {"waiting", "action_failed", "approved", "rejected", "withdrawn", "timeout", "invalid"}
    assert set(found["waiting"]) == {"manager", "director", "vp", "ceo", ""}
    assert stage.count("approvals_request") == 41  # one of them asks for a batch


def test_nothing_of_a_start_that_was_cut_off_is_missing_or_double(stage):
    assert stage.rows("select count(*), count(distinct title) from approvals_request") == [(41, 41)]
    assert stage.rows("select count(*) from approvals_attempt where settled_at is null") == [(0,)]
    ids = stage.rows("select count(*), count(distinct decision_id) from approvals_attempt")[0]
    assert ids[0] == ids[1]


def test_it_shows_what_was_refused_and_why(stage):
    codes = {code for (code,) in stage.rows("select code from approvals_attempt where state = 'refused'")}
    assert {"already_decided", "not_holder", "own_request"} <= codes
    assert codes & {"late", "closed"}  # after the deadline: before or after its workflow had ended


def test_it_shows_what_programs_started_and_claimed(stage):
    assert stage.rows("select count(*) from approvals_request where by_program")[0][0] >= 5
    claimed = "select distinct state from approvals_attempt where known_by = 'program'"
    assert {state for (state,) in stage.rows(claimed)} == {"applied", "refused"}


def test_somebody_has_asked_and_waits_for_an_answer(stage):
    said = stage.rows("select kind, answered_at is null from approvals_remark order by id")
    assert said == [("comment", 1), ("question", 0), ("answer", 1), ("question", 1)]


def test_somebody_is_away_and_a_colleague_stands_in(stage):
    found = stage.rows(
        "select away.username, covers.username from approvals_delegation "
        "join auth_user away on away.id = delegator_id join auth_user covers on covers.id = delegate_id"
    )
    assert found == [("dirk", "peter")]


def test_deadlines_are_spread_from_minutes_to_days(stage):
    sql = "select (julianday(deadline) - julianday('now')) * 24 from approvals_request where status = 'waiting'"
    hours = sorted(hours for (hours,) in stage.rows(sql))
    assert hours[0] < 0.5 < 48 < hours[-1]


def test_everybody_finds_something_in_their_inbox(stage):
    counts = stage.said(COUNTS)
    assert all(counts[name]["waiting"] >= 2 for name in ("maria", "peter", "dirk", "vera", "carla"))
    assert counts["maria"]["waiting"] >= 5
    assert counts["rita"]["waiting"] == 0
    assert counts["rita"]["mine"] >= 5
    assert counts["admin"]["open"] >= 15


def test_all_who_sign_in_have_the_one_password_and_the_others_none(stage):
    assert stage.said(PASSWORDS) == ["maria", "peter", "dirk", "vera", "carla", "rita", "olga", "admin"]


def test_its_services_are_registered_and_three_of_them_are_called(stage):
    found = dict(stage.rows("select name, base_url from circuits_service"))
    assert set(found) == {"recommendations", "payments", "fx-rates", "archive"}
    assert found["payments"] == f"{stage.environment['LEITSTAND_DEMO_SERVICE']}/payments"
    rungs = stage.rows(
        "select r.name from circuits_rung r join circuits_service s on s.id = r.service_id "
        "where s.name = 'recommendations' order by r.position"
    )
    assert rungs == [("learned",), ("rules",), ("popular",)]
    reported = "select service from circuits_circuit where last_report_at is not null"
    until(lambda: len(stage.rows(reported)) == 3, "the traffic to be reported")
    assert ("archive",) not in stage.rows(reported)


def test_the_ledger_is_intact(stage):
    ran = stage.manage("verify_ledger")
    assert ran.returncode == 0, ran.stderr
    # 41 requests, the level that is lent, four services, four batches, a schedule, a data set
    assert "in 52 streams" in ran.stdout


def test_another_start_adds_nothing(stage):
    before = {table: stage.count(table) for table in TABLES}
    assert stage.manage("demo").returncode == 0
    assert {table: stage.count(table) for table in TABLES} == before


def test_another_password_is_everybodys_from_the_next_start_on(stage):
    assert stage.manage("demo", LEITSTAND_DEMO_PASSWORD="another").returncode == 0
    assert stage.said(PASSWORDS) == []
    assert stage.manage("demo").returncode == 0
    assert "maria" in stage.said(PASSWORDS)


def test_production_and_no_demo_load_nothing(stage, tmp_path):
    elsewhere = {"LEITSTAND_DATA": str(tmp_path)}
    assert stage.manage("migrate", "-v", "0", **elsewhere).returncode == 0
    for more in ({"LEITSTAND_PRODUCTION": "1", "LEITSTAND_SECRET_KEY": "x" * 60}, {"LEITSTAND_DEMO": "0"}):
        ran = stage.manage("demo", **elsewhere, **more)
        assert ran.returncode == 1
        assert "nothing was loaded" in ran.stderr


def test_it_is_not_loaded_where_it_is_not_switched_on(db):
    with pytest.raises(CommandError, match="nothing was loaded"):
        call_command("demo")
    assert not User.objects.exists()


def test_it_gives_its_password_to_nobody_else(settings, boss):
    settings.DEMO = True
    password = boss.password
    with pytest.raises(CommandError, match="admin"):
        call_command("demo")
    boss.refresh_from_db()
    assert boss.password == password
    assert User.objects.count() == 1
    assert not Request.objects.exists()


def test_its_actions_do_not_exist_elsewhere():
    assert {"purchase_order", "book_in_warehouse"}.isdisjoint(action.name for action in actions.available())


def test_there_is_a_batch_that_is_done_and_one_that_takes_its_time_each_with_failures(stage):
    until(lambda: stage.rows("select 1 from batches_batch where state = 'running' and failed > 0"), "the other to fail")
    found = stage.rows("select title, total, failed > 0 from batches_batch order by id")
    assert found[:2] == [("Spare parts, week 46", 240, 1), ("Framework orders for next year", 20_000, 1)]
    assert stage.count("batches_upload") >= 2


def test_a_third_batch_waits_for_maria_or_peter(stage):
    found = stage.rows("select title, state, total, pending from batches_batch order by id")[2:3]
    assert found == [("Supplier payments, week 47", "awaiting", 4_800, 4_800)]
    asked = stage.rows("select current_level, amount from approvals_request where kind = 'batch'")
    assert asked == [("manager", 1_680)]


def test_a_data_set_is_summed_up_by_reference_and_cleaned_up(stage):
    [(result,)] = stage.rows(SUMMED)
    said = json.loads(result)
    assert (said["result"]["total"], said["cleaned"]) == (5_000_050_000.0, True)
    assert [path for path in (stage.data / "datasets").rglob("*") if path.is_file()] == []


def test_a_mapreduce_adds_up_what_was_ordered(stage):
    query = "select result from batches_batch where kind = 'mapreduce' and state = 'completed'"
    [(result,)] = until(lambda: stage.rows(query), "the MapReduce to complete")
    assert json.loads(result)["value"]["count"] == 5_000
