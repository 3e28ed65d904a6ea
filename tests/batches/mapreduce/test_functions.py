"""The map and the reduce that come with MapReduce, by themselves."""

import pytest

from batches.mapreduce import map_values, reduce_values
from worker.maps import mapper, wrong
from worker.registry import maps, reduces
from worker.resilience.fallback import NotAgain


def values(*given):
    return [{"value": each} for each in given]


@pytest.mark.parametrize(
    ("given", "total"), [((1, 2, 3), 6), ((0.1,) * 10, 1.0), (("12", "1.5"), 13.5), ((10**30, 1), 10**30 + 1), ((), 0)]
)
def test_numbers_are_added_up_exactly_and_texts_of_numbers_are_read(given, total):
    assert map_values(items=values(*given)) == {"total": total, "count": len(given)}


@pytest.mark.parametrize(
    "item", [{}, {"value": None}, {"value": True}, {"value": "much"}, {"value": "nan"}, {"value": []}, 5, "x"]
)
def test_what_is_no_number_is_not_tried_again(item):
    with pytest.raises(NotAgain):
        map_values(items=[{"value": 1}, item])


def test_it_does_not_matter_how_partial_results_are_put_together():
    parts = [map_values(items=values(*range(n))) for n in range(6)]
    whole = reduce_values(partials=parts)
    assert whole == reduce_values(partials=[reduce_values(partials=parts[:2]), reduce_values(partials=parts[2:])])
    assert whole == {"total": 20, "count": 15, "average": 20 / 15}
    assert reduce_values(partials=[]) == {"total": 0, "count": 0, "average": 0}


def test_another_column_can_be_named_and_what_cannot_is_said():
    assert map_values(items=[{"amount": 3}], column="amount")["total"] == 3
    assert wrong(maps, "map", "map_values", {"column": "amount"}) == []
    assert wrong(maps, "map", "map_values", {"colour": "x"}) == ["'map_values' has no argument 'colour'."]
    assert "There is no reduce 'map_values'" in wrong(reduces, "reduce", "map_values", {})[0]
    with pytest.raises(ValueError, match="registered already"):
        mapper("map_values")(lambda *, items: None)
