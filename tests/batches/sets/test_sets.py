"""Data sets on the site: each is a row whoever started it, step by step; started, cancelled, closed where it ended."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from approvals import reconcile
from audit.models import Entry
from batches.models import DataSet
from batches.sets import page, recording, sending, services
from live.queries import System
from tests.batches.starting.conftest import ended, words
from tests.circuits.conftest import NOBODY, via  # noqa: F401  (a fixture: found by its name here)
from tests.temporal import until
from tests.worker.payloads.test_data_sets import (  # noqa: F401  (fixtures: found by their names here)
    files,
    held,
    named,
    sets,
    start,
)
from worker import registry
from worker.batch_wire import BatchRef
from worker.client import Pending
from worker.dataset_contract import DatasetNews

LIST, NEW = "/batches/data/", "/batches/data/new/"
SPEC = {"title": "Numbers", "loader": "numbers", "loader_args": {"count": 2_000}, "processor": "sum"}
STEPS = ["loading", "verifying", "processing", "cleaning"]


@pytest.fixture
def olgas(client, olga):
    client.force_login(olga)
    return client


def row_of(handle):
    return until(lambda: DataSet.objects.filter(workflow_id=handle.id).first(), what="it has a row")


def kinds(row):
    return list(Entry.objects.filter(stream=row.stream).order_by("seq").values_list("kind", "actor", "known"))


# --- whoever started it ----------------------------------------------------------------------------------------------


def test_one_that_a_program_started_is_a_row_from_its_first_step_to_its_end(house, olgas, held):  # noqa: F811
    handle = start(house, {**SPEC, "processor": "held", "requester": "somebody"})
    assert held.reads.wait(60)
    row = row_of(handle)
    until(lambda: DataSet.objects.get(pk=row.pk).state == "processing")
    shown = olgas.get(row.get_absolute_url())
    assert "Load and store Done" in words(shown)
    assert "Process Now" in words(shown)
    assert "by a program, for somebody" in words(shown)
    assert "Processing" in words(olgas.get(LIST))
    held.go_on.set()
    ended(row)
    assert (row.state, row.kind, row.loader, row.processor) == ("completed", "fs", "numbers", "held")
    assert (row.size, row.result["result"], row.result["cleaned"]) == (house.result(handle)["size"], "read", True)
    assert [each["step"] for each in row.steps] == STEPS
    assert all(each["until"] >= each["at"] for each in row.steps)
    assert kinds(row) == [("dataset.begun", "somebody", "program"), ("dataset.closed", "system", "system")]
    said = words(olgas.get(row.get_absolute_url()))
    assert "Clean up Done" in said
    assert "Nothing of its data is left" in said
    assert "Cancel…" not in said


def test_what_failed_is_said_in_words_at_its_step(house, olgas, sets):  # noqa: F811
    row = ended(row_of(start(house, {**SPEC, "processor": "nobody"})))
    said = words(olgas.get(row.get_absolute_url()))
    assert (row.state, row.result["step"]) == ("failed", "processing")
    assert "Why it failed: There is no processor &#x27;nobody&#x27;" in said
    assert "Verify Done" in said
    assert "Process Failed" in said
    assert "There is no processor" in words(olgas.get(LIST))
    assert Entry.objects.get(stream=row.stream, kind="dataset.closed").data["status"] == "failed"


def test_a_step_that_is_tried_again_says_why(house, olgas, held, named, monkeypatch):  # noqa: F811
    monkeypatch.setattr(page, "system", lambda: System([], True, True, timezone.now()))

    @registry.processors.register("moody")
    def moody(*, data: object) -> object:
        raise RuntimeError("the warehouse is closed")

    row = row_of(start(house, {**SPEC, "processor": "moody"}))
    until(lambda: DataSet.objects.get(pk=row.pk).state == "processing")
    until(lambda: "the warehouse is closed" in words(olgas.get(row.get_absolute_url())), what="it says why")
    assert "it is tried again" in words(olgas.get(row.get_absolute_url()))
    lost = page.SetPage(row, trying=Pending("process_dataset", "taken", 0.0, "activity Heartbeat timeout", lost=True))
    assert lost.failure == "its worker was not heard of any more"


def test_rubbish_is_a_row_that_says_what_is_wrong_with_it(house):
    row = ended(row_of(start(house, "rubbish")))
    assert (row.state, row.result["errors"], row.steps) == ("invalid", ["spec must be an object."], [])


def test_of_two_tellings_the_later_one_counts_and_what_is_closed_stays(db):
    ref = BatchRef("dataset-told", "run")
    told = {"state": "verifying", "title": "T\x00", "kind": "fs", "loader": "a", "processor": "b", "steps": []}
    for number, state in ((2, "verifying"), (1, "loading"), (2, "processing")):
        recording.record(DatasetNews(ref, number, {**told, "state": state}))
    row = DataSet.objects.get()
    assert (row.state, row.written, row.told["title"]) == ("verifying", 2, "T\ufffd")
    recording.record(DatasetNews(ref, 5, {**told, "state": "failed"}, {"status": "failed", "reason": "\x00"}))
    recording.record(DatasetNews(ref, 6, {**told, "state": "completed"}, {"status": "completed"}))
    row.refresh_from_db()
    assert (row.state, len(kinds(row))) == ("failed", 2)


# --- started on the site ---------------------------------------------------------------------------------------------


def form_of(client, **typed):
    shown = client.get(NEW)
    assert shown.status_code == 200
    form = shown.context["form"]
    given = {name: str(form[name].value() or "") for name in form.fields}
    for one in (*form.loaders, *form.processors):
        given |= {field.name: field.value for field in one.fields}
    chosen = {"title": "Numbers", "loader": "numbers", "loader-numbers-count": "2000", "processor": "sum"}
    return {**given, **chosen, **typed}


def test_pressed_twice_it_is_started_once_and_ends_with_its_result(house, olgas, olga, sets):  # noqa: F811
    given = form_of(olgas)
    first, second = olgas.post(NEW, given), olgas.post(NEW, given)
    assert first["Location"] == second["Location"]
    row = ended(DataSet.objects.get())
    assert (row.user, row.title, row.state, row.result["result"]["total"]) == (olga, "Numbers", "completed", 2_001_000)
    assert kinds(row) == [
        ("dataset.ordered", "olga", "signed_in"),
        ("dataset.begun", "olga", "signed_in"),
        ("dataset.closed", "system", "system"),
    ]
    said = words(olgas.get(first["Location"]))
    assert "2001000.0" in said
    assert "by olga" in said.lower()


def test_all_that_makes_no_sense_is_said_each_at_its_field_and_what_was_typed_stays(olgas):
    wrong = {
        "title": (" ", "Give the data set a title."),
        "loader": ("", "Choose what loads it."),
        "processor": ("shout", "There is no processor 'shout'."),
        "kind": ("tape", "There is no storage of the kind 'tape' here."),
    }
    answer = olgas.post(NEW, form_of(olgas, **{field: typed for field, (typed, _said) in wrong.items()}))
    form = answer.context["form"]
    assert (answer.status_code, set(form.errors)) == (400, set(wrong))
    for field, (typed, said) in wrong.items():
        assert said in form.errors[field][0]
        assert form[field].value() == typed
    assert 'name="loader-numbers-count" value="2000"' in answer.content.decode()
    many = olgas.post(NEW, form_of(olgas, **{"loader-numbers-count": "many"}))
    assert "must be a whole number, not 'many'" in many.context["form"].errors["loader"][0]
    assert not DataSet.objects.exists()


def test_without_temporal_it_is_kept_says_so_and_a_chore_starts_it(house, olgas, olga, via, temporal_server, sets):  # noqa: F811
    via(NOBODY)
    row = services.begin(spec=SPEC, by=olga, uuid=uuid.uuid4())
    assert (row.state, row.first_run_id) == ("ordered", "")
    assert "It begins by itself as soon as Temporal has taken it." in words(olgas.get(row.get_absolute_url()))
    assert sending.send_waiting() == 0  # it is young: its own click may be at it
    DataSet.objects.update(created_at=timezone.now() - timedelta(seconds=9))
    assert sending.send_waiting() == 0
    via(temporal_server)
    assert (sending.send_waiting(), sending.send_waiting()) == (1, 0)
    assert ended(row).state == "completed"
    assert DataSet.objects.count() == 1


def test_while_temporal_is_away_a_chore_asks_it_once_for_all_that_wait(olga, via, monkeypatch):  # noqa: F811
    via(NOBODY)
    for _each in range(3):
        services.begin(spec=SPEC, by=olga, uuid=uuid.uuid4())
    DataSet.objects.update(created_at=timezone.now() - timedelta(seconds=9))
    asked, begin = [], sending.client.start
    monkeypatch.setattr(sending.client, "start", lambda *args, **more: asked.append(args) or begin(*args, **more))
    assert (sending.send_waiting(), len(asked)) == (0, 1)


def test_a_program_that_takes_its_id_does_not_become_what_was_ordered(house, olga, via, temporal_server, sets):  # noqa: F811
    via(NOBODY)
    row = services.begin(spec=SPEC, by=olga, uuid=uuid.uuid4())
    via(temporal_server)
    house.result(house.start({**SPEC, "processor": "count"}, workflow="DatasetWorkflow", id=row.workflow_id))
    sending.start(row)
    row.refresh_from_db()
    assert (row.state, row.processor) == ("invalid", "sum")
    assert "another data set under this id" in row.result["errors"][0]
    assert DataSet.objects.exclude(pk=row.pk).get().state == "completed"


# --- cancelled -------------------------------------------------------------------------------------------------------


def test_it_is_cancelled_once_with_a_reason_and_cleaned_up(house, olgas, olga, held, sets):  # noqa: F811
    row = row_of(start(house, {**SPEC, "processor": "held"}))
    assert held.reads.wait(60)
    assert "Cancel…" in words(olgas.get(row.get_absolute_url()))
    address = f"{row.get_absolute_url()}cancel/"
    assert "Cancel Numbers?" in words(olgas.get(address))
    refused = olgas.post(address, {"reason": " "})
    assert (refused.status_code, "Say why" in words(refused)) == (400, True)
    for reason in ("the wrong month", "again"):
        assert olgas.post(address, {"reason": reason})["Location"] == row.get_absolute_url()
    assert not services.cancel(row=row, reason="from another page", by=olga)
    until(lambda: held.data.raw._moving.stopped, what="its activity is told to stop")
    held.go_on.set()
    ended(row)
    assert (row.state, row.result["cleaned"], row.cancel_reason) == ("cancelled", True, "the wrong month")
    assert files(sets) == []
    assert [kind for kind, actor, _known in kinds(row) if actor == "olga"] == ["dataset.cancel_ordered"]
    said = words(olgas.get(row.get_absolute_url()))
    assert "“ the wrong month ”" in said
    assert "Process Cut short" in said
    assert olgas.get(address).status_code == 302


def test_one_that_never_began_is_cancelled_here_and_not_begun_any_more(house, olga, via, temporal_server):  # noqa: F811
    via(NOBODY)
    row = services.begin(spec=SPEC, by=olga, uuid=uuid.uuid4())
    assert services.cancel(row=row, reason="not needed", by=olga)
    via(temporal_server)
    DataSet.objects.update(created_at=timezone.now() - timedelta(seconds=9))
    assert sending.send_waiting() == 0
    DataSet.objects.update(cancel_at=timezone.now() - timedelta(seconds=9))
    assert sending.send_waiting() == 1
    assert (ended(row).state, row.first_run_id, sending.send_waiting()) == ("cancelled", "", 0)


def test_others_read_and_order_nothing(client, rita, olga, db):
    row = DataSet.objects.create(title="Numbers", workflow_id="dataset-x", first_run_id="run", state="loading")
    client.force_login(rita)
    shown = client.get(row.get_absolute_url())
    assert (shown.status_code, "Cancel…" in words(shown)) == (200, False)
    assert "New data set" not in words(client.get(LIST))
    for answer in (client.get(NEW), client.post(NEW, {}), client.post(f"{row.get_absolute_url()}cancel/", {})):
        assert answer.status_code == 403
    row.refresh_from_db()
    assert row.cancel_at is None
    client.logout()
    assert client.get(LIST).status_code == 302


# --- ended elsewhere -------------------------------------------------------------------------------------------------


def test_one_that_was_terminated_in_temporal_is_closed_with_the_words_for_it(house, olgas, held, monkeypatch):  # noqa: F811
    monkeypatch.setattr("batches.sets.reconciling.SETTLED", timedelta(0))
    handle = start(house, {**SPEC, "processor": "held"})
    assert held.reads.wait(60)
    row = row_of(handle)
    until(lambda: DataSet.objects.get(pk=row.pk).state == "processing")
    reconcile.run()
    row.refresh_from_db()
    assert row.closed_at is None
    house.run(handle.terminate(reason="by mistake"))
    report = reconcile.run()
    row.refresh_from_db()
    assert (row.state, row.result["reason"]) == ("terminated", "Its workflow was terminated in Temporal: by mistake")
    assert any(row.reference in said for said in report.said)
    reconcile.run()
    assert [kind for kind, _actor, _known in kinds(row)] == ["dataset.begun", "dataset.closed"]
    assert "cleaned up by the workers within two minutes" in words(olgas.get(row.get_absolute_url()))


def test_one_that_returned_unheard_or_is_forgotten_is_closed_too(house, sets, settings, monkeypatch):  # noqa: F811
    monkeypatch.setattr("batches.sets.reconciling.SETTLED", timedelta(0))
    handle = start(house, SPEC)
    house.result(handle)  # its row is closed a moment before it returns
    row = ended(row_of(handle))
    DataSet.objects.update(closed_at=None, state="cleaning", result=None)
    gone = DataSet.objects.create(title="Gone", workflow_id="dataset-gone", first_run_id=str(uuid.uuid4()))
    reconcile.run()
    row.refresh_from_db()
    gone.refresh_from_db()
    assert (row.state, row.result["result"]["total"]) == ("completed", 2_001_000)
    assert (gone.closed_at, gone.missing_since is not None) == (None, True)
    settings.FORGOTTEN_SECONDS = 0
    reconcile.run()
    gone.refresh_from_db()
    assert (gone.state, "does not know its workflow" in gone.result["reason"]) == ("terminated", True)


# --- the list --------------------------------------------------------------------------------------------------------


def test_an_empty_list_teaches_and_a_long_one_has_pages(olgas, monkeypatch):
    assert "No data set yet" in words(olgas.get(LIST))
    monkeypatch.setattr(page, "SHOWN", 2)
    for number in range(3):
        DataSet.objects.create(title=f"Set {number}", workflow_id=f"dataset-{number}", first_run_id="run")
    first = olgas.get(LIST)
    assert ("Set 2" in words(first), "Set 0" in words(first)) == (True, False)
    second = words(olgas.get(LIST, {"before": DataSet.objects.get(title="Set 1").pk}))
    assert ("Set 0" in second, "Set 1" in second) == (True, False)
    assert olgas.get(LIST, {"before": "x"}).status_code == 200
    assert 'href="/batches/data/"' in olgas.get("/batches/").content.decode()
