"""Parquet files: by pandas, by pyarrow, and our own."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fhr
from fhr.errors import FHRError, FormatError
from fhr.formats import contents_of, not_kept, read_parquet, write_parquet
from fhr.recording import Clinical, Outcome, Provenance, Recording, Step

N = 240  # a minute at 4 Hz
RATE = np.rint(140 + 8 * np.sin(np.arange(N) / 9))
ACTIVITY = np.rint(30 + 25 * np.sin(np.arange(N) / 31))
STAMPS = pd.date_range("2024-03-02 23:59:30", periods=N, freq="250ms")
GAP = [row for row in range(N) if not 100 <= row < 120]
WITH_GAP = np.where(np.isin(np.arange(N), GAP), np.float32(RATE), np.float32(np.nan))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.parquet"


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"FHR [bpm]": RATE, "toco": ACTIVITY, **columns})


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int16", "uint8", "Int32", "category"])
def test_numbers_of_any_type(path, dtype):
    frame(fs=4.0).astype({"FHR [bpm]": dtype, "toco": dtype}).to_parquet(path)
    recording = fhr.read(path)
    np.testing.assert_array_equal(recording.fhr, np.float32(RATE))
    np.testing.assert_array_equal(recording.uc, np.float32(ACTIVITY))
    assert (recording.name, recording.source.format, recording.fs) == ("a", "parquet", 4.0)


def test_nulls_are_missing(path):
    column = pa.array([140, None, 0, 141], pa.int16())
    pq.write_table(pa.table({"fhr": column, "uc": pa.array([1.5, math.nan, 2, None])}), path)
    recording = read_parquet(path, fs=4)
    np.testing.assert_array_equal(recording.fhr, np.float32([140, np.nan, np.nan, 141]))
    np.testing.assert_array_equal(recording.uc, np.float32([1.5, np.nan, 2, np.nan]))


TIMES = {
    "dates": STAMPS,
    "dates of a zone": STAMPS.tz_localize("Europe/Berlin"),
    "dates in ms": STAMPS.astype("datetime64[ms]"),
    "durations": STAMPS - STAMPS[0],
    "seconds": np.arange(N) / 4,
    "milliseconds": np.arange(N) * 250,
    "sample numbers": pd.Index(np.arange(N), name="sample"),
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
@pytest.mark.parametrize("where", ["column", "index"])
def test_times_place_the_rows(path, times, where):
    name = getattr(times, "name", None) or "time"
    table = frame(**{name: times}).iloc[GAP]
    (table.set_index(name) if where == "index" else table).to_parquet(path)
    recording = read_parquet(path, fs=4 if name == "sample" else None)
    np.testing.assert_array_equal(recording.fhr, WITH_GAP)
    assert recording.fs == 4
    assert recording.date == ("2024-03-02" if isinstance(times, pd.DatetimeIndex) else "")


def test_an_index_without_a_name(path):
    frame().set_index(STAMPS).iloc[GAP].to_parquet(path)
    np.testing.assert_array_equal(read_parquet(path).fhr, WITH_GAP)
    frame().iloc[GAP].to_parquet(path)  # rows that were left out are known by their numbers
    np.testing.assert_array_equal(read_parquet(path, fs=4).fhr, WITH_GAP)
    frame().iloc[::2].to_parquet(path)
    with pytest.raises(FormatError, match="its index counts in steps of '2', rows are left out"):
        read_parquet(path, fs=4)
    for index in (True, False, None):
        frame().to_parquet(path, index=index)
        np.testing.assert_array_equal(read_parquet(path, fs=4).fhr, np.float32(RATE))


def test_numbers_and_times_that_are_text(path):
    texts = [f"{value:.1f}".replace(".", ",") for value in RATE]
    stamps = [f"{stamp:%d.%m.%Y %H:%M:%S.%f}" for stamp in STAMPS]
    pd.DataFrame({"Zeit": stamps, "FHR": texts, "UC": ACTIVITY}).iloc[GAP].to_parquet(path, index=False)
    recording = read_parquet(path)
    np.testing.assert_array_equal(recording.fhr, WITH_GAP)
    assert recording.date == "2024-03-02"


def test_times_of_day(path):
    clock = pa.array([int(1000 * (36000 + i / 4)) for i in range(N)], pa.int32()).cast(pa.time32("ms"))
    pq.write_table(pa.table({"time": clock, "fhr": RATE}), path)
    assert (read_parquet(path).fs, len(read_parquet(path))) == (4, N)


def test_units_of_the_columns(path):
    fields = [
        pa.field("fhr", pa.float64(), metadata={"unit": "Hz"}),
        pa.field("uc", pa.float64(), metadata={"unit": "kPa"}),
    ]
    pq.write_table(pa.table([RATE / 60, ACTIVITY], schema=pa.schema(fields)), path)
    recording = read_parquet(path, fs=4)
    np.testing.assert_allclose(recording.fhr, RATE, rtol=1e-6)
    np.testing.assert_allclose(recording.uc, ACTIVITY * 7.50062, rtol=1e-6)
    assert recording.history[0].parameters["units"] == {"fhr": "hz", "uc": "kpa"}


def test_two_transducers_and_columns_that_are_named(path):
    first = np.where(np.arange(N) < 120, RATE, np.nan)
    second = np.where(np.arange(N) >= 120, RATE, np.nan)
    pd.DataFrame({"fhr1": first, "fhr2": second, "pulse": RATE - 60}).to_parquet(path)
    np.testing.assert_array_equal(read_parquet(path, fs=4).fhr, np.float32(RATE))
    recording = read_parquet(path, fs=4, columns={"fhr": "fhr1", "mhr": "pulse"})
    np.testing.assert_array_equal(recording.mhr, np.float32(RATE - 60))
    assert np.isnan(recording.fhr[120:]).all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"a": RATE}, "no column is known to be FHR; it holds a; say columns="),
        ({"fhr": RATE}, "no column is called fs or time; give fs in Hz"),
        ({"fhr": ["140", "high"]}, "row 2, column 'fhr', holds 'high'"),
        ({"fhr": ["140", "x" * 99]}, "column 'fhr' holds text, no numbers or times"),
        ({"fhr": RATE > 140}, "column 'fhr' holds bool"),
        ({"fhr": [[1.0, 2.0]] * N}, "column 'fhr' holds list"),
        ({"fhr": RATE, "Fetal heart rate": RATE}, "both look like fhr"),
        ({"patient_id": [1, 2], "fhr": RATE[:2]}, "column 'patient_id' names 2 recordings, '1' and '2' the first"),
        ({"record": ["a", "b"], "fhr": RATE[:2]}, "column 'record' names 2 recordings, 'a' and 'b' the first"),
        ({"fhr": RATE[:0]}, "0 rows of 1 columns"),
    ],
)
def test_what_is_wrong_is_refused_by_name(path, table, message):
    pq.write_table(pa.table(table), path)
    with pytest.raises(FormatError, match=message):
        read_parquet(path)


def test_damage_and_arguments(path):
    pq.write_table(pa.table({"fhr": RATE}), path)
    whole = path.read_bytes()
    with pytest.raises(FHRError, match="the channels are fhr, uc, mhr, time, fs"):
        read_parquet(path, columns={"toco": "x"})
    for data in (b"PAR1", whole[:-9], b"x" * 100):
        path.write_bytes(data)
        with pytest.raises(FormatError, match="no intact Parquet file"):
            read_parquet(path, fs=4)
    path.write_bytes(whole[:4] + bytes(40) + whole[44:])
    with pytest.raises(FormatError, match="column 'fhr' is damaged"):
        read_parquet(path, fs=4)


VALUES = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6, width=32))


@given(
    values=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=50),
    with_mhr=st.booleans(),
    fs=st.sampled_from([4.0, 1.0, 1 / 3, 250.0]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_again(path, values, with_mhr, fs):
    rates, activity = np.float32(values).T
    made = Recording(
        "r 1",
        rates,
        activity,
        fs,
        mhr=rates[::-1] if with_mhr else None,
        outcome=Outcome(ph=7.1),
        clinical=Clinical(weight=3210),
        stage2_start=1.5,
        history=(Step("read", {"format": "x"}), Step("s", {"a": [1, "ü"]})),
        provenance=Provenance("synthetic", "gan (seed=1)", ("a" * 64,)),
    )
    again = read_parquet(write_parquet(made, path))
    assert not_kept(made, again) == {}
    assert again.digest == made.digest
    table = pd.read_parquet(path)  # as others see it
    np.testing.assert_array_equal(table["fhr"], rates)
    np.testing.assert_array_equal(table["time_s"], np.arange(len(made)) / fs)


def test_rows_that_were_taken_out_of_ours_are_gaps(path):
    made = Recording("r1", RATE, ACTIVITY, 4.0, provenance=Provenance("simulated", "x"))
    table = pq.read_table(write_parquet(made, path))
    pq.write_table(table.take(GAP), path)
    again = read_parquet(path)
    np.testing.assert_array_equal(again.fhr, WITH_GAP)
    assert again.provenance == made.provenance
    assert again.history[-1].parameters["samples_without_row"] == 20


def test_metadata_that_are_damaged_are_refused(path):
    made = Recording("r1", RATE, ACTIVITY, 4.0, provenance=Provenance("simulated", "x"))
    table = pq.read_table(write_parquet(made, path))
    texts = json.loads(table.schema.metadata[b"fhr parquet 1"])
    for wrong in (b"{", b"[1]", json.dumps(texts | {"provenance": "{}"}), json.dumps(texts | {"fs": 4})):
        pq.write_table(table.replace_schema_metadata({"fhr parquet 1": wrong}), path)
        with pytest.raises(FormatError, match=r"its metadata are damaged|provenance is"):
            read_parquet(path)
    with pytest.raises(FormatError, match="holds no sample"):
        write_parquet(replace(made, fhr=RATE[:0], uc=RATE[:0]), path)


def test_a_folder_tells_recordings_from_tables(tmp_path):
    write_parquet(Recording("r1", RATE, ACTIVITY, 4.0), tmp_path / "r1.parquet")
    pd.DataFrame({"record": ["r1"], "ph": [7.1]}).to_parquet(tmp_path / "outcomes.parquet")
    pd.DataFrame({"puls": RATE}).to_parquet(tmp_path / "puls.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    found = contents_of(tmp_path)
    assert [path.name for path in found.recordings] == ["broken.parquet", "r1.parquet"]
    assert [path.name for path in found.others] == ["outcomes.parquet"]
    assert "no column is known to be FHR; it holds puls" in next(iter(found.left_out.values()))
    assert len(contents_of(tmp_path, columns={"fhr": "puls"}).recordings) == 3
