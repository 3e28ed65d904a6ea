"""What the limits of single workers make together is said, and which of all binds; rates are read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits.limits.numbers import rate, typed_rate
from circuits.limits.sums import Offer, sentence, summed


def offers(*rates):
    return [Offer(50, 1, each) for each in rates]


FREE = "without a limit a second of"
PLACES = "only the 100 places bind, each taken while an activity runs"


@pytest.mark.parametrize(
    ("rates", "limit", "added", "binds"),
    [
        ([50, 50, 50], 100.0, "3 workers × 50 a second = 150 a second", "the queue-wide limit of 100 binds"),
        (
            [50, 50, 20],
            None,
            "2 workers × 50 + 1 worker × 20 a second = 120 a second",
            "no queue-wide limit is set, so their sum binds",
        ),
        ([50, 50], 100.0, "2 workers × 50 a second = 100 a second", "the queue-wide limit of 100 is the same"),
        (
            [0.5],
            4.0,
            "1 worker × 0.5 a second = 0.5 a second",
            "they stay below the queue-wide limit of 4, which does not bind",
        ),
        ([None, None], 10.0, f"2 workers {FREE} their own", "the queue-wide limit of 10 binds"),
        ([None, None], None, f"2 workers {FREE} their own", f"no queue-wide limit is set: {PLACES}"),
        (
            [50, None],
            1_000.0,
            f"1 worker × 50 a second and 1 worker {FREE} its own",
            "the queue-wide limit of 1,000 binds",
        ),
        ([50], 0.0, "1 worker × 50 a second = 50 a second", "the queue-wide limit of 0 stops all of them"),
    ],
    ids=range(8),
)
def test_the_sum_and_what_binds_are_said_in_a_sentence(rates, limit, added, binds):
    assert sentence(offers(*rates), limit) == f"{added}; {binds}."


def test_without_a_worker_nothing_is_taken():
    assert sentence([], 5.0) == "No worker serves this queue: nothing is taken from it, whatever the limit."


@given(st.lists(st.none() | st.floats(0.01, 1e5), max_size=12))
def test_a_sum_is_there_only_where_every_worker_has_a_limit(rates):
    whole = summed(offers(*rates))
    assert (whole.workers, whole.slots, whole.used) == (len(rates), 50 * len(rates), len(rates))
    assert whole.total == (sum(rates) if rates and None not in rates else None)


@pytest.mark.parametrize(
    ("text", "number"),
    [("20", 20.0), (" 0.5 ", 0.5), ("0,5", 0.5), ("1000", 1000.0), ("-1", -1.0), ("0", 0.0), ("1,000", None),
     ("1.000", None), ("1,000,000", None), ("", None), ("ten", None), ("nan", None), ("inf", None), ("1e3", 1000.0)],
)  # fmt: skip
def test_a_rate_is_read_as_it_is_typed_and_not_at_all_where_it_reads_as_two(text, number):
    assert typed_rate(text) == number


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "–"), (0.5, "0.5"), (100.0, "100"), (4000.0, "4,000"), (0.25, "0.25"), (12.0, "12")],
)
def test_a_rate_is_written_as_people_read_it(number, text):
    assert rate(number) == text
