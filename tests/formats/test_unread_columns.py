"""Columns that are not read and yet tell what a file is: times with gaps, a sampling rate, several recordings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fhr
from fhr.errors import FormatError

ROWS = np.r_[0:20, 30:50]  # a gap of ten samples
RATE = 140.0 + np.arange(40) % 3
CLOCK = pd.Timestamp("2024-03-05 10:00") + pd.to_timedelta(ROWS / 4, unit="s")
VALUES = [
    *(np.arange(40), np.arange(40) / 4, np.arange(1, 41) // 4, np.round(np.arange(40) / 4, 1), np.full(40, 7)),
    *(
        RATE[::-1] - 100,
        np.cumsum(np.isin(np.arange(40), [3, 4, 9, 17, 18, 20, 33])),
        np.sin(ROWS),
        pd.date_range("2024-03-05", periods=40, freq="250ms").to_numpy(),
    ),
]


def save(folder: Path, suffix: str, **columns: object) -> Path:
    path = folder / f"a{suffix}"
    if suffix == ".npz":
        np.savez(path, fhr=RATE, **columns)
        return path
    table = pd.DataFrame({**columns, "FHR": RATE})
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
@pytest.mark.parametrize(
    "times",
    [
        np.delete(np.arange(41), 9) / 4,
        np.delete(np.arange(41), 9) // 4,
        ROWS,
        ROWS / 4,
        ROWS / 240,
        100 - ROWS / 4,
        ROWS // 4,
        CLOCK.to_numpy(),
    ],
)
def test_a_gap_beside_fs_is_not_closed(tmp_path, suffix, times):
    path = save(tmp_path, suffix, x=times)
    with pytest.raises(FormatError, match=r"x.? may be the time, and does not stay 0.25 s from row to row"):
        fhr.read(path, fs=4)
    assert len(fhr.read(path, fs=4, columns={"time": None})) == 40


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
@pytest.mark.parametrize("values", VALUES)
def test_columns_that_show_no_gap_are_passed_over(tmp_path, suffix, values):
    recording = fhr.read(save(tmp_path, suffix, x=values), fs=4)
    np.testing.assert_array_equal(recording.fhr, np.float32(RATE))
    assert recording.history[0].parameters["passed_over"] == ["x"]


def test_seconds_of_each_minute_are_no_times_to_read(tmp_path):
    with pytest.raises(FormatError, match=r"may be the time, and .*; write times that rise throughout into one column"):
        fhr.read(save(tmp_path, ".csv", x=np.arange(40) % 20), fs=1)


@pytest.mark.parametrize(("name", "second"), [("sec", 1), ("Sekunden", 1), ("Minuten", 60), ("Stunden", 3600)])
def test_a_column_that_is_called_after_a_unit_of_time_is_the_time(tmp_path, name, second):
    recording = fhr.read(save(tmp_path, ".csv", **{name: ROWS / 4 / second}), fs=4)
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(recording.fhr)), ROWS)


def test_an_index_of_dates_is_the_time_and_one_of_numbers_is_offered(tmp_path):
    pd.DataFrame({"FHR": RATE}, index=CLOCK).to_csv(tmp_path / "a.csv")
    recording = fhr.read(tmp_path / "a.csv")
    expected = np.full(50, np.nan, np.float32)
    expected[ROWS] = RATE
    np.testing.assert_array_equal(recording.fhr, expected)
    pd.DataFrame({"FHR": RATE}, index=ROWS).to_csv(tmp_path / "a.csv")
    with pytest.raises(FormatError, match=r"column 0 may be the time, and gives neither time nor fs"):
        fhr.read(tmp_path / "a.csv")
    said = r"columns=\{'time': 0\}, with units=\{'time': 'sample'\} if it counts samples, reads it"
    with pytest.raises(FormatError, match=said):
        fhr.read(tmp_path / "a.csv", fs=4)
    recording = fhr.read(tmp_path / "a.csv", fs=4, columns={"time": 0}, units={"time": "sample"})
    np.testing.assert_array_equal(recording.fhr, expected)
    assert recording.history[0].parameters["columns"]["time"] == 0


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_several_recordings_are_refused_and_numbered_rows_are_not(tmp_path, suffix):
    for name in ("id", "patient_id", "baby"):
        with pytest.raises(FormatError, match=f"column '{name}' names 2 recordings, '1' and '2' the first"):
            fhr.read(save(tmp_path, suffix, **{name: np.arange(40) // 20 + 1}), fs=4)
    with pytest.raises(FormatError, match="names 40 recordings"):
        fhr.read(save(tmp_path, suffix, id=[f"P{k}" for k in range(40)]), fs=4)
    assert len(fhr.read(save(tmp_path, suffix, id=np.arange(40)), fs=4)) == 40
    assert len(fhr.read(save(tmp_path, suffix, baby=RATE), fs=4, columns={"fhr": "baby"})) == 40


@pytest.mark.parametrize(
    "content",
    ["# fs: 4\nfhr;uc\n{}", "Start;05.03.2024;\nSampling rate;4 Hz\nfhr;uc\n{}", "fhr;uc;fs\n{4}", "fhr;uc;fs\n{4 Hz}"],
)
def test_a_rate_that_a_table_says_is_taken_and_not_contradicted(tmp_path, content):
    before, _, fs = content.rstrip("}").partition("{")
    lines = [f"{rate:g};7" + (f";{fs}" if fs else "") for rate in RATE]
    (tmp_path / "a.csv").write_text(before + "\n".join(lines) + "\n")
    recording = fhr.read(tmp_path / "a.csv")
    assert (len(recording), recording.fs) == (40, 4)
    assert "4" in recording.history[0].parameters["fs_from"]
    with pytest.raises(FormatError, match="fs=1, and the file says"):
        fhr.read(tmp_path / "a.csv", fs=1)
    timed = [f"{row / 2};{line}" for row, line in enumerate(lines)]
    (tmp_path / "a.csv").write_text(before.replace("fhr;", "time;fhr;") + "\n".join(timed) + "\n")
    timed = fhr.read(tmp_path / "a.csv")
    assert (timed.fs, timed.history[0].parameters["fs_said"]) == (2, recording.history[0].parameters["fs_from"])
    if "Start" in before:
        assert recording.history[0].parameters["above"][0] == "Start;05.03.2024;"
