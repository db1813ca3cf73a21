"""EDF files: by hand, by edfio, and our own."""

import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import NamedTuple

import edfio
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fhr
from fhr.errors import FHRError, FormatError
from fhr.formats import not_kept, read_edf, read_edf_annotations, write_edf
from fhr.recording import Clinical, Outcome, Provenance, Recording, Step

N = 240  # a minute at 4 Hz
T = np.arange(N)
RATE = np.rint(140 + 8 * np.sin(T / 9))
ACTIVITY = np.rint(30 + 25 * np.sin(T / 31))


class Signal(NamedTuple):
    label: str
    numbers: Sequence[int]
    per_record: int
    unit: str = "bpm"
    physical: tuple[object, object] = (0, 300)
    digital: tuple[object, object] = (0, 300)
    transducer: str = ""


def edf(
    signals: Sequence[Signal],
    *,
    record_s: object = 1,
    n_records: object = None,
    kind: str = "",
    date_time: str = "02.03.2412.30.15",
    who: str = "X X X X",
    start: str = "",
    tals: Sequence[bytes] = (),
) -> bytes:
    """A file by hand, as https://www.edfplus.info/specs/edf.html has it."""
    records = len(signals[0].numbers) // signals[0].per_record if signals else len(tals)
    blocks = [np.asarray(one.numbers, "<i2").reshape(records, one.per_record) for one in signals]
    fields = [
        (one.label, one.transducer, one.unit, *one.physical, *one.digital, "", one.per_record, "") for one in signals
    ]
    if tals:
        width = -(-max(map(len, tals)) // 2)
        blocks.append(
            np.frombuffer(b"".join(tal.ljust(2 * width, b"\0") for tal in tals), "<i2").reshape(records, width)
        )
        fields.append(("EDF Annotations", "", "", -1, 1, -32768, 32767, "", width, ""))
    head = "".join(
        str(value).ljust(size)
        for value, size in [
            *(("0", 8), (who, 80), (start, 80), (date_time[:8], 8), (date_time[8:], 8), (256 * (len(fields) + 1), 8)),
            *((kind, 44), (records if n_records is None else n_records, 8), (record_s, 8), (len(fields), 4)),
        ]
    )
    sizes = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)
    head += "".join(str(field[i]).ljust(size) for i, size in enumerate(sizes) for field in fields)
    return head.encode("latin-1") + np.concatenate(blocks, axis=1).tobytes()


@pytest.fixture
def read(tmp_path: Path):
    def read_bytes(data: bytes, **options: object) -> Recording:
        path = tmp_path / "a.edf"
        path.write_bytes(data)
        return read_edf(path, **options)

    return read_bytes


FHR, TOCO = Signal("FHR", RATE, 4), Signal("TOCO", ACTIVITY, 4, "mmHg")


def stamp(onset: float, *notes: str) -> bytes:
    return f"+{onset:g}\x14\x14\0".encode() + "".join(notes).encode("latin-1")


def test_a_file_by_hand(read, tmp_path):
    ecg = Signal("ECG", np.zeros(N * 60), 240, "mV")
    recording = read(edf([ecg, FHR, TOCO], who="4711 F 01-JAN-1990 Jane_Doe"))
    np.testing.assert_array_equal(recording.fhr, np.float32(RATE))
    np.testing.assert_array_equal(recording.uc, np.float32(ACTIVITY))
    assert (recording.fs, recording.name, recording.date) == (4.0, "a", "2024-03-02")
    step = recording.history[0].parameters
    assert step["units"] == {"fhr": "bpm", "uc": "mmhg"}
    assert step["columns"] == {"uc": "TOCO", "fhr": "FHR"}
    assert "Doe" not in str(recording.history)
    assert fhr.read(tmp_path / "a.edf").digest == recording.digest


def test_names_and_units_are_those_of_every_format(read):
    one = Signal("Heart", RATE, 4, "")
    with pytest.raises(FormatError, match=r"no signal is known to be FHR; it holds Heart, TOCO; say columns="):
        read(edf([one, TOCO]))
    assert np.nanmedian(read(edf([one, TOCO]), columns={"fhr": "Heart"}).fhr) == np.median(RATE)
    assert np.isnan(read(edf([FHR, TOCO]), columns={"uc": None}).uc).all()
    hertz = Signal("FHR", np.rint(RATE / 60 * 1000), 4, "Hz", (0, 30), (0, 30000))
    np.testing.assert_allclose(read(edf([hertz])).fhr, RATE, atol=0.031)
    kilopascal = TOCO._replace(unit="kPa")
    np.testing.assert_allclose(read(edf([FHR, kilopascal])).uc, ACTIVITY * 7.50062, rtol=1e-6)
    with pytest.raises(FormatError, match=r"'FHR' is in 'mV', no unit of a heart rate"):
        read(edf([FHR._replace(unit="mV")]))
    with pytest.raises(FormatError, match=r"'FHR \[Hz\]' is said to be in 'bpm'; say which unit holds"):
        read(edf([FHR._replace(label="FHR [Hz]")]))


def test_two_transducers_are_merged(read):
    scalp = np.where(T < 120, 0, RATE + 1)
    ultrasound = np.where(T >= 150, 0, RATE)
    signals = [
        Signal("HR1", ultrasound, 4, transducer="Doppler ultrasound"),
        Signal("HR2", scalp, 4, transducer="scalp electrode"),
    ]
    recording = read(edf(signals))
    np.testing.assert_array_equal(recording.fhr, np.float32(np.where(T < 120, RATE, RATE + 1)))
    assert recording.history[0].parameters["sensors"] == {"HR1": "ultrasound", "HR2": "scalp electrode"}


def test_a_slower_channel_is_held_and_said(read):
    slow = Signal("TOCO", ACTIVITY[::4], 1, "mmHg")
    recording = read(edf([FHR, slow]))
    np.testing.assert_array_equal(recording.uc, np.repeat(np.float32(ACTIVITY[::4]), 4))
    np.testing.assert_array_equal(recording.fhr, np.float32(RATE))
    assert recording.history[0].parameters["held"] == {"TOCO": "1 Hz"}
    with pytest.raises(FormatError, match=r"'TOCO' has 3 Hz beside 4 Hz, no whole fraction; leave one of them out"):
        read(edf([FHR, Signal("TOCO", ACTIVITY[:180], 3, "mmHg")]))


@pytest.mark.parametrize(
    ("record_s", "per_record", "fs"), [("0.25", 1, 4), ("7.5", 30, 4), ("0.333333", 1, 3), (60, 240, 4)]
)
def test_records_of_any_duration(read, record_s, per_record, fs):
    recording = read(edf([FHR._replace(per_record=per_record)], record_s=record_s))
    assert recording.fs == fs
    np.testing.assert_array_equal(recording.fhr, np.float32(RATE))


def test_gaps_of_an_interrupted_file(read):
    onsets = np.arange(60.0)
    onsets[20:] += 10.5
    tals = [stamp(onset) for onset in onsets]
    recording = read(edf([FHR, TOCO], kind="EDF+D", tals=tals))
    assert len(recording) == N + 42
    np.testing.assert_array_equal(recording.fhr[:80], np.float32(RATE[:80]))
    assert np.isnan(recording.fhr[80:122]).all()
    np.testing.assert_array_equal(recording.fhr[122:], np.float32(RATE[80:]))
    assert recording.history[0].parameters["interrupted"] == 1
    with pytest.raises(FormatError, match=r"data record 21 starts at 30.5 s, where a continuous file .* has 20 s"):
        read(edf([FHR, TOCO], kind="EDF+C", tals=tals))
    with pytest.raises(FormatError, match=r"interrupted file .* without the times of its records"):
        read(edf([FHR, TOCO], kind="EDF+D"))
    tals[30] = stamp(3)
    with pytest.raises(FormatError, match=r"data record 31 starts at 3 s, before record 30 of 1 s ends"):
        read(edf([FHR, TOCO], kind="EDF+D", tals=tals))


def test_missing_samples(read):
    marked = RATE.copy()
    marked[10:20], marked[50:60], marked[100:110] = 0, -1, 400  # beyond the digital range
    signal = FHR._replace(numbers=marked, physical=(-100, 300), digital=(-100, 300))
    lost = np.isnan(read(edf([signal])).fhr)
    assert np.flatnonzero(lost).tolist() == [*range(10, 20), *range(50, 60), *range(100, 110)]
    # 0 has no number of its own on an odd scale.
    scale = Signal(
        "FHR", np.rint((np.where(T < 9, 0.0, RATE) + 500) * 65.535 - 32768), 4, "bpm", (-500, 500), (-32768, 32767)
    )
    recording = read(edf([scale]))
    assert np.isnan(recording.fhr).sum() == 9
    np.testing.assert_allclose(recording.fhr[9:], RATE[9:], atol=0.0077)


def test_a_heart_rate_at_its_lowest_number(read):
    low = FHR._replace(numbers=np.where((T > 30) & (T < 40), 50, RATE), physical=(50, 210), digital=(50, 210))
    recording = read(edf([low]))
    assert np.flatnonzero(np.isnan(recording.fhr)).tolist() == list(range(31, 40))
    assert recording.history[0].parameters["missing"] == {"FHR": {"lowest number (50)": 9}}
    slope = RATE.copy()
    slope[30:60] = np.clip(140 - 9 * np.arange(30), 50, 140)
    deep = low._replace(numbers=slope)
    with pytest.raises(
        FormatError, match=r"20 samples of signal 'FHR' have the lowest number, 50, sample 41 .*missing="
    ):
        read(edf([deep]))
    assert np.isnan(read(edf([deep]), missing={"fhr": 50}).fhr).sum() == 20
    np.testing.assert_array_equal(read(edf([deep]), missing={"fhr": None}).fhr, np.float32(slope))


def test_notes_of_edfio(tmp_path):
    signals = [edfio.EdfSignal(RATE, 4, label="FHR", physical_dimension="bpm", physical_range=(0, 300))]
    notes = [edfio.EdfAnnotation(12.5, None, "Oxytocin"), edfio.EdfAnnotation(20, 3.5, "Lagewechsel, schräg")]
    recording = edfio.Recording(startdate=date(2024, 3, 2))
    edfio.Edf(signals, annotations=notes, recording=recording, starttime=time(23, 59, 58, 500_000)).write(
        tmp_path / "a.edf"
    )
    found = read_edf_annotations(tmp_path / "a.edf")
    assert [(note.start_s, note.text) for note in found] == [(12.5, "Oxytocin"), (20, "Lagewechsel, schräg")]
    assert math.isnan(found[0].duration_s)
    assert found[1].duration_s == 3.5
    read_again = read_edf(tmp_path / "a.edf")
    assert read_again.history[0].parameters["start"] == "2024-03-02T23:59:58.500000"
    np.testing.assert_allclose(read_again.fhr, RATE, atol=0.005)


def test_notes_in_latin_1_and_files_of_notes_alone(tmp_path):
    tals = [stamp(0.5, "+1.5\x153\x14Schräg\x14Rücken\x14\0"), stamp(1.5)]
    (tmp_path / "a.edf").write_bytes(edf([], record_s=0, kind="EDF+C", tals=tals))
    found = read_edf_annotations(tmp_path / "a.edf")
    assert [(note.start_s, note.duration_s, note.text) for note in found] == [(1, 3, "Schräg"), (1, 3, "Rücken")]
    with pytest.raises(FormatError, match="no signal is known to be FHR; it holds no signal"):
        read_edf(tmp_path / "a.edf")


def test_24_bits(tmp_path):
    signals = [edfio.BdfSignal(RATE, 4, label="FHR", physical_range=(0, 300)), edfio.BdfSignal(ACTIVITY, 4, label="UC")]
    edfio.Bdf(signals, annotations=[edfio.EdfAnnotation(1, 2, "x")]).write(tmp_path / "a.bdf")
    recording = fhr.read(tmp_path / "a.bdf")
    np.testing.assert_allclose(recording.fhr, RATE, atol=1e-4)
    np.testing.assert_allclose(recording.uc, ACTIVITY, atol=1e-4)
    assert read_edf_annotations(tmp_path / "a.bdf")[0].text == "x"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x" * 600, "no EDF file, it begins with"),
        (edf([FHR])[:-1], "479 bytes of data where the header says 60 records of 8 bytes; the file is truncated"),
        (edf([FHR]) + b"\0\0", "the file is too long"),
        (edf([FHR], n_records=99999999), "the file is truncated"),
        (edf([FHR])[:300], "a header of 512 bytes and 1 signals in a file of 300 bytes"),
        (edf([FHR], n_records="many"), "no intact EDF file"),
        (edf([FHR], record_s=0), "data records of 0 s"),
        (edf([FHR], record_s="1e-300"), "sampling rate fs="),
        (edf([FHR], record_s="nan"), "data records of nan s"),
        (edf([FHR._replace(physical=(300, 0))]), "'FHR' has a physical range of 300 to 0 .*from low to high"),
        (edf([FHR._replace(physical=("low", 0))]), "no intact EDF file"),
        (edf([FHR._replace(digital=(5, 5))]), "a digital range of 5 to 5"),
        (edf([FHR._replace(physical=(0, 30))]), r"the median of fhr \(FHR\) is 14.1, no heart rate"),
        (edf([FHR, FHR._replace(label="Heart rate")]), "both look like fhr"),
    ],
)
def test_what_is_wrong_is_refused_by_name(read, data, message):
    with pytest.raises(FormatError, match=message):
        read(data)


def test_a_file_whose_records_were_never_counted(read):
    recording = read(edf([FHR], n_records=-1) + b"\0\0\0")
    np.testing.assert_array_equal(recording.fhr, np.float32(RATE))
    assert recording.history[0].parameters["bytes_left_out"] == 3


def test_fields_that_are_filled_with_zeros_and_decimal_commas(read):
    data = edf([FHR._replace(physical=("0,0", "300,0"))], record_s="1,0")
    filled = data[:512].replace(b"     ", b"\0\0\0\0\0") + data[512:]
    np.testing.assert_array_equal(read(filled).fhr, np.float32(RATE))


def test_a_date_that_is_kept_back_is_none(read):
    assert read(edf([FHR], start="Startdate X X X X")).date == ""
    assert read(edf([FHR], start="Startdate 02-MAR-2024 X X X")).date == "2024-03-02"
    assert read(edf([FHR], date_time="01.01.8500.00.00")).date == ""
    assert read(edf([FHR], date_time="32.01.2400.00.00")).date == ""


def test_arguments(read):
    assert read(edf([FHR]), fs=4).fs == 4
    with pytest.raises(FormatError, match="fs=1, and its header says 4 Hz"):
        read(edf([FHR]), fs=1)
    with pytest.raises(FHRError, match="missing: 'toco'; the channels are fhr, uc, mhr"):
        read(edf([FHR]), missing={"toco": 0})


def test_without_edfio(read, monkeypatch):
    monkeypatch.setitem(sys.modules, "edfio", None)
    with pytest.raises(
        FHRError, match=r"EDF needs edfio, which is not installed; pip install 'intrapartum-fhr\[edf\]'"
    ):
        read(edf([FHR]))


VALUES = st.one_of(st.just(math.nan), st.floats(1, 327, width=32))


@given(
    values=st.lists(VALUES, min_size=1, max_size=60),
    with_mhr=st.booleans(),
    fs=st.sampled_from([4.0, 1.0, 3.0, 0.5, 2.5, 8 / 3, 250.0]),
    scale=st.sampled_from([0.01, 1.0, 1000.0]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_again(tmp_path, values, with_mhr, fs, scale):
    signal = np.float32(values)
    made = Recording(
        "r 1",
        signal,
        np.float32(scale) * (signal - 100),
        fs,
        mhr=signal[::-1] if with_mhr else None,
        outcome=Outcome(ph=7.1),
        clinical=Clinical(weight=3210),
        stage2_start=1.5,
        history=(Step("read", {"format": "x", "start": "2024-01-01"}), Step("s", {"a": [1, "ü\x14"]})),
        provenance=Provenance("synthetic", "gan (seed=1)", ("a" * 64,)),
    )
    again = read_edf(write_edf(made, tmp_path / "a.edf"))
    assert set(not_kept(made, again)) <= {"fhr", "uc", "mhr"}
    assert len(again) == len(made)
    np.testing.assert_array_equal(again.fhr, np.float32(np.rint(np.float64(signal) * 100) / 100))
    # Of uterine activity 0 is a value; the quantum is the finest decade that holds the largest value.
    largest = np.nanmax(np.abs(made.uc), initial=0)
    quantum = next(step for step in (1e-4, 1e-3, 0.01, 0.1, 1, 10, 100) if round(largest / step) <= 32767)
    np.testing.assert_allclose(again.uc, made.uc, atol=0.5001 * quantum + 1e-6 * largest)
    assert write_edf(again, tmp_path / "b.edf").read_bytes() == (tmp_path / "a.edf").read_bytes()


def test_others_read_what_we_write(tmp_path):
    signal = np.where(T < 9, np.nan, RATE)
    made = Recording("r1", signal, ACTIVITY / 4, 4.0, provenance=Provenance("simulated", "x"))
    file = edfio.read_edf(write_edf(made, tmp_path / "a.edf"))
    assert file.labels == ("FHR", "UC")
    assert file.local_patient_identification == "X X X X"
    assert file.local_recording_identification == "Startdate X X X simulated"
    np.testing.assert_allclose(file.get_signal("FHR").data, np.nan_to_num(signal), atol=1e-9)
    np.testing.assert_allclose(file.get_signal("UC").data, ACTIVITY / 4, atol=1e-9)
    assert not read_edf_annotations(tmp_path / "a.edf")


def test_what_cannot_be_written_is_refused(tmp_path):
    made = Recording("r1", RATE, ACTIVITY, 4.0)
    for changed, message in (
        (replace(made, fhr=RATE * 3), "the largest value of FHR is 444; EDF ends at 327.67"),
        (replace(made, uc=ACTIVITY * 1e6), "the largest value of UC is"),
        (replace(made, uc=np.where(np.arange(len(ACTIVITY)) == 3, 1e6, ACTIVITY)), "steps of 100; take the outlier"),
        (replace(made, fs=math.pi), r"3.14159\d* Hz; records of EDF last whole milliseconds"),
        (replace(made, fhr=RATE[:0], uc=RATE[:0]), "holds no sample"),
    ):
        with pytest.raises(FormatError, match=message):
            write_edf(changed, tmp_path / "a.edf")
    assert not list(tmp_path.iterdir())


def test_metadata_that_are_damaged_are_refused(read, tmp_path):
    made = Recording("r1", RATE, ACTIVITY, 4.0, provenance=Provenance("simulated", "x"))
    data = write_edf(made, tmp_path / "b.edf").read_bytes()
    for old, new in (
        (b"fhr edf 1 1/1", b"fhr edf 1 2/3"),
        (b'"n_samples": 2', b'"n_samples": x'),
        (b'\\"simulated', b'\\"simulatex'),
    ):
        assert data.count(old) == 1
        with pytest.raises(FormatError, match=r"metadata among its annotations are damaged|provenance is"):
            read(data.replace(old, new))


def test_coarse_steps_of_uterine_activity_are_told(tmp_path, caplog):
    for largest, told in ((25.0, False), (400.0, True)):
        caplog.clear()
        write_edf(Recording("a", np.full(400, 140.0), np.r_[np.full(399, 25.0), largest], 4.0), tmp_path / "a.edf")
        assert ("a: UC reaches 400 and is written in steps of 0.1" in caplog.text) == told
