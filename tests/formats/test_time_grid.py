"""Time stamps on a regular grid, against a search through all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import FHRError, FormatError
from fhr.formats.times.grid import place


def nearest(time: np.ndarray, fs: float, tolerance: float) -> list[int]:
    rows = []
    for k in range(round((max(time) - min(time)) * fs) + 1):
        distance = np.abs(time - min(time) - k / fs)
        rows.append(int(np.argmin(distance)) if distance.min() <= tolerance else -1)
    return rows


@given(
    steps=st.lists(st.integers(30, 3000), min_size=1, max_size=60),
    fs=st.sampled_from([1.0, 2.0, 3.7, 4.0, 8.0]),
    tolerance=st.floats(0.01, 5),
    seed=st.integers(0, 99),
)
def test_with_a_tolerance_each_sample_takes_the_nearest_row(steps, fs, tolerance, seed):
    time = np.cumsum([0, *steps]) / 1000 + 12.5
    shuffled = np.random.default_rng(seed).permutation(len(time))
    grid = place(time[shuffled], unit="s", fs=fs, tolerance=tolerance, where="a", order="time")
    expected = nearest(time[shuffled], fs, tolerance)
    # Of two rows at one distance either may be taken, and a distance equal to the tolerance is either's.
    for k, (ours, theirs) in enumerate(zip(grid.rows, expected, strict=True)):
        if ours != theirs:
            at = 12.5 + k / fs
            distances = [tolerance if row < 0 else abs(time[shuffled][row] - at) for row in (ours, theirs)]
            assert abs(distances[0] - distances[1]) < 2e-6 / fs
    assert grid.start == pytest.approx(12.5)
    assert grid.notes.get("rows_sorted", 0) == (shuffled != np.arange(len(time))).sum()


@pytest.mark.parametrize("fs", [0.5, 1, 2, 3, 4, 5, 7, 8])
@pytest.mark.parametrize("n", [10, 21600])
def test_a_regular_grid_is_recognised_from_stamps_rounded_to_the_millisecond(fs, n):
    time = np.round(np.arange(n) / fs, 3)
    keep = np.ones(n, bool)
    keep[3:5] = False
    grid = place(time[keep], unit="s", fs=None, tolerance=None, where="a")
    assert grid.fs == fs
    np.testing.assert_array_equal(np.flatnonzero(grid.rows < 0), [3, 4])
    np.testing.assert_array_equal(grid.rows[grid.rows >= 0], np.arange(n - 2))
    assert grid.notes["rows_unused"] == 0
    assert grid.notes["samples_without_row"] == 2


@pytest.mark.parametrize(
    ("fs", "unit", "decimals"), [(8, "s", 2), (7, "s", 2), (4, "s", 1), (3, "s", 1), (4, "min", 4), (8, "min", 4)]
)
def test_a_rate_is_recognised_from_stamps_rounded_so_that_no_step_is_the_true_one(fs, unit, decimals):
    n = 2400
    time = np.round(np.arange(n) / (fs if unit == "s" else 60 * fs), decimals)
    keep = np.ones(n, bool)
    keep[1000:1200] = False
    grid = place(time[keep], unit=unit, fs=None, tolerance=None, where="a")
    assert grid.fs == fs
    np.testing.assert_array_equal(np.flatnonzero(grid.rows < 0), np.arange(1000, 1200))


def test_a_gap_stays_a_gap_unless_the_tolerance_reaches_over_it():
    time = np.array([0, 0.25, 0.5, 2.0, 2.25])
    grid = place(time, unit="s", fs=None, tolerance=None, where="a")
    assert grid.rows.tolist() == [0, 1, 2, -1, -1, -1, -1, -1, 3, 4]
    grid = place(time, unit="s", fs=None, tolerance=0.5, where="a")
    assert grid.rows.tolist() == [0, 1, 2, 2, 2, -1, 3, 3, 3, 4]
    assert grid.notes["tolerance"] == 0.5


@pytest.mark.parametrize("time", [[0, 1e-300], [0, 1e308], [-1e308, 1e308], [0, 1e-5, 2e-5]])
def test_absurd_times_are_refused(time):
    with pytest.raises(FormatError, match=r"a: (time steps of|.* more than|row \d has no time)"):
        place(np.array(time), unit="s", fs=None, tolerance=None, where="a")


def test_a_rate_that_rounded_stamps_hide_is_asked_for():
    time = np.round(np.arange(400) / 8, 1)
    with pytest.raises(
        FormatError, match=r"fit 10 Hz with a row missing after every 3.99, .* about 8 Hz with none; give"
    ):
        place(time, unit="s", fs=None, tolerance=None, where="rounded.csv")
    assert place(time, unit="s", fs=8, tolerance=None, where="a").rows.tolist() == list(range(400))
    assert (place(time, unit="s", fs=10, tolerance=None, where="a").rows < 0).sum() == 100


def test_a_guessed_rate_with_many_empty_samples_is_warned_of(caplog):
    time = np.concatenate([np.arange(400), np.arange(800, 900)]) / 4
    place(time, unit="s", fs=None, tolerance=None, where="gap.csv")
    assert "gap.csv: at the guessed 4 Hz 44% of the samples have no row" in caplog.text
    caplog.clear()
    place(np.arange(400) / 8, unit="s", fs=None, tolerance=None, where="exact.csv")
    assert caplog.text == ""


def rows_of(sample):
    """The rows of a grid on which each row has its true sample."""
    sample = np.asarray(sample) - sample[0]
    rows = np.full(sample[-1] + 1, -1)
    rows[sample] = np.arange(len(sample))
    return rows


@given(
    seed=st.integers(0, 999),
    fs=st.sampled_from([1.0, 2.0, 3.2, 4.0, 5.0]),
    given_rate=st.booleans(),
    jitter=st.sampled_from([0.0, 0.05, 0.2, 0.35]),
    drift=st.sampled_from([0.0, 2e-4]),
    quantum=st.sampled_from([None, 0.001, 0.01, 1.0]),
    gap=st.sampled_from([0, 3, 250]),
)
def test_what_is_accepted_is_as_it_truly_was(seed, fs, given_rate, jitter, drift, quantum, gap):
    if drift and quantum == 1:
        return  # a row that slips from a coarse clock and one that is missing look the same
    rng = np.random.default_rng(seed)
    sample = np.arange(900)
    sample = sample[(sample < 300) | (sample >= 300 + gap)]
    time = 50 * rng.random() + (sample + rng.uniform(-jitter, jitter, len(sample))) * (1 + drift) / fs
    time = time if quantum is None else np.floor(time / quantum + 1e-9) * quantum
    try:
        grid = place(time, unit="s", fs=fs if given_rate else None, tolerance=None, where="a")
    except FormatError:
        assert quantum == 1 or jitter > 0.1  # all others are plain
        return
    np.testing.assert_array_equal(grid.rows, rows_of(sample))
    assert grid.fs == pytest.approx(fs, rel=5e-4)


def test_the_phase_is_that_of_all_stamps_and_not_of_the_first():
    time = np.arange(40) / 4
    time[0] += 0.1
    time[20:] += 0.05
    grid = place(time, unit="s", fs=4, tolerance=None, where="a")
    np.testing.assert_array_equal(grid.rows, np.arange(40))
    assert grid.start == pytest.approx(0, abs=0.051)


@pytest.mark.parametrize("n", [2, 3, 8, 300])
@pytest.mark.parametrize(("step", "fs"), [(1, 4), (60, 4), (1, 2), (0.5, 10)])
def test_rows_of_one_time_are_spread_over_it(n, step, fs):
    each = int(step * fs)
    time = np.repeat(np.arange(n) * step, each)
    grid = place(time, unit="s", fs=None, tolerance=None, where="a")
    np.testing.assert_array_equal(grid.rows, np.arange(n * each))
    assert grid.fs == fs
    assert grid.notes["rows_spread"] == each
    if n > 3:  # first and last incomplete, and two times missing
        keep = np.ones(len(time), bool)
        keep[: each // 2] = keep[-1] = keep[3 * each : 5 * each] = False
        grid = place(time[keep], unit="s", fs=fs, tolerance=None, where="a")
        np.testing.assert_array_equal(grid.rows, rows_of(np.flatnonzero(keep)))


def test_a_row_that_is_missing_within_a_second_is_asked_for():
    time = np.repeat(np.arange(10.0), 4)
    missing = np.delete(time, 22)
    with pytest.raises(
        FormatError, match=r"3 rows have the time 5 \(row 21\), and 4 are usual; .* give tolerance=1 to"
    ):
        place(missing, unit="s", fs=4, tolerance=None, where="a")
    grid = place(missing, unit="s", fs=4, tolerance=1, where="a")
    np.testing.assert_array_equal(grid.rows, rows_of(np.delete(np.arange(40), 23)))
    with pytest.raises(
        FormatError, match=r"5 rows have the time 5 \(row 21\), and 4 are usual; remove what stands twice"
    ):
        place(np.insert(time, 22, 5), unit="s", fs=None, tolerance=None, where="a")
    late = time.copy()
    late[8] = 1  # and stands at the second before
    np.testing.assert_array_equal(place(late, unit="s", fs=4, tolerance=None, where="a").rows, np.arange(40))


def test_copies_and_recordings_side_by_side_are_no_samples_of_one_time():
    time = np.repeat(np.arange(50.0), 2)
    slow = 140 + np.cumsum(np.random.default_rng(0).normal(size=100))
    place(time, unit="s", fs=None, tolerance=None, where="a", values=[slow])
    with pytest.raises(FormatError, match=r"copies, from 0 \(row 1\) on: the same sample 2 times, or 2 samples"):
        place(time, unit="s", fs=None, tolerance=None, where="a", values=[np.repeat(slow[:50], 2)])
    place(time, unit="s", fs=2, tolerance=None, where="a", values=[np.repeat(slow[:50], 2)])
    twins = np.where(np.arange(100) % 2, slow, slow - 30)
    with pytest.raises(FormatError, match="look like 2 recordings side by side"):
        place(time, unit="s", fs=2, tolerance=None, where="a", values=[twins])


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ([0, 1, 2, 1, 2, 3], r"row 4 goes back in time, from 2 to 1: a clock that was set back, or rows that stand"),
        ([0, 1, 2, 0, 1, 2], r"row 4 goes back in time, from 2 to 0: they start again; split"),
        ([0, 1, 3, 2, 4, 5], r"row 4 goes back in time, from 3 to 2: rows are out of order; give order='time'"),
        ([5, 4, 3, 2, 1, 0], r"row 2 goes back in time, from 5 to 4: the times fall to the end; give order='time' if"),
        ([0, 1, 2, 2, 3, 4], r"the time 2 \(row 3\) stands twice; keep one row a time"),
        ([0, 1, 2, np.nan, 4], r"row 4 has no time; remove the row"),
    ],
)
def test_times_that_do_not_simply_increase_are_refused(time, message):
    for fs in (None, 1):
        with pytest.raises(FormatError, match=message):
            place(np.array(time, float), unit="s", fs=fs, tolerance=None, where="a")
    with pytest.raises(FormatError, match=r"line [234]"):
        place(np.array(time, float), unit="s", fs=1, tolerance=None, where="a", row_of=lambda row: f"line {row + 1}")


def test_rows_are_sorted_on_demand_only():
    time = np.array([0, 1, 3, 2, 4, 5.0])
    grid = place(time, unit="s", fs=1, tolerance=None, where="a", order="time")
    assert grid.rows.tolist() == [0, 1, 3, 2, 4, 5]
    assert grid.notes["rows_sorted"] == 2
    with pytest.raises(FormatError, match=r"row 1 and row 3 have one time, and which comes first cannot be told"):
        place(np.array([1, 2, 1.0]), unit="s", fs=1, tolerance=None, where="a", order="time")
    with pytest.raises(FHRError, match=r"order='rows'; give 'time'"):
        place(time, unit="s", fs=1, tolerance=None, where="a", order="rows")


def test_local_clocks_that_are_set_to_summer_or_winter_time():
    time = np.arange(4000.0)
    winter, summer = time.copy(), time.copy()
    winter[2000:] -= 3600
    with pytest.raises(
        FormatError, match=r"row 2001 goes back .*an hour, as a clock that is set to winter time; write"
    ):
        place(winter, unit="s", fs=None, tolerance=None, where="a", began="2020-10-25 02:26:40")
    summer[2000:] += 3600
    with pytest.raises(
        FormatError, match=r"row 2001 is an hour later .* 2020-03-29 03:00: a gap, or a clock that is set"
    ):
        place(summer, unit="s", fs=None, tolerance=None, where="a", began="2020-03-29 01:26:40")
    for began in ("2020-03-29 01:26:40+01:00", "2020-03-30 01:26:40", "2020-03-29 14:26:40", None):
        grid = place(summer, unit="s", fs=None, tolerance=None, where="a", began=began)
        assert len(grid.rows) == 7600


@pytest.mark.parametrize(("unit", "seconds"), [("min", 60), ("h", 3600), ("day", 86400), ("us", 1e-6), ("ns", 1e-9)])
def test_other_units_follow_from_the_rate_alone(unit, seconds):
    time = np.arange(800) / 4 / seconds
    assert place(time, unit=None, fs=4, tolerance=None, where="a").notes["time_unit_guessed"] == unit
    assert place(time, unit=unit, fs=None, tolerance=None, where="a").fs == 4
    with pytest.raises(FormatError, match=f"say their unit .*'{unit}' .4 Hz. would fit"):
        place(time, unit=None, fs=None, tolerance=None, where="a")


def test_a_rate_near_a_whole_number_is_taken_as_it_is_where_stamps_are_exact():
    for rate in (3.99, 4.01, 0.998):
        assert place(np.arange(150) / rate, unit="s", fs=None, tolerance=None, where="a").fs == pytest.approx(rate)
    assert place(np.round(np.arange(150) / 4, 1), unit="s", fs=None, tolerance=None, where="a").fs == 4


def test_a_rate_that_contradicts_the_times_is_refused():
    time = np.arange(100.0)
    with pytest.raises(FormatError, match=r"fs=4 contradicts the times, which step by 1 s, 1 Hz"):
        place(time[:2], unit="s", fs=4, tolerance=None, where="a")
    with pytest.raises(FormatError, match=r"fs=4 contradicts the times, which step by 1 s, 1 Hz; leave fs out"):
        place(time, unit="s", fs=4, tolerance=None, where="a")
    with pytest.raises(
        FormatError, match=r"steps of 1 are 1/fs at fs=4 in no unit .1 Hz in s.; .*'sample'.* tolerance"
    ):
        place(time, unit=None, fs=4, tolerance=None, where="a")
    with pytest.raises(FormatError, match=r"fs=3.9 contradicts the times, which step by 0.25 s, 4 Hz"):
        place(time / 4, unit="s", fs=3.9, tolerance=None, where="a")
    held = place(time, unit=None, fs=4, tolerance=0.5, where="a")
    assert len(held.rows) == 397
    assert (held.rows >= 0).all()
    counted = place(time + (time > 50) * 8, unit="sample", fs=4, tolerance=None, where="a")
    assert np.flatnonzero(counted.rows < 0).tolist() == list(range(51, 59))
    with pytest.raises(FormatError, match="count samples and tell no sampling rate; give fs"):
        place(time, unit="sample", fs=None, tolerance=None, where="a")


@pytest.mark.parametrize(("apart", "n_uc"), [(0.0, 1), (0.125, 1), (0.125, 4)])
def test_channels_that_take_turns_in_rows_of_their_own_are_refused(apart, n_uc):
    n = 200
    rate, activity = np.arange(n) / 4, np.arange(0, n, n_uc) / 4 + apart
    time = np.concatenate([rate, activity])
    rows = np.argsort(time, kind="stable")
    fhr = np.concatenate([np.full(n, 140.0), np.full(len(activity), np.nan)])[rows]
    uc = np.concatenate([np.full(n, np.nan), np.full(len(activity), 20.0)])[rows]
    for blank in (np.nan, 0.0):
        values = [np.nan_to_num(channel, nan=blank) for channel in (fhr, uc)]
        with pytest.raises(FormatError, match=r"take turns from row 1 on, each in rows of its own; .* join the two"):
            place(time[rows], unit="s", fs=None, tolerance=None, where="a", values=values)
    if not apart:
        with pytest.raises(FormatError, match=r"2 rows have one time, from 0 .row 1. on, and one of them holds"):
            place(time[rows], unit="s", fs=None, tolerance=None, where="a", values=[fhr])


def test_a_channel_of_fewer_rows_or_of_another_part_of_the_labour_takes_no_turns():
    time, half = np.arange(400) / 4, np.arange(400) < 200
    fhr, uc = np.full(400, 140.0), np.where(np.arange(400) % 4, np.nan, 20.0)
    for values in ([fhr, uc], [np.where(half, fhr, np.nan), np.where(half, np.nan, 20.0)], [fhr, np.zeros(400)]):
        assert place(time, unit="s", fs=None, tolerance=None, where="a", values=values).fs == 4


@pytest.mark.parametrize(
    ("unit", "digits"),
    [
        ("s", lambda t: 20_240_314e6 + t // 3600 * 10_000 + t // 60 % 60 * 100 + t % 60),
        ("min", lambda t: t // 60 + t % 60 / 100),
        ("h", lambda t: t // 3600 + t // 60 % 60 / 100 + t % 60 / 10_000),
        ("h", lambda t: t // 3600 + t // 60 % 60 / 100),
    ],
)
@pytest.mark.parametrize("fs", [1, 4])
def test_digits_of_clocks_are_no_decimals(unit, digits, fs):
    time = digits(3000 + np.arange(1200 * fs) / fs)
    for rate in (None, fs):
        with pytest.raises(FormatError, match=f"are no {unit}.*two digits stay below 60 .* is followed by"):
            place(time, unit=unit, fs=rate, tolerance=None, where="a")


@pytest.mark.parametrize(
    ("period", "step", "lacks"),
    [(3600, 0.5, "the hours"), (43_200, 1, "AM or PM"), (86_400, 0.25, "the date"), (65_536, 50, "what has passed")],
)
@pytest.mark.parametrize("missing", [0, 3])
def test_a_clock_that_starts_anew_is_not_out_of_order(period, step, lacks, missing):
    time = period - 300 * step + np.delete(np.arange(1000), np.arange(300, 300 + missing)) * step
    with pytest.raises(FormatError, match=f"row 301 goes back .* starts anew there; .* with {lacks}") as refused:
        place(time % period, unit=None, fs=None, tolerance=None, where="a")
    assert "order='time'" not in str(refused.value)


def test_halves_of_an_hour_that_are_swapped_are_out_of_order():
    time = np.roll(np.arange(3600.0), 1800)
    with pytest.raises(FormatError, match="order='time'"):
        place(time, unit="s", fs=None, tolerance=None, where="a")
    assert place(time, unit="s", fs=None, tolerance=None, where="a", order="time").notes["rows_sorted"] == 3600


@pytest.mark.parametrize(("step", "fs", "works"), [(0.5, 4, {"fs": None}), (1, 4, {"unit": "sample"})])
def test_the_ways_out_of_a_rate_that_contradicts_the_steps_work(step, fs, works):
    given = {"unit": None, "fs": fs, "tolerance": None}
    with pytest.raises(FormatError, match="in no unit") as refused:
        place(np.arange(40) * step, where="a", **given)
    assert ("'sample'" in str(refused.value)) == ("unit" in works)
    for way in (works, {"tolerance": step / 2}):
        place(np.arange(40) * step, where="a", **(given | way))
