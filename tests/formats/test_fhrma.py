import hashlib
import os
from collections import Counter
from math import nan
from pathlib import Path

import numpy as np
import pytest

import fhr
from fhr.errors import FHRError, FormatError
from fhr.formats import read_fhrma

COUNTS = {"fhrma-morphology": (33, ".fhr", 6), "fhrma-false-signals": (779, ".fhrm", 8)}


@pytest.fixture(params=COUNTS)
def real_set(request: pytest.FixtureRequest) -> tuple[list[Path], int, int]:
    if not os.environ.get("FHR_DATA"):
        pytest.skip("set FHR_DATA to the folder that holds fhrma-morphology and fhrma-false-signals")
    count, suffix, sample_bytes = COUNTS[request.param]
    return sorted((Path(os.environ["FHR_DATA"]) / request.param).glob(f"*{suffix}")), count, sample_bytes


def stored(rates: list[list[float]], toco: list[float], header: bytes = b"\0" * 4) -> bytes:
    """The bytes of a recording, sample by sample, written without numpy."""
    rows = zip(*rates, toco, strict=True)
    return header + b"".join(
        b"".join(int(4 * rate).to_bytes(2, "little") for rate in row[:-1]) + bytes([int(2 * row[-1]), 0])
        for row in rows
    )


def written(folder: Path, name: str, *args: object, **kwargs: object) -> Path:
    (folder / name).write_bytes(stored(*args, **kwargs))
    return folder / name


def test_every_real_recording_agrees_with_its_bytes(real_set):
    paths, count, sample_bytes = real_set
    assert len(paths) == count
    for path in paths:
        recording = fhr.read(path)
        table = np.frombuffer(path.read_bytes()[4:], np.uint8).reshape(-1, sample_bytes).astype(np.int64)
        words = table[:, 0:-2:2] + 256 * table[:, 1:-2:2]
        assert (len(recording), recording.fs, recording.name) == (len(table), 4.0, path.stem)
        np.testing.assert_array_equal(np.nan_to_num(recording.uc), table[:, -2] / 2)
        used = recording.history[0].parameters["fhr_from"]
        first, second = words[:, 0] / 4, words[:, 1] / 4
        expected = {(): 0 * first, ("FHR1",): first, ("FHR2",): second}.get(
            tuple(used), np.where(second > 0, second, first)
        )
        np.testing.assert_array_equal(np.nan_to_num(recording.fhr), expected)
        assert not (recording.fhr == 0).any()
        present = recording.fhr[~np.isnan(recording.fhr)]
        assert ((present >= 30) & (present <= 240)).all()
        if sample_bytes == 8:
            np.testing.assert_array_equal(np.nan_to_num(recording.mhr), words[:, 2] / 4)
        else:
            assert recording.mhr is None


def test_which_rate_the_real_recordings_are_of(real_set):
    paths, count, _ = real_set
    recordings = [read_fhrma(path) for path in paths]
    used = Counter(tuple(recording.history[0].parameters["fhr_from"]) for recording in recordings)
    if count == 33:
        assert used == {("FHR1",): 30, ("FHR2",): 1, ("FHR2", "FHR1"): 2}
    else:
        assert used == {("FHR1",): 589, ("FHR2",): 188, (): 2}
        only_mother = [recording for recording in recordings if recording.loss == 1]
        assert [recording.name for recording in only_mother] == ["DopMHRTrain0035", "DopMHRTrain0037"]
        assert all(np.isfinite(recording.mhr).any() for recording in only_mother)
        scalp = [r for r in recordings if r.name.startswith("Scalp")]
        assert all(r.history[0].parameters["fhr_from"] == ["FHR2"] for r in scalp)


def test_a_written_file_is_read_value_by_value(tmp_path):
    path = written(tmp_path, "A1.FHR", [[140.25, 0, 30, 240], [0, 0, 0, 0]], [0, 12.5, 127, 1])
    recording = fhr.read(path)
    np.testing.assert_array_equal(recording.fhr, np.float32([140.25, nan, 30, 240]))
    np.testing.assert_array_equal(recording.uc, np.float32([nan, 12.5, 127, 1]))
    assert (recording.name, recording.fs, recording.mhr) == ("A1", 4.0, None)
    assert recording.source.format == "fhrma"
    assert recording.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    (step,) = recording.history
    assert step.name == "read"
    assert step.parameters == {"format": "fhrma", "timestamp": 0, "header_bytes": 4, "fhr_from": ["FHR1"]}


@pytest.mark.parametrize("suffix", [".fhr", ".fhrm"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 40])
@pytest.mark.parametrize("header_bytes", [4, 8])
def test_the_size_tells_the_header(tmp_path, suffix, n, header_bytes):
    rates = [[140.0] * n, [0.0] * n] + [[80.0] * n] * (suffix == ".fhrm")
    header = (1_600_000_000).to_bytes(header_bytes, "little")
    recording = read_fhrma(written(tmp_path, f"a{suffix}", rates, [5.0] * n, header=header))
    np.testing.assert_array_equal(recording.fhr, np.full(n, 140, np.float32))
    np.testing.assert_array_equal(recording.uc, np.full(n, 5, np.float32))
    assert (recording.mhr is None) == (suffix == ".fhr")
    assert recording.history[0].parameters["timestamp"] == 1_600_000_000
    assert recording.history[0].parameters["header_bytes"] == header_bytes


@pytest.mark.parametrize(("suffix", "sample_bytes"), [(".fhr", 6), (".fhrm", 8)])
def test_any_other_size_is_refused(tmp_path, suffix, sample_bytes):
    n_rates = (sample_bytes - 2) // 2
    whole = stored([[140.0] * 40] * n_rates, [5.0] * 40)
    path = tmp_path / f"a{suffix}"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        if size > 4 and (size - 4) % sample_bytes == 0:
            assert len(read_fhrma(path)) == (size - 4) // sample_bytes
            continue
        with pytest.raises(FormatError, match=r"the file is empty|is truncated") as error:
            read_fhrma(path)
        assert str(path) in str(error.value)


def test_two_sensors_on_one_heart_are_joined_and_two_hearts_refused(tmp_path):
    n = 400
    doppler, scalp = [140.0] * 300 + [0.0] * 100, [0.0] * 10 + [142.0] * 390
    path = written(tmp_path, "a.fhr", [doppler, scalp], [5.0] * n)
    recording = read_fhrma(path)
    np.testing.assert_array_equal(recording.fhr, np.float32([140.0] * 10 + [142.0] * 390))
    assert recording.history[0].parameters["fhr_from"] == ["FHR2", "FHR1"]

    path = written(tmp_path, "twins.fhr", [[140.0] * n, [120.0] * n], [5.0] * n)
    with pytest.raises(
        FormatError, match=r"together for 100 s and differ by 20 bpm \(median\).*channel=1 or channel=2"
    ):
        read_fhrma(path)
    for channel, value in ((1, 140), (2, 120)):
        recording = fhr.read(path, channel=channel)
        np.testing.assert_array_equal(recording.fhr, np.full(n, value, np.float32))
        assert recording.history[0].parameters["fhr_from"] == [f"FHR{channel}"]
    with pytest.raises(FHRError, match="channel=3; give 'auto', 1 or 2"):
        read_fhrma(path, channel=3)


def test_another_suffix_is_refused(tmp_path):
    path = written(tmp_path, "a.bin", [[140.0], [0.0]], [5.0])
    with pytest.raises(FormatError, match=r"suffix '.bin'; the FHRMA recording is called .fhr or .fhrm"):
        read_fhrma(path)
