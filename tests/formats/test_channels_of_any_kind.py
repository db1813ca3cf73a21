"""Names, units, marks and transducers of channels: one truth in every form that people write it, or a refusal."""

import logging
import re
from math import nan

import numpy as np
import pytest
import scipy.io

import fhr
from fhr.errors import FHRError, FormatError
from fhr.formats.channels.names import guess_channels, named_channel
from fhr.formats.channels.stored_channels import StoredChannel, assembled
from fhr.formats.channels.two_heart_rates import SCALP
from fhr.formats.channels.units import in_standard_unit, unit_of

FS = 4.0
N = 400
RATE = np.round(140 + 12 * np.sin(np.arange(N) / 30), 2)
RATE[50:60] = nan
ACTIVITY = np.round(30 + 25 * np.sin(np.arange(N) / 70))
UNITS = {  # stored values of a rate in bpm, by words for the unit
    ("bpm", "BPM", "b/min", "beats/min", "1/min", "/min", "min-1", "min⁻¹", "Schläge/min", "{beats}/min", "spm"): 1.0,
    ("Hz", "1/s"): 1 / 60,
    ("0.25 bpm", "1/4 bpm"): 4.0,
}
INTERVALS = {("s", "sec"): 60.0, ("ms", "msec"): 60e3, ("µs", "usec"): 60e6}


def said_of(*channels, **options):
    return assembled(channels, fs=FS, where="a.csv", **options)


@pytest.mark.parametrize(
    "style",
    ["{name}.{unit}", "{name} [{unit}]", "{name} ({unit})", "{name}_in_{unit}", "{name} in {unit}", "{name}, {unit}"],
)
@pytest.mark.parametrize(
    ("word", "stored"),
    [(word, RATE * scale) for words, scale in UNITS.items() for word in words]
    + [(word, scale / RATE) for words, scale in INTERVALS.items() for word in words],
)
def test_a_rate_is_the_same_whatever_its_unit(word, stored, style):
    name = style.format(name="HR1", unit=word)
    told = guess_channels(["comment", name], where="a.csv")["fhr"][0]
    assert (told.position, told.number) == (1, "1")
    assert named_channel(style.format(name="Column 7", unit=word), "fhr").unit == told.unit == unit_of(word, "fhr")
    for unit in (told.unit, word):
        np.testing.assert_allclose(said_of(StoredChannel("fhr", name, stored, unit)).fhr, RATE, rtol=1e-6)
    np.testing.assert_allclose(said_of(StoredChannel("fhr", "x", stored), units={"fhr": word}).fhr, RATE, rtol=1e-6)


@pytest.mark.parametrize(
    ("word", "per_mmhg"),
    [("mmHg", 1), ("mm Hg", 1), ("Torr", 1), ("kPa", 0.133322), ("hPa", 1.33322), ("cmH2O", 1.35951), ("mV", None)]
    + [(word, None) for word in ("%", "a.u.", "nd", "units", "N")],
)
def test_pressures_become_mmhg_and_other_activity_stays(word, per_mmhg):
    stored = ACTIVITY * (per_mmhg or 1)
    found = said_of(StoredChannel("fhr", "fhr", RATE), StoredChannel("uc", "TOCO", stored, word))
    np.testing.assert_allclose(found.uc, ACTIVITY, rtol=1e-5)
    assert ("converted" in found.notes) == (per_mmhg not in (None, 1))
    assert "uc" in guess_channels([f"TOCO ({word})"], where="a.csv")


@pytest.mark.parametrize(
    ("stored", "unit", "message"),
    [
        (RATE, "mV", "'fhr' is in 'mV', no unit of a heart rate that is known; give units="),
        (RATE / 60, None, "the median of fhr is 2.34.*, no heart rate in bpm; say its unit in its name"),
        (RATE / 60, "bpm", "the median of fhr is 2.34"),  # the file claims it
        (60e3 / RATE, None, "the median of fhr is 42"),
        (RATE * 4, "1/min", "the median of fhr is 56.*or a multiple as '0.25 bpm'"),
        (RATE, "hz", "the median of fhr is 8[0-9]+ from hz"),
        (
            np.where(np.arange(N) < 300, RATE, RATE / 60),
            None,
            "100 of 390 values of fhr are no .* in sample 301 the first",
        ),
        (np.where(np.arange(N) < 300, RATE, 60e3 / RATE), None, "100 of 390 values of fhr are no heart rates"),
        (np.where(np.arange(N) % 40, RATE, -np.arange(N)), None, "-40 bpm in sample 41 the first; write lost samples"),
    ],
)
def test_what_is_no_heart_rate_is_refused(stored, unit, message):
    with pytest.raises(FormatError, match=message) as error:
        said_of(StoredChannel("fhr", "fhr", stored, unit))
    assert str(error.value).startswith("a.csv: ")
    said_of(StoredChannel("fhr", "fhr", stored, "bpm"), checked=False)  # of our own files


@pytest.mark.parametrize("value", [1e308, np.inf, -np.inf])
def test_what_is_infinite_in_single_precision_is_refused(value):
    with pytest.raises(FormatError, match="fhr is infinite in row 1; leave missing values blank"):
        said_of(StoredChannel("fhr", "fhr", np.where(np.arange(N) % 40, RATE, value)))


@pytest.mark.parametrize("mark", [-1, -9999, -32768, 999, 9999, 65535, 327.67, 255, 1e20, 1e36])
def test_marks_of_missing_samples_are_missing_and_said(mark, caplog):
    lost = np.isnan(RATE)
    whole = np.rint(RATE)
    activity = np.where(lost, mark, ACTIVITY) if mark not in (255, 327.67) else ACTIVITY
    with caplog.at_level(logging.INFO, logger="fhr"):
        found = said_of(StoredChannel("fhr", "fhr", np.where(lost, mark, whole)), StoredChannel("uc", "uc", activity))
    np.testing.assert_array_equal(found.fhr, whole.astype(np.float32))
    np.testing.assert_array_equal(np.isnan(found.uc), (activity == mark) | (activity == 0))
    assert found.notes["missing_marks"]["fhr"] == {f"{mark:g}": 10}
    assert "values that stand for missing samples" in caplog.text


@pytest.mark.parametrize("mark", [-1, -99, -9999, 65535])
def test_marks_of_activity_alone(mark):
    lost = np.arange(N) % 7 == 0
    found = said_of(StoredChannel("fhr", "fhr", RATE), StoredChannel("uc", "UC", np.where(lost, mark, ACTIVITY)))
    np.testing.assert_array_equal(np.isnan(found.uc), lost | (ACTIVITY == 0))
    assert found.notes["missing_marks"] == {"UC": {f"{mark:g}": lost.sum()}}


def test_true_values_are_no_marks():
    rate = RATE.copy()
    rate[:4] = [255, 254.5, 31, 290]  # tachycardia, artefacts
    rate[10] = 412.5
    activity = np.where(np.arange(N) % 3, ACTIVITY, -1 - np.arange(N) % 2)
    found = said_of(StoredChannel("fhr", "fhr", rate), StoredChannel("uc", "uc", activity))
    np.testing.assert_array_equal(found.fhr, rate.astype(np.float32))
    np.testing.assert_array_equal(found.uc, np.where(activity == 0, nan, activity).astype(np.float32))
    assert "missing_marks" not in found.notes
    assert found.notes["no_heart_rates"] == {"fhr": 1}


HALF = np.arange(N) < N // 2
MERGED = [  # two channels, and what is to be read
    (np.where(HALF, RATE, nan), np.where(HALF, nan, RATE), RATE, ["2", "1"]),
    (np.where(HALF, RATE, 0), np.where(HALF, 0, RATE), RATE, ["2", "1"]),
    (np.where(HALF, RATE, nan), np.where(HALF, 0, RATE), RATE, ["2", "1"]),
    (RATE, np.zeros(N), RATE, ["1"]),
    (np.full(N, nan), RATE, RATE, ["2"]),
    (RATE, np.full(N, -1.0), RATE, ["1"]),
    (RATE, RATE, RATE, ["2", "1"]),
    (RATE + 3, np.where(HALF, nan, RATE), np.where(HALF, RATE + 3, np.where(np.isnan(RATE), nan, RATE)), ["2", "1"]),
]
FORMATS = ["csv", "mat", "npz", "mat of n x 2", "npz of 2 x n"]


def written(folder, form, first, second, names=("FHR1", "FHR2")):
    """Path of a file that holds two channels."""
    if form == "csv":
        path = folder / "a.csv"
        rows = [",".join(["" if np.isnan(x) else f"{x:.2f}" for x in row]) for row in zip(first, second, strict=True)]
        path.write_text("\n".join([",".join(names), *rows]) + "\n")
    else:
        both = np.stack([first, second])
        arrays = dict(zip(names, both, strict=True))
        if " of " in form:
            arrays = {"fhr": both.T if form.startswith("mat") else both}
        path = folder / f"a.{form[:3]}"
        scipy.io.savemat(path, arrays) if form.startswith("mat") else np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("first", "second", "truth", "used"), MERGED)
def test_two_transducers_are_one_rate_in_every_format(tmp_path, form, first, second, truth, used):
    recording = fhr.read(written(tmp_path, form, first, second), fs=FS)
    np.testing.assert_array_equal(recording.fhr, truth.astype(np.float32))
    names = {"1": "fhr[0]", "2": "fhr[1]"} if " of " in form else {"1": "FHR1", "2": "FHR2"}
    assert recording.history[0].parameters["fhr_from"] == [names[one] for one in used]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (RATE - 55, "hold signal together for .* differ by 55 bpm .*two hearts, twins or mother and child; say which"),
        (RATE / 2, "or one heart at half or twice its rate"),
        (RATE + 7, "differ by 7 bpm .*two hearts"),
    ],
)
def test_two_hearts_are_refused_and_one_can_be_named(tmp_path, form, other, message):
    path = written(tmp_path, form, RATE, other)
    with pytest.raises(FormatError, match=message):
        fhr.read(path, fs=FS)
    if " of " not in form:
        recording = fhr.read(path, fs=FS, columns={"fhr": "FHR1"})
        np.testing.assert_array_equal(recording.fhr, RATE.astype(np.float32))
        assert recording.history[0].parameters["left_out"] == ["FHR2"]


@pytest.mark.parametrize(
    ("names", "sensors"),
    [
        (("FHR1", "FHR2"), ("", "")),
        (("HR1 [bpm]", "HR2 [bpm]"), ("", "")),
        (("US1, 1/min", "US2, 1/min"), ("ultrasound", "ultrasound")),
        (("DECG", "US"), (SCALP, "ultrasound")),
        (("fhr_us", "fhr_scalp"), ("ultrasound", SCALP)),
        (("FHR (Doppler)", "FHR (FSE)"), ("ultrasound", SCALP)),
        (("FHR external", "FHR internal"), ("ultrasound", SCALP)),
        (("FHR", "FHR2"), ("", "")),
        (("FHR 1 /min", "FHR 2 /min"), ("", "")),
    ],
)
def test_names_of_two_transducers(names, sensors):
    found = guess_channels(names, where="a.csv")["fhr"]
    assert tuple(one.sensor for one in found) == sensors


@pytest.mark.parametrize(
    "names",
    [
        ("FHR", "FHR"),
        ("HR", "FHR"),
        ("FHR", "Cardio 1"),
        ("FHR [bpm]", "FHR [Hz]"),
        ("FHR (raw)", "FHR (cleaned)"),
        ("TOCO 1", "TOCO 2"),
    ],
)
def test_names_that_may_be_two_things_are_refused(names):
    with pytest.raises(FormatError, match=r"a.csv: '.*' and '.*' both look like .*; say which is to be read"):
        guess_channels(names, where="a.csv")


@pytest.mark.parametrize(
    "names",
    [
        ("time", "HR", "SpO2"),
        ("Toco", "Heart Rate (bpm)", "Sp O2 [%]"),
        ("RR", "NIBP_sys"),
        ("HR", "uc", "Respiratory rate"),
        ("Pleth", "Herzfrequenz"),
    ],
)
def test_a_heart_rate_that_may_be_the_mother_s_is_refused(tmp_path, names):
    with pytest.raises(FormatError, match=r"may be the mother's heart rate; if it is .* say columns={'fhr': NAME}"):
        guess_channels(names, where="a.csv")
    assert "fhr" not in guess_channels(names, where="a.csv", skip=["fhr"])


@pytest.mark.parametrize(
    ("names", "position"),
    [
        (("HR", "FHR", "SpO2"), 1),
        (("SpO2", "Heart rate", "DECG"), 2),
        (("HR", "maternal SpO2", "toco"), 0),
        (("HR", "MHR SpO2"), 0),
        (("fetal HR", "NIBP"), 0),
        (("HR1", "SpO2"), 0),
        (("HR", "pulse", "toco"), 0),
    ],
)
def test_beside_an_adult_s_monitor_the_heart_rate_that_is_said_to_be_the_child_s_is_read(names, position):
    assert [one.position for one in guess_channels(names, where="a.csv")["fhr"]] == [position]


@pytest.mark.parametrize(
    ("name", "channel"),
    [("maternal heart r", "mhr"), ("uterine contract", "uc"), ("Wehentätigkeit [mmHg]", "uc"), ("RCF", "fhr")],
)
def test_names_cut_short_and_of_other_languages(name, channel):
    assert list(guess_channels([name], where="a.edf")) == [channel]


def test_the_scalp_electrode_goes_first_wherever_it_stands_and_units_may_differ():
    scalp = StoredChannel("fhr", "DECG", np.where(HALF, nan, RATE) / 60, "hz", SCALP)
    belt = StoredChannel("fhr", "US", RATE + 2, "bpm", "ultrasound")
    found = said_of(scalp, belt)
    np.testing.assert_allclose(found.fhr, np.where(HALF | np.isnan(RATE), RATE + 2, RATE), rtol=1e-6)
    assert found.notes["fhr_from"] == ["DECG", "US"]
    assert found.notes["units"] == {"fhr": {"DECG": "hz", "US": "bpm"}}
    assert found.notes["sensors"] == {"DECG": SCALP, "US": "ultrasound"}


@pytest.mark.parametrize(
    ("header", "cells", "sensors"),
    [
        ("FHR1,FHR2,FHR1 sensor,FHR2 mode", "US,DECG", {"FHR1": "ultrasound", "FHR2": SCALP}),
        ("FHR1,FHR2,sensor_FHR2,comment", "FSE,US", {"FHR2": SCALP}),
        ("FHR,UC,Sensor,comment", "Doppler,-", {"FHR": "ultrasound"}),
        ("FHR,UC,FHR quality,mode", "good,night", {}),
        ("FHR1,FHR2,sensor,comment", "US,-", {}),
    ],
)
def test_a_column_of_words_tells_the_sensor(tmp_path, header, cells, sensors):
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *[f"{140 + k % 5},{140 + k % 5},{cells}" for k in range(20)]]) + "\n")
    assert fhr.read(path, fs=FS).history[0].parameters.get("sensors", {}) == sensors


def test_several_may_be_named_as_transducers_on_one_fetus(tmp_path):
    path = written(tmp_path, "npz", np.where(HALF, RATE, 0), np.where(HALF, 0, RATE), names=("belt", "electrode"))
    recording = fhr.read(path, fs=FS, columns={"fhr": ["belt", "electrode"]})
    np.testing.assert_array_equal(recording.fhr, RATE.astype(np.float32))
    with pytest.raises(FHRError, match="columns: True of fhr; give a name"):
        fhr.read(path, fs=FS, columns={"fhr": ["belt", True]})


@pytest.mark.parametrize("form", ["csv", "mat", "npz", "wfdb"])
def test_uterine_activity_alone_where_no_heart_rate_is_wanted(tmp_path, form):
    if form == "wfdb":
        path = fhr.formats.write_wfdb(fhr.Recording("a", RATE, ACTIVITY, FS), tmp_path)
    else:
        path = written(tmp_path, form, RATE, ACTIVITY, names=("FHR", "UC"))
    options = {} if form == "wfdb" else {"fs": FS}
    recording = fhr.read(path, columns={"fhr": None}, **options)
    np.testing.assert_array_equal(recording.uc, np.where(ACTIVITY == 0, nan, ACTIVITY).astype(np.float32))
    assert np.isnan(recording.fhr).all()
    assert recording.history[0].parameters["left_out"] == ["FHR"]
    with pytest.raises(FormatError, match="is known to be UC"):
        fhr.read(path, columns={"fhr": None, "uc": None}, **options)


def test_masked_and_whole_channels():
    masked = np.ma.masked_array(np.rint(np.nan_to_num(RATE, nan=7)).astype(np.int16), np.isnan(RATE))
    found = said_of(StoredChannel("fhr", "fhr", masked), StoredChannel("uc", "uc", ACTIVITY.astype(np.uint8)))
    np.testing.assert_array_equal(found.fhr, np.rint(RATE).astype(np.float32))


def test_dots_of_units_are_none_of_structs(tmp_path):
    np.savez(tmp_path / "a.npz", **{"ctg.FHR 0.25bpm": RATE * 4, "UC (a.u.)": ACTIVITY}, fs=FS)
    recording = fhr.read(tmp_path / "a.npz", units={"fhr": "1/4 bpm"}, columns={"fhr": "ctg.FHR 0.25bpm"})
    np.testing.assert_allclose(recording.fhr, RATE, rtol=1e-6)
    np.testing.assert_array_equal(recording.uc, np.where(ACTIVITY == 0, nan, ACTIVITY).astype(np.float32))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"units": {"fhr": 4}}, FHRError, "units: fhr in 4; it may be in bpm, hz"),
        ({"units": {"fhr": "1/0 bpm"}}, FHRError, "units: fhr in '1/0 bpm'"),
        ({"units": {"beats": "bpm"}}, FHRError, "units: 'beats'; units are known of"),
        ({"columns": {"fhr": b"fhr"}}, FHRError, "columns: b'fhr' of fhr; give a name"),
        ({"columns": {"fhr": ["fhr", "fhr"]}}, FormatError, "array 'fhr' is given twice"),
        ({"columns": {"uc": ["fhr"]}}, FHRError, "of uc; give a name, a position"),
        ({}, FormatError, "row 1 has no time"),
    ],
)
def test_words_and_dates_that_cannot_be(tmp_path, options, error, message):
    np.savez(tmp_path / "a.npz", fhr=RATE, time=np.full(N, np.datetime64("NaT", "ms")))
    with pytest.raises(error, match=re.escape(message)):
        fhr.read(tmp_path / "a.npz", **options)


def test_nothing_is_left_out_in_silence(tmp_path):
    np.savez(tmp_path / "a.npz", fhr=RATE, uc_at_rest=ACTIVITY, ph=7.1, fs=FS)
    step = fhr.read(tmp_path / "a.npz").history[0].parameters
    assert (step["left_out"], step["passed_over"]) == (["uc_at_rest"], ["ph"])


def test_stored_units_are_converted_without_a_copy_where_there_is_nothing_to_do():
    single = RATE.astype(np.float32)
    assert in_standard_unit(single, "fhr", "bpm") is single


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("HR (mother)", ["mhr"]),
        ("Herzfrequenz (Mutter) [1/min]", ["mhr"]),
        ("mother_HR", ["mhr"]),
        ("Heart rate (fetus)", ["fhr"]),
        ("FHR (raw)", ["fhr"]),
        ("FHR (ch 1)", ["fhr"]),
        ("RCF (rythme cardiaque foetal)", ["fhr"]),
        ("Toco (ext.)", ["uc"]),
        ("CU", ["uc"]),
        *((f"HR ({word})", []) for word in ("m", "SpO2", "Pulse", "twin 1", "ECG")),
        *((f"FHR {word}", []) for word in ("(mother)", "[maternal]", "(baseline)", "(mean)", "(std)", "{quality}")),
        *((name, []) for name in ("UC (count)", "UA (pH)", "UC (baseline) [mmHg]", "pulse")),
    ],
)
def test_a_remark_says_whose_rate_it_is_or_that_it_is_none(name, channels):
    assert list(guess_channels([name, "comment"], where="a.csv")) == channels


@pytest.mark.parametrize("names", [["FHR1", "FHR2", "FHR3", "FHR4"], [f"HR{i}" for i in range(1, 9)]])
def test_more_rates_than_a_monitor_has_are_samples_of_a_row(names):
    assert len(guess_channels(names[:3], where="")["fhr"]) == 3
    with pytest.raises(FormatError, match="both look like fhr"):
        guess_channels(names, where="a.csv")


@pytest.mark.parametrize("n", [2, 3])
def test_consecutive_samples_of_a_row_are_no_sensors(n):
    rate = np.round(140 + 15 * np.sin(np.arange(n * 200) / 12), 2)
    rows = [StoredChannel("fhr", f"FHR{i + 1}", rate[i::n]) for i in range(n)]
    with pytest.raises(FormatError, match=r"FHR1, FHR2.* go on from one to the next .*; write one sample a row"):
        assembled(rows, fs=1.0, where="a.csv")
    noise = np.random.default_rng(0).normal(0, 1, (n, 200))
    sensors = [one._replace(values=rate[::n] + noise[i]) for i, one in enumerate(rows)]
    np.testing.assert_allclose(assembled(sensors, fs=1.0, where="a.csv").fhr, sensors[-1].values, rtol=1e-6)


@pytest.mark.parametrize("scale", [2, 0.3])
def test_a_scaled_median_is_no_heart_rate(scale):
    with pytest.raises(FormatError, match=r"the median of fhr is .*, no heart rate in bpm"):
        said_of(StoredChannel("fhr", "fhr", RATE * scale))


@pytest.mark.parametrize("overlap", [0, 20])
def test_mother_behind_the_child_is_another_heart(overlap):
    row = np.arange(N)
    child = StoredChannel("fhr", "HR1", np.where(row < 200, 140.0, nan))
    mother = StoredChannel("fhr", "HR2", np.where(row >= 200 - overlap, 80.0, nan))
    with pytest.raises(FormatError, match=r"their medians are 140 and 80 bpm: two hearts.*; say which with"):
        said_of(child, mother)
    same = mother._replace(values=mother.values + 40)  # in the second stage
    np.testing.assert_array_equal(said_of(child, same).fhr, np.where(row < 200 - overlap, 140.0, 120.0))


@pytest.mark.parametrize(
    ("variables", "read"),
    [
        ({"maternal": {"hr": 80.0}, "fetal": {"hr": 140.0}}, ["fhr", "mhr"]),
        ({"mother": {"hr": 80.0}}, []),
        ({"mother": {"fhr": 140.0}}, []),
        ({"mother": {"rr": 750.0}, "uc": 20.0}, []),
        ({"rec": {"maternal": {"hr": 80.0}, "fhr": 140.0}}, ["fhr", "mhr"]),
        ({"baseline": {"fhr": 140.0}}, []),
        ({"motherAndChild": {"fhr": 140.0, "mhr": 80.0}}, ["fhr", "mhr"]),
    ],
)
@pytest.mark.parametrize("suffix", [".mat", ".npz"])
def test_a_struct_says_whose_rate_it_holds(tmp_path, variables, read, suffix):
    def grown(value):
        return {k: grown(v) for k, v in value.items()} if isinstance(value, dict) else np.full(200, value)

    def flat(value, name=""):
        if not isinstance(value, dict):
            return {name[1:]: value}
        return {key: found for k, v in value.items() for key, found in flat(v, f"{name}.{k}").items()}

    path = tmp_path / f"a{suffix}"
    if suffix == ".mat":
        scipy.io.savemat(path, {**grown(variables), "fs": 4.0})
    else:
        np.savez(path, **flat(grown(variables)), fs=4.0)
    if not read:
        with pytest.raises(FormatError, match="is known to be FHR"):
            fhr.read(path)
        return
    recording = fhr.read(path)
    assert recording.fhr[0] == 140
    assert (recording.mhr is not None and recording.mhr[0] == 80) == ("mhr" in read)


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        ({"gain": 0.5}, "gain may be a scale of fhr"),
        ({"fhr_scale": 1.25}, "fhr_scale may be a scale of fhr; say the unit of one number"),
        ({"scaleUC": 2.0}, r"scaleUC may be a scale of uc; .*'0.25 mmHg'"),
        ({"unit_uc": "kPa"}, ""),
        ({"uc_units": "kPa"}, ""),
        (
            {"units": np.array(["bpm", "kPa"], dtype=object)},
            r"units\{2\} is 'kPa' and may be the unit of uc; say units=",
        ),
        ({"gain": 1.0, "zoom_factor": 3.0, "time_scale": 2.0, "offset": 30.0, "units": "bpm"}, None),
    ],
)
@pytest.mark.parametrize("suffix", [".mat", ".npz"])
def test_scales_and_units_beside_arrays(tmp_path, beside, message, suffix):
    arrays = {"fhr": RATE, "uc": np.full(N, 4.0), "fs": FS, **beside}
    if suffix == ".mat":
        scipy.io.savemat(tmp_path / "a.mat", arrays)
    else:
        np.savez(
            tmp_path / "a.npz",
            **{k: np.array(list(v)) if np.ndim(v) == 1 and k == "units" else v for k, v in arrays.items()},
        )
    if message:
        with pytest.raises(FormatError, match=message):
            fhr.read(tmp_path / f"a{suffix}")
        return
    recording = fhr.read(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(recording.uc, 4.0 * (7.50062 if message == "" else 1), rtol=1e-6)


@pytest.mark.parametrize(
    ("beside", "read"),
    [
        ({"time": np.arange(N), "time_unit": "min"}, 1 / 60),
        ({"time": np.arange(N), "time_unit": "seconds since 2024-05-01"}, 1.0),
        ({"time": np.arange(N), "time_unit": "250ms"}, "time is in '250ms', which is not known; give units="),
        ({"fs": 0.004, "fs_unit": "kHz"}, "fs is in 'kHz', which is not known; give fs= in Hz"),
    ],
)
def test_units_of_time_beside_arrays(tmp_path, beside, read):
    np.savez(tmp_path / "a.npz", fhr=RATE, **beside)
    if isinstance(read, str):
        with pytest.raises(FormatError, match=read):
            fhr.read(tmp_path / "a.npz")
    else:
        assert fhr.read(tmp_path / "a.npz").fs == read


@pytest.mark.parametrize(("kind", "own"), [("fs", (4.0, 1.0)), ("time", (np.arange(N) / 4, np.arange(N) / 4 + 30))])
def test_channels_with_times_of_their_own(tmp_path, kind, own):
    for name, second in (("differ", own[1]), ("same", own[0])):
        scipy.io.savemat(
            tmp_path / f"{name}.mat", {"fhr": {"data": RATE, kind: own[0]}, "uc": {"data": ACTIVITY, kind: second}}
        )
    with pytest.raises(FormatError, match=rf"uc\.{kind} of uc.data differs from fhr\.{kind}; store the channels at"):
        fhr.read(tmp_path / "differ.mat", columns={kind: f"fhr.{kind}"})
    assert np.isnan(fhr.read(tmp_path / "differ.mat", columns={kind: f"fhr.{kind}", "uc": None}).uc).all()
    assert fhr.read(tmp_path / "same.mat").fs == FS


@pytest.mark.parametrize("text", ["4 Hz", "4.0", "4 samples/s"])
def test_a_sampling_rate_that_is_a_text(tmp_path, text):
    scipy.io.savemat(tmp_path / "a.mat", {"ctg": {"fhr": RATE, "fs": text}})
    assert fhr.read(tmp_path / "a.mat").fs == FS
