"""Annotations of WFDB, written by the wfdb package and compared with what it reads."""

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhr.errors import FHRError, FormatError
from fhr.formats import Annotation, read_wfdb_annotations, write_wfdb
from fhr.recording import Recording

wfdb = pytest.importorskip("wfdb")

SAMPLES = [0, 4, 100, 1030, 70_000]
SYMBOLS = ['"', "N", '"', "+", "n"]
NOTES = ["mother turned", "", "start of stage 2", "(N", "end é"]


def annotated(folder: Path, *, fs: float | None = None, **more) -> Path:
    wfdb.wrann("r1", "atr", np.array(SAMPLES), symbol=SYMBOLS, aux_note=NOTES, fs=fs, write_dir=str(folder), **more)
    return folder / "r1.atr"


def test_annotations_agree_with_the_wfdb_package(tmp_path):
    path = annotated(tmp_path, fs=4)
    found = read_wfdb_annotations(path)
    assert [one.start_s for one in found] == [sample / 4 for sample in SAMPLES]
    assert [one.text for one in found] == NOTES
    assert [one.kind for one in found] == SYMBOLS
    assert found[1] == Annotation(1.0, 0.0, "", "N")
    theirs = wfdb.rdann(str(path.with_suffix("")), "atr")  # which leaves out the note at time 0
    assert [one.start_s * 4 for one in found[1:]] == theirs.sample.tolist()
    assert [one.kind for one in found[1:]] == theirs.symbol


def test_the_rate_is_that_of_the_header_beside_it_or_given(tmp_path):
    path = annotated(tmp_path)
    with pytest.raises(FormatError, match=r"r1.atr: neither it nor a header beside it tells .*; give fs, in Hz"):
        read_wfdb_annotations(path)
    assert read_wfdb_annotations(path, fs=2)[1].start_s == 2
    values = np.full(70_000, 140.0)
    write_wfdb(Recording("r1", values, values, 4.0), tmp_path)
    assert read_wfdb_annotations(path)[-1].start_s == 17_500
    with pytest.raises(FormatError, match="fs=2 was given, and the record has 4 Hz; leave fs out"):
        read_wfdb_annotations(path, fs=2)
    write_wfdb(Recording("r1", values[:-1], values[:-1], 4.0), tmp_path)
    with pytest.raises(FormatError, match=r"annotations from 0 to 17500 s, outside the record; are they of another"):
        read_wfdb_annotations(path)


def test_symbols_that_the_file_defines(tmp_path):
    labels = [(42, "Z", "contraction by hand")]
    wfdb.wrann("r1", "atr", np.array([4]), symbol=["Z"], custom_labels=labels, fs=4, write_dir=str(tmp_path))
    assert read_wfdb_annotations(tmp_path / "r1.atr") == (Annotation(1.0, 0.0, "", "Z"),)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x01\x04", "no annotation file of WFDB, or a damaged one"),
        (b"pH 7.14, a text, no annotations\n", "no annotation file of WFDB"),
        (b"\0\0\x01\x04\0\0", "4 bytes behind its end"),
        (struct.pack("<H", 63 << 10 | 2) + b"ab\0\0", "a text without its annotation"),
        (struct.pack("<2H", 1 << 10, 63 << 10 | 200) + b"ab\0\0", "a text without its annotation"),
        (struct.pack("<HhHHH", 59 << 10, -1, 0, 1 << 10, 0), "outside the record"),
        (b"", "the file is empty"),
    ],
)
def test_files_that_are_none(tmp_path, data, message):
    (tmp_path / "r1.atr").write_bytes(data)
    with pytest.raises(FormatError, match=message):
        read_wfdb_annotations(tmp_path / "r1.atr", fs=4)


@given(edits=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_gives_annotations_or_an_error_for_the_user(tmp_path, edits):
    data = annotated(tmp_path, fs=4).read_bytes()
    for position, length, piece in edits:
        data = data[:position] + piece + data[position + length :]
    (tmp_path / "r1.atr").write_bytes(data)
    try:
        found = read_wfdb_annotations(tmp_path / "r1.atr")
    except FHRError:
        return
    assert all(one.start_s >= 0 and one.text.isprintable() for one in found)
