"""When a schedule runs: what is not understood is said, and the next times are those that Temporal will have."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from batches.clock import asked, names, times

SPRING, AUTUMN = datetime(2027, 3, 26, tzinfo=UTC), datetime(2027, 10, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "five fields"),
        ("@daily", "This has 1"),
        ("* * * * * *", "This has 6"),
        ("0 0 31 2 *", "never run"),
        ("0 0 31 4,6 *", "never run"),
        ("61 * * * *", "The minute “61” is not understood"),
        ("0 25 * * *", "The hour “25”"),
        ("0 2 0 * *", "The day of the month “0”"),
        ("0 2 * 13 *", "The month “13”"),
        ("0 2 * * 9", "The day of the week “9”"),
        ("0 2 L * *", "Only numbers"),
        ("0 2 * * 5#2", "Only numbers"),
        ("0 2 * * 5L", "Only numbers"),
        ("<b> 2 * * *", "The minute"),
    ],
)
def test_an_expression_that_is_not_understood_or_never_comes_says_so(typed, said):
    with pytest.raises(ValidationError) as refused:
        times.read_cron(typed)
    assert said in refused.value.messages[0]


def test_an_expression_is_tidied_and_the_29th_of_february_comes():
    assert times.read_cron("  0 2   29 FEB * ") == "0 2 29 FEB *"
    assert times.coming("0 2 29 2 *", "UTC", SPRING, 1) == [datetime(2028, 2, 29, 2, tzinfo=UTC)]


def test_where_day_of_the_month_and_of_the_week_are_named_either_will_do():
    found = times.coming("0 2 1,15 * 5", "UTC", datetime(2027, 1, 1, 3, tzinfo=UTC), 4)
    assert [at.date().isoformat() for at in found] == ["2027-01-08", "2027-01-15", "2027-01-22", "2027-01-29"]
    assert len(times.days_of("0 2 1,15 * 5")) == 2
    assert len(times.days_of("0 2 */2 * *")) == len(times.days_of("0 2 * * 0-7")) == 1


@pytest.mark.parametrize(
    ("cron", "zone", "after", "left_out", "once"),
    [
        ("30 2 * * *", "Europe/Berlin", SPRING, [date(2027, 3, 28)], [date(2027, 10, 31)]),
        ("0 3 * * *", "Europe/Berlin", SPRING, [], []),
        ("30 2 * * *", "UTC", SPRING, [], []),
        ("30 2 * * 1", "Europe/Berlin", SPRING, [], []),
        ("15 2 * * *", "Australia/Lord_Howe", SPRING, [date(2027, 10, 3)], []),
    ],
)
def test_what_meets_a_change_of_the_clocks_is_known_before(cron, zone, after, left_out, once):
    found = [change for change in times.changes(cron, zone, after) if change.day.year == 2027]
    assert [change.day for change in found if change.left_out] == left_out
    assert [change.day for change in found if change.once] == once


@pytest.mark.parametrize(
    ("cron", "zone", "named", "counts"),
    [
        # As a Temporal server has named them: a time of the repeated hour twice, or one that is not there an hour late.
        ("30 1 * * *", "America/New_York", ["2027-11-07 05:30", "2027-11-07 06:30", "2027-11-08 06:30"], [0, 2]),
        ("30 1 * * *", "Europe/Berlin", ["2027-10-30 23:30", "2027-10-31 00:30", "2027-11-01 00:30"], [0, 2]),
        ("30 2 * * *", "Europe/Berlin", ["2027-10-30 00:30", "2027-10-31 01:30", "2027-11-01 01:30"], [0, 1, 2]),
        ("30 * * * *", "Europe/Berlin", ["2027-10-30 23:30", "2027-10-31 00:30", "2027-10-31 01:30"], [0, 1]),
        ("30 2 * * *", "UTC", ["2027-10-31 02:30", "2027-10-31 03:30"], [0, 1]),
    ],
)
def test_when_the_clocks_go_back_each_time_counts_once(cron, zone, named, counts):
    moments = [datetime.fromisoformat(f"{each}+00:00") for each in named]
    assert times.without_extra(cron, zone, moments) == [moments[place] for place in counts]


def test_a_time_that_no_clock_shows_is_none():
    berlin = ZoneInfo("Europe/Berlin")
    assert times.moment_of(datetime(2027, 3, 28, 2, 30), berlin) is None
    assert times.changes("30 2 * * *", "Europe/Berlin", SPRING)[0].left_out == (time(2, 30),)


@pytest.mark.parametrize(
    ("typed", "seconds"), [("90", 90), ("5 m", 300), ("1.5 h", 5_400), ("2D", 172_800), ("x", None), ("-1 h", None)]
)
def test_a_span_is_read_and_written_again(typed, seconds):
    assert asked.span_of(typed) == seconds
    if seconds:
        assert asked.span_of(asked.span_typed(seconds)) == seconds


@pytest.mark.parametrize("typed", ["/etc/passwd", "../x", "a/../../x", ".hidden", "a\x00b", "%q.csv", "%", " "])
def test_a_name_that_leads_out_or_has_unknown_signs_is_refused(typed):
    with pytest.raises(ValidationError):
        names.read_pattern(typed)


def test_a_name_is_filled_in_by_the_clock_of_the_schedule():
    at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert names.name_at("o-%Y-%m-%d.csv", at, "Europe/Berlin", 0) == "o-2027-01-01.csv"
    assert names.name_at("%G/w%V-%H%M-100%%.csv", at, "UTC", 7) == "2026/w52-2330-100%.csv"
    assert names.has_date("a-%d") is True
    assert names.has_date("100%%d") is False
