"""Records of every kind that WFDB knows, written by the wfdb package and compared with what it reads."""

import shutil
import tracemalloc
from math import nan
from pathlib import Path

import numpy as np
import pytest

from fhr.errors import FHRError, FormatError
from fhr.formats import open_regular, read, read_wfdb, write_wfdb
from fhr.formats.folder import contents_of
from fhr.recording import Provenance, Recording

wfdb = pytest.importorskip("wfdb")

N = 60
FHR = np.r_[np.arange(120, 160), 0, 0, np.arange(150, 132, -1)].astype(float)
UC = np.r_[np.arange(10, 40), np.arange(39, 9, -1)].astype(float)
FORMATS = ["80", "508", "310", "311", "212", "16", "61", "160", "516", "24", "524", "32", "8"]


def packed(digital: np.ndarray, form: str) -> bytes:
    """Bytes of samples in formats that the wfdb package does not write, after WFDB's signal(5)."""
    flat = digital.reshape(-1)
    if form == "8":
        return np.diff(digital, axis=0, prepend=digital[:1]).astype(np.int8).tobytes()
    if form in ("61", "160"):
        return flat.astype(">i2").tobytes() if form == "61" else (flat + 32768).astype("<u2").tobytes()
    words = np.pad(flat, (0, -len(flat) % 3)).reshape(-1, 3) & 1023
    a, b, c = words.T.astype(np.uint32)
    if form == "311":
        return (a | b << 10 | c << 20).astype("<u4").tobytes()
    return np.stack([a << 1 | (c & 31) << 11, b << 1 | c >> 5 << 11], axis=1).astype("<u2").tobytes()


def written(folder: Path, form: str, *, n: int = N) -> Path:
    """A record of FHR and UC in a storage format; its header."""
    coarse = form in ("80", "508", "8")
    gain, base = (0.5, 30) if coarse else (2.0, 0)
    digital = np.stack([FHR[:n] * gain - base, UC[:n] * gain], axis=1).astype(np.int64)
    ours = form in ("8", "61", "160", "310", "311")
    wfdb.wrsamp(
        "r1",
        fs=4,
        units=["bpm", "nd"],
        sig_name=["FHR", "UC"],
        d_signal=digital,
        fmt=["16" if ours else form] * 2,
        adc_gain=[gain, gain],
        baseline=[-base, 0],
        write_dir=str(folder),
    )
    header = folder / "r1.hea"
    if ours:
        header.write_text(header.read_text().replace("r1.dat 16 ", f"r1.dat {form} "))
        header.with_suffix(".dat").write_bytes(packed(digital, form))
    return header


def theirs(header: Path) -> np.ndarray:
    """What the wfdb package reads, with this package's rule that 0 is missing."""
    signal = wfdb.rdrecord(str(header.with_suffix(""))).p_signal.astype(np.float32)
    signal[signal == 0] = nan
    return signal


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("n", [N, N - 1])
def test_every_storage_format_is_read_as_the_wfdb_package_reads_it(tmp_path, form, n):
    header = written(tmp_path, form, n=n)
    recording = read(header)
    expected = theirs(header)
    np.testing.assert_array_equal(recording.fhr, expected[:, 0])
    np.testing.assert_array_equal(recording.uc, expected[:, 1])
    assert len(recording) == n
    if form not in ("80", "508", "8"):  # of 8 bits: half as fine as these values
        np.testing.assert_array_equal(np.nan_to_num(recording.fhr), FHR[:n])
    data = header.with_suffix(".dat")
    if form not in ("508", "516", "524"):
        data.write_bytes(data.read_bytes()[:-4])
        with pytest.raises(FormatError, match=r"r1.dat: \d+ bytes where .* truncated"):
            read(header)


@pytest.mark.parametrize("form", ["212", "80", "516"])
def test_a_changed_sum_of_any_format_fails_the_checksum(tmp_path, form):
    header = written(tmp_path, form)
    text = header.read_text()
    line = next(line for line in text.splitlines() if line.endswith(" FHR"))
    fields = line.split()
    fields[6] = str(int(fields[6]) + 1)
    header.write_text(text.replace(line, " ".join(fields)))
    with pytest.raises(FormatError, match=r"r1.dat: signal 0 sums to .*damaged, fetch it again"):
        read(header)


def test_format_16_is_read_alike_on_both_ways(tmp_path, monkeypatch):
    header = written(tmp_path, "16")
    fast = read(header)
    monkeypatch.setattr("fhr.formats.wfdb.samples._PLAIN", {})  # the wfdb package decodes this one too
    slow = read(header)
    assert (fast.digest, fast.source) == (slow.digest, slow.source)


def test_real_records_are_read_alike_on_both_ways(ctu_uhb, ctu_uhb_database, monkeypatch):
    monkeypatch.setattr("fhr.formats.wfdb.samples._PLAIN", {})
    for name in ("1001", "2012"):
        assert read(ctu_uhb / name).digest == ctu_uhb_database[name].digest


def edit(header: Path, old: str, new: str) -> None:
    text = header.read_text()
    assert text.count(old) == 1
    header.write_text(text.replace(old, new))


@pytest.mark.parametrize("form", ["16", "212", "310", "24"])
def test_a_length_that_is_not_declared_is_that_of_the_file(tmp_path, form):
    header = written(tmp_path, form)
    edit(header, f"r1 2 4 {N}", "r1 2 4")
    np.testing.assert_array_equal(np.nan_to_num(read(header).fhr), FHR)


def test_fields_that_are_left_out(tmp_path):
    header = written(tmp_path, "16")
    text = header.read_text().splitlines()
    header.write_text("\n".join([text[0], "r1.dat 16 2/bpm FHR", "r1.dat 16 2(0)/nd 0 0 UC"]))
    recording = read(header)
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), FHR)
    np.testing.assert_array_equal(recording.uc, UC)
    header.write_text("\n".join([text[0], "r1.dat 16 2/bpm", "r1.dat 16"]))
    recording = read(header, columns={"fhr": 0})
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), FHR)
    assert np.isnan(recording.uc).all()


def test_skew_and_bytes_before_the_samples(tmp_path):
    header = written(tmp_path, "16")
    data = header.with_suffix(".dat")
    data.write_bytes(bytes(24) + data.read_bytes())
    text = header.read_text()
    header.write_text(text.replace("r1.dat 16 ", "r1.dat 16:3+24 ", 1).replace("r1.dat 16 ", "r1.dat 16+24 ", 1))
    recording = read(header)
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), np.r_[FHR[3:], 0, 0, 0])
    np.testing.assert_array_equal(recording.uc, UC)
    np.testing.assert_array_equal(np.isnan(recording.fhr), np.isnan(theirs(header)[:, 0]))


def two_rates(folder: Path, per_frame: tuple[int, int]) -> Path:
    """FHR and UC with their numbers of samples a frame, at a frame a second."""
    signals = [np.arange(100, 100 + 20 * per_frame[0]), np.arange(10, 10 + 20 * per_frame[1])]
    frames = np.concatenate([s.reshape(20, -1) for s in signals], axis=1).astype("<i2")
    (folder / "r1.dat").write_bytes(frames.tobytes())
    lines = [f"r1.dat 16x{n} 1/{unit} {name}" for n, unit, name in zip(per_frame, ("bpm", "nd"), ("FHR", "UC"))]  # noqa: B905
    (folder / "r1.hea").write_text("\n".join(["r1 2 1 20", *lines]))
    return folder / "r1.hea"


@pytest.mark.parametrize(
    ("per_frame", "uc", "said"),
    [
        ((4, 4), np.arange(10, 90), None),
        ((4, 1), np.repeat(np.arange(10, 30), 4), "each sample held for 4"),
        ((4, 2), np.repeat(np.arange(10, 50), 2), "each sample held for 2"),
        ((2, 4), np.arange(10, 90, 2), "every 2. sample taken"),
    ],
)
def test_signals_of_other_rates_are_brought_to_that_of_fhr(tmp_path, per_frame, uc, said):
    recording = read(two_rates(tmp_path, per_frame))
    assert recording.fs == per_frame[0]
    np.testing.assert_array_equal(recording.fhr, np.arange(100, 100 + 20 * per_frame[0]))
    np.testing.assert_array_equal(recording.uc, uc)
    notes = [step.parameters.get("rates") for step in recording.history]
    assert notes == ([{"uc": said}] if said else [])


def test_rates_without_a_common_grid_are_refused_with_the_way_out(tmp_path):
    header = two_rates(tmp_path, (4, 3))
    with pytest.raises(FormatError, match=r"uc has 3 samples a frame and fhr 4, neither .*columns=\{'uc': None\}"):
        read(header)
    assert np.isnan(read(header, columns={"uc": None}).uc).all()


def test_signals_in_several_files_of_several_formats(tmp_path):
    (tmp_path / "a.dat").write_bytes(FHR.astype("<i2").tobytes())
    (tmp_path / "b.dat").write_bytes((UC.astype(np.uint8) + 128).tobytes())
    lines = ["r1 3 4 60", "a.dat 16 1/bpm FHR", "b.dat 80 1/nd UC", "ecg.dat 16 200/mV ECG"]
    (tmp_path / "r1.hea").write_text("\n".join(lines))
    recording = read(tmp_path / "r1")  # ecg.dat is not needed, and not there
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), FHR)
    np.testing.assert_array_equal(recording.uc, UC)
    (tmp_path / "b.dat").unlink()
    with pytest.raises(FormatError, match=r"b.dat: no readable signal file .*fetch it beside its header"):
        read(tmp_path / "r1")


@pytest.fixture
def segments(tmp_path: Path) -> Path:
    """A record in two segments with a gap between them, and a layout; its folder."""
    for name, part in (("s1", slice(0, 20)), ("s2", slice(20, 60))):
        write_wfdb(Recording(name, FHR[part], UC[part], 4.0), tmp_path)
    (tmp_path / "lay.hea").write_text("lay 2 4 0\n~ 0 100/bpm 12 0 0 0 0 FHR\n~ 0 100/nd 12 0 0 0 0 UC\n")
    (tmp_path / "fixed.hea").write_text("fixed/3 2 4 70\ns1 20\n~ 10\ns2 40\n#pH 7.1\n")
    (tmp_path / "free.hea").write_text("free/4 2 4 70\nlay 0\ns1 20\n~ 10\ns2 40\n")
    return tmp_path


@pytest.mark.parametrize("name", ["fixed", "free"])
def test_segments_are_joined_and_their_gaps_are_missing(segments, name):
    recording = read(segments / name)
    assert (recording.name, recording.fs, len(recording)) == (name, 4.0, 70)
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), np.r_[FHR[:20], [0] * 10, FHR[20:]])
    np.testing.assert_array_equal(np.nan_to_num(recording.uc), np.r_[UC[:20], [0] * 10, UC[20:]])
    assert recording.outcome.ph == 7.1 or name == "free"


def test_segments_of_a_record_are_no_recordings_of_their_own(segments, caplog):
    caplog.set_level("INFO", logger="fhr")
    (segments / "free.hea").unlink()
    (segments / "lay.hea").unlink()
    write_wfdb(Recording("alone", FHR, UC, 4.0), segments)
    with (segments / "alone.hea").open() as file:
        text = file.read()
    (segments / "alone.hea").write_text("# of the study on s1/2 4\n" + text)
    contents = contents_of(segments)
    assert [path.name for path in contents.recordings] == ["alone.hea", "fixed.hea"]
    assert (contents.left_out, [path.name for path in contents.others]) == ({}, ["s1.hea", "s2.hea"])


def test_what_the_headers_of_segments_say_of_the_birth(segments):
    heads = {name: (segments / f"{name}.hea").read_text().replace("#pH 7.1\n", "") for name in ("s1", "s2", "fixed")}

    def said(**comments: str) -> Recording:
        for name, text in heads.items():
            (segments / f"{name}.hea").write_text(f"{text}\n{comments.get(name, '')}\n")
        return read(segments / "fixed")

    one = said(s1="#pH 7.2\n#Weight 3000 g\n#Pos. II.st. 5", s2="#pH 7.1")
    kept = {step.parameters["field"]: step.parameters["value"] for step in one.history if "field" in step.parameters}
    assert (one.clinical.weight, one.outcome.ph, one.stage2_start) == pytest.approx((3000, nan, nan), nan_ok=True)
    assert kept == {"ph": "7.2 | 7.1", "stage2_start": "5 in a segment"}
    assert said(fixed="#pH 7.14", s2="#pH: 7,14").outcome.ph == 7.14
    section = '#-- Provenance\n#Kind         simulated\n#Made by      "one"'
    assert said(fixed=section).provenance == said(s1=section, s2=section).provenance == Provenance("simulated", "one")
    with pytest.raises(FormatError, match="provenances that differ"):
        said(s1=section)


def test_a_segment_without_one_of_the_signals(segments):
    lines = (segments / "s2.hea").read_text().splitlines()
    samples = np.fromfile(segments / "s2.dat", "<i2").reshape(-1, 2)
    samples[:, 0].tofile(segments / "s2.dat")
    (segments / "s2.hea").write_text("\n".join(["s2 1 4 40", lines[1]]))
    recording = read(segments / "free")
    np.testing.assert_array_equal(np.nan_to_num(recording.uc), np.r_[UC[:20], [0] * 50])
    assert np.nan_to_num(recording.fhr)[-40:].tolist() == FHR[20:].tolist()
    with pytest.raises(
        FormatError, match=r"s2.hea: signal 'UC' stands either here or in the first segment, not in both"
    ):
        read(segments / "fixed")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("s1 20", "s1 19", "70 samples declared, and 69 in its segments"),
        (
            "fixed/3 2 4 70\ns1 20",
            "fixed/3 2 4 69\ns1 19",
            "19 samples of segment 's1' declared, its own header says 20",
        ),
        ("s1 20", "fixed 20", "segment 'fixed' is in segments itself"),
        ("s1 20", "../s1 20", "segment '../s1' is not a plain record name"),
        ("s1 20", "s9 20", r"s9.hea: no readable WFDB header"),
        ("s1 20", "s1 x", "segment line 's1 x'; it must give the name and the length"),
        ("2 4 70", "2 5 70", "segment 's1' has 4 Hz and the record 5"),
        ("fixed/3", "fixed/4", "4 segments declared, 3 segment lines found"),
        ("s1 20\n~ 10\ns2 40", "~ 20\n~ 10\n~ 40", "all segments are gaps"),
        ("2 4 70\ns1 20\n~ 10", "2 4\ns1 20\n~ 4838400", "4838460 samples in segments; a recording has 1 to 4838400"),
    ],
)
def test_segments_that_contradict_each_other(segments, old, new, message):
    edit(segments / "fixed.hea", old, new)
    with pytest.raises(FormatError, match=message):
        read(segments / "fixed")


def test_a_segment_that_is_named_a_thousand_times_is_read_once(segments, monkeypatch):
    (segments / "many.hea").write_text("many/5000 2 4\n" + "s1 20\n" * 5000)
    opened = []
    monkeypatch.setattr("fhr.formats.wfdb.samples.open_regular", lambda path: opened.append(path) or open_regular(path))
    assert len(read(segments / "many")) == 100_000
    assert len(opened) == 1


# Names and letters


@pytest.mark.parametrize("given", ["R1.HEA", "R1.hea", "r1.hea", "R1", "r1", "r1.dat", "R1.DAT"])
def test_upper_case_names_are_found(tmp_path, given):
    header = written(tmp_path, "16")
    expected = read(header).digest
    header.rename(tmp_path / "R1.HEA")
    header.with_suffix(".dat").rename(tmp_path / "R1.DAT")
    recording = read(tmp_path / given)
    assert (recording.name, recording.digest) == ("R1", expected)


def test_two_files_that_differ_by_case_only_are_told_apart(tmp_path):
    header = written(tmp_path, "16")
    for name in ("R1.HEA", "r1.Hea"):
        shutil.copy(header, tmp_path / name)
    read(header)
    header.unlink()
    if len(list(tmp_path.glob("*.[hH][eE][aA]"))) != 2:
        pytest.skip("the file system tells no case")
    with pytest.raises(FormatError, match=r"r1.hea: no such file, but R1.HEA and r1.Hea; say which"):
        read(tmp_path / "r1")


def test_names_with_spaces(tmp_path):
    header = written(tmp_path, "16")
    text = header.read_text().replace("r1.dat", "my 2nd record.dat").replace("r1 2", "my 2nd record 2")
    (tmp_path / "my 2nd record.hea").write_text(text)
    header.with_suffix(".dat").rename(tmp_path / "my 2nd record.dat")
    np.testing.assert_array_equal(np.nan_to_num(read(tmp_path / "my 2nd record").fhr), FHR)


# Channels, units and rates


@pytest.mark.parametrize(
    ("unit", "factor"), [("Hz", 60), ("1/min", 1), ("bpm", 1), ("BPM", 1), ("beats/min", 1), ("1/s", 60)]
)
def test_heart_rates_in_other_units(tmp_path, unit, factor):
    header = written(tmp_path, "16")
    text = header.read_text()
    header.write_text(text.replace("2.0/bpm", f"{2 * factor}/{unit}").replace("2.0(0)/bpm", f"{2 * factor}(0)/{unit}"))
    recording = read(header)
    np.testing.assert_allclose(np.nan_to_num(recording.fhr), FHR, rtol=1e-6)


def test_a_name_that_contradicts_its_unit_is_refused_or_given(tmp_path):
    header = written(tmp_path, "16")
    edit(header, " FHR", " FHR [Hz]")
    with pytest.raises(FormatError, match=r"'FHR \[Hz\]' is said to be in 'bpm'; say which unit holds"):
        read(header)
    np.testing.assert_array_equal(np.nan_to_num(read(header, units={"fhr": "bpm"}).fhr), FHR)


def test_uterine_activity_alone(tmp_path):
    header = written(tmp_path, "16")
    recording = read(header, columns={"fhr": None})
    assert np.isnan(recording.fhr).all()
    np.testing.assert_array_equal(recording.uc, UC)


def test_a_unit_that_is_no_heart_rate_is_refused_or_given(tmp_path):
    header = written(tmp_path, "16")
    edit(header, "/bpm", "/mV")
    with pytest.raises(FormatError, match=r"'FHR' is in 'mV', no unit of a heart rate .*units=\{'fhr': UNIT\}"):
        read(header)
    np.testing.assert_array_equal(np.nan_to_num(read(header, units={"fhr": "bpm"}).fhr), FHR)


@pytest.mark.parametrize("gain", ["", "0/bpm", "0(0)/bpm"])
def test_a_heart_rate_that_is_not_calibrated_is_refused(tmp_path, gain):
    (tmp_path / "r1.dat").write_bytes((FHR * 200).astype("<i2").tobytes())
    (tmp_path / "r1.hea").write_text(f"r1 1 4 60\nr1.dat 16 {gain} FHR")
    with pytest.raises(FormatError, match=r"FHR has no gain, or one of 0: .*write the gain into its signal line"):
        read(tmp_path / "r1")


def test_uterine_activity_that_is_not_calibrated_has_the_gain_of_the_standard(tmp_path):
    frames = np.stack([FHR, UC * 200], axis=1).astype("<i2")
    (tmp_path / "r1.dat").write_bytes(frames.tobytes())
    (tmp_path / "r1.hea").write_text("r1 2 4 60\nr1.dat 16 1/bpm FHR\nr1.dat 16 0 TOCO")
    recording = read(tmp_path / "r1")
    np.testing.assert_array_equal(recording.uc, UC)
    assert recording.history[0].parameters["gain_assumed"] == ["TOCO"]


def test_a_header_without_a_sampling_rate(tmp_path):
    header = written(tmp_path, "16")
    edit(header, f"r1 2 4 {N}", "r1 2")
    with pytest.raises(FormatError, match=r"r1.hea: the record line gives no sampling rate; .*or give fs, in Hz"):
        read(header)
    recording = read(header, fs=4)
    assert (recording.fs, recording.history[0].parameters["fs"]) == (4.0, 4.0)
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), FHR)
    with pytest.raises(FormatError, match="fs=0; it must be"):
        read(header, fs=0)


def test_a_rate_that_contradicts_the_header(tmp_path):
    header = written(tmp_path, "16")
    assert read(header, fs=4).fs == 4
    with pytest.raises(FormatError, match="fs=2 was given and the header says 4 Hz"):
        read(header, fs=2)


def test_two_transducers_are_merged_and_said(tmp_path):
    first, second = FHR.copy(), np.zeros(N)
    first[30:], second[28:] = 0, FHR[28:]
    frames = np.stack([first, second, UC], axis=1).astype("<i2")
    (tmp_path / "r1.dat").write_bytes(frames.tobytes())
    lines = [f"r1.dat 16 1/{unit} {name}" for unit, name in (("bpm", "US"), ("bpm", "DECG"), ("nd", "TOCO"))]
    (tmp_path / "r1.hea").write_text("\n".join(["r1 3 4 60", *lines]))
    recording = read(tmp_path / "r1")
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), FHR)
    assert recording.history[0].parameters["fhr_from"] == ["DECG", "US"]
    alone = read(tmp_path / "r1", columns={"fhr": "US"})
    np.testing.assert_array_equal(np.nan_to_num(alone.fhr), first)


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ({"fhr": "HR"}, FormatError, "signal 'HR' of fhr is not there; it holds FHR, UC"),
        ({"fhr": 2}, FormatError, "signal 2 of fhr; they are 0 to 1"),
        ({"fhr": 0, "uc": 0}, FormatError, "signal 'FHR' is given twice; it holds one channel"),
        ({"time": 0}, FHRError, "columns: 'time'; the channels are fhr, uc, mhr"),
        ({"fhr": 0.5}, FHRError, "columns: 0.5 of fhr; give a name"),
        ({"fhr": None, "uc": None}, FormatError, "no signal is known to be UC; it holds FHR, UC; say columns="),
    ],
)
def test_columns_that_cannot_be(tmp_path, columns, error, message):
    header = written(tmp_path, "16")
    with pytest.raises(error, match=message):
        read_wfdb(header, columns=columns)


# Encodings


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_headers_in_other_encodings(tmp_path, encoding, end):
    header = written(tmp_path, "16")
    text = header.read_text() + "#Müller, Kreißsaal 3\n#pH: 7,14\n"
    header.write_bytes(text.replace("\n", end).encode(encoding))
    recording = read(header)
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), FHR)
    assert recording.outcome.ph == 7.14


# Hostile: what no file may bring about


def flac(channels: int, samples: int) -> bytes:
    """The first block of a FLAC file of 16 bits, which says what the others unpack to."""
    info = 96 << 44 | channels - 1 << 41 | 15 << 36 | samples
    return b"fLaC\x80\0\0\x22" + bytes(10) + info.to_bytes(8, "big") + bytes(16)


@pytest.mark.parametrize(
    ("declared", "samples", "message"),
    [
        (4_800_000, 4_800_000, "4800000 frames of 8 samples; a file of signals ends at 33554432"),
        (10, 1 << 35, "34359738368 samples of 8 channels where the header declares 10"),
        (1000, 1000, "not a file of signal format 516"),
    ],
)
def test_flac_files_that_unpack_to_more_than_they_may(tmp_path, declared, samples, message):
    (tmp_path / "r1.dat").write_bytes(flac(8, samples))
    lines = [f"r1.dat 516 1/bpm {name}" for name in ("FHR", *"abcdefg")]
    (tmp_path / "r1.hea").write_text("\n".join([f"r1 8 4 {declared}", *lines]))
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match=message):
            read(tmp_path / "r1")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("r1.dat 7 1/bpm FHR", r"signal format 7; those that are read are 8, 16, .*xform"),
        ("r1.dat 516 1/bpm FHR", "signal format 516 and no FLAC file"),
        ("r1.dat 16x0 1/bpm FHR", "0 samples a frame"),
        ("r1.dat 16x999999 1/bpm FHR", "999999 samples a frame"),
        ("r1.dat 16+999999999999 1/bpm FHR", "truncated"),
        ("https://x/r1.dat 16 1/bpm FHR", "is not a plain file name"),
        ("s3:r1.dat 16 1/bpm FHR", "is not a plain file name"),
    ],
)
def test_signal_lines_that_cannot_be(tmp_path, line, message):
    (tmp_path / "r1.dat").write_bytes(FHR.astype("<i2").tobytes())
    (tmp_path / "r1.hea").write_text(f"r1 1 4 60\n{line}")
    with pytest.raises(FormatError, match=message):
        read(tmp_path / "r1")


def test_a_signal_that_is_not_stored_is_missing(tmp_path):
    (tmp_path / "r1.dat").write_bytes(FHR.astype("<i2").tobytes())
    (tmp_path / "r1.hea").write_text("r1 2 4 60\nr1.dat 16 1/bpm FHR\n~ 0 1/nd UC")
    recording = read(tmp_path / "r1")
    assert np.isnan(recording.uc).all()
    np.testing.assert_array_equal(np.nan_to_num(recording.fhr), FHR)


@pytest.mark.parametrize(("unit", "factor"), [("Hz", 60.0), ("s", None), ("ms", None)])
def test_gains_that_the_wfdb_package_chooses_of_its_own(tmp_path, unit, factor):
    """A narrow range of small values has a gain of millions, and a baseline far beyond the samples."""
    rates = np.linspace(139.8, 140.2, N)
    values = rates / factor if factor else 60 / rates * (1000 if unit == "ms" else 1)
    wfdb.wrsamp("r1", 4, [unit], ["FHR"], p_signal=values[:, None], fmt=["16"], write_dir=str(tmp_path))
    np.testing.assert_allclose(read(tmp_path / "r1").fhr, rates, rtol=1e-6)
