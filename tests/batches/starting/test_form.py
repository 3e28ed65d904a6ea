"""The form that starts a batch: what is seen before, what is refused in which words, what is kept of what was typed."""

import html
import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings
from django.urls import reverse

from batches.models import Batch, Upload
from batches.starting import uploads
from circuits.models import Service
from circuits.services import save_service
from tests.batches.starting.conftest import NEW, ROWS, SOURCE, SUM, ended, upload_of, words


def path_of(upload):
    return Path(upload.uri.removeprefix("file://"))


# --- from the file to the batch --------------------------------------------------------------------------------------


def test_a_file_is_uploaded_looked_at_and_started_as_it_was_looked_at(batches, starting, olga):
    address = starting.sent()
    page = starting.client.get(address)
    said = words(page)
    for seen in ("airports.csv", "CSV", "30 items", "2 columns", "A000", "City 7", "SHA-256"):
        assert seen in said
    assert "City 8" not in said
    row = ended(starting.started(address, item_key="iata", chunk_size="7"))
    assert (row.state, row.total, row.succeeded, row.user, row.title) == ("completed", 30, 30, olga, "Airports")
    upload = upload_of(address)
    assert (upload.sha256, upload.size) == (row.payload["source"]["sha256"], row.payload["source"]["size"])
    assert (row.upload, row.data["chunks"]) == (upload, 5)
    assert path_of(upload).read_text() == ROWS


def test_the_same_form_pressed_twice_is_one_batch(batches, starting):
    address = starting.sent()
    form = starting.filled(address)
    first, second = starting.client.post(address, form), starting.client.post(address, form)
    assert first["Location"] == second["Location"]
    ended(Batch.objects.get())


def test_lines_that_are_pasted_are_items(batches, starting):
    response = starting.client.post(SOURCE, {"typed": "1", "text": " 4711\r\n\r\n4712 \n", "as": "lines"})
    row = ended(starting.started(response["Location"]))
    assert row.total == 2
    assert path_of(row.upload).read_text() == '"4711"\n"4712"'


def test_they_may_be_csv_or_json_lines(starting):
    for kind, text in (("csv", "a,b\n1,2\n"), ("jsonl", '{"a": 1, "b": 2}')):
        page = starting.client.get(starting.client.post(SOURCE, {"typed": "1", "text": text, "as": kind})["Location"])
        assert list(page.context["seen"].heads) == ["a", "b"]
        assert page.context["seen"].about == 1


def test_a_file_in_a_folder_is_listed_and_started(batches, starting, tmp_path, settings):
    settings.LEITSTAND_SOURCES = [str(tmp_path)]
    (tmp_path / "march").mkdir()
    (tmp_path / "march" / "bills ä.csv").write_text(ROWS)
    (tmp_path / "secret.pdf").write_text("x")
    listed = starting.client.get(NEW)
    assert "march/bills ä.csv" in words(listed)
    assert "secret.pdf" not in words(listed)
    token = next(file.token for file in listed.context["folders"][1].files)
    row = ended(starting.started(f"{NEW}?file={token}"))
    assert (row.total, row.upload) == (30, None)


# --- what is wrong with the items ------------------------------------------------------------------------------------

REFUSED = {
    "empty": (b"", "The file holds nothing, so there is nothing to do."),
    "blank": (b"\n\n \n", "The file holds nothing"),
    "header only": (b"a,b\n", "The file holds only the names of its columns, so there is nothing to do."),
    "not UTF-8": ("ä,b\n1,2\n".encode("latin-1"), "Byte 1 of the row is not UTF-8."),
    "a long line": (b"a\n" + b"x" * 1_100_000 + b"\n", "Line 2 is longer than 1,000,000 bytes."),
    "a quote": (b'a,b\n"1,2\n3,4\n', "Line 2: a quote is opened and never closed."),
    "two names": (b"a,a\n1,2\n", "Two columns are called 'a'."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_batch_could_be_begun_over_is_refused_where_it_was_chosen_and_not_kept(starting, what):
    content, said = REFUSED[what]
    response = starting.send(content)
    assert response.status_code == 400
    assert said.replace("'", "&#x27;") in words(response)
    assert not Upload.objects.exists()
    assert not [entry for entry in os.listdir(uploads.folder()) if entry.startswith(".coming-")]


def test_a_line_of_a_hundred_megabytes_is_never_held_as_a_whole(starting):
    response = starting.send(b"a\n" + b"x" * 100_000_000)
    assert "Line 2 is longer than 1,000,000 bytes" in words(response)


def test_a_file_that_is_too_big_is_told_so_and_nothing_of_it_stays(starting, settings):
    settings.UPLOAD_MB = 1
    response = starting.send(b"a\n" + b"1\n" * 600_000)
    assert response.status_code == 400
    assert "bigger than 1 MB, which is the most that is taken" in words(response)
    assert not [entry for entry in os.listdir(uploads.folder()) if entry.startswith(".coming-")]


def test_no_file_and_no_lines_are_told_so(starting):
    assert "Choose a file first." in words(starting.client.post(SOURCE, {}))
    assert "paste at least one line" in words(starting.client.post(SOURCE, {"typed": "1", "text": " \n"}))


@pytest.mark.parametrize("size", [1_100_000, 3_000_000])
def test_too_much_to_paste_is_told_what_to_do_instead(starting, size):
    response = starting.client.post(SOURCE, {"typed": "1", "text": "x" * size, "as": "lines"})
    assert response.status_code == 400
    assert "Put it into a file, and upload that." in words(response)
    assert not Upload.objects.exists()


def test_rows_that_cannot_be_read_are_named_by_line_and_do_not_stop_it(starting):
    content = b"n,word\n1,fine\n2,fine,more\n\n3,\xff\n4,fine\n"
    said = words(starting.client.get(starting.sent(content)))
    assert "2 rows cannot be read, and would fail:" in said
    assert "line 3: The row has 3 columns, and the first row names 2." in said
    assert "line 5: Byte 3 of the row is not UTF-8." in said


def test_semicolons_are_suspected(starting):
    assert "separated by semicolons" in words(starting.client.get(starting.sent("a;b\n1;2\n")))


def test_a_key_that_two_items_have_is_refused_at_its_field_with_the_lines(starting):
    address = starting.sent("id,city\n1,Rome\n2,Oslo\n3,Rome\n")
    response = starting.press(address, item_key="city")
    assert response.status_code == 400
    assert (
        "Two items have the same 'city': 'Rome' is in lines 2 and 4." in response.context["form"].errors["item_key"][0]
    )
    assert not Batch.objects.exists()


def test_a_file_that_changes_between_look_and_start_is_not_started(batches, starting):
    address = starting.sent()
    form = starting.filled(address)
    path = path_of(upload_of(address))
    path.write_text(ROWS.replace("City 7", "City 8"))
    response = starting.client.post(address, form)
    assert response.status_code == 400
    assert "it is another file, or damaged" in words(response)
    path.unlink()
    assert "There is no file" in words(starting.client.post(address, form))
    assert not Batch.objects.exists()


def test_one_that_changes_after_the_click_is_not_run_either(batches, starting):
    address = starting.sent()
    batches.house.worker.stop()
    row = starting.started(address)
    path = path_of(row.upload)
    path.write_text(ROWS.replace("City 7", "City 8"))
    batches.house.worker.start()
    assert ended(row).state == "invalid"
    assert "The checksum of the file is not the one that was named" in words(
        starting.client.get(row.get_absolute_url())
    )


def test_one_in_a_folder_is_looked_at_again_before_it_is_started(batches, starting, tmp_path, settings):
    settings.LEITSTAND_SOURCES = [str(tmp_path)]
    (tmp_path / "nightly.csv").write_text(ROWS)
    form = starting.filled(f"{NEW}?file=1/nightly.csv")
    (tmp_path / "nightly.csv").write_text(ROWS + "X,Y\n")
    response = starting.client.post(f"{NEW}?file=1/nightly.csv", form)
    assert response.status_code == 400
    assert "not the one any more that you had looked at" in words(response)
    assert "31 items" in words(response)
    assert not Batch.objects.exists()
    again = {**form, "seen": response.context["form"]["seen"].value()}
    assert starting.client.post(f"{NEW}?file=1/nightly.csv", again).status_code == 302
    assert ended(Batch.objects.get()).total == 31


@pytest.mark.parametrize(
    "token",
    [
        "1/../secret.csv",
        "1//etc/passwd",
        "1/link.csv",
        "1/linked/secret.csv",
        "0/x/y.csv",
        "7/a.csv",
        "x",
        "1/",
        "1/.x",
    ],
)
def test_nothing_outside_the_folders_is_looked_at(starting, tmp_path, settings, token):
    inside = tmp_path / "inside"
    inside.mkdir()
    settings.LEITSTAND_SOURCES = [str(inside)]
    (tmp_path / "secret.csv").write_text("a\nhidden treasure\n")
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    (inside / "linked").symlink_to(tmp_path)
    response = starting.client.get(NEW, {"file": token})
    assert response.status_code == 400
    assert "hidden treasure" not in words(response)
    assert "link" not in words(starting.client.get(NEW))


def test_a_big_file_is_looked_at_in_part_and_that_is_said(starting, monkeypatch):
    monkeypatch.setattr("worker.datasets.looking.look.__kwdefaults__", {"key_column": "", "read": 100})
    said = words(starting.client.get(starting.sent()))
    assert "about 29 items" in said
    assert "Only the first 1" in said
    assert "counted when the batch begins" in said


# --- what is wrong with the rest -------------------------------------------------------------------------------------

WRONG = {
    "title": ("title", " ", "Give the batch a title."),
    "a long title": ("title", "x" * 201, "at most 200"),
    "no job": ("job", "", "Choose what is to be done with each item."),
    "unknown job": ("job", "shout", "There is no job 'shout'."),
    "no chunk": ("chunk_size", "0", "must be a whole number from 1 to 10,000."),
    "a million": ("chunk_size", "1000000", "must be a whole number from 1 to 10,000."),
    "words": ("chunk_size", "many", "must be a whole number from 1 to 10,000."),
    "a share": ("chunk_size", "1.5", "must be a whole number from 1 to 10,000."),
    "parallel": ("max_parallel", "10000", "must be a whole number from 1 to 500."),
    "pace": ("pace-0-limit", "0", "must be a whole number from 1 to"),
    "another pace": ("pace-2-limit", "-1", "must be a whole number from 1 to"),
    "half a pace": ("pace-2-burst", "5", "Give both: items at most, and in how many seconds."),
    "too long": ("pace-0-per_seconds", "9999999", "must be a number from 0.001 to 2,678,400."),
    "tolerance": ("tolerated", "101", "Give a share from 0 to 100 %."),
    "no share": ("tolerated", "ten", "Give a share from 0 to 100 %."),
    "tries": ("item_attempts", "0", "from 1 to 100"),
    "timeout": ("item_timeout_seconds", "1e400", "must be a number from 0.01"),
    "window": ("window", "sideways", "must be sliding or rolling."),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_makes_no_sense_is_said_at_its_field_and_what_was_typed_stays(starting, what):
    field, typed, said = WRONG[what]
    more = {"pace-0-limit": "5"} if what == "too long" else {}
    response = starting.press(starting.sent(), **{**more, field: typed, "arg-order-seconds": "0.25"})
    assert response.status_code == 400
    form = response.context["form"]
    beside = "pace-2-limit" if what == "half a pace" else field
    assert said in form.errors[beside][0]
    assert form[field].value() == typed
    assert 'value="0.25"' in response.content.decode()
    assert not Batch.objects.exists()


def test_what_would_mean_nothing_in_a_limit_is_refused_and_not_dropped(starting):
    typed = {"pace-1-limit": "9", "pace-1-kind": "sliding_window", "pace-1-burst": "100"}
    form = starting.press(starting.sent(), **typed).context["form"]
    assert "leave it empty" in form.errors["pace-1-burst"][0]


def test_arguments_of_the_job_are_read_by_its_types(batches, starting):
    address = starting.sent()
    wrong = starting.press(address, job="order", **{"arg-order-seconds": "soon"})
    assert "the argument 'seconds' must be a number, not 'soon'." in wrong.context["form"].errors["job"][0]
    row = starting.started(address, job="order", **{"arg-order-seconds": "0.01"})
    assert row.payload["job_args"] == {"seconds": 0.01, "each_seconds": 30.0}
    ended(row)


def test_several_limits_and_everything_else_reach_the_spec(batches, starting):
    typed = {
        "pace-0-limit": "500", "pace-0-per_seconds": "1", "pace-1-limit": "9000", "pace-1-kind": "sliding_window",
        "item_attempts": "2", "item_timeout_seconds": "2.5", "window": "rolling", "tolerated": "2.5 %",
        "on_tolerance": "fail", "item_key": "iata",
    }  # fmt: skip
    row = ended(starting.started(starting.sent(), **typed))
    spec = row.spec
    assert [(limit["kind"], limit["limit"], limit["per_seconds"]) for limit in spec["pace"]] == [
        ("token_bucket", 500, 1),
        ("sliding_window", 9000, 60),
    ]
    assert (spec["item_attempts"], spec["item_timeout_seconds"], spec["window"]) == (2, 2.5, "rolling")
    assert (spec["tolerated_failure_rate"], spec["on_tolerance"], spec["item_key"]) == (0.025, "fail", "iata")
    assert row.state == "completed"


# --- what it comes to ------------------------------------------------------------------------------------------------


def test_the_form_says_what_it_comes_to_as_it_is_filled_in(starting):
    address = starting.sent()
    query = {**starting.filled(address), "chunk_size": "7", "pace-0-limit": "1", "pace-0-per_seconds": "60"}
    query["upload"] = str(upload_of(address).uuid)
    said = words(starting.client.get(SUM, query))
    assert "Items 30 Chunks 5" in said
    assert "Takes at least 29 min" in said
    query["chunk_size"] = "none"
    assert "makes no sense yet" in words(starting.client.get(SUM, query))
    assert "makes no sense yet" in words(starting.client.get(SUM, {**query, "chunk_size": "1000000"}))
    assert "makes no sense yet" in words(starting.client.get(SUM, {**query, "chunk_size": "7", "max_parallel": "501"}))
    assert starting.client.get(SUM).status_code == 404


def test_without_javascript_a_button_works_it_out_and_nothing_is_started(starting):
    address = starting.sent()
    response = starting.press(address, look="1", item_key="iata", chunk_size="3")
    assert response.status_code == 200
    assert "Chunks 10" in words(response)
    assert "“iata” names each item once" in words(response)
    assert not Batch.objects.exists()


# --- who may -----------------------------------------------------------------------------------------------------


def test_others_are_refused_and_told_no_names(client, rita, starting, tmp_path, settings):
    settings.LEITSTAND_SOURCES = [str(tmp_path)]
    (tmp_path / "salaries.csv").write_text(ROWS)
    address = starting.sent(name="bonus.csv")
    client.force_login(rita)
    for response in (
        client.get(NEW),
        client.get(address),
        client.get(NEW, {"file": "1/salaries.csv"}),
        client.post(address, {"title": "x"}),
        client.get(f"{SUM}?{address.partition('?')[2]}"),
        client.post(SOURCE, {"typed": "1", "text": "1"}),
    ):
        assert response.status_code == 403
        assert "salaries" not in words(response)
        assert "bonus" not in words(response)
    assert Upload.objects.count() == 1


def test_an_upload_is_its_owners(client, boss, starting):
    address = starting.sent()
    client.force_login(boss)
    assert client.get(address).status_code == 404
    assert client.get(NEW, {"upload": "x"}).status_code == 404


def test_a_form_from_elsewhere_is_refused_and_its_file_not_kept(olga, django_user_model, starting):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(olga)
    starting.client = strict
    assert starting.send().status_code == 403
    assert not Upload.objects.exists()
    assert not [entry for entry in os.listdir(uploads.folder()) if entry.startswith(".coming-")]


def test_the_list_leads_ops_to_it(starting):
    assert reverse("batches:new") in starting.client.get(reverse("batches:index")).content.decode()
    assert Path(settings.DATA_DIR).exists()


def test_the_service_that_the_job_calls_is_chosen_and_its_budget_counts(starting, olga):
    service = Service(
        name="payments", title="Payments", base_url="http://127.0.0.1:9", budget_calls=10, budget_seconds=60
    )
    save_service(service=service, rungs=[], reason="for the test", by=olga)
    address = starting.sent()
    worked_out = starting.press(address, service="payments", look="1")
    assert "Takes at least 2 min" in words(worked_out)
    wrong = starting.press(address, service="nobody")
    assert "There is no service 'nobody'" in wrong.context["form"].errors["service"][0]
    assert "nobody, which is not known any more" in words(wrong)


def test_files_whose_names_are_no_text_are_not_listed_and_many_are_cut(starting, tmp_path, settings, monkeypatch):
    settings.LEITSTAND_SOURCES = [str(tmp_path)]
    (tmp_path / "good.csv").write_text(ROWS)
    with open(os.path.join(os.fsencode(tmp_path), b"b\xe4d.csv"), "w") as file:
        file.write(ROWS)
    listed = starting.client.get(NEW).context["folders"][1]
    assert ([file.name for file in listed.files], listed.more) == (["good.csv"], False)
    monkeypatch.setattr("batches.starting.places.MOST", 1)
    (tmp_path / "more.csv").write_text(ROWS)
    assert "There are more files" in words(starting.client.get(NEW))


def test_a_folder_that_is_gone_is_no_fault(starting, tmp_path, settings):
    settings.LEITSTAND_SOURCES = [str(tmp_path / "gone")]
    assert "There is no CSV or JSON lines file in" in words(starting.client.get(NEW))


def test_of_json_lines_the_keys_are_said_and_what_has_none_is_named(starting):
    address = starting.sent('{"id": 1, "word": "x"}\n{"word": "y"}\n', "orders.jsonl")
    said = words(starting.client.get(address))
    assert "JSON lines" in said
    assert "The first items have: id, word" in said
    looked = html.unescape(words(starting.press(address, item_key="id", look="1")))
    assert "line 2: The item has no 'id'." in looked
    assert "“id” names each item once, but for 1 that has none or cannot be read: it will fail." in looked


def test_the_address_of_a_refused_file_leads_to_the_first_page(starting):
    response = starting.client.get(SOURCE)
    assert (response.status_code, response["Location"]) == (302, NEW)


def test_one_column_is_not_several(starting):
    said = words(starting.client.get(starting.sent("sku\nA1\n")))
    assert "1 item · 1 column" in said
    assert "1 columns" not in said


# --- child workflows -------------------------------------------------------------------------------------------------


def test_children_may_run_the_chunks(batches, starting):
    row = ended(starting.started(starting.sent(), strategy="child_per_chunk", parent_close_policy="request_cancel"))
    assert (row.state, row.succeeded, row.told["strategy"]) == ("completed", 30, "child_per_chunk")
    assert (row.spec["parent_close_policy"], row.spec["wait"]) == ("request_cancel", True)


@pytest.mark.parametrize(
    ("chosen", "field", "said"),
    [
        ({"wait": "false"}, "wait", "Choose first that child workflows run the chunks"),
        ({"parent_close_policy": "abandon"}, "parent_close_policy", "Choose first that child workflows run the chunks"),
        ({"strategy": "child_per_item", "wait": "false"}, "wait", "they must go on by themselves"),
        ({"strategy": "threads"}, "strategy", "must be activities or child_per_chunk or child_per_item"),
    ],
    ids=["not waited for", "abandoned", "ended with it", "unknown"],
)
def test_what_children_cannot_be_is_said_beside_its_field(starting, chosen, field, said):
    page = starting.press(starting.sent(), **chosen)
    assert page.status_code == 400
    assert said in " ".join(page.context["form"].errors[field])


def test_a_column_may_be_chosen_whose_values_are_children(batches, starting):
    chosen = {"strategy": "child_per_chunk", "group_by": "city", "on_tolerance": "fail"}
    row = ended(starting.started(starting.sent(), **chosen))
    assert (row.state, row.succeeded, row.spec["group_by"]) == ("completed", 30, "city")
    assert row.told["groups_by_state"]["ended"] == row.told["chunks"]


def test_before_it_is_started_it_says_that_large_groups_are_several_children(starting):
    grouped = {"strategy": "child_per_chunk", "group_by": "city", "on_tolerance": "fail"}
    address = starting.sent()
    query = dict(parse_qsl(urlsplit(address).query))

    def said(**typed):
        return words(starting.client.get(SUM, {**query, **starting.filled(address, **grouped, **typed)}))

    assert "Children one for each “city” Running at once up to 30" in said(), "of as many groups as may be"
    assert "several children" not in said()
    paced = {"pace-0-limit": "7", "pace-0-per_seconds": "1"}
    assert "No more than 7 items are let through at once" in said(**paced)
    assert "a “city” with more is several children" in said(**paced)
    assert "several children" not in said(**{**paced, "pace-0-limit": "30"}), "no group can be larger"
    assert "No more than 3 items" in said(**paced, **{"pace-0-burst": "3"})


@pytest.mark.parametrize(
    ("chosen", "field", "said"),
    [
        (
            {"group_by": "city", "on_tolerance": "fail"},
            "group_by",
            "Choose first that a child workflow runs each chunk",
        ),
        ({"group_by": "city", "strategy": "child_per_chunk"}, "on_tolerance", "Each group ends for itself"),
    ],
    ids=["without children", "asks"],
)
def test_what_groups_need_is_said_beside_its_field(starting, chosen, field, said):
    page = starting.press(starting.sent(), **{"on_tolerance": "pause", **chosen})
    assert said in " ".join(page.context["form"].errors[field])
