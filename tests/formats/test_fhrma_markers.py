"""Markers beside FHRMA and OpenCTG recordings."""

import logging
from pathlib import Path

import numpy as np
import pytest

import fhr
from fhr.errors import FormatError
from fhr.formats import Annotation, read_fhrma_markers
from fhr.recording import Recording, Source

TEXT = (
    "0000000 §monitor model=M1350A serial=X\n0000040 £!Monitor failure 503\n0000080 £Red=Doppler\r\n\n"
    "0000120 Labour starts\n0000160 epidural\rstarted\n0000200 $ ACC 192\n0000400 £2nd stage\n"
)


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A recording of 200 s, and its markers."""
    (tmp_path / "a.fhr").write_bytes(bytes(4) + bytes([48, 2, 0, 0, 10, 0]) * 800)
    (tmp_path / "a.fhrh").write_text(TEXT, encoding="utf-8", newline="")
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_markers_of_every_kind(marked, encoding):
    path = marked / "a.MARKS"
    path.write_text(TEXT, encoding=encoding, newline="")
    assert read_fhrma_markers(path, fhr.read(marked / "a.fhr")) == (
        Annotation(0, 0, "monitor model=M1350A serial=X", "§"),
        Annotation(10, 0, "Monitor failure 503", "£!"),
        Annotation(20, 0, "Red=Doppler", "£"),
        Annotation(30, 0, "Labour starts"),
        Annotation(40, 0, "epidural\nstarted"),
        Annotation(50, 48, "", "ACC"),
        Annotation(100, 0, "2nd stage", "£"),
    )


@pytest.mark.parametrize("text", ["£2nd stage", "£Expulsion", "£expulsion "])
def test_the_second_stage_where_it_is_asked_for(marked, text, caplog):
    caplog.set_level(logging.INFO, "fhr.formats.fhrma.recording")
    assert np.isnan(fhr.read(marked / "a.fhr").stage2_start)
    assert "markers lie beside it in" in caplog.text
    (marked / "a.fhrh").write_text(f"0000399 Question\n0000400 {text}\n", encoding="utf-8")
    assert fhr.read(marked / "a.fhr", markers=marked / "a.fhrh").stage2_start == 100
    (marked / "a.fhrh").write_text("0000400 epidural\n", encoding="utf-8")
    assert np.isnan(fhr.read(marked / "a.fhr", markers=marked / "a.fhrh").stage2_start)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("40 Labour starts", "'40 Labour starts' is no marker; write seven digits"),
        ("0000040", "is no marker"),
        ("0000040  ", "is no marker"),
        ("0000040;text", "is no marker"),
        ("00000400 text", "is no marker"),
        ("-000040 text", "is no marker"),
        ("0000040 $ ACC", "'$ ACC' is no zone; write it as $ ACC 192"),
        ("0000040 $ ACC x", "is no zone"),
        ("0000800 late", "200 s, in a of 200 s; the markers are of another recording, give theirs"),
        ("0000700 $ DEC 102", "200.5 s, in a of 200 s; the markers are of another recording"),
        ("0000400 £Expulsion\n0000404 £2nd stage", "the second stage begins at 100 s, 101 s; keep one of them"),
    ],
)
def test_lines_that_are_no_markers_of_this_recording(marked, line, said):
    (marked / "a.fhrh").write_text(f"0000000 first\n{line}\n", encoding="utf-8")
    with pytest.raises(FormatError) as error:
        fhr.read(marked / "a.fhr", markers=marked / "a.fhrh")
    assert said in str(error.value)
    assert "line 2" in str(error.value) or "keep one" in said


def test_a_name_of_another_recording_is_told(marked, caplog):
    silent = np.full(800, np.nan)
    other = Recording("b", silent, silent, 4.0, source=Source("x/b.fhr", "fhrma"))
    assert len(read_fhrma_markers(marked / "a.fhrh", other)) == 7
    assert "a.fhrh: the recording is x/b.fhr; markers are called after theirs" in caplog.text


def test_another_suffix(marked):
    with pytest.raises(FormatError, match=r"suffix '.fhr'; the marker file is called .fhrh or .marks"):
        read_fhrma_markers(marked / "a.fhr")
