"""Times that count from a date, in every format that holds them."""

import numpy as np
import pytest

from fhr.formats import read_npz, read_table
from fhr.formats.times.calendar_times import calendar_times

_T = np.arange(480) / 4
_UNIX = 1_710_496_800.25  # 2024-03-15 10:00:00.25


@pytest.mark.parametrize(
    "times",
    [
        _UNIX + _T,
        1e3 * (_UNIX + _T),
        1e6 * (_UNIX + _T),
        1e9 * (_UNIX + _T),
        25_569 + (_UNIX + _T) / 86_400,
        719_529 + (_UNIX + _T) / 86_400,
    ],
    ids=["s", "ms", "us", "ns", "days of spreadsheets", "days of MATLAB"],
)
@pytest.mark.parametrize("suffix", ["csv", "npz"])
def test_dates_are_known_and_gaps_are_kept(tmp_path, suffix, times):
    keep = np.r_[0:100, 140:480]
    fhr = 140 + np.sin(_T)
    if suffix == "npz":
        np.savez(tmp_path / "a.npz", time=times[keep], fhr=fhr[keep])
        recording = read_npz(tmp_path / "a.npz")
    else:
        rows = [f"{times[k]!r},{fhr[k]}".replace("np.float64(", "").replace(")", "") for k in keep]
        (tmp_path / "a.csv").write_text("time,fhr\n" + "\n".join(rows))
        recording = read_table(tmp_path / "a.csv")
    assert recording.fs == 4
    assert recording.date == "2024-03-15"
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(recording.fhr)), np.arange(100, 140))


def test_numbers_that_count_from_no_date_stay_as_they_are():
    for times, unit in ((_T, None), (_T * 1e3, "ms"), (_T / 60, "min"), (_T + 7e5, None)):
        found = calendar_times(times, unit)
        assert found.values is times
        assert found.unit == unit
        assert found.start is None
    assert calendar_times(_T / 86_400, None).unit == "s"  # a fraction of a day
