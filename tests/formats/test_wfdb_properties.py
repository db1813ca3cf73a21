"""What holds for any recording, and for any header."""

import dataclasses
from math import nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhr.errors import FHRError
from fhr.formats import read, write_wfdb
from fhr.recording import Clinical, Outcome, Recording

# Values of the file's grid of 0.01; 0 is left out, for it is the file's mark of a missing sample.
VALUE = st.one_of(
    st.just(nan), st.integers(1, 32767).map(lambda v: v / 100), st.integers(-3000, -1).map(lambda v: v / 100)
)


def known(low: int, high: int, per: int = 1) -> st.SearchStrategy[float]:
    return st.one_of(st.just(nan), st.integers(low * per, high * per).map(lambda v: v / per))


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    n = draw(st.integers(1, 40))
    signal = st.lists(VALUE, min_size=n, max_size=n)
    fs = draw(st.sampled_from([0.25, 1.0, 2.0, 4.0, 10.0, 33.3, 250.0]))
    stage2 = draw(st.one_of(st.just(nan), st.integers(0, n)))
    return Recording(
        name=draw(st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)),
        fhr=draw(signal),
        uc=draw(signal),
        mhr=draw(st.one_of(st.none(), signal)),
        fs=fs,
        outcome=Outcome(
            ph=draw(known(7, 7, 100)),
            bdecf=draw(known(-20, 40, 100)),
            be=draw(known(-45, 20, 10)),
            pco2=draw(known(1, 25, 10)),
            apgar1=draw(known(0, 10)),
            apgar5=draw(known(0, 10)),
        ),
        clinical=Clinical(weight=draw(known(300, 7000)), parity=draw(known(0, 30)), second_stage=draw(known(0, 600))),
        stage2_start=stage2 / fs,
    )


@given(recording=recordings())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_again(tmp_path, recording):
    header = write_wfdb(recording, tmp_path)
    again = read(header)
    for channel in ("fhr", "uc", "mhr"):
        np.testing.assert_array_equal(getattr(again, channel), getattr(recording, channel))
    assert (again.name, again.fs, again.history) == (recording.name, recording.fs, ())
    np.testing.assert_equal(dataclasses.asdict(again.outcome), dataclasses.asdict(recording.outcome))
    np.testing.assert_equal(dataclasses.asdict(again.clinical), dataclasses.asdict(recording.clinical))
    np.testing.assert_equal(again.stage2_start, recording.stage2_start)
    before = header.read_bytes(), header.with_suffix(".dat").read_bytes()
    write_wfdb(again, tmp_path)
    assert (header.read_bytes(), header.with_suffix(".dat").read_bytes()) == before


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    values = np.arange(100.0, 110.0)
    return write_wfdb(Recording("r1", values, values, 4.0, outcome=Outcome(ph=7.1)), tmp_path_factory.mktemp("valid"))


@pytest.fixture(scope="module")
def spoilt(valid: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spoilt")
    (folder / "r1.dat").write_bytes(valid.with_suffix(".dat").read_bytes())
    return folder / "r1.hea"


TOKENS = [
    "",
    " ",
    "\n",
    "#",
    "-1",
    "0",
    "nan",
    "inf",
    "1e999",
    "9" * 400,
    "\0",
    "..",
    "/",
    "(",
    ")",
    "FHR",
    "r1",
    "\t",
    "e",
]
PIECE = st.one_of(st.binary(max_size=3), st.sampled_from(TOKENS).map(str.encode))
EDIT = st.tuples(st.one_of(st.integers(0, 120), st.integers(0, 1100)), st.integers(0, 6), PIECE)


@given(edits=st.lists(EDIT, min_size=1, max_size=4))
def test_any_header_gives_a_recording_or_an_error_for_the_user(valid, spoilt, edits):
    text = valid.read_bytes()
    for position, length, piece in edits:
        text = text[:position] + piece + text[position + length :]
    spoilt.write_bytes(text)
    try:
        recording = read(spoilt)
    except FHRError:
        return
    assert len(recording) == 10
    assert not np.isinf(recording.fhr).any()
