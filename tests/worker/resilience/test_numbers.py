"""What counts as a number: whatever comes, a finite float or nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from worker.resilience.numbers import as_number


@given(some.integers() | some.floats())
def test_a_number_is_itself_where_a_float_can_hold_it(value):
    number = as_number(value)
    if number is None:
        assert not math.isfinite(value) if isinstance(value, float) else abs(value) >= 2**1023
    else:
        assert math.isfinite(number)
        assert number == float(value)


@pytest.mark.parametrize(
    "value", [True, False, None, "1", [1], math.nan, math.inf, 10**400], ids=lambda value: str(value)[:9]
)
def test_what_only_looks_like_one_is_none(value):
    assert as_number(value) is None
