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
        assert recording.history[0].parameters["left_out"] == [f"FHR{3 - channel}"]
    with pytest.raises(FHRError, match="channel=3; give 'auto', 1 or 2"):
        read_fhrma(path, channel=3)


def test_another_suffix_is_refused(tmp_path):
    path = written(tmp_path, "a.bin", [[140.0], [0.0]], [5.0])
    with pytest.raises(FormatError, match=r"suffix '.bin'; the FHRMA recording is called .fhr or .fhrm"):
        read_fhrma(path)


MAGIC, STREAMED = (1_234_555).to_bytes(4, "little"), (1_234_567).to_bytes(4, "little")
DATE = (1_600_000_000).to_bytes(4, "little")


def stored_as(n_bytes: int, n: int = 400, *, header: bytes = DATE, quality: int = 0) -> bytes:
    """FHR1 about 140, FHR2 in the last quarter about 142, MHR 80, TOCO 5; of an analysis 141 and 139."""
    rows = []
    for i in range(n):
        rates = [560 + i % 3, 568 if i >= 3 * n // 4 else 0] + [320] * (n_bytes in (8, 12))
        words = b"".join(rate.to_bytes(2, "little") for rate in rates) + bytes([10, quality])
        rows.append(words + (b"".join(x.to_bytes(2, "little") for x in (564, 556)) if n_bytes >= 10 else b""))
    return header + b"".join(rows)


@pytest.mark.parametrize("header", [DATE, MAGIC + DATE, bytes(4) + DATE, DATE + bytes(4), MAGIC + DATE + STREAMED])
@pytest.mark.parametrize(
    ("suffix", "n_bytes"),
    [(".fhr", 6), (".fhr", 8), (".rcf", 6), (".rcf", 8), (".fhrm", 8), (".rcfm", 8), (".rcfa", 12), (".fhra", 10)],
)
@pytest.mark.parametrize("n", [400, 401, 402, 403])
def test_every_layout_and_header(tmp_path, suffix, n_bytes, header, n):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(stored_as(n_bytes, n, header=header))
    recording = fhr.read(path)
    assert len(recording) == n
    parameters = recording.history[0].parameters
    assert (parameters["timestamp"], parameters["header_bytes"]) == (1_600_000_000, len(header))
    expected = np.where(np.arange(n) >= 3 * n // 4, 142, 140 + np.arange(n) % 3 / 4)
    np.testing.assert_array_equal(recording.fhr, expected.astype(np.float32))
    np.testing.assert_array_equal(recording.uc, np.full(n, 5, np.float32))
    if n_bytes in (8, 12):
        np.testing.assert_array_equal(recording.mhr, np.full(n, 80, np.float32))
    else:
        assert recording.mhr is None
    unusual = n_bytes == 10 or (n_bytes == 8 and len(suffix) == 4)
    assert parameters.get("guessed") == (["sample_bytes"] if unusual else None)
    assert ("left_out" in parameters) == (n_bytes >= 10)
    assert "sensors" not in parameters


def test_a_recorder_that_is_writing_and_a_time_that_is_a_heart_rate(tmp_path):
    path = tmp_path / "a.rcfm"
    for raw in (
        stored_as(8, header=MAGIC + DATE)[:-4],  # would fit a header of 4 bytes
        stored_as(8, header=DATE)[:-4],  # whose second word would be two heart rates
        stored_as(8, header=MAGIC + DATE + DATE)[4:-2],
    ):
        path.write_bytes(raw)
        with pytest.raises(FormatError, match="is truncated, still being written"):
            fhr.read(path)


@pytest.mark.parametrize(("suffix", "n_bytes", "lost"), [(".fhr", 6, 2), (".fhrm", 8, 4), (".rcfa", 12, 8)])
@pytest.mark.parametrize("date", [DATE, bytes(4)])
def test_a_first_sample_without_signal_is_no_header(tmp_path, suffix, n_bytes, lost, date):
    path = tmp_path / f"a{suffix}"
    whole = bytearray(stored_as(n_bytes, header=date))
    whole[4:8] = bytes(4)
    path.write_bytes(bytes(whole))
    recording = fhr.read(path)
    assert (len(recording), recording.loss) == (400, 1 / 400)
    path.write_bytes(bytes(whole[:-lost]))
    with pytest.raises(
        FormatError, match="ask for a header of 8 bytes, and the heart rates go on no better than after 4"
    ):
        fhr.read(path)
    with pytest.raises(FormatError, match=r"holds a header of 4 bytes .* it is truncated"):
        fhr.read(path, header_bytes=4)


def test_a_long_header_cut_off_with_its_recording(tmp_path):
    path = tmp_path / "a.fhr"
    path.write_bytes(stored_as(6, header=DATE + bytes(4))[:-4])  # fits a header of 4 bytes
    with pytest.raises(
        FormatError, match="ask for a header of 4 bytes, and the heart rates go on no better than after 8"
    ):
        fhr.read(path)
    path.write_bytes(stored_as(6, header=bytes(4) + DATE)[:-4])
    with pytest.raises(FormatError, match="it is truncated, still being written"):
        fhr.read(path)
    with pytest.raises(FHRError, match="header_bytes=5; give 0, 4, 8 or 12"):
        fhr.read(path, header_bytes=5)


def test_too_little_signal_says_nothing_about_the_layout(tmp_path):
    path = tmp_path / "a.fhr"
    path.write_bytes(DATE + bytes(8 * 13))  # 13 samples of 8 bytes, or 17 and a third of 6
    with pytest.raises(FormatError, match="or give sample_bytes=8 if it has so many"):
        fhr.read(path)
    recording = fhr.read(path, sample_bytes=8)
    assert (len(recording), recording.loss) == (13, 1)
    with pytest.raises(FHRError, match="sample_bytes=7; give 6, 8, 10 or 12"):
        fhr.read(path, sample_bytes=7)
    path.write_bytes(DATE + bytes(8 * 12))
    assert len(fhr.read(path)) == 16  # as files of this suffix were always read


@pytest.mark.parametrize(
    ("quality", "sensors", "good"),
    [
        (0b0000001, {"FHR1": "ultrasound", "FHR2": "ultrasound"}, {"FHR1": 1.0, "FHR2": 0.0, "MHR": 0.0}),
        (0b0001101, {"FHR1": "ultrasound", "FHR2": "scalp electrode"}, {"FHR1": 1.0, "FHR2": 1.0, "MHR": 0.0}),
        (
            0b1110010,
            {"FHR1": "scalp electrode", "FHR2": "ultrasound", "TOCO": "internal sensor", "MHR": "toco belt"},
            {"FHR1": 0.0, "FHR2": 0.0, "MHR": 1.0},
        ),
        (0, None, None),
        (0b10001101, None, None),  # bit 7 is not documented: the byte means something else
    ],
)
def test_the_quality_byte_tells_sensors(tmp_path, quality, sensors, good):
    path = tmp_path / "a.fhrm"
    path.write_bytes(stored_as(8, quality=quality))
    recording = fhr.read(path)
    parameters = recording.history[0].parameters
    assert (parameters.get("sensors"), parameters.get("good_quality")) == (sensors, good)
    first = "FHR1" if sensors and sensors["FHR1"] == "scalp electrode" else "FHR2"  # the electrode, else the second
    assert parameters["fhr_from"][0] == first
    assert recording.loss == 0


def test_a_transducer_that_changes(tmp_path):
    raw = bytearray(stored_as(8, quality=1))
    raw[4 + 7 : 4 + 8 * 100 : 8] = bytes([3]) * 100  # FHR1 of the electrode for the first 100 samples
    path = tmp_path / "a.fhrm"
    path.write_bytes(bytes(raw))
    assert fhr.read(path).history[0].parameters["sensors"]["FHR1"] == "ultrasound and scalp electrode"


def test_channels_that_the_user_names(tmp_path):
    path = tmp_path / "a.fhrm"
    path.write_bytes(stored_as(8, quality=0b0001101))
    scalp = fhr.read(path, columns={"fhr": "FHR2", "uc": None})
    assert np.isnan(scalp.fhr).sum() == 300
    assert np.isnan(scalp.uc).all()
    assert (scalp.mhr == 80).all()
    parameters = scalp.history[0].parameters
    assert parameters["columns"] == {"fhr": ["FHR2"], "uc": [], "mhr": ["MHR"]}
    assert (parameters["fhr_from"], parameters["sensors"]) == (["FHR2"], {"FHR2": "scalp electrode"})
    swapped = fhr.read(path, columns={"fhr": "MHR", "mhr": 0}, units={"uc": "kpa"})
    assert (swapped.fhr == 80).all()
    assert np.nanmax(swapped.mhr) == 140.5
    assert swapped.uc[0] == pytest.approx(37.5, abs=0.01)
    assert swapped.history[0].parameters["converted"] == {"uc": "kPa to mmHg"}
    path = tmp_path / "a.fhr"
    path.write_bytes(stored_as(6))
    with pytest.raises(FormatError, match=r"channel 'MHR' of fhr is not there; it holds FHR1, FHR2, TOCO"):
        fhr.read(path, columns={"fhr": "MHR"})
    with pytest.raises(FHRError, match="channel=1 beside columns; give one of them"):
        fhr.read(path, columns={"fhr": "FHR1"}, channel=1)


def test_two_hearts_on_the_command_line(tmp_path, run_fhr):
    written(tmp_path, "twins.fhr", [[140.0] * 400, [120.0] * 400], [5.0] * 400)
    assert "or --columns fhr=FHR2" in run_fhr(tmp_path, "info", "twins.fhr").err
    answer = run_fhr(tmp_path, "convert", "twins.fhr", "-", "--columns", "fhr=FHR2")
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "99.75,120.0,5.0")


@pytest.mark.parametrize("how", [lambda raw: raw.byteswap(), lambda raw: raw // 4, lambda raw: raw * 2])
def test_rates_that_no_heart_has_are_refused(tmp_path, how):
    samples = np.zeros(200, np.dtype([("fhr1", "<u2"), ("fhr2", "<u2"), ("toco", "u1"), ("quality", "u1")]))
    samples["fhr1"] = how(np.full(200, 4 * 140, "<u2"))
    (tmp_path / "a.fhr").write_bytes(bytes(4) + samples.tobytes())
    with pytest.raises(FormatError, match=r"the median of FHR1 is .*, no heart rate in bpm; rates are little-endian"):
        fhr.read(tmp_path / "a.fhr")


def test_samples_without_a_header(tmp_path):
    path = written(tmp_path, "a.fhr", [[140.0] * 100, [0] * 100], [10] * 100, header=b"")
    with pytest.raises(FormatError, match="or give header_bytes=0 if it has no header"):
        fhr.read(path)
    recording = read_fhrma(path, header_bytes=0)
    assert (len(recording), set(recording.fhr), recording.date) == (100, {140.0}, "")
