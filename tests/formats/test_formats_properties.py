"""What holds for any recording in any format, and for any bytes."""

import dataclasses
import io
import zipfile
from collections.abc import Callable
from math import nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import savemat

import fhr
from fhr.errors import FHRError
from fhr.formats import write_npz, write_table
from fhr.recording import Clinical, Outcome, Recording, Step

VALUE = st.one_of(st.just(nan), st.floats(allow_nan=False, allow_infinity=False, width=32))
NUMBER = st.one_of(st.just(nan), st.floats(-1e6, 1e6))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    n = draw(st.integers(1, 40))
    signal = st.lists(VALUE, min_size=n, max_size=n)
    return Recording(
        name=draw(TEXT),
        fhr=draw(signal),
        uc=draw(signal),
        mhr=draw(st.one_of(st.none(), signal)),
        fs=draw(st.one_of(st.sampled_from([0.25, 1.0, 2.0, 4.0, 8.0, 33.3]), st.floats(0.05, 900))),
        outcome=Outcome(ph=draw(NUMBER), be=draw(NUMBER), apgar5=draw(NUMBER)),
        clinical=Clinical(weight=draw(NUMBER), sensor=draw(NUMBER)),
        stage2_start=draw(NUMBER),
        history=tuple(Step(draw(TEXT), draw(st.dictionaries(TEXT, PLAIN, max_size=2))) for _ in range(2)),
    )


@given(recording=recordings())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize(("write", "name"), [(write_table, "a.csv"), (write_table, "a.tsv"), (write_npz, "a.npz")])
def test_what_is_written_is_read_again(tmp_path, write, name, recording):
    again = fhr.read(write(recording, tmp_path / name))
    for channel in ("fhr", "uc", "mhr"):
        np.testing.assert_array_equal(getattr(again, channel), getattr(recording, channel))
    for part in ("outcome", "clinical"):
        np.testing.assert_equal(dataclasses.asdict(getattr(again, part)), dataclasses.asdict(getattr(recording, part)))
    assert (again.name, again.fs, again.history) == (recording.name, recording.fs, recording.history)
    np.testing.assert_equal(again.stage2_start, recording.stage2_start)


@pytest.mark.parametrize("fs", [1, 2, 3, 4, 5, 6, 7, 8])
def test_ten_seconds_at_any_rate(tmp_path, fs):
    rates = 140 + np.arange(10.0 * fs)
    recording = Recording("a", rates, np.full(10 * fs, nan), float(fs))
    savemat(tmp_path / "a.mat", {"fhr": rates, "fs": fs})
    for path in (write_table(recording, tmp_path / "a.csv"), write_npz(recording, tmp_path / "a.npz"), "a.mat"):
        again = fhr.read(tmp_path / path)
        np.testing.assert_array_equal(again.fhr, recording.fhr)
        assert np.isnan(again.uc).all()
        assert (again.fs, again.duration) == (fs, 10)


def valid_files() -> dict[str, bytes]:
    """A small valid file of each format, by name."""
    values = np.arange(100.0, 110.0)
    columns = {"fhr": values, "toco": values, "fs": 4.0, "s": {"mhr": values}}
    compressed, plain, old = io.BytesIO(), io.BytesIO(), io.BytesIO()
    savemat(compressed, columns, do_compression=True)
    savemat(plain, columns)
    savemat(old, {name: column for name, column in columns.items() if name != "s"}, format="4")
    stored = np.zeros((10, 8), np.uint8)
    stored[:, ::2] = 1 + np.arange(10)[:, None]
    with_times = "".join(f"2020-01-01 10:00:{i:02};{v:.1f};7\n".replace(".", ",") for i, v in enumerate(values))
    return {
        "a.fhr": bytes(4) + stored[:, :6].tobytes(),
        "a.fhrm": bytes(4) + stored.tobytes(),
        "plain.csv": ("time,fhr,uc\n" + "".join(f"{i / 4},{v},1\n" for i, v in enumerate(values))).encode(),
        "dates.csv": f"time;fhr;uc\n{with_times}".encode(),
        "compressed.mat": compressed.getvalue(),
        "plain.mat": plain.getvalue(),
        "old.mat": old.getvalue(),
    }


VALID = valid_files()
OURS: dict[str, Callable[[Recording, Path], Path]] = {"ours.csv": write_table, "ours.npz": write_npz}


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("valid")
    values = np.arange(100.0, 110.0)
    recording = Recording("r", values, values, 4.0, outcome=Outcome(ph=7.1), history=(Step("s", {"a": [1]}),))
    files = VALID | {name: write(recording, folder / name).read_bytes() for name, write in OURS.items()}
    with zipfile.ZipFile(folder / "ours.npz") as archive, zipfile.ZipFile(folder / "stored.npz", "w") as stored:
        for name in archive.namelist():  # without compression the arrays' own headers are hit
            stored.writestr(name, archive.read(name))
    return files | {"stored.npz": (folder / "stored.npz").read_bytes()}


NAMES = [*VALID, *OURS, "stored.npz"]
TOKENS = [
    "",
    " ",
    "\n",
    "#",
    ",",
    ";",
    "\t",
    '"',
    "-1",
    "0",
    "nan",
    "inf",
    "1e999",
    "9" * 400,
    "\0",
    "é",
    "{",
    "[" * 500,
]
PIECE = st.one_of(st.binary(max_size=4), st.sampled_from(TOKENS).map(str.encode))
EDIT = st.tuples(st.floats(0, 1), st.integers(0, 6), PIECE)


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_valid_before_they_are_spoilt(valid, tmp_path, name):
    (tmp_path / name).write_bytes(valid[name])
    assert len(fhr.read(tmp_path / name)) == 10


@pytest.mark.parametrize("name", NAMES)
@given(edits=st.lists(EDIT, min_size=1, max_size=4), cut=st.one_of(st.just(1.0), st.floats(0, 1)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_recording_or_an_error_for_the_user(valid, tmp_path, name, edits, cut):
    data = valid[name]
    for place, length, piece in edits:
        position = int(place * len(data))
        data = data[:position] + piece + data[position + length :]
    (tmp_path / name).write_bytes(data[: int(cut * len(data))])
    try:
        recording = fhr.read(tmp_path / name)
    except FHRError:
        return
    assert len(recording) >= 1
    assert not np.isinf(recording.fhr).any()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".npz", ".mat", ".fhr", ".fhrm"])
@given(data=st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_gives_a_recording_or_an_error_for_the_user(tmp_path, suffix, data):
    (tmp_path / f"a{suffix}").write_bytes(data)
    try:
        fhr.read(tmp_path / f"a{suffix}")
    except FHRError:
        return
    assert suffix in (".fhr", ".fhrm")
