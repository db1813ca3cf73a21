"""`fhr.read` and `recordings_in` over every format."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

import fhr
from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.formats import recordings_in, write_npz, write_table, write_wfdb
from fhr.recording import Recording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recording = Recording("r", [140.0, 141.0], [1.0, 2.0], 4.0)
    write_wfdb(recording, tmp_path)
    write_table(recording, tmp_path / "b.csv")
    write_table(recording, tmp_path / "c.TSV")
    write_npz(recording, tmp_path / "d.npz")
    savemat(tmp_path / "e.MAT", {"fhr": recording.fhr, "fs": 4.0})
    (tmp_path / "f.fhr").write_bytes(bytes(4) + bytes([48, 2, 0, 0, 10, 0]) * 2)
    (tmp_path / "g.FHRM").write_bytes(bytes(4) + bytes([48, 2, 0, 0, 64, 1, 10, 0]) * 2)
    return tmp_path


def test_every_recording_of_a_folder_once(folder):
    (folder / "events.csv").write_text("record,kind,start_s,end_s\na,ACC,1,2\n")
    (folder / "notes.txt").write_text("of the night shift\nfhr was fine\n")
    (folder / "._b.csv").write_text("time,fhr\n0,140\n")
    (folder / "noise.csv").write_bytes(b"\0\xff" * 50)
    (folder / "lonely.dat").write_bytes(b"\0\0")
    (folder / "deeper.csv").mkdir()
    (folder / "two.csv").write_text("time,fhr,hr\n0,140,80\n")  # read or refused, never left out
    paths = recordings_in(folder)
    assert [p.name for p in paths] == ["b.csv", "c.TSV", "d.npz", "e.MAT", "f.fhr", "g.FHRM", "r.hea", "two.csv"]
    for path in paths[:-1]:
        recording = fhr.read(path)
        assert len(recording) == 2
        assert np.nanmean(recording.fhr) in (140.0, 140.5)
    assert recordings_in(str(folder)) == paths


def test_real_folders():
    if not os.environ.get("FHR_DATA"):
        pytest.skip("set FHR_DATA to the folder of the real sets")
    counts = {"ctu-uhb-ctgdb": 442, "fhrma-morphology": 33, "fhrma-false-signals": 779}
    for name, count in counts.items():
        assert len(recordings_in(Path(os.environ["FHR_DATA"]) / name)) == count


def test_what_is_no_folder_is_refused(tmp_path):
    assert recordings_in(tmp_path) == []
    for path in (tmp_path / "none", "\0"):
        with pytest.raises(DatasetNotFoundError, match="is not a folder; give one that holds recordings"):
            recordings_in(path)


SUFFIXES = [".csv", ".tsv", ".npz", ".mat", ".fhr", ".fhrm", ".hea", ".dat", ""]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_files_folders_and_empty_files_are_refused(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    with pytest.raises(FormatError, match=r"No such file or directory"):
        fhr.read(path)
    path.write_bytes(b"")
    with pytest.raises(FormatError):
        fhr.read(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(FormatError, match=r"is a folder; fhr.read takes one recording"):
        fhr.read(path)
    with pytest.raises(FormatError):
        fhr.read(f"\0{suffix}")


def test_options_that_a_format_does_not_take_are_refused(folder):
    for name, takes in {
        "r.hea": "read_wfdb takes columns, units, fs",
        "f.fhr": "read_fhrma takes channel",
        "d.npz": "read_npz takes .*fs",
        "e.MAT": "read_mat takes .*fs",
    }.items():
        with pytest.raises(FHRError, match=f"option 'colour'; {takes}"):
            fhr.read(folder / name, colour=1)
    with pytest.raises(FHRError, match="option 'fs'; read_fhrma takes channel"):
        fhr.read(folder / "f.fhr", fs=1)
