import hashlib
import shutil
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest

import fhr
from fhr.errors import FormatError
from fhr.formats import read, read_wfdb, write_wfdb
from fhr.formats.wfdb.ctu_uhb_header import IMPLAUSIBLE
from fhr.recording import Outcome, Recording, Step

wfdb = pytest.importorskip("wfdb")


@pytest.fixture
def record(ctu_uhb: Path, tmp_path: Path) -> Path:
    """A writeable copy of real record 1001, without suffix."""
    for suffix in (".hea", ".dat"):
        shutil.copy(ctu_uhb / f"1001{suffix}", tmp_path)
        (tmp_path / f"1001{suffix}").chmod(0o644)
    return tmp_path / "1001"


def edit(record: Path, old: str, new: str) -> None:
    header = record.with_name(record.name + ".hea")
    text = header.read_bytes()
    assert text.count(old.encode()) == 1
    header.write_bytes(text.replace(old.encode(), new.encode()))


def same(a: Recording, b: Recording) -> None:
    np.testing.assert_array_equal(a.fhr, b.fhr)
    np.testing.assert_array_equal(a.uc, b.uc)
    assert (a.name, a.fs, a.stage2_start) == (b.name, b.fs, b.stage2_start)
    np.testing.assert_equal(a.outcome, b.outcome)
    np.testing.assert_equal(a.clinical, b.clinical)


def test_every_real_record_is_written_byte_for_byte_as_it_was(ctu_uhb, ctu_uhb_database, tmp_path):
    assert len(ctu_uhb_database) == 442
    for recording in ctu_uhb_database:
        header = write_wfdb(recording, tmp_path)
        for written in (header, header.with_suffix(".dat")):
            assert written.read_bytes() == (ctu_uhb / written.name).read_bytes(), written.name


def test_every_real_record_agrees_with_the_wfdb_package(ctu_uhb, ctu_uhb_database):
    for recording in ctu_uhb_database:
        record = wfdb.rdrecord(str(ctu_uhb / recording.name), physical=False)
        assert record.sig_name == ["FHR", "UC"]
        assert (record.fs, record.sig_len) == (recording.fs, len(recording))
        for ours, theirs in zip((recording.fhr, recording.uc), record.d_signal.T, strict=True):
            np.testing.assert_array_equal(np.isnan(ours), theirs == 0)
            np.testing.assert_allclose(np.nan_to_num(ours), theirs / 100, rtol=1e-7)
        comments = dict(line.rsplit(maxsplit=1) for line in record.comments if not line.startswith("-"))
        assert recording.outcome.ph == float(comments["pH"])
        assert recording.outcome.apgar1 == float(comments["Apgar1"])
        np.testing.assert_equal(recording.outcome.bdecf, float(comments["BDecf"]))
        assert recording.clinical.weight == float(comments["Weight(g)"])
        start = int(comments["Pos. II.st."])
        np.testing.assert_equal(recording.stage2_start, start / 4 if start >= 0 else nan)


def test_a_known_record(ctu_uhb):
    recording = fhr.read(ctu_uhb / "1001")
    assert (recording.name, recording.fs, len(recording), recording.duration) == ("1001", 4.0, 19200, 4800.0)
    np.testing.assert_array_equal(recording.fhr[:3], np.float32([150.5, 150.5, 151.0]))
    assert recording.uc[0] == 7.0
    assert recording.fhr.dtype == recording.uc.dtype == np.float32
    assert recording.mhr is None
    assert recording.outcome == Outcome(ph=7.14, bdecf=8.14, be=-10.5, pco2=7.7, apgar1=6, apgar5=8)
    clinical = recording.clinical
    assert (clinical.gestational_age, clinical.weight, clinical.sex, clinical.maternal_age) == (37, 2660, 2, 32)
    assert (clinical.diabetes, clinical.liquor_praecox, clinical.presentation) == (1, 1, 2)
    assert (clinical.first_stage, clinical.second_stage, clinical.delivery_type) == (232, 20, 1)
    assert (clinical.database_id, clinical.sensor, clinical.signal_to_birth) == (974204, 1, 0)
    assert recording.stage2_start == 3600.0
    assert recording.history == ()
    assert recording.source.path == str(ctu_uhb / "1001")
    assert recording.source.format == "wfdb"
    assert recording.source.sha256 == hashlib.sha256((ctu_uhb / "1001.dat").read_bytes()).hexdigest()


def test_zeros_become_missing_and_no_zero_is_left(ctu_uhb, ctu_uhb_database):
    recording = ctu_uhb_database["1001"]
    stored = np.fromfile(ctu_uhb / "1001.dat", "<i2").reshape(-1, 2)
    assert np.isnan(recording.fhr).sum() == (stored[:, 0] == 0).sum() > 0
    for recording in ctu_uhb_database:
        assert not (recording.fhr == 0).any()
        assert not (recording.uc == 0).any()


def test_a_negative_first_stage_is_missing_with_a_note(ctu_uhb_database):
    recording = ctu_uhb_database["2012"]
    assert isnan(recording.clinical.first_stage)
    assert recording.history == (Step(IMPLAUSIBLE, {"field": "first_stage", "value": -30.0}),)
    # "No second stage" is the database's own code and no mistake.
    assert isnan(recording.clinical.second_stage)
    assert isnan(recording.stage2_start)


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ("#I.stage      232", "#I.stage      393425", "first_stage", 393425.0),
        ("#pH           7.14", "#pH           71.4", "ph", 71.4),
        ("#Apgar1       6", "#Apgar1       -1", "apgar1", -1.0),
        ("#Weight(g)    2660", "#Weight(g)    26", "weight", 26.0),
        ("#dbID         974204", "#dbID         inf", "database_id", np.inf),
        ("#Pos. II.st.  14400", "#Pos. II.st.  19201", "stage2_start", 19201.0),
    ],
)
def test_implausible_values_are_missing_noted_and_written_again(record, tmp_path, old, new, field, value):
    edit(record, old, new)
    recording = read(record)
    assert recording.history == (Step(IMPLAUSIBLE, {"field": field, "value": value}),)
    owner = {"ph": recording.outcome, "apgar1": recording.outcome, "stage2_start": recording}
    assert isnan(getattr(owner.get(field, recording.clinical), field))
    written = write_wfdb(recording, tmp_path / "again")
    assert written.read_bytes() == (tmp_path / "1001.hea").read_bytes()
    assert read(written).history == recording.history


def test_unknown_outcomes_are_missing_without_a_note(record):
    edit(record, "#BDecf        8.14", "#BDecf        NaN")
    edit(record, "#pH           7.14\n", "")
    recording = read(record)
    assert isnan(recording.outcome.bdecf)
    assert isnan(recording.outcome.ph)
    assert recording.outcome.pco2 == 7.7
    assert recording.history == ()


@pytest.mark.parametrize("suffix", ["", ".hea", ".dat"])
@pytest.mark.parametrize("kind", [str, Path])
@pytest.mark.parametrize("reader", [read, read_wfdb])
def test_a_record_is_found_by_any_of_its_paths(ctu_uhb, ctu_uhb_database, suffix, kind, reader):
    recording = reader(kind(f"{ctu_uhb / '1003'}{suffix}"))
    same(recording, ctu_uhb_database["1003"])
    assert recording.source == ctu_uhb_database["1003"].source


def test_a_relative_path(ctu_uhb, ctu_uhb_database, monkeypatch):
    monkeypatch.chdir(ctu_uhb)
    same(read("1001.hea"), ctu_uhb_database["1001"])
    same(read("1001"), ctu_uhb_database["1001"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1001 2 4 19200", "1001 2 4/4(0) 19200"),
        ("1001 2 4 19200", "1001 2 4.0 19200 12:30:00 01/02/2010"),
        ("1001 2 4 19200\n", "# a comment first\n\n  \n  1001\t2  4 19200 \n\n"),
        ("\n\n#-- Outcome measures\n", "\n\n\n   # indented\n#-- Outcome measures\n"),
        ("#pH           7.14", "#pH\t7.14"),
        ("#pH           7.14", "  # pH 7.14  "),
        ("0 15050 20101 0 FHR", "0 15050 -45435 0 fhr1"),  # the checksum modulo 65536
        ("0 700 378 0 UC", "0 700 378 0 TOCO"),
    ],
)
def test_what_the_format_leaves_free_does_not_matter(record, ctu_uhb_database, old, new):
    edit(record, old, new)
    same(read(record), ctu_uhb_database["1001"])


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_line_ends_of_other_systems(record, ctu_uhb_database, end):
    header = record.with_suffix(".hea")
    header.write_bytes(header.read_bytes().replace(b"\n", end))
    same(read(record), ctu_uhb_database["1001"])


def test_names_with_dots(record, ctu_uhb_database):
    for suffix in (".hea", ".dat"):
        record.with_suffix(suffix).rename(record.with_name(f"a.b{suffix}"))
    header = record.with_name("a.b.hea")
    header.write_bytes(header.read_bytes().replace(b"1001 ", b"a.b ").replace(b"1001.dat", b"a.b.dat"))
    for recording in (read(header), read(header.with_suffix(".dat")), read_wfdb(record.with_name("a.b"))):
        assert recording.name == "a.b"
        assert recording.source.path == str(record.with_name("a.b"))
        np.testing.assert_array_equal(recording.fhr, ctu_uhb_database["1001"].fhr)
    with pytest.raises(FormatError, match=r"unknown suffix '.b'; known are .hea, .dat, .*, or a WFDB record without"):
        read(record.with_name("a.b"))


def test_gain_baseline_and_missing_mark_agree_with_the_wfdb_package(tmp_path):
    samples = np.array([[700, 100, 5], [300, 20, 6], [50, -32768, 7], [701, 21, 8]], "<i2")
    (tmp_path / "g.dat").write_bytes(samples.tobytes())
    sums = samples.astype(int).sum(axis=0) % 65536
    header = ["g 3 2.5 4"]
    # gain(baseline), a gain with the ADC's zero as baseline, and an unknown signal, which is passed over.
    for gain, zero, value, checksum, name in zip(
        ("5(50)/bpm", "2/nd", "1e1"), (0, 20, 0), samples[0], sums, ("FHR", "UC", "ECG"), strict=True
    ):
        header.append(f"g.dat 16 {gain} 12 {zero} {value} {checksum} 0 {name}")
    (tmp_path / "g.hea").write_text("\n".join(header))
    recording = read(tmp_path / "g")
    expected = wfdb.rdrecord(str(tmp_path / "g")).p_signal[:, :2].astype(np.float32)
    expected[2, 0] = expected[1, 1] = nan  # our rule: a value of 0 is missing
    np.testing.assert_array_equal(recording.fhr, expected[:, 0])
    np.testing.assert_array_equal(recording.uc, expected[:, 1])
    assert recording.fs == 2.5
    assert recording.mhr is None


def test_maternal_heart_rate_is_kept(tmp_path):
    recording = Recording("m", [140.0, nan, 120.25], [1.0, 2.0, nan], 4.0, mhr=[80.0, 81.5, nan])
    again = read(write_wfdb(recording, tmp_path))
    np.testing.assert_array_equal(again.mhr, recording.mhr)
    np.testing.assert_array_equal(again.fhr, recording.fhr)
    record = wfdb.rdrecord(str(tmp_path / "m"))
    assert record.sig_name == ["FHR", "UC", "MHR"]
    np.testing.assert_allclose(record.p_signal[:, 2], [80.0, 81.5, 0.0])


def test_a_record_without_uterine_activity(record, ctu_uhb_database):
    samples = np.fromfile(record.with_suffix(".dat"), "<i2").reshape(-1, 2)
    samples[:, 0].tofile(record.with_suffix(".dat"))
    edit(record, "1001 2 4 19200", "1001 1 4 19200")
    edit(record, "1001.dat 16 100/nd 12 0 700 378 0 UC\n", "")
    recording = read(record)
    np.testing.assert_array_equal(recording.fhr, ctu_uhb_database["1001"].fhr)
    assert recording.uc.shape == recording.fhr.shape
    assert np.isnan(recording.uc).all()


def test_writing_replaces_a_record_and_leaves_nothing_else(tmp_path):
    write_wfdb(Recording("a", [140.0, 141.0], [1.0, 2.0], 4.0), tmp_path / "new" / "folder")
    header = write_wfdb(Recording("a", [150.0], [3.0], 1.0), tmp_path / "new" / "folder")
    assert header == tmp_path / "new" / "folder" / "a.hea"
    assert sorted(path.name for path in header.parent.iterdir()) == ["a.dat", "a.hea"]
    assert read(header).fhr.tolist() == [150.0]


def test_an_interrupted_write_leaves_no_record(tmp_path, monkeypatch):
    def fail(recording):
        raise KeyboardInterrupt

    replace = fhr.formats.files.whole_file.os.replace
    monkeypatch.setattr(
        "fhr.formats.files.whole_file.os.replace", lambda a, b: fail(a) if str(b).endswith("hea") else replace(a, b)
    )
    with pytest.raises(KeyboardInterrupt):
        write_wfdb(Recording("a", [140.0], [1.0], 4.0), tmp_path)
    assert not (tmp_path / "a.hea").exists()


@pytest.mark.parametrize(
    ("name", "fhr_values", "message"),
    [
        ("../a", [140.0], r"record name '../a'; WFDB names hold letters, digits, hyphens and underscores only"),
        ("", [140.0], "record name ''"),
        ("a b", [140.0], "record name 'a b'; .* call it 'a_b', say, or write another format"),
        ("a\n", [140.0], r"record name 'a\\n'"),
        ("a.b", [140.0], "record name 'a.b'"),
        ("long", [], "long: the recording holds no sample; there is nothing to write"),
        ("high", [140.0, 400.0], "high: the largest value is 400; format 16 ends at 327.67"),
        ("low", [-327.68], "the largest value is 327.68"),  # would be format 16's mark for a missing sample
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_no_file(tmp_path, name, fhr_values, message):
    with pytest.raises(FormatError, match=message):
        write_wfdb(Recording(name, fhr_values, fhr_values, 4.0), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_uterine_activity_in_kpa_becomes_mmhg(tmp_path):
    one = Recording("a1", [140.0, 141.0, 142.0], [2.0, nan, 8.0], fs=4.0)
    header = write_wfdb(one, tmp_path)
    for unit, factor in (("kPa", 7.50062), ("mmHg", 1.0), ("nd", 1.0)):
        header.write_text(header.read_text().replace("100/nd", f"100/{unit}"))
        recording = read_wfdb(header)
        np.testing.assert_allclose(recording.uc, np.float32([2 * factor, nan, 8 * factor]), rtol=1e-6)
        assert [step.parameters["converted"] for step in recording.history] == (
            [{"uc": "kPa to mmHg"}] if factor != 1 else []
        )
        header.write_text(header.read_text().replace(f"100/{unit}", "100/nd"))


@pytest.mark.parametrize(
    ("written", "start"),
    [
        (" 23:50:00 04/03/2012", "2012-03-04T23:50:00"),
        *((" 9:5:0.5 4/3/2012", "2012-03-04T09:05:00.500000"), (" 23:50:00", "23:50:00"), ("", "")),
        *((text, "") for text in (" 23:50:00 31/02/2012", " 10:00:00 03/15/2024", " 10:0:0.5 5/3/24", " 05/03/2024")),
    ],
)
def test_the_date_of_a_record_is_that_of_its_header(tmp_path, written, start):
    head = write_wfdb(Recording("one", np.full(40, 140.0), np.full(40, 10.0), 4.0), tmp_path)
    first, *rest = head.read_text().split("\n")
    head.write_text("\n".join([first + written, *rest]))
    recording = read_wfdb(head)
    assert recording.date == (start[:10] if "T" in start else "")
    said = {key: one for step in recording.history for key, one in step.parameters.items()}
    assert len(recording.history) == bool(written)
    assert said.get("start_unread" if written and not start else "start", "") == (start or written.strip())
