"""A MapReduce is started on the site, out of the form over chosen items: what is seen, refused, kept, comes of it."""

from dataclasses import replace

import pytest
from django.urls import reverse

from audit.models import Entry
from batches.models import Batch, Upload
from tests.batches.mapreduce.test_pages import text
from tests.batches.pages.conftest import alive  # noqa: F401  (a fixture: found by its name here)
from tests.batches.starting.conftest import (  # noqa: F401  (fixtures: found by their names here)
    NEW,
    SUM,
    ended,
    starting,
    words,
)
from worker import registry
from worker.maps import mapper
from worker.registry import Parameter

AMOUNTS = "order,amount\n" + "".join(f"A{n},{n}.5\n" for n in range(30))
CHOSEN = {
    "title": "Amounts", "map": "map_values", "reduce": "reduce_values", "map-map_values-column": "amount",
    "chunk_size": "7", "max_parallel": "2", "fan_in": "2", "tolerated": "2.5 %",
}  # fmt: skip


@pytest.fixture
def address(starting):  # noqa: F811
    return f"{starting.sent(AMOUNTS, 'amounts.csv')}&do=mapreduce"


def test_what_can_be_chosen_is_what_is_registered_with_its_arguments_and_what_it_is_for(starting, mind, address):  # noqa: F811
    page = starting.client.get(address)
    said = words(page)
    for seen in (
        "30 items",
        "A7",
        "map_values: adds up the numbers of a column",
        "reduce_values: adds sums up",
        "told_map",
    ):
        assert seen in said
    form = page.context["form"]
    assert {one.name for one in form.maps} >= {"map_values", "told_map"}
    assert 'name="map-map_values-column" value="value"' in page.content.decode()
    assert (form["chunk_size"].value(), form["fan_in"].value(), form["tolerated"].value()) == ("100", "32", "10")
    assert "By the clock" not in said
    assert f"{address.replace('do=mapreduce', 'do=batch').replace('&', '&amp;')}" in page.content.decode()


def test_pressed_twice_it_is_started_once_and_ends_with_its_value(mapreduces, alive, starting, address, olga):  # noqa: F811
    form = starting.filled(address, **CHOSEN)
    first, second = starting.client.post(address, form), starting.client.post(address, form)
    assert first["Location"] == second["Location"]
    row = ended(Batch.objects.get())
    assert (row.kind, row.user, row.title, row.upload) == ("mapreduce", olga, "Amounts", Upload.objects.get())
    spec = row.spec
    assert (spec["chunk_size"], spec["max_parallel"], spec["fan_in"]) == (7, 2, 2)
    assert (spec["tolerated_failure_rate"], spec["on_tolerance"]) == (0.025, "pause")
    assert row.result["value"] == {"total": 450.0, "count": 30, "average": 15.0}
    entries = Entry.objects.filter(stream=row.stream).order_by("seq").values_list("kind", "actor", "known")
    assert list(entries)[:2] == [("batch.ordered", "olga", "signed_in"), ("batch.begun", "olga", "signed_in")]
    said = text(starting.client.get(first["Location"]))
    assert '"average": 15.0' in said
    assert "MapReduce map_values, reduce_values" in said


WRONG = [
    {
        "title": (" ", "Give the batch a title."),
        "map": ("", "Choose what makes a partial result of the items."),
        "reduce": ("", "Choose what puts partial results together."),
        "chunk_size": ("0", "Items per map: must be a whole number from 1 to 10,000."),
        "max_parallel": ("501", "Maps at once: must be a whole number from 1 to 500."),
        "fan_in": ("1", "must be a whole number from 2 to 1,000."),
        "tolerated": ("101", "Give a share from 0 to 100 %."),
        "on_tolerance": ("hope", "must be fail or pause."),
        "item_key": ("colour", "There is no column 'colour'"),
    },
    {
        "map": ("reduce_values", "There is no map 'reduce_values'. There are: fussy, map_values"),
        "reduce": ("shout", "There is no reduce 'shout'."),
        "chunk_size": ("many", "must be a whole number"),
        "tolerated": ("ten", "Give a share from 0 to 100 %."),
        "form_id": ("7", "This form is damaged."),
    },
    {"map": ("fussy", "'fussy': the argument 'least' must be a whole number, not 'much'.")},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_all_that_makes_no_sense_is_said_each_at_its_field_and_what_was_typed_stays(starting, fussy, address, wrong):  # noqa: F811
    typed = {field: typed for field, (typed, _said) in wrong.items()}
    response = starting.press(address, **{**CHOSEN, "map-fussy-least": "much", **typed})
    assert response.status_code == 400
    form = response.context["form"]
    for field, (given, said) in wrong.items():
        assert said in form.errors[field][0]
        assert form[field].value() == given
    assert set(form.errors) == set(wrong)
    shown = response.content.decode()
    assert 'name="map-map_values-column" value="amount"' in shown
    assert 'name="map-fussy-least" value="much"' in shown
    assert not Batch.objects.exists()


@pytest.fixture
def fussy():
    mapper("fussy")(lambda *, items, least: len(items) >= least)
    registry.maps._known["fussy"] = replace(
        registry.maps._known["fussy"], parameters=(Parameter("least", int, required=True),)
    )
    yield
    del registry.maps._known["fussy"]


def test_the_form_says_what_it_comes_to_level_by_level(starting, address):  # noqa: F811
    query = {**starting.filled(address, **CHOSEN), "do": "mapreduce", "upload": str(Upload.objects.get().uuid)}
    assert "Items 30 Maps 5 Running at once up to 2 Reduces 3, then 2, then 1" in words(starting.client.get(SUM, query))
    for odd in ({"fan_in": "1"}, {"chunk_size": "x"}, {"max_parallel": "501"}):
        assert "makes no sense yet" in words(starting.client.get(SUM, query | odd))
    looked = starting.press(address, look="1", **{**CHOSEN, "item_key": "order"})
    assert "“order” names each item once" in words(looked)
    assert not Batch.objects.exists()


def test_it_is_started_again_with_all_that_it_was_ordered_with(mapreduces, alive, starting, address):  # noqa: F811
    first = ended(starting.started(address, **CHOSEN))
    again = f"{NEW}?again={first.uuid}"
    assert again in starting.client.get(first.get_absolute_url()).content.decode()
    form = starting.client.get(again).context["form"]
    chosen = {name: value for name, value in CHOSEN.items() if name in form.fields} | {"tolerated": "2.5"}
    assert {name: form[name].value() for name in chosen} == chosen
    second = ended(starting.started(again, title="Amounts"))
    assert (second.follows, second.kind, second.result["value"]) == (first, "mapreduce", first.result["value"])
    assert {name for name in second.spec if second.spec[name] != first.spec[name]} == set()
    ordered = Entry.objects.get(stream=second.stream, kind="batch.ordered")
    assert ordered.data["follows"] == first.reference
    assert Entry.objects.filter(stream=first.stream, kind="batch.started_again").count() == 1
    other = starting.client.get(f"{again}&do=batch").context["form"]
    assert (other["job"].value(), other["chunk_size"].value()) == (None, "7")


def test_items_of_a_batch_can_be_mapped_and_an_id_of_somebody_else_is_not_taken(mapreduces, starting, boss):  # noqa: F811
    program = mapreduces.start_given([{"value": n} for n in range(4)], "map_values", "reduce_values")
    program.result()
    again = f"{NEW}?again={program.row.uuid}"
    Batch.objects.filter(pk=program.row.pk).update(user=boss)
    taken = starting.press(again, form_id=str(program.row.uuid))
    assert (taken.status_code, "is that of somebody else" in words(taken)) == (400, True)
    row = ended(starting.started(again))
    assert (row.result["value"]["total"], row.spec["source"]["inline"]) == (6, 4)


def test_others_may_not_and_by_the_clock_none_is_run(starting, client, rita, address):  # noqa: F811
    form = starting.filled(address, **CHOSEN)
    refused = starting.client.post(f"{reverse('batches:schedule-new')}?{address.partition('?')[2]}", form)
    assert "By the clock only jobs are run over a file" in words(refused)
    client.force_login(rita)
    assert [client.get(address).status_code, client.post(address, form).status_code] == [403, 403]
    assert not Batch.objects.exists()
