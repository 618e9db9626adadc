import pytest

from aicc.accounting.months import HOUR_SECONDS, Month, MonthError, Period


def test_a_month_is_read_and_written_alike() -> None:
    month = Month.parse("2026-12")
    assert str(month) == "2026-12"
    assert month.end == Month(2027, 1).start


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-00", "26-01", "2026-1", "2026-01-01", "", "0000-01"])
def test_what_is_no_month_is_refused_by_name(text: str) -> None:
    with pytest.raises(MonthError, match="YYYY-MM"):
        Month.parse(text)


def test_a_month_that_has_not_begun_is_refused() -> None:
    month = Month(2026, 11)
    with pytest.raises(MonthError, match="has not begun"):
        month.period(month.start)


def test_a_month_in_progress_ends_now_and_a_past_one_at_its_end() -> None:
    month = Month(2026, 11)
    assert month.period(month.start + 90).until == month.start + 90
    assert month.period(month.end + 90) == Period(month.start, month.end)


def test_buckets_make_up_the_period_however_it_is_cut() -> None:
    start = Month(2026, 2).start
    period = Period(start + 1_800, start + 3 * HOUR_SECONDS + 60)
    assert [period.seconds(hour) for hour in period.hours] == [1_800, 3_600, 3_600, 60]


def test_a_february_of_a_leap_year_has_696_hours() -> None:
    month = Month(2028, 2)
    assert len(list(Period(month.start, month.end).hours)) == 696
