"""Heart rate and uterine activity of one labour in two files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from fhr.errors import FormatError
from fhr.formats import join, read, write_npz
from fhr.recording import Recording

N = 240
BEGIN = datetime(2024, 3, 15, 23, 59, 0)
RATE, ACTIVITY = 140 + np.arange(N) % 9, 10 + np.arange(N) % 7


def table(path: Path, name: str, values: np.ndarray, begin: datetime | float = 0.0, fs: float = 4.0) -> Path:
    times = [
        begin + timedelta(seconds=i / fs) if isinstance(begin, datetime) else begin + i / fs for i in range(len(values))
    ]
    rows = (
        f"{time.isoformat() if isinstance(time, datetime) else time},{v}\n"
        for time, v in zip(times, values, strict=True)
    )
    path.write_text(f"time,{name}\n{''.join(rows)}")
    return path


@pytest.mark.parametrize("seconds", [0, 7.5, -20.25, 59.75, -59.75])
def test_clocks_place_them(tmp_path, seconds):
    first = table(tmp_path / "4711_fhr.csv", "fhr", RATE, BEGIN)
    second = table(tmp_path / "4711_toco.csv", "toco", ACTIVITY, BEGIN + timedelta(seconds=seconds))
    joined = join(first, second)
    offset = round(seconds * 4)
    n = N + abs(offset)
    fhr, uc = np.full(n, np.nan), np.full(n, np.nan)
    fhr[max(0, -offset) :][:N], uc[max(0, offset) :][:N] = RATE, ACTIVITY
    np.testing.assert_array_equal(joined.fhr, fhr)
    np.testing.assert_array_equal(joined.uc, uc)
    assert (joined.name, joined.fs, joined.date) == ("4711", 4.0, "2024-03-15")
    assert joined.history[0].parameters["start"][:19] == (BEGIN + timedelta(seconds=min(0, seconds))).isoformat()[:19]
    step = joined.history[-1]
    assert (step.name, step.parameters["by"], step.parameters["offset_s"]) == ("join", "clock", seconds)
    assert step.parameters["activity_from"] == "4711_toco.csv"


def test_without_clocks_equal_length_rate_and_begin_join_them(tmp_path):
    write_npz(Recording("x", RATE, np.full(N, np.nan), 4.0), tmp_path / "7.npz")
    joined = join(tmp_path / "7.npz", table(tmp_path / "7_uc.csv", "uc", ACTIVITY))
    np.testing.assert_array_equal(joined.uc, ACTIVITY)
    np.testing.assert_array_equal(joined.fhr, RATE)
    assert joined.source.sha256 not in ("", read(tmp_path / "7.npz").source.sha256)


def test_options_go_to_the_file_of_their_channel(tmp_path):
    first = tmp_path / "a.csv"
    first.write_text("puls\n" + "".join(f"{v / 60:.6f}\n" for v in RATE))
    second = tmp_path / "b.csv"
    second.write_text("nr;druck\n" + "".join(f"{i};{v / 10}\n" for i, v in enumerate(ACTIVITY)))
    joined = join(first, second, columns={"fhr": "puls", "uc": "druck"}, units={"fhr": "hz", "uc": "kpa"}, fs=4)
    np.testing.assert_allclose(joined.fhr, RATE, atol=1e-3)
    np.testing.assert_allclose(joined.uc, ACTIVITY / 10 * 7.50062, rtol=1e-4)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({}, {"values": ACTIVITY[:-2]}, "240 and 238 samples from 0 s and 0 s, so that nothing tells which belong"),
        ({}, {"begin": 10.0}, "from 0 s and 10 s"),
        ({"begin": BEGIN}, {"begin": 0.0}, "from 2024-03-15T23:59:00 and 0 s"),
        (
            {"begin": BEGIN},
            {"begin": BEGIN + timedelta(seconds=0.125)},
            "begin 0.125 s apart, no whole number of samples",
        ),
        ({"begin": BEGIN}, {"begin": BEGIN + timedelta(seconds=60)}, "they begin 60 s apart and do not overlap"),
        ({"begin": BEGIN.replace(tzinfo=UTC)}, {"begin": BEGIN}, "the times of 1_fhr.csv have a time zone, those of"),
        ({"begin": BEGIN}, {"begin": BEGIN.replace(tzinfo=UTC)}, "the times of 1_uc.csv have a time zone, those of"),
        ({}, {"fs": 1.0}, "rates of 4 and 1 Hz; resample one of them"),
    ],
)
def test_what_does_not_meet_is_refused(tmp_path, first, second, message):
    one = table(tmp_path / "1_fhr.csv", **{"name": "fhr", "values": RATE, **first})
    other = table(tmp_path / "1_uc.csv", **{"name": "uc", "values": ACTIVITY, **second})
    with pytest.raises(FormatError, match=message) as error:
        join(one, other)
    assert "1_fhr.csv and 1_uc.csv" in str(error.value)


def test_activity_is_never_replaced_and_never_a_heart_rate(tmp_path):
    whole = tmp_path / "1.csv"
    whole.write_text("time,fhr,uc\n" + "".join(f"{i / 4},140,{v}\n" for i, v in enumerate(ACTIVITY)))
    with pytest.raises(FormatError, match="the first holds uterine activity of its own"):
        join(whole, table(tmp_path / "1_uc.csv", "uc", ACTIVITY))
    with pytest.raises(FormatError, match="no column is known to be UC"):
        join(table(tmp_path / "2_fhr.csv", "fhr", RATE), table(tmp_path / "3_fhr.csv", "fhr", RATE))
