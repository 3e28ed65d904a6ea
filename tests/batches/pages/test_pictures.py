"""The bar, the rate line, the map of chunks, and how numbers are said."""

import pytest

from batches import figures
from batches.bars import SMALLEST, WIDTH, bar
from batches.eta import Left
from batches.lines import Dot, chart, nice
from batches.maps import DONE, HELD, LEFT, MANY, MOST, PENDING, RUNNING, SOME, Known, chunk_map
from worker.resilience.ranges import Ranges

# --- the bar -----------------------------------------------------------------------------------------------------


def test_the_bar_is_as_wide_as_all_items_and_each_part_as_its_share():
    found = bar({"succeeded": 60, "degraded": 10, "failed": 5, "held": 5, "running": 10, "pending": 10, "total": 100})
    assert [(part.name, part.start, part.width) for part in found.drawn] == [
        ("succeeded", 0, 600), ("degraded", 600, 100), ("failed", 700, 50), ("held", 750, 50), ("running", 800, 100),
    ]  # fmt: skip
    assert (found.adds_up, found.sum) == (True, 100)


def test_one_failure_of_a_million_is_seen_and_the_bar_is_no_longer_for_it():
    found = bar({"succeeded": 999_998, "failed": 1, "running": 1, "total": 1_000_000})
    widths = {part.name: part.width for part in found.parts}
    assert widths["failed"] == widths["running"] == SMALLEST
    assert sum(widths.values()) == pytest.approx(WIDTH)


def test_numbers_that_do_not_add_up_are_noticed():
    assert not bar({"succeeded": 60, "total": 100}).adds_up
    assert bar({"total": 0}).adds_up


# --- the rate line -----------------------------------------------------------------------------------------------


def test_the_speed_is_what_ended_between_its_edges_however_the_points_lie():
    dots = [Dot(0, 0), Dot(7, 70), Dot(11, 110), Dot(60, 600)]
    found = chart(dots, 0, 60, finest=5.0)
    assert [round(cell.rate, 6) for cell in found.cells] == [10.0] * 12


def test_after_the_last_point_nothing_is_known_to_have_ended():
    found = chart([Dot(0, 0), Dot(30, 300)], 0, 60, finest=30.0)
    assert [cell.rate for cell in found.cells] == [10.0, 0.0]


def test_items_that_run_again_make_no_speed_below_nought():
    found = chart([Dot(0, 0), Dot(10, 100), Dot(20, 40), Dot(30, 100)], 0, 30, finest=10.0)
    assert [cell.rate for cell in found.cells] == [10.0, 0.0, 6.0]


def test_the_limit_is_drawn_in_steps_where_it_was_set():
    found = chart([Dot(0, 0, None), Dot(10, 100, 12.0), Dot(20, 200, 12.0), Dot(30, 300, None)], 0, 30, finest=10.0)
    assert [cell.limit for cell in found.cells] == [None, 12.0, 12.0]
    assert (found.limits.count("M"), found.limits.count("H"), found.top) == (1, 2, 15.0)


def test_a_limit_far_above_the_line_is_said_and_not_drawn():
    found = chart([Dot(0, 0, 10_000.0), Dot(10, 30, 10_000.0)], 0, 10, finest=5.0)
    assert (found.limit, found.above, found.limits) == (10_000.0, True, "")
    assert found.top < 5


def test_a_limit_is_drawn_before_anything_has_ended():
    found = chart([Dot(0, 0, 5.0), Dot(10, 0, 5.0)], 0, 10, finest=5.0)
    assert (found.above, found.empty) == (False, True)


def test_pauses_are_drawn_as_far_as_they_lie_in_the_picture():
    found = chart([Dot(0, 0), Dot(100, 100)], 50, 100, [(0, 10), (40, 60), (90, float("inf"))])
    assert [(left, round(left + width)) for left, width in found.rests] == [(0.0, 120), (480.0, 600)]


def test_of_nothing_there_is_no_line():
    found = chart([], 0, 600)
    assert (found.empty, found.line, found.limits) == (True, "", "")


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (0.004, 0.005), (0.9, 1), (9.8, 15), (412, 500), (450, 500), (99_000, 150_000)]
)
def test_the_upper_edge_is_a_round_number_with_air(most, top):
    assert nice(most) == pytest.approx(top)


# --- the map -----------------------------------------------------------------------------------------------------


def known(chunks, next_chunk=0, running=(), left=(), size=10, tolerated=0.1):
    return Known(chunks, next_chunk, Ranges(running), Ranges(left), size, tolerated)


def test_what_an_open_circuit_holds_is_not_shown_as_pending():
    held = Known(4, 2, Ranges(), Ranges([(1, 2)]), 10, 0.1, held=True)
    assert kinds(chunk_map(held, {})) == [DONE, LEFT, HELD, HELD]


def kinds(found):
    return [cell.kind for cell in found.cells]


def test_each_chunk_has_a_cell_and_each_cell_says_how_far_it_is():
    found = chunk_map(known(7, 6, [(4, 5)], [(5, 6)]), {1: 1, 2: 2, 4: 3})
    assert kinds(found) == [DONE, SOME, MANY, DONE, RUNNING, LEFT, PENDING]
    assert (found.each, found.cells[2].first, found.cells[2].failed) == (1, 3, 2)
    assert {kind for kind, _path in found.shapes} == set(kinds(found))


def test_above_four_hundred_chunks_a_cell_stands_for_several():
    assert chunk_map(known(400, 400), {}).each == 1
    found = chunk_map(known(10_001, 5_000, [(4_990, 4_991)]), {3: 1})
    assert (found.each, len(found.cells)) == (26, 385)
    assert len(found.cells) <= MOST
    assert kinds(found).count(RUNNING) == 1
    assert (found.cells[-1].first, found.cells[-1].last) == (9_985, 10_001)


def test_a_million_chunks_are_a_small_picture():
    found = chunk_map(known(1_000_000, 500_000, [(499_000, 499_500)]), dict.fromkeys(range(0, 200, 2), 1))
    assert sum(len(path) for _kind, path in found.shapes) < 20_000


# --- in figures --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "total", "said"),
    [
        (0, 9, "0"),
        (1, 1_000_000, "0.1"),
        (69_200, 100_000, "69.2"),
        (99_999, 100_000, "99.9"),
        (5, 5, "100"),
        (0, 0, "0"),
    ],
)
def test_a_share_is_never_rounded_up_to_all_nor_down_to_none(number, total, said):
    assert figures.percent(number, total) == said


@pytest.mark.parametrize(
    ("rate", "said"),
    [(412.3, "412 items/s"), (1.25, "1.2 items/s"), (0.5, "30 items/min"), (0.002, "7.2 items/h"), (0, "0 items/s")],
)
def test_a_speed_is_said_in_the_unit_that_can_be_read(rate, said):
    assert str(figures.speed(rate)) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.4, 2.5, "under 3 s"),
        (20.2, 34.6, "20 – 35 s"),
        (70, 85, "1:10 – 1:25 min"),
        (2_000, 3_400, "33 – 57 min"),
        (59.5, 59.5, "0:55 – 1:00 min"),
        (550, 3_599, "9 – 60 min"),
        (7_300, 9_000, "2:00 – 2:30 h"),
        (200_000, 400_000, "2.3 – 4.7 days"),
    ],
)
def test_a_range_is_said_outwards_in_steps_that_fit_it(low, high, said):
    assert str(figures.time_left(Left(low, high))) == said
