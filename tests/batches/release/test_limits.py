"""Which batches are asked about: by job, number and cost; what is said of data that cannot be used."""

from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError

from approvals.models import Policy
from batches.release import limits, sizing
from batches.release.marks import differing, digest_of, marks_of
from dashboard.environment import costs
from worker.batch_contract import read_spec
from worker.datasets import looking
from worker.jobs import job
from worker.registry import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def marked():
    @job("marked", needs_approval=True, item_cost=0.125)
    def marked(*, key: str) -> None:
        """Nothing."""

    yield
    del jobs._known["marked"]


def spec_of(source, job="marked"):
    parsed = read_spec({"title": "T", "job": job, "source": source})
    assert parsed.spec, parsed.errors
    return parsed.spec


def test_a_marked_job_is_asked_about_however_small_it_is_at_its_own_cost(marked):
    found = limits.needed(spec_of({"items": [1, 2, 3]}))
    assert found.reasons == ("The job marked is never begun without an approval.",)
    assert (found.cost, found.currency) == (Decimal("0.38"), "EUR")


def test_a_marked_job_that_serves_where_another_does_not_is_asked_about_too(marked):
    given = {"title": "T", "job": "echo", "source": {"items": [1]}, "fallbacks": [{"name": "other", "job": "marked"}]}
    found = limits.needed(read_spec(given).spec)
    assert found.reasons == ("The job marked is never begun without an approval.",)
    assert found.each == Decimal("0.125")


def test_a_setting_marks_a_job_and_says_what_it_costs(marked, settings):
    settings.BATCH_APPROVAL_JOBS = ["echo"]
    settings.BATCH_ITEM_COSTS = {"marked": Decimal(3), "": Decimal("0.5")}
    assert limits.needed(spec_of({"items": [1]})).cost == 3
    assert limits.needed(spec_of({"items": [1]}, job="echo")).cost == Decimal("0.5")


@pytest.mark.parametrize(("number", "asked"), [(10, False), (11, True)])
def test_above_a_cost_it_is_asked_about(settings, number, asked):
    settings.BATCH_APPROVAL_COST, settings.BATCH_ITEM_COSTS = 100, {"": Decimal(10)}
    found = limits.needed(spec_of({"items": [0] * number}, job="echo"))
    assert bool(found) == asked
    if asked:
        assert found.reasons == ("Its items cost more than 100 together.",)


def test_without_limits_not_even_the_data_is_looked_at():
    assert limits.needed(spec_of({"uri": "file:///nowhere"}, job="echo")) is None


def test_what_costs_more_than_any_amount_has_the_highest(marked, settings):
    settings.BATCH_ITEM_COSTS = {"marked": Decimal(10) ** 12}
    assert limits.needed(spec_of({"items": [1, 2]})).cost == Decimal("999999999999.99")


def test_data_that_cannot_be_used_is_said_of_the_source(marked):
    with pytest.raises(ValidationError) as refused:
        limits.needed(spec_of({"uri": "file:///nowhere.csv"}))
    assert "not below a folder" in refused.value.message_dict["source"][0]


@pytest.mark.parametrize("left", ["policy", "tiers"])
def test_where_nobody_is_to_be_asked_that_is_said_before_anything_is_kept(marked, left):
    policy = Policy.objects.get(kind="batch")
    policy.tiers.all().delete()
    if left == "policy":
        policy.delete()
    with pytest.raises(ValidationError, match="An admin can set that"):
        limits.needed(spec_of({"items": [1]}))


def test_of_a_long_file_it_is_known_how_many_items_it_has_at_most_and_its_checksum(marked, upload, monkeypatch):
    monkeypatch.setattr(looking.look_at, "__kwdefaults__", {**looking.look_at.__kwdefaults__, "read": 100})
    monkeypatch.setitem(looking.look.__kwdefaults__, "read", 100)
    rows = "".join(f'{n},"two\nlines"\n' for n in range(100))
    sized = sizing.size_of(spec_of({"uri": upload(f"n,text\n{rows}")}).source)
    assert (sized.items, sized.exactly, len(sized.source["sha256"])) == (200, False, 64)


def test_one_too_long_to_be_summed_is_refused(marked, upload, monkeypatch):
    monkeypatch.setitem(looking.look.__kwdefaults__, "read", 100)
    monkeypatch.setattr(sizing, "SUMMED", 200)
    with pytest.raises(ValidationError, match="Split it"):
        limits.needed(spec_of({"uri": upload("n\n" + "1\n" * 500)}))


def test_an_order_is_the_same_however_its_keys_stand_and_each_part_that_differs_is_named():
    order = {"a": 1, "b": {"c": [1, 2]}, "d": None}
    assert digest_of(order) == digest_of(dict(reversed(order.items())))
    assert differing({"a": 1, "b": {"c": [2, 1]}, "e": 0}, marks_of(order)) == ["b", "d", "e"]


def test_costs_are_read_by_job(monkeypatch):
    monkeypatch.setenv("COSTS", "pay=0.25, http = 0.02,0.001")
    assert costs("COSTS") == {"pay": Decimal("0.25"), "http": Decimal("0.02"), "": Decimal("0.001")}


@pytest.mark.parametrize("text", ["pay", "pay=-1", "pay=NaN", "pay=a lot"])
def test_a_cost_that_is_none_stops_the_start(monkeypatch, text):
    monkeypatch.setenv("COSTS", text)
    with pytest.raises(ImproperlyConfigured, match="must be a cost"):
        costs("COSTS")
