"""Cron fields against the calendar, over the changes of clocks too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata.cron import last_firing, next_firing, parse_cron, shortest_rest

BERLIN = ZoneInfo("Europe/Berlin")


def at(text, zone=BERLIN):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("cron", "after", "following"),
    [
        ("0 3 * * *", "2026-11-25 02:59", "2026-11-25 03:00"),
        ("0 3 * * *", "2026-11-25 03:00", "2026-11-26 03:00"),
        ("*/20 8-9 * * mon-fri", "2026-11-27 09:45", "2026-11-30 08:00"),
        ("0 0 29 2 *", "2026-01-01 00:00", "2028-02-29 00:00"),
        ("0 12 13 * fri", "2026-11-10 00:00", "2026-11-13 12:00"),
        ("0 12 1 * sun", "2026-11-24 00:00", "2026-11-29 12:00"),
        ("@weekly", "2026-11-25 12:00", "2026-11-29 00:00"),
    ],
)
def test_the_next_firing(cron, after, following):
    assert next_firing(cron, at(after), BERLIN) == at(following)


def test_a_time_that_a_day_skips_and_one_that_it_has_twice():
    skipped = next_firing("30 2 * * *", at("2026-03-28 12:00"), BERLIN)
    assert skipped.isoformat() == "2026-03-29T03:30:00+02:00"
    twice = next_firing("30 2 * * *", at("2026-10-24 12:00"), BERLIN)
    assert twice.isoformat() == "2026-10-25T02:30:00+02:00"
    assert next_firing("30 2 * * *", twice, BERLIN) == at("2026-10-26 02:30")


FIELDS = st.tuples(
    st.sampled_from(["*", "0", "5,45", "*/7"]),
    st.sampled_from(["*", "2", "0-5", "23"]),
    st.sampled_from(["*", "1", "31", "5-9"]),
    st.sampled_from(["*", "2", "jan,jul"]),
    st.sampled_from(["*", "mon-fri", "7"]),
).map(" ".join)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(cron=FIELDS, moment=MOMENTS)
def test_next_and_last_enclose_every_moment(cron, moment):
    if cron.split()[2] == "31" and cron.split()[3] == "2" and cron.split()[4] == "*":
        with pytest.raises(ValueError, match="never comes true"):
            parse_cron(cron)
        return
    following, before = next_firing(cron, moment, BERLIN), last_firing(cron, moment, BERLIN)
    assert before <= moment < following
    assert next_firing(cron, before, BERLIN) == following
    # No firing lies between, by the definition of the fields: minute by minute, near the ends.
    fields = parse_cron(cron)
    for minutes in range(1, 90):
        between = following - timedelta(minutes=minutes)
        if between <= moment:
            break
        local = between.astimezone(BERLIN)
        fits = (
            fields.fits(local.date())
            and local.time().replace(second=0, microsecond=0) in fields.times
        )
        assert not fits or local.fold == 1 or local.dst() != (local - timedelta(hours=2)).dst()


def test_the_shortest_rest():
    assert shortest_rest("0 6 * * mon-fri") == timedelta(days=1)
    assert shortest_rest("0 6,9 * * *") == timedelta(hours=3)
    assert shortest_rest("no cron") is None
