"""HDF5 files by h5py: of any make, and as MATLAB 7.3 lays its variables out."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io.matlab

import fhr
from fhr.errors import FHRError, FormatError
from fhr.formats import read_hdf5, read_mat
from fhr.formats.arrays.hdf5_file import hdf5_variables

N = 240
RATE, ACTIVITY = np.rint(140 + 8 * np.sin(np.arange(N) / 9)), np.rint(30 + 25 * np.sin(np.arange(N) / 31))
GZIP = {"compression": "gzip", "shuffle": True, "fletcher32": True, "chunks": (50,)}


@pytest.fixture
def write(tmp_path: Path):
    def write_file(fill: Callable[[h5py.File], object], name: str = "a.h5", **options: object) -> Path:
        with h5py.File(tmp_path / name, "w", **options) as file:
            fill(file)
        return tmp_path / name

    return write_file


def check(path: Path, **options: Any) -> dict:
    recording = fhr.read(path, **options)
    np.testing.assert_allclose(recording.fhr, RATE, rtol=1e-6)
    np.testing.assert_allclose(recording.uc, ACTIVITY, rtol=1e-6)
    assert recording.fs == 4
    return dict(recording.history[0].parameters)


def flat(file: h5py.File) -> None:
    file["fhr"], file["toco"], file.attrs["fs"] = RATE, ACTIVITY, 4.0
    file["fhr"].attrs["unit"] = "bpm"


def packed(file: h5py.File) -> None:
    group = file.create_group("patient/ctg")
    group.create_dataset("FHR", data=RATE / 60, **GZIP).attrs["units"] = np.bytes_("Hz")
    group.create_dataset("UC", data=ACTIVITY, **GZIP)
    group["time"] = np.arange(N) * 250
    group["time"].attrs["unit"] = "ms"


def columns(file: h5py.File) -> None:
    file["data"], file["labels"], file["fs"] = np.column_stack([RATE, ACTIVITY]), ["FHR", "UC"], 4


@pytest.mark.parametrize("fill", [flat, packed, columns])
@pytest.mark.parametrize("options", [{}, {"libver": "latest"}])
def test_files_of_any_make(write, fill, options):
    assert check(write(fill, **options))["format"] == "hdf5"


def stored(group: h5py.Group, name: str, values: object, kind: str = "double") -> h5py.Dataset:
    """An array as MATLAB stores it: turned, with its class."""
    if isinstance(values, str):
        values, kind = np.array([[ord(letter)] for letter in values], "u2"), "char"
    else:
        values = np.atleast_2d(values)
    dataset = group.create_dataset(name, data=values)
    dataset.attrs["MATLAB_class"] = np.bytes_(kind)
    return dataset


def struct(group: h5py.Group, name: str) -> h5py.Group:
    made = group.create_group(name)
    made.attrs["MATLAB_class"] = np.bytes_("struct")
    return made


def nested(file: h5py.File) -> None:
    record = struct(file, "rec")
    signals = struct(record, "signals")
    for name, values, unit in (("fhr", RATE / 60, "Hz"), ("toco", ACTIVITY, "mmHg")):
        channel = struct(signals, name)
        stored(channel, "data", values)
        stored(channel, "unit", unit)
    stored(record, "fs", 4.0)
    stored(file, "ok", np.ones(5, "u1"), "logical")
    stored(file, "empty", np.array([0, 0], "u8")).attrs["MATLAB_empty"] = 1


def structs(file: h5py.File) -> None:
    references = file.create_group("#refs#")
    signals = struct(file, "signals")
    for name, values in {"label": ["FHR", "UC"], "data": [RATE, ACTIVITY / 7.50062], "unit": ["bpm", "kPa"]}.items():
        dataset = signals.create_dataset(name, (2, 1), dtype=h5py.ref_dtype)
        dataset[:, 0] = [stored(references, f"{name}{i}", value).ref for i, value in enumerate(values)]
    stored(file, "fs", 4.0)


def cells(file: h5py.File) -> None:
    references = file.create_group("#refs#")
    for name, values in {"names": ["FHR", "TOCO"], "data": [RATE, ACTIVITY]}.items():
        dataset = file.create_dataset(name, (2, 1), dtype=h5py.ref_dtype)
        dataset[:, 0] = [stored(references, f"{name}{i}", value).ref for i, value in enumerate(values)]
        dataset.attrs["MATLAB_class"] = np.bytes_("cell")
    stored(file, "fs", 4.0)


def matrix(file: h5py.File) -> None:
    stored(file, "data", np.stack([RATE, ACTIVITY]))  # of 240 x 2 in MATLAB
    stored(file, "fs", np.array(4, "i1"), "int8")


def of_matlab(path: Path) -> Path:
    head = b"MATLAB 7.3 MAT-file, Platform: PCWIN64, HDF5 schema 1.00 .".ljust(124) + b"\0\2IM"
    path.write_bytes(head + path.read_bytes()[128:])
    return path


@pytest.mark.parametrize("fill", [nested, structs, cells])
def test_what_matlab_writes(write, fill):
    step = check(of_matlab(write(fill, "a.mat", userblock_size=512)))
    assert step["format"] == "matlab"


def test_a_matrix_is_turned_as_matlab_shows_it(write):
    path = of_matlab(write(matrix, "a.mat", userblock_size=512))
    check(path, columns={"fhr": "data(:,1)", "uc": "data(:,2)"})
    with pytest.raises(FormatError, match=r"it holds data\(:,1\), data\(:,2\), fs"):
        read_mat(path)


def test_a_file_that_matlab_wrote():
    path = Path(scipy.io.matlab.__file__).parent / "tests" / "data" / "testhdf5_7.4_GLNX86.mat"
    if not path.exists():
        pytest.skip("this scipy came without the MATLAB files that it tests with")
    found = hdf5_variables(path.read_bytes(), "a.mat").arrays["testdouble"][()]
    np.testing.assert_allclose(found, [np.linspace(0, 2 * np.pi, 9)])


def external(file: h5py.File) -> None:
    file.create_dataset("fhr", (100,), "u1", external=[("/etc/passwd", 0, 100)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((100,), "u1")
    layout[:] = h5py.VirtualSource("/etc/passwd", "fhr", (100,))
    file.create_virtual_dataset("fhr", layout)


def linked(file: h5py.File) -> None:
    file["fhr"] = h5py.ExternalLink("/etc/passwd", "/fhr")


def enormous(file: h5py.File) -> None:
    file.create_dataset("fhr", (1 << 40,), "f8", chunks=(1 << 20,))


def bomb(file: h5py.File) -> None:
    import zlib

    dataset = file.create_dataset("fhr", (1000,), "f8", chunks=(1000,), compression="gzip")
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(1 << 24)))


def other_filter(file: h5py.File) -> None:
    file.create_dataset("fhr", data=RATE, compression="lzf")


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (external, r"not read, fhr \(in another file\)"),
        (virtual, r"not read, fhr \(in another file\)"),
        (linked, r"not read, fhr \(link\)"),
        (enormous, r"not read, fhr \(8796093022208 bytes\)"),
        (bomb, "'/fhr' cannot be read .*a chunk unpacks to more than it holds"),
        (other_filter, "packed by lzf; pack it by gzip"),
        (
            lambda file: file.create_dataset("fhr", data=["a", "b"]),
            "no variable is known to be FHR; it holds no variable",
        ),
        (lambda file: file.create_group("a/" * 20 + "b"), "more than 16 groups inside each other"),
    ],
)
def test_what_is_hostile_or_of_no_use_is_refused_by_name(write, fill, message):
    with pytest.raises(FormatError, match=message):
        read_hdf5(write(fill), fs=4)


def test_numbers_that_are_scaled(write):
    def netcdf(file: h5py.File) -> None:
        flat(file)
        del file["fhr"], file["toco"]
        marked = np.where(np.arange(N) < 9, -1, RATE * 10).astype("i2")
        file["fhr"], file["toco"] = marked, (ACTIVITY * 2).astype("i4")
        file["fhr"].attrs.update({"scale_factor": 0.1, "_FillValue": np.int16(-1)})
        file["toco"].attrs.update({"scale_factor": 0.5, "add_offset": 0.0})

    recording = read_hdf5(write(netcdf))
    assert np.flatnonzero(np.isnan(recording.fhr)).tolist() == list(range(9))
    np.testing.assert_allclose(recording.fhr[9:], RATE[9:], rtol=1e-6)
    np.testing.assert_array_equal(recording.uc, np.float32(ACTIVITY))

    def gain(file: h5py.File) -> None:
        flat(file)
        file["toco"].attrs["gain"] = 2.0

    path = write(gain)
    with pytest.raises(FormatError, match=r"toco.gain may be a scale of toco; say the unit of one number with"):
        read_hdf5(path)
    np.testing.assert_array_equal(read_hdf5(path, units={"uc": "0.5 mmHg"}).uc, np.float32(ACTIVITY / 2))


def test_a_group_inside_itself_ends(write):
    def loop(file: h5py.File) -> None:
        group = file.create_group("a")
        group["b"] = group

    with pytest.raises(FormatError, match="more than 16 groups inside each other"):
        read_hdf5(write(loop), fs=4)


def test_a_heap_without_end_is_not_left_to_the_library(write):
    whole = write(flat).read_bytes()
    heap = whole.index(b"GCOL")
    for at, size in ((heap + 24, 1 << 40), (heap + 48, 0), (heap + 8, 1 << 40)):
        path = write(flat)
        path.write_bytes(whole[:at] + size.to_bytes(8, "little") + whole[at + 8 :])
        with pytest.raises(FormatError, match=r"no intact HDF5 file .*a heap of text that is"):
            read_hdf5(path)


def test_damage(tmp_path):
    for name, data, message in (
        ("a.h5", b"x" * 600, "no HDF5 file"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(99), "no intact HDF5 file"),
        (
            "a.mat",
            b"MATLAB 7.3 MAT-file, Platform".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(100),
            "no intact HDF5 file",
        ),
        ("a.mat", b"MATLAB 7.3 MAT-file, Platform".ljust(512), "version 7.3 that is cut short"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FormatError, match=message):
            fhr.read(tmp_path / name)


def test_without_h5py(write, monkeypatch):
    path = write(flat)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(FHRError, match=r"needs h5py, .* pip install 'intrapartum-fhr\[matlab\]'"):
        fhr.read(path)


def test_arrays_are_read_when_they_are_asked_for():
    """A large array beside the signals costs nothing."""
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        flat(file)
        other_filter(file.create_group("x"))
    assert set(hdf5_variables(data.getvalue(), "a.h5").arrays) == {"fhr", "toco", "fs", "x.fhr"}


def of_no_use(file: h5py.File) -> None:
    """What other programs keep beside signals: types, compound arrays, long and scattered texts, cells of nothing."""
    flat(file)
    file["kind"] = np.dtype("f8")  # a named type
    file["marks"] = np.zeros(3, dtype=[("at", "f8"), ("what", "i4")])
    file.create_dataset("remarks", data=["one", "two"], dtype=h5py.string_dtype(), chunks=(1,), maxshape=(None,))
    file["story"] = np.array([b"x" * 900])
    file.create_dataset("nothing", (2,), dtype=h5py.ref_dtype)
    file["fhr"].attrs["comment"] = "text of variable length"
    file["toco"].attrs["units"] = "x" * 900  # as a unit, which is looked at, but too long for one
    file["turned"] = np.zeros((2, 3))
    file["turned"].attrs["MATLAB_class"] = np.array([b"double", b"single"])  # a class is one text
    file.create_dataset("loose", data=np.zeros(90), chunks=(30,))  # in pieces, not packed


def test_what_stands_beside_the_signals_does_not_matter(write):
    assert check(write(of_no_use))["format"] == "hdf5"


def scaled_by_words(file: h5py.File) -> None:
    flat(file)
    file["fhr"].attrs["scale_factor"] = np.bytes_("half")


def cells_of_cells(file: h5py.File) -> None:
    flat(file)
    inner = stored(file.create_group("#refs#"), "last", 1.0)
    for level in range(20):
        cell = file["#refs#"].create_dataset(f"c{level}", data=np.array([[inner.ref]]), dtype=h5py.ref_dtype)
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
        inner = cell
    outer = file.create_dataset("outer", data=np.array([[inner.ref]]), dtype=h5py.ref_dtype)
    outer.attrs["MATLAB_class"] = np.bytes_("cell")


def large_chunks(file: h5py.File) -> None:
    file.create_dataset("fhr", shape=(8,), maxshape=(None,), chunks=(1 << 25,), dtype="f8", compression="gzip")


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (scaled_by_words, r"the attribute scale_factor of /fhr is no number"),
        (cells_of_cells, "more than 16 cells inside each other"),
        (large_chunks, "chunks of 268435456 bytes"),
    ],
)
def test_what_contradicts_itself_or_asks_for_much_is_refused(write, fill, message):
    with pytest.raises(FormatError, match=message):
        fhr.read(write(fill))
