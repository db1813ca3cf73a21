import hashlib
import io
import tracemalloc
import zipfile
from math import nan
from pathlib import Path

import numpy as np
import pytest

import fhr
from fhr.errors import FHRError, FormatError
from fhr.formats import read_npz, write_npz
from fhr.recording import Clinical, Outcome, Recording, Step


def npy(values: object, **kwargs: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, values, **kwargs)
    return file.getvalue()


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def test_everything_but_the_source_comes_back(tmp_path):
    recording = Recording(
        "Ä b/1",
        [140.1, nan, 0.0],
        [-1.5, 0.0, nan],
        3.7,
        mhr=[nan, 80, 81],
        outcome=Outcome(ph=7.05),
        clinical=Clinical(parity=0),
        stage2_start=0.1,
        history=(Step("clean", {"limits": [50, 200], "nested": {"a": None, "b": True}}), Step("done")),
    )
    path = write_npz(recording, tmp_path / "new" / "a.npz")
    again = fhr.read(path)
    for channel in ("fhr", "uc", "mhr"):
        np.testing.assert_array_equal(getattr(again, channel), getattr(recording, channel))
    assert (again.name, again.fs, again.stage2_start) == (recording.name, recording.fs, recording.stage2_start)
    assert again.history == recording.history
    np.testing.assert_equal(again.outcome, recording.outcome)
    np.testing.assert_equal(again.clinical, recording.clinical)
    assert again.source.format == "npz"
    assert again.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    first = path.read_bytes()
    assert write_npz(again, path).read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["a.npz"]
    with np.load(path, allow_pickle=False) as plain:  # numpy alone reads it
        assert set(plain) == {
            "format",
            "fhr",
            "uc",
            "mhr",
            "name",
            "fs",
            "stage2_start",
            "outcome",
            "clinical",
            "history",
        }


def test_a_recording_without_mhr_has_none_again(tmp_path):
    again = read_npz(write_npz(Recording("a", [140.0], [nan], 1.0), tmp_path / "a.NPZ"))
    assert again.mhr is None
    assert np.isnan(again.stage2_start)


def test_archives_of_others(tmp_path):
    np.savez(tmp_path / "a.npz", fhr=np.array([140, 0, 141]), fs=4, other=np.array([{}], dtype=object))
    recording = read_npz(tmp_path / "a.npz")
    np.testing.assert_array_equal(recording.fhr, np.float32([140, nan, 141]))
    assert np.isnan(recording.uc).all()
    assert (recording.name, recording.fs) == ("a", 4.0)
    assert fhr.read(tmp_path / "a.npz", fs=2).fs == 2.0


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "no array is known to be FHR; it holds no array"),
        ({"uc": npy([1.0])}, "no array is known to be FHR; it holds uc"),
        ({"fhr": npy([1.0])}, "no array is called fs or time; give fs in Hz"),
        ({"fhr": npy([1.0]), "fs": npy([4, 4])}, "fs holds 2 values of int64; the sampling rate is one number"),
        ({"fhr": npy([1.0]), "fs": npy(0)}, "sampling rate fs=0.0; it must be a positive number"),
        ({"fhr": npy([[1.0, 2.0]] * 2), "fs": npy(4)}, r"fhr is 2 x 2 of float64; a signal is n, n x 1"),
        ({"fhr": npy([]), "fs": npy(4)}, "fhr is 0 of float64"),
        ({"fhr": npy(["a"]), "fs": npy(4)}, "fhr is 1 of <U1"),
        ({"fhr": npy([1j]), "fs": npy(4)}, "fhr is 1 of complex128"),
        ({"fhr": npy([{}], allow_pickle=True), "fs": npy(4)}, "a pickled object, which is never loaded"),
        ({"fhr": npy([1.0])[:-1], "fs": npy(4)}, r"7 bytes for an array of \(1,\) float64"),
        ({"fhr": npy([1.0]) + b"0", "fs": npy(4)}, "9 bytes for an array"),
        ({"fhr": b"nonsense", "fs": npy(4)}, "not an intact NumPy archive"),
        ({"fhr": npy([1.0, np.inf]), "fs": npy(4)}, "fhr is infinite in row 2"),
        ({"fhr": npy([1.0]), "uc": npy([1.0, 2.0]), "fs": npy(4)}, "channels of unequal length"),
        ({"fhr": npy([1.0]), "format": npy("fhr npz 1"), "fs": npy("four")}, "fs is 'four'"),
        ({"fhr": npy([1.0]), "format": npy("fhr npz 1"), "fs": npy("4"), "outcome": npy('{"pH": 7}')}, "outcome is"),
        ({"fhr": npy([1.0]), "format": npy("fhr npz 1"), "fs": npy("4"), "name": npy("7")}, "name is '7'"),
        ({"fhr": npy([1.0]), "format": npy("fhr npz 1"), "fs": npy("4"), "history": npy("[{}]")}, "history is"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path, members, message):
    with pytest.raises(FHRError, match=message):
        read_npz(archive(tmp_path / "a.npz", **members))


def test_no_code_of_a_pickle_is_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path(tmp_path / "sprung").touch, ())

    np.savez(tmp_path / "a.npz", fhr=np.array([Trap()], dtype=object), fs=4)
    with pytest.raises(FormatError, match="never loaded"):
        read_npz(tmp_path / "a.npz")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("claimed", ["member", "header"])
def test_sizes_are_checked_before_memory_is_taken(tmp_path, claimed, monkeypatch):
    monkeypatch.setattr("fhr.formats.arrays.npz._MOST_BYTES", 1 << 20)
    if claimed == "member":  # 16 MB of zeros in 16 KB
        path = archive(tmp_path / "a.npz", fhr=npy(np.zeros(1 << 21)), fs=npy(4))
    else:
        huge = npy([1.0]).replace(b"(1,)", b"(9999999999,)".ljust(4))
        huge = huge.replace(b"(9999999999,), }         ", b"(9999999999,), }")  # the header keeps its length
        path = archive(tmp_path / "a.npz", fhr=huge, fs=npy(4))
    tracemalloc.start()
    with pytest.raises(FormatError, match=r"unpacks to \d+ bytes; too large|8 bytes for an array of \(9999999999,\)"):
        read_npz(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(FormatError, match="a: the recording holds no sample"):
        write_npz(Recording("a", [], [], 4.0), tmp_path / "a.npz")
    with pytest.raises(FormatError, match=r"suffix ''; the NumPy archive is called .npz"):
        write_npz(Recording("a", [140], [1], 4.0), tmp_path / "a")
    with pytest.raises(FormatError, match=r"its history cannot be written .*ndarray"):
        write_npz(Recording("a", [140], [1], 4.0, history=(Step("s", {"x": np.ones(2)}),)), tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", [1, b"v1", "mine", ["a", "b"]])
def test_an_array_called_format_of_other_make_is_no_matter(tmp_path, form):
    np.savez(tmp_path / "a.npz", fhr=np.full(10, 140.0), fs=4.0, format=form)
    assert read_npz(tmp_path / "a.npz").fs == 4.0
