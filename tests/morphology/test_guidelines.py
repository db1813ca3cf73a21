"""FIGO and NICHD on strips built by hand: every rule alone, just inside and just outside."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from fhr.errors import SignalError
from fhr.morphology import Morphology, analyze, find_each
from fhr.morphology.events import Events, event_table, no_events
from fhr.morphology.figo_2015 import figo, figo_category
from fhr.morphology.minutes import Minutes, minute_table
from fhr.morphology.nichd_2008 import nichd, nichd_category
from fhr.morphology.segments import Segments, segment_table
from fhr.morphology.strip import NOT_ASSESSED, Strip
from fhr.recording import Recording

NAN = np.nan


def events(start: np.ndarray | list[float], length: float = 60.0) -> Events:
    start = np.asarray(start, float)
    return Events(start, start + length, start + length / 2, start * 0 + 20, start * 0 + 300, start * 0)


def strip(minutes: int = 60, *, level=140.0, width=12.0, loss=0.0, period: float | None = 180.0, **given) -> Strip:
    """A strip that is normal but for what is given by ten minutes, with a contraction every `period` s."""
    count = minutes // 10
    start = 600.0 * np.arange(count)
    per_segment = [np.broadcast_to(np.asarray(values, float), count) for values in (loss, level, width)]
    contractions = events(np.arange(0, minutes * 60 - 60, period)) if period else no_events()
    segments = Segments(start, start + 600, *per_segment, start * 0 + 9, start * 0 + 3, start * 0)
    by_minute = [np.repeat(values, 10) for values in per_segment]
    values = {
        "minutes": Minutes(60.0 * np.arange(10 * count), *by_minute),
        "accelerations": no_events(),
        "decelerations": no_events(),
        "kind": np.empty(0, object),
        "figo_kind": np.empty(0, object),
        "contraction": np.empty(0, int),
        "bandwidth": np.empty(0),
        "uc_uncertain": np.empty((0, 2)) if period else np.array([[0, minutes * 60.0]]),
        "sinusoidal": np.empty((0, 2)),
        **given,
    }
    return Strip(0.0, minutes * 60.0, segments, contractions=contractions, **values)


def falling(rows: list[int], kind: str = "variable", *, length: float = 60.0, period: float = 180.0, width=NAN) -> dict:
    """Decelerations of a kind, one with each contraction of `rows`."""
    falls = events(period * np.array(rows, float), length)
    return {
        "decelerations": falls,
        "kind": np.array([kind] * len(rows), object),
        "figo_kind": np.array([kind] * len(rows), object),
        "contraction": np.array(rows),
        "bandwidth": np.full(len(rows), width),
    }


def fired(category) -> set[str]:
    return {criterion.name for criterion in category.criteria if criterion.category == category.label}


def test_a_normal_strip():
    assert figo_category(strip()).label == "normal"
    assert figo_category(strip()).criteria == ()
    assert nichd_category(strip()).label == "I"
    assert nichd_category(strip()).criteria == ()


@pytest.mark.parametrize(
    ("given", "label", "name"),
    [
        (strip(level=[140, 140, 99, 140, 140, 140]), "pathological", "bradycardia"),
        (strip(level=[140, 140, 100, 140, 140, 140]), "suspicious", "bradycardia"),
        (strip(level=[110, 160, 110, 140, 140, 140]), "normal", None),
        (strip(level=[140, 140, 140, 140, 140, 161]), "suspicious", "tachycardia"),
        (strip(width=4.9), "pathological", "reduced variability"),
        (strip(width=[12, 4.9, 4.9, 4.9, 4.9, 4.9]), "suspicious", "reduced variability"),  # 50 min are not more
        (strip(width=[4.9, 4.9, 4.9, 4.9, 12, 4.9]), "suspicious", "reduced variability"),
        (strip(width=[4.9, 4.9, 4.9, NAN, 4.9, 4.9]), "suspicious", "reduced variability"),
        (strip(30, width=4.9), "suspicious", "reduced variability"),
        (strip(width=[5, 25, 12, 5, 25, 12]), "normal", None),
        (strip(width=[12, 26, 26, 26, 26, 12]), "pathological", "increased variability"),
        (strip(width=[12, 12, 26, 26, 26, 12]), "suspicious", "increased variability"),
        (strip(width=[12, 26, 26, 12, 26, 26]), "suspicious", "increased variability"),
        (strip(sinusoidal=np.array([[600.0, 2401]])), "pathological", "sinusoidal pattern"),
        (strip(sinusoidal=np.array([[600.0, 2400]])), "normal", None),
        (strip(**falling([3], "prolonged", length=301)), "pathological", "prolonged deceleration"),
        (strip(**falling([3], "prolonged", length=300)), "normal", None),
        (
            strip(**falling([3], "prolonged", length=240, width=4.0)),
            "pathological",
            "reduced variability in a deceleration",
        ),
        (strip(**falling([3], "prolonged", length=240, width=6.0)), "normal", None),
        (strip(**falling(range(0, 4), "variable")), "suspicious", "repetitive decelerations"),
        (strip(**falling(range(0, 3), "variable")), "normal", None),
        (strip(**falling(range(0, 20), "early")), "suspicious", "repetitive decelerations"),
        (strip(**falling(range(0, 20, 3), "late")), "normal", None),
        (strip(**falling(range(0, 8), "late")), "pathological", "repetitive late or prolonged decelerations"),
        (strip(30, **falling(range(0, 10), "late")), "suspicious", "repetitive decelerations"),  # not more than 30 min
        (strip(**falling(range(0, 4), "late")), "suspicious", "repetitive decelerations"),
        (
            strip(width=[4, 4, 4, 12, 12, 12], **falling(range(0, 4), "late")),
            "pathological",
            "repetitive late or prolonged decelerations",
        ),
        (strip(30, **falling(range(0, 5), "late")), "suspicious", "repetitive decelerations"),
        (strip(20, **falling(range(0, 6), "late")), "suspicious", "repetitive decelerations"),
        (
            strip(30, width=[4, 4, 4], **falling(range(0, 6), "late")),
            "pathological",
            "repetitive late or prolonged decelerations",
        ),
    ],
)
def test_figo_rule_by_rule(given, label, name):
    found = figo_category(given)
    assert found.label == label
    assert fired(found) == ({name} if name else set())
    for criterion in found.criteria:
        assert "doi:10.1016/j.ijgo.2015.06.020" in criterion.source
        assert criterion.rule
        assert np.isfinite(criterion.value)


@pytest.mark.parametrize(
    ("given", "label", "name"),
    [
        (strip(level=[140, 140, 107, 140, 140, 140]), "II", "bradycardia"),
        (strip(level=[140, 140, 108, 140, 140, 140]), "I", None),  # 110, to the nearest 5 bpm
        (strip(level=[140, 140, 163, 140, 140, 140]), "II", "tachycardia"),
        (strip(level=[140, 140, 162, 140, 140, 140]), "I", None),
        (strip(width=[12, 12, 5, 12, 12, 12]), "II", "minimal variability"),
        (strip(width=[12, 12, 4, 12, 12, 12]), "II", "minimal variability"),
        (strip(width=[12, 12, 1, 12, 12, 12]), "II", "absent variability"),
        (strip(width=[12, 12, 26, 12, 12, 12]), "II", "marked variability"),
        (strip(width=NAN), "II", "variability not known"),
        (strip(level=[140, 140, 105, 140, 140, 140], width=[9, 9, 1, 9, 9, 9]), "III", "bradycardia"),
        (strip(sinusoidal=np.array([[600.0, 1800]])), "III", "sinusoidal pattern"),
        (strip(sinusoidal=np.array([[600.0, 1799]])), "I", None),
        (strip(**falling([3], "late")), "II", "late decelerations"),
        (strip(**falling([3], "variable")), "II", "variable decelerations"),
        (strip(**falling([3], "early")), "I", None),
        (strip(**falling([3], "unclassified")), "II", "decelerations of unknown kind"),
        (strip(**falling([3], "prolonged", length=120)), "II", "prolonged deceleration"),
        (strip(width=1.0, **falling(range(0, 6), "late")), "III", "recurrent late decelerations"),
        (
            strip(20, period=200.0, width=1.0, **falling([0, 2, 4], "late", period=200.0)),
            "III",
            "recurrent late decelerations",
        ),
        (strip(width=1.0, **falling(range(0, 12, 2), "variable")), "III", "recurrent variable decelerations"),
        (strip(10, width=1.0, **falling([0, 2], "variable")), "III", "recurrent variable decelerations"),
    ],
)
def test_nichd_rule_by_rule(given, label, name):
    found = nichd_category(given)
    assert found.label == label
    assert fired(found) == ({name} if name else set())
    assert all("doi:10.1097/AOG.0b013e3181841395" in criterion.source for criterion in found.criteria)


def test_what_makes_iii_must_come_together():
    apart = strip(level=[140, 140, 105, 140, 140, 140], width=[9, 9, 9, 9, 1, 9])
    assert nichd_category(apart).label == "II"
    far = strip(width=[9, 9, 9, 9, 9, 1], **falling(range(0, 8), "late"))  # over by minute 24; absent from minute 50
    assert nichd_category(far).label == "II"


def test_without_uc_nothing_is_guessed():
    falls = falling(range(0, 12), "unclassified") | {"contraction": np.full(12, -1)}
    figo_found, nichd_found = (judge(strip(period=None, **falls)) for judge in (figo_category, nichd_category))
    assert figo_found.label == "undetermined"
    (criterion,) = figo_found.criteria
    assert (criterion.name, criterion.category) == ("repetitive decelerations", NOT_ASSESSED)
    assert criterion.rule == "not assessed: in no 20 min is half of UC known with 3 contractions"
    assert nichd_found.label == "II"
    absent = nichd_category(strip(period=None, width=1.0, **falls))
    assert absent.label == "II"
    assert absent.criteria[-1].category == NOT_ASSESSED
    assert nichd_category(strip(period=None)).label == "I"  # no deceleration at all: nothing hangs on UC
    rare = strip(period=1200.0, **falls)  # one contraction or two in 20 min
    assert figo_category(rare).criteria[-1].category == NOT_ASSESSED
    brady = figo_category(strip(period=None, level=95.0, **falls))
    assert brady.label == "pathological"
    assert [criterion.category for criterion in brady.criteria] == ["pathological", NOT_ASSESSED]


def test_without_uc_and_without_decelerations_nothing_is_open():
    assert figo_category(strip(period=None)).criteria == ()
    hidden = figo_category(strip(period=None, fhr_uncertain=np.array([[0.0, 1500]])))
    assert [criterion.category for criterion in hidden.criteria] == [NOT_ASSESSED]


def test_a_contraction_under_lost_signal_is_not_counted():
    falls = falling(range(0, 3), "late")  # of seven contractions in the first 20 min
    assert figo_category(strip(20, **falls)).label == "normal"
    lost = strip(20, fhr_uncertain=np.array([[560.0, 650], [720.0, 741]]), **falls)  # one lost, one by a third
    assert lost.share(lost.kind == "late", 20.0) == pytest.approx(3 / 5)
    assert figo_category(lost).label == "suspicious"


def test_a_strip_too_short_for_a_rule_says_so():
    for minutes in (30, 50):
        (criterion,) = figo_category(strip(minutes, width=4.0)).criteria
        assert criterion.value == minutes
        assert criterion.rule.endswith("more than the 50 min of a pathological strip do not fit into this one")
    (criterion,) = figo_category(strip(60, width=[9, 9, 9, 4, 4, 4])).criteria
    assert "do not fit" not in criterion.rule


@pytest.mark.parametrize("judge", [figo_category, nichd_category])
def test_uninterpretable(judge):
    assert judge(strip(loss=0.51)).label == "uninterpretable"
    assert judge(strip(loss=0.5)).label != "uninterpretable"
    assert judge(strip(level=NAN)).label == "uninterpretable"
    assert judge(strip(loss=[0, 0, 0, 1, 1, 1])).label in ("normal", "I")
    (criterion,) = judge(strip(loss=0.75)).criteria
    assert criterion.value == 0.75


def morphology(given: Strip) -> Morphology:
    return Morphology(
        name="hand",
        fs=1.0,
        baseline=np.full(round(given.end), 140, np.float32),
        accelerations=event_table(given.accelerations),
        decelerations=event_table(
            given.decelerations,
            kind=given.kind,
            figo_kind=given.figo_kind,
            contraction=given.contraction,
            onset_s=given.decelerations.start,
            recovery_s=given.decelerations.end,
            bandwidth=given.bandwidth,
        ),
        contractions=event_table(given.contractions),
        uncertain=pd.DataFrame(
            {
                "channel": "uc",
                "start_s": given.uc_uncertain[:, 0],
                "end_s": given.uc_uncertain[:, 1],
                "reason": "missing",
            }
        ),
        segments=segment_table(given.segments),
        minutes=minute_table(given.minutes),
        variation={},
        sinusoidal=pd.DataFrame(given.sinusoidal, columns=["start_s", "end_s"]),
        figo=figo_category(given),
        nichd=nichd_category(given),
    )


@pytest.mark.parametrize(
    "given",
    [
        strip(),
        strip(period=None, width=1.0),
        strip(width=1.0, **falling(range(0, 8), "late")),
        strip(level=[140, 140, 99, 165, 140, NAN], sinusoidal=np.array([[0.0, 1900]])),
        strip(loss=0.9),
        strip(30, **falling([3], "prolonged", length=400, width=2.0)),
    ],
)
def test_the_tables_give_what_the_arrays_gave(given):
    read = morphology(given)
    for found, expected in ((figo(read), read.figo), (nichd(read), read.nichd)):
        assert found.label == expected.label
        assert (found.start_s, found.end_s) == (0.0, given.end)
        assert repr(found.criteria) == repr(expected.criteria)


def test_successive_strips_of_one_recording():
    read = morphology(strip(90, level=[95, 95, 140, 140, 140, 140, 165, 140, 140]))
    assert [figo(read, start, start + 1800).label for start in (0, 1800, 3600)] == [
        "pathological",
        "normal",
        "suspicious",
    ]
    assert figo(read).start_s == 1800
    assert figo(read).label == "suspicious"
    assert figo(read, end_s=1800).label == "pathological"
    assert figo(read, 60, 4000).label == "pathological"  # the first segment is in by nine of its ten minutes


def test_a_strip_without_a_known_variability_is_not_called_normal():
    (criterion,) = figo_category(strip(width=NAN)).criteria
    assert (criterion.name, criterion.category) == ("variability", NOT_ASSESSED)
    assert criterion.rule.startswith("not assessed: no ten minutes hold two minutes outside")


def test_windows_of_two_shapes_are_refused():
    for fhr, uc in ((np.ones((2, 90)), np.ones((2, 80))), (np.ones(90), np.ones(90))):
        with pytest.raises(SignalError, match=r"fhr has shape .*; give both as \(window, n\)"):
            find_each(fhr, uc, 1.0)


def test_twenty_one_minutes_of_reduced_variability():
    late = falling(range(0, 4), "late")
    assert figo_category(strip(width=[4, 4, 12, 12, 12, 12], **late)).label == "pathological"  # by the median of 21 min
    assert figo_category(strip(width=[4, 12, 12, 12, 12, 12], **late)).label == "suspicious"


def test_a_sinusoidal_stretch_that_reaches_ten_minutes_in():
    read = morphology(strip(sinusoidal=np.array([[0.0, 2400]])))
    assert figo(read, 1800, 3600).label == "pathological"
    assert figo(read, 1801, 3600).label == "normal"


@pytest.mark.parametrize(("flat", "label"), [(50, "suspicious"), (51, "pathological"), (60, "pathological")])
def test_more_than_fifty_minutes_of_reduced_variability(flat, label):
    width = np.where(np.arange(60) < flat, 4.0, 12.0)
    given = strip(width=width.reshape(6, 10).mean(axis=1))
    assert figo_category(given._replace(minutes=given.minutes._replace(bandwidth=width))).label == label


def test_any_ten_minutes_tell_the_baseline():
    """Twelve minutes at 165 bpm that two segments share: neither has a baseline of its own above 160."""
    given = strip(level=[140, 140, 150, 150, 140, 140])
    level = np.full(60, 140.0)
    level[24:36] = 165
    given = given._replace(minutes=given.minutes._replace(baseline=level))
    assert fired(figo_category(given)) == {"tachycardia"}
    assert fired(nichd_category(given)) == {"tachycardia"}
    level[24:36], level[30:35] = 140, 165
    assert figo_category(given._replace(minutes=given.minutes._replace(baseline=level))).label == "normal"


SIZES = [(15.0, 60.0), (15.01, 60.0), (20.0, 15.0), (20.0, 15.01), (14.99, 60.0), (20.0, 14.99)]


@pytest.mark.parametrize(("amplitude", "length"), SIZES)
def test_fifteen_bpm_and_fifteen_seconds(amplitude, length):
    """More than that by FIGO, that or more by NICHD."""
    falls = falling(range(0, 10), "variable", length=length)
    events_ = falls["decelerations"]
    falls["decelerations"] = events_._replace(amplitude=np.full(10, amplitude))
    repetitive = figo_category(strip(**falls)).label == "suspicious"
    assert repetitive == (amplitude > 15 and length > 15)
    assert (nichd_category(strip(**falls)).label == "II") == (amplitude >= 15 and length >= 15)


def test_shallow_late_decelerations_count_without_accelerations_where_variability_is_reduced():
    falls = falling(range(0, 12), "late")
    falls["decelerations"] = falls["decelerations"]._replace(amplitude=np.full(12, 12.0))
    name = "repetitive late or prolonged decelerations"
    assert name in fired(figo_category(strip(width=[4, 12, 12, 12, 12, 12], **falls)))
    assert figo_category(strip(**falls)).label == "normal"
    rise = events([3000.0])
    assert name not in fired(figo_category(strip(width=[4, 12, 12, 12, 12, 12], accelerations=rise, **falls)))


def test_each_guideline_counts_its_own_kinds():
    falls = falling(range(0, 20), "variable")
    falls["figo_kind"] = np.array(["late"] * 20, object)
    assert fired(figo_category(strip(**falls))) == {"repetitive late or prolonged decelerations"}
    assert fired(nichd_category(strip(width=1.0, **falls))) == {"recurrent variable decelerations"}


def test_eleven_minutes_at_75_bpm_are_not_category_i():
    fhr = 140 + 4 * np.sin(np.arange(14400) / 30.0) + np.random.default_rng(0).normal(0, 2, 14400)
    fhr[-11 * 240 :] -= 65
    read = analyze(Recording("terminal", fhr, np.full(14400, NAN), 4.0))
    assert read.figo.label == "pathological"
    assert read.nichd.label == "II"


def test_a_deceleration_belongs_to_the_strip_of_its_nadir():
    read = morphology(strip(**falling([9], "prolonged", length=400)))  # 1620 to 2020 s, nadir at 1820 s
    assert figo(read, 0, 1800).label == "normal"
    assert figo(read, 1800, 3600).label == "pathological"


@pytest.mark.parametrize("judge", [figo, nichd])
@pytest.mark.parametrize(("start", "end"), [(-1, 100), (100, 100), (0, 3601), (NAN, 100), (0, NAN)])
def test_a_strip_that_is_not_there(judge, start, end):
    with pytest.raises(SignalError, match=r"hand: strip from .* it must lie within the 3600 s recorded"):
        judge(morphology(strip()), start, end)


def test_the_share_of_contractions_is_counted_one_by_one():
    rng = np.random.default_rng(0)
    for _ in range(20):
        starts = np.sort(rng.uniform(0, 5400, 30))
        contractions = events(starts)
        rows = np.sort(rng.choice(30, 14, replace=False))
        given = strip(90)._replace(
            contractions=contractions,
            decelerations=events(starts[rows]),
            kind=rng.choice(["late", "variable"], 14),
            contraction=rows,
        )
        best = []
        for begin in np.arange(0, 3601, 60.0):
            inside = [k for k, peak in enumerate(contractions.peak) if begin <= peak < begin + 1800]
            hit = [
                k for k in inside if any(r == k and kind == "late" for r, kind in zip(rows, given.kind, strict=True))
            ]
            if len(inside) >= 3:
                best.append(len(hit) / len(inside))
        assert given.share(given.kind == "late", 30.0) == pytest.approx(max(best))


GRAVITY = {"normal": 0, "I": 0, "suspicious": 1, "II": 1, "pathological": 2, "III": 2}


@drawn(st.integers(0, 2**32), st.sampled_from([10, 20, 30, 60, 90]))
def test_any_strip_has_one_category_that_its_criteria_explain(seed, minutes):
    rng = np.random.default_rng(seed)
    count, m = minutes // 10, int(rng.integers(0, 12))
    falls = events(np.sort(rng.uniform(0, minutes * 60, m)), rng.uniform(15, 400))
    given = strip(
        minutes,
        level=rng.choice([140, 120, 105, 95, 170, NAN], count),
        width=rng.choice([12, 8, 3, 1, 30, NAN], count),
        loss=rng.choice([0, 0.3, 0.9], count),
        period=rng.choice([120.0, 400.0]),
        decelerations=falls,
        kind=rng.choice(["early", "late", "variable", "prolonged", "unclassified"], m).astype(object),
        figo_kind=rng.choice(["early", "late", "variable", "prolonged", "unclassified"], m).astype(object),
        contraction=rng.integers(-1, max(0, minutes // 7), m),
        bandwidth=rng.choice([NAN, 3.0, 9.0], m),
        uc_uncertain=np.array([[0.0, rng.uniform(0, minutes * 60)]]),
        sinusoidal=np.array([[0.0, rng.uniform(0, 5400)]]),
    )
    for judge in (figo_category, nichd_category):
        found = judge(given)
        if found.label == "uninterpretable":
            assert [criterion.name for criterion in found.criteria] == ["signal loss"]
            continue
        order = [GRAVITY.get(criterion.category, -1) for criterion in found.criteria]
        assert order == sorted(order, reverse=True)
        assert GRAVITY[found.label] == max([0, *order])
        # Nothing that makes a strip worse makes its category milder.
        worse = given._replace(minutes=given.minutes._replace(baseline=given.minutes.baseline * 0 + 95))
        assert GRAVITY[judge(worse).label] >= GRAVITY[found.label]
        waving = given._replace(sinusoidal=np.array([[0.0, 5400.0]]))
        assert GRAVITY[judge(waving).label] == 2


def test_a_recording_is_judged_alike_by_arrays_and_by_tables(simulated_database):
    for recording in list(simulated_database)[:10]:
        read = analyze(recording)
        for found, expected in ((figo(read), read.figo), (nichd(read), read.nichd)):
            assert repr(found) == repr(expected)


@pytest.mark.parametrize(("every", "fall", "depth"), [(120, 35, 30), (180, 60, 40), (150, 50, 25)])
def test_straight_flanks_are_no_variability(every, fall, depth):
    """A flat strip with a straight deceleration at every contraction has absent variability, and so is NICHD III.

    With the flanks outside the events as they are found, the bandwidth is 3.4 to 6.8 bpm.
    """
    time, rng = np.arange(14400) / 4, np.random.default_rng(0)
    fhr = 140 + rng.normal(0, 0.2, 14400)
    for start in range(30, 3500, every):
        fhr -= np.interp(time, [start, start + fall, start + 2 * fall], [0, depth, 0], 0, 0)
    since = time % every
    uc = 10 + np.where(since < 60, 50 * np.sin(np.pi * since / 60) ** 2, 0) + rng.normal(0, 0.3, 14400)
    read = analyze(Recording("flat", fhr, uc, 4.0))
    assert read.segments["variability"].max() < 1
    assert read.variation["bandwidth_bpm"] < 1
    assert read.nichd.label == "III"


@pytest.mark.parametrize("fs", [1.0, 2.0, 8.0])
def test_the_sampling_rate_hardly_matters(simulated_database, fs):
    same = []
    for original in list(simulated_database)[:12]:
        step = round(4 / fs) if fs < 4 else 1
        fhr, uc = (x[::step] if fs <= 4 else np.repeat(x, 2) for x in (original.fhr, original.uc))
        other = analyze(Recording(original.name, fhr, uc, fs))
        same.append(other.figo.label == analyze(original).figo.label)
    assert np.mean(same) >= 0.75


def test_hardly_any_signal_at_all():
    for n in (1, 40, 2000):
        for fhr, uc in ((np.full(n, NAN), np.full(n, NAN)), (np.full(n, 140.0), np.full(n, NAN))):
            read = analyze(Recording("short", fhr, uc, 4.0))
            known = n == 2000 and fhr[0] == 140
            assert read.figo.label == ("suspicious" if known else "uninterpretable")
            assert len(read.segments) == 1
