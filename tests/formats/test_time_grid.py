"""Time stamps on a regular grid, against a search through all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import FormatError
from fhr.formats.time_grid import place


def nearest(time: np.ndarray, fs: float, tolerance: float) -> list[int]:
    rows = []
    for k in range(round((max(time) - min(time)) * fs) + 1):
        distance = np.abs(time - min(time) - k / fs)
        rows.append(int(np.argmin(distance)) if distance.min() <= tolerance else -1)
    return rows


@given(
    steps=st.lists(st.integers(30, 3000), min_size=1, max_size=60),
    fs=st.sampled_from([1.0, 2.0, 3.7, 4.0, 8.0]),
    tolerance=st.one_of(st.none(), st.floats(0.01, 5)),
    seed=st.integers(0, 99),
)
def test_each_sample_takes_the_nearest_row(steps, fs, tolerance, seed):
    time = np.cumsum([0, *steps]) / 1000 + 12.5
    order = np.random.default_rng(seed).permutation(len(time))
    grid = place(time[order], unit="s", fs=fs, tolerance=tolerance, where="a")
    expected = nearest(time[order], fs, 0.5 / fs if tolerance is None else tolerance)
    # Of two rows at one distance either may be taken, and a distance equal to the tolerance is either's.
    for k, (ours, theirs) in enumerate(zip(grid.rows, expected, strict=True)):
        if ours != theirs:
            at = 12.5 + k / fs
            reach = 0.5 / fs if tolerance is None else tolerance
            distances = [reach if row < 0 else abs(time[order][row] - at) for row in (ours, theirs)]
            assert abs(distances[0] - distances[1]) < 2e-6 / fs
    assert grid.start == pytest.approx(12.5)
    if (order != np.sort(order)).any():
        assert grid.notes["rows_sorted"]


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


def test_stamps_that_hide_the_rate_are_not_taken_in_silence(caplog):
    place(np.round(np.arange(400) / 8, 1), unit="s", fs=None, tolerance=None, where="rounded.csv")
    assert "rounded.csv: at the guessed 10 Hz 20% of the samples have no row" in caplog.text
    caplog.clear()
    place(np.arange(400) / 8, unit="s", fs=None, tolerance=None, where="exact.csv")
    assert caplog.text == ""
