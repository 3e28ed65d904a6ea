"""A set of numbers as ranges is the set of these numbers, whatever was put in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from worker.resilience.ranges import Ranges

spans = some.lists(some.tuples(some.integers(0, 60), some.integers(0, 12)).map(lambda one: (one[0], sum(one))))


@given(spans)
def test_it_is_the_set_of_its_numbers(given):
    ranges, plain = Ranges(given), {number for start, end in given for number in range(start, end)}
    assert [number in ranges for number in range(80)] == [number in plain for number in range(80)]
    assert len(ranges) == len(plain)
    assert list(ranges.missing(50)) == [number for number in range(50) if number not in plain]


@given(spans)
def test_it_is_kept_as_short_as_can_be_and_comes_back_from_json(given):
    ranges = Ranges(given)
    ends = [edge for pair in ranges for edge in pair]
    assert ends == sorted(set(ends)), "sorted, and no two touch"
    assert Ranges(json.loads(json.dumps(ranges.dump()))) == ranges


def test_items_that_end_in_any_order_become_one_range():
    ranges = Ranges()
    for number in (3, 1, 0, 4, 2):
        ranges.add(number)
    assert ranges.dump() == [[0, 5]]
    assert repr(ranges) == "Ranges([[0, 5]])"


@pytest.mark.parametrize("wrong", [(-1, 3), (5, 2)])
def test_what_is_no_range_is_refused(wrong):
    with pytest.raises(ValueError, match="no range"):
        Ranges([wrong])
