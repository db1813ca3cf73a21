import hashlib
import logging
import struct
import tracemalloc
import zlib
from math import nan
from pathlib import Path

import numpy as np
import pytest
import scipy.io.matlab
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.io import loadmat, savemat, whosmat
from scipy.io.matlab import MatlabFunction, MatlabObject, MatlabOpaque

import fhr
from fhr.errors import FHRError, FormatError, SignalError
from fhr.formats import read_mat
from fhr.formats.arrays.matlab_file import variables

FHR, UC, MHR = [140.0, 0.0, 141.25, nan], [5.0, 6.0, 0.0, 8.0], [80.0, 81.0, nan, 0.0]


@pytest.fixture
def mat(tmp_path: Path):
    def write(variables: dict, name: str = "a.mat", **options: object) -> Path:
        savemat(tmp_path / name, variables, **options)
        return tmp_path / name

    return write


def check(recording) -> None:
    np.testing.assert_array_equal(recording.fhr, np.float32([140, nan, 141.25, nan]))
    np.testing.assert_array_equal(recording.uc, np.float32([5, 6, nan, 8]))
    np.testing.assert_array_equal(recording.mhr, np.float32([80, 81, nan, nan]))
    assert recording.fs == 4.0


@pytest.mark.parametrize("orientation", ["row", "column"])
@pytest.mark.parametrize("options", [{}, {"do_compression": True}, {"format": "4"}])
def test_variables_of_every_version(mat, orientation, options):
    variables = {"FHR": np.array(FHR), "toco": np.array(UC), "mhr_bpm": np.array(MHR), "Fs": 4.0, "comment": "none"}
    path = mat(variables, oned_as=orientation, **options)
    recording = fhr.read(path)
    check(recording)
    assert (recording.name, recording.source.format) == ("a", "matlab")
    assert recording.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert recording.history[0].parameters == {
        "format": "matlab",
        "columns": {"fhr": "FHR", "uc": "toco", "mhr": "mhr_bpm", "fs": "Fs"},
        "units": {"mhr": "bpm"},
        "guessed": ["fhr", "uc", "mhr", "fs"],
        "fs": 4.0,
    }


def test_fields_of_a_struct_and_names_that_are_given(mat, caplog):
    struct_ = {"fhr": FHR, "uc": UC, "mhr": MHR, "fs": np.uint8(4), "deeper": {"fhr": FHR}, "who": "x"}
    with caplog.at_level(logging.INFO, logger="fhr"):
        check(read_mat(mat({"ctg": struct_, "other": np.ones((3, 3))}, do_compression=True)))
    assert "ctg.fhr" in caplog.text
    path = mat({"s": {"pulse": FHR, "rate": 4.0}, "x": UC, "y": MHR, "fhr": [1.0, 2.0]}, "b.mat")
    names = {"fhr": "s.pulse", "uc": "x", "mhr": "y"}
    check(read_mat(path, columns=names, fs=4))
    check(read_mat(path, columns={**names, "fs": "s.rate"}))


def test_times_in_place_of_a_rate(mat):
    path = mat({"t": [0, 250, 500, 1000], "fhr": [140, 141, 142, 143]})
    recording = read_mat(path)
    np.testing.assert_array_equal(recording.fhr, np.float32([140, 141, 142, nan, 143]))
    assert recording.fs == 4.0
    assert recording.history[0].parameters["time_unit_guessed"] == "ms"
    assert len(read_mat(path, fs=4)) == 5  # a rate beside the times closes no gap
    recording = read_mat(path, columns={"time": None}, fs=2)
    assert (len(recording), recording.fs) == (4, 2.0)
    assert "time" not in recording.history[0].parameters["columns"]


@pytest.mark.parametrize(
    ("variables", "options", "message"),
    [
        ({"a": [1.0]}, {}, "no variable is known to be FHR; it holds a; say columns="),
        ({"a": "text"}, {}, "no variable is known to be FHR; it holds no variable"),
        ({"fhr": [140.0]}, {}, "no variable is called fs or time; give fs in Hz"),
        ({"fhr": [140.0], "fs": [4, 4]}, {}, "fs holds 2 values of int64; the sampling rate is one"),
        ({"fhr": [140.0], "fs": -4.0}, {}, "sampling rate fs=-4.0"),
        ({"fhr": np.ones((2, 2)), "fs": 4}, {}, "fhr is 2 x 2 of float64; a signal is n, n x 1 or 1 x n"),
        ({"fhr": np.ones((1, 2, 3)), "fs": 4}, {}, "fhr is 1 x 2 x 3 of float64"),
        ({"fhr": [1j], "fs": 4}, {}, "no variable is known to be FHR; it holds fs"),
        ({"fhr": [True], "fs": 4}, {}, "no variable is known to be FHR; it holds fs"),
        ({"fhr": np.zeros((0, 0)), "fs": 4}, {}, "fhr is 0 x 0"),
        ({"fhr": np.array([[1, "a"]], dtype=object), "fs": 4}, {}, r"the median of fhr \(fhr\{1\}\) is 1, no heart"),
        ({"fhr": [140.0], "hr": [80.0], "fs": 4}, {}, "'fhr' and 'hr' both look like fhr"),
        ({"fhr": [140.0], "fs": 4}, {"variables": {"uc": "x"}}, "variable 'x' of uc is not there; it holds fhr, fs"),
        ({"fhr": [140.0, 141.0], "t": [0.0]}, {}, "t and the signals differ in length"),
        ({"fhr": [2.3, 2.4], "fs": 4}, {}, "no heart rate in bpm"),
    ],
)
def test_surprises_are_refused(mat, variables, options, message):
    path = mat(variables)
    with pytest.raises(FormatError, match=message) as error:
        read_mat(path, **options)
    assert str(error.value).startswith(str(path))


def test_arguments_and_lengths_are_checked(mat):
    path = mat({"fhr": [140.0, 141.0], "uc": [1.0], "fs": 4})
    with pytest.raises(SignalError, match="channels of unequal length"):
        read_mat(path)
    with pytest.raises(FHRError, match="columns: 'toco'; the channels are fhr, uc, mhr, time, fs"):
        read_mat(path, columns={"toco": "uc"})


def test_sizes_are_checked_before_memory_is_taken(mat, monkeypatch):
    path = mat({"fhr": np.zeros(10)})
    whole = path.read_bytes()
    position = whole.index(struct.pack("<II2i", 5, 8, 1, 10))  # the dimensions
    path.write_bytes(whole[:position] + struct.pack("<II2i", 5, 8, 20000, 20000) + whole[position + 16 :])
    with pytest.raises(FormatError, match=r"fhr holds 10 numbers and is declared as \[20000, 20000\]"):
        read_mat(path)

    monkeypatch.setattr("fhr.formats.arrays.matlab._MAX_BYTES", 1 << 20)
    bomb = zlib.compress(bytes(1 << 24))
    path.write_bytes(whole[:128] + struct.pack("<II", 15, len(bomb)) + bomb)
    tracemalloc.start()
    with pytest.raises(FormatError, match="it unpacks to too many bytes"):
        read_mat(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def of_scipy(path: Path) -> dict[str, np.ndarray]:
    """Arrays that `variables` should find, as scipy reads them."""
    kinds = {name: kind for name, _, kind in whosmat(path)}
    found: dict[str, np.ndarray] = {}
    for name, value in loadmat(path).items():
        if name in kinds and kinds[name] not in ("logical", "object", "opaque"):
            inside(name, value, found)
    return found


def inside(name: str, value: np.ndarray, found: dict[str, np.ndarray]) -> None:
    if not isinstance(value, np.ndarray) or isinstance(value, MatlabObject | MatlabFunction | MatlabOpaque):
        return
    if value.dtype.names:
        for i, one in enumerate(value.flatten(order="F")):
            for field in value.dtype.names:
                inside(f"{name}.{field}" if value.size == 1 else f"{name}({i + 1}).{field}", one[field], found)
    elif value.dtype.kind == "O":
        for i, one in enumerate(value.flatten(order="F")):
            inside(f"{name}{{{i + 1}}}", one, found)
    elif value.dtype.kind in "iuf":
        found[name] = value


FROM_MATLAB = Path(scipy.io.matlab.__file__).parent / "tests" / "data"


@pytest.mark.skipif(not FROM_MATLAB.is_dir(), reason="this scipy came without the MATLAB files that it tests with")
def test_files_that_matlab_wrote_on_many_machines_agree_with_scipy():
    paths = sorted(FROM_MATLAB.glob("test*.mat"))
    checked = 0
    for path in paths:
        if "hdf5" in path.name:
            continue
        ours, theirs = variables(path.read_bytes(), limit=1 << 27).arrays, of_scipy(path)
        assert set(ours) == set(theirs), path.name
        for name, value in theirs.items():
            np.testing.assert_array_equal(ours[name], value, err_msg=f"{path.name} {name}")
        checked += len(theirs)
    assert checked > 30


@given(
    values=st.dictionaries(
        st.from_regex(r"[a-z]{1,10}", fullmatch=True),
        arrays(
            st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]),
            array_shapes(min_dims=2, max_dims=3, max_side=4, min_side=0),
            elements={"allow_nan": False},
        ),
        max_size=4,
    ),
    do_compression=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_arrays_agree_with_scipy(tmp_path, values, do_compression):
    path = tmp_path / "a.mat"
    savemat(path, values | {"inner": values} if values else values, do_compression=do_compression)
    ours, theirs = variables(path.read_bytes(), limit=1 << 27).arrays, of_scipy(path)
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (struct.pack("<II", 6, 8), struct.pack("<II", 99, 8), "type 99 where numbers belong"),
        (struct.pack("<II", 6, 8), struct.pack("<II", 9, 8), "type 9 and 1 numbers where whole numbers belong"),
        (struct.pack("<II", 6, 8), struct.pack("<II", 6, 0), "type 6 and 0 numbers"),
        (struct.pack("<II", 6, 8), struct.pack("<II", 6, 1 << 30), "an element of 1073741824 bytes where"),
        (struct.pack("<II", 9, 80), struct.pack("<II", 9, 79), "buffer size must be a multiple of element size"),
        (struct.pack("<II", 9, 80), struct.pack("<II", 9 | 5 << 16, 80), "a small element of 5 bytes"),
        (struct.pack("<2i", 1, 10), struct.pack("<2i", -1, -10), r"an array of dimensions \[-1, -10\]"),
    ],
)
def test_damaged_structure_is_refused(mat, old, new, message):
    path = mat({"fhr": np.arange(10.0) + 0.5})
    whole = path.read_bytes()
    assert whole.count(old) == 1
    path.write_bytes(whole.replace(old, new))
    with pytest.raises(FormatError, match=rf"no intact MATLAB file \(.*{message}"):
        read_mat(path, fs=4)


def test_a_compressed_variable_that_is_cut_short_is_refused(mat):
    whole = mat({"fhr": np.arange(10.0)}, do_compression=True).read_bytes()
    size = struct.unpack("<I", whole[132:136])[0]
    path = mat({})
    path.write_bytes(whole[:132] + struct.pack("<I", size - 2) + whole[136:-2])
    with pytest.raises(FormatError, match="a compressed variable is cut short"):
        read_mat(path, fs=4)


def test_uterine_activity_in_kpa_becomes_mmhg(mat):
    for name, factor in (("toco_kPa", 7.50062), ("toco_mmHg", 1.0), ("toco", 1.0)):
        recording = fhr.read(mat({"FHR": FHR, name: UC, "fs": 4.0}))
        np.testing.assert_allclose(recording.uc, np.float32([5 * factor, 6 * factor, nan, 8 * factor]), rtol=1e-6)
        converted = recording.history[0].parameters.get("converted")
        assert converted == ({"uc": "kPa to mmHg"} if factor != 1 else None)


N = 240
RATE, ACTIVITY = np.rint(140 + 8 * np.sin(np.arange(N) / 9)), np.rint(30 + 25 * np.sin(np.arange(N) / 31))


def cells(*values: object) -> np.ndarray:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def structs(**fields: list) -> np.ndarray:
    found = np.zeros(len(next(iter(fields.values()))), [(name, object) for name in fields])
    for name, values in fields.items():
        for i, value in enumerate(values):
            found[name][i] = value
    return found


NESTED = {
    "structs with data and unit": {
        "rec": {
            "signals": {
                "fhr": {"data": RATE / 60, "unit": "Hz", "fs": 4.0},
                "toco": {"data": ACTIVITY, "unit": "mmHg", "fs": 4.0},
            }
        }
    },
    "structs with fields": {"patient": {"ctg": {"FHR": RATE, "UC": ACTIVITY, "fs": 4}, "weight": 70.0}},
    "an array of structs": {
        "rec": {
            "signals": structs(label=["FHR1", "UC"], values=[RATE, ACTIVITY / 7.50062], unit=["bpm", "kPa"]),
            "fs": 4,
        }
    },
    "cells beside names": {"signals": cells(RATE, ACTIVITY), "names": cells("FHR", "TOCO"), "fs": 4.0},
    "columns beside names": {"data": np.column_stack([RATE, ACTIVITY]), "labels": cells("FHR", "UC"), "fs": 4.0},
    "rows beside rows of text": {"data": np.stack([RATE, ACTIVITY]), "labels": np.array(["FHR", "UC "]), "fs": 4.0},
    "times": {"rec": {"fhr": {"data": RATE, "t": np.arange(N) / 4}, "uc": {"data": ACTIVITY, "t": np.arange(N) / 4}}},
    "a unit beside the name": {"rec": {"fhr": RATE / 60, "fhr_unit": "Hz", "uc": ACTIVITY}, "fs": 4},
    "the nearest": {
        "fhr": RATE,
        "uc": ACTIVITY,
        "fs": 4,
        "raw": {"old": {"fhr": RATE + 9, "fs": 250, "uc": ACTIVITY + 9}},
    },
    "beside it": {"a": {"b": {"fhr": RATE, "uc": ACTIVITY, "fs": 4}}, "c": {"ecg": {"fs": 500, "toco": ACTIVITY + 9}}},
}


@pytest.mark.parametrize("variables", NESTED.values(), ids=NESTED)
@pytest.mark.parametrize("compressed", [False, True])
def test_variables_inside_each_other(mat, variables, compressed):
    recording = read_mat(mat(variables, do_compression=compressed))
    np.testing.assert_allclose(recording.fhr, RATE, rtol=1e-6)
    np.testing.assert_allclose(recording.uc, ACTIVITY, rtol=1e-6)
    assert recording.fs == 4


def test_what_is_not_told_has_a_name(mat):
    path = mat({"data": np.column_stack([RATE, ACTIVITY]), "fs": 4})
    with pytest.raises(FormatError, match=r"it holds data\(:,1\), data\(:,2\), fs; say columns="):
        read_mat(path)
    np.testing.assert_array_equal(
        read_mat(path, columns={"fhr": "data(:,1)", "uc": "data(:,2)"}).uc, np.float32(ACTIVITY)
    )
    path = mat({"a": {"b": {"fhr": RATE, "uc": ACTIVITY}}, "c": {"d": {"fhr": RATE + 1, "uc": RATE}}, "fs": 4})
    with pytest.raises(FormatError, match=r"a.b.fhr and c.d.fhr both look like fhr; say columns="):
        read_mat(path)
    np.testing.assert_array_equal(read_mat(path, columns={"fhr": "a.b.fhr"}).uc, np.float32(ACTIVITY))
    path = mat({"rec": {"signals": {"fhr": {"data": RATE, "fs": 4.0}, "uc": {"data": ACTIVITY[::2], "fs": 2.0}}}})
    with pytest.raises(FormatError, match=r"rec.signals.fhr.fs and rec.signals.uc.fs both look like fs"):
        read_mat(path)
    path = mat({"s": {"fhr_bpm": RATE, "unit": "x"}, "flag": np.ones(3, bool), "fs": 4})
    assert read_mat(path).history[0].parameters["not_read"] == ["flag (logical)"]


def test_depth_and_number_are_bounded(mat):
    deep: dict = {"fhr": RATE}
    for _ in range(20):
        deep = {"s": deep}
    with pytest.raises(FormatError, match="more than 16 structs and cells inside each other"):
        read_mat(mat(deep))
    with pytest.raises(FormatError, match="more than 10000 variables"):
        read_mat(mat({"c": cells(*[1.0] * 10_001)}))
