"""Annotations in and beside recordings of any format."""

import shutil

import numpy as np
import pytest

from fhr.errors import FormatError
from fhr.formats import Annotation, read_annotations, write
from fhr.recording import Recording


def test_annotations_beside_a_record(tmp_path):
    import wfdb

    one = Recording("a", np.full(400, 140.0), np.full(400, 5.0), 4)
    write(one, tmp_path / "a.hea")
    wfdb.wrann("a", "atr", np.array([40]), symbol=["N"], fs=4, write_dir=str(tmp_path))
    (tmp_path / "a.fhrh").write_text("0000080 $ DEC 60\n")
    (tmp_path / "ab.fhrh").write_text("of another recording")
    beat, zone = (Annotation(10, 0, "", "N"),), (Annotation(20, 15, "", "DEC"),)
    for path in ("a", "a.hea", "a.dat"):
        assert read_annotations(tmp_path / path) == {"a.atr": beat, "a.fhrh": zone}
    (tmp_path / "b.csv.gz").write_bytes(b"")
    assert read_annotations(tmp_path / "b.csv.gz") == {}
    shutil.copy(tmp_path / "a.atr", tmp_path / "b.atr")  # beside no WFDB record it may be anything
    assert read_annotations(tmp_path / "b.csv.gz") == {}
    for path, problem in ((tmp_path / "c.hea", "No such file"), (tmp_path / "c", "No such file"), (tmp_path, "folder")):
        with pytest.raises(FormatError, match=problem):
            read_annotations(path)


def test_a_damaged_file_of_annotations_hides_no_other(tmp_path, caplog):
    write(Recording("a", np.full(400, 140.0), np.full(400, 5.0), 4), tmp_path / "a.hea")
    (tmp_path / "a.atr").write_bytes(b"no annotations")
    with pytest.raises(FormatError, match=r"a\.atr: no annotation file"):
        read_annotations(tmp_path / "a")
    (tmp_path / "a.fhrh").write_text("0000080 $ DEC 60\n")
    assert read_annotations(tmp_path / "a") == {"a.fhrh": (Annotation(20, 15, "", "DEC"),)}
    assert "a.atr: no annotation file" in caplog.text


def test_annotations_in_an_edf_file(tmp_path):
    import edfio

    signal = edfio.EdfSignal(np.full(400, 140.0), 4, label="FHR", physical_dimension="bpm", physical_range=(0, 300))
    edfio.Edf([signal], annotations=[edfio.EdfAnnotation(5, 2, "epidural")]).write(tmp_path / "a.edf")
    assert read_annotations(tmp_path / "a.edf") == {"a.edf": (Annotation(5, 2, "epidural"),)}
    write(Recording("b", np.full(400, 140.0), np.full(400, 5.0), 4), tmp_path / "b.edf")
    assert read_annotations(tmp_path / "b.edf") == {}
