import numpy as np
import pandas as pd
import pytest

from fhr.morphology.bandwidth import bandwidths
from fhr.morphology.events import Events, no_events
from fhr.morphology.overlap import overlap
from fhr.morphology.segments import find_segments, segment_table
from fhr.morphology.variability import variation

NAN = np.nan
NONE = no_events()
KNOWN_UC = np.empty((0, 2))


def events(start: list[float], length: float = 60.0) -> Events:
    start = np.array(start, float)
    return Events(start, start + length, start + length / 2, start * 0 + 20, start * 0 + 300, start * 0)


def recording(minutes: float, fs: float = 4.0, level: float = 140.0) -> tuple[np.ndarray, np.ndarray]:
    n = round(minutes * 60 * fs)
    t = np.arange(n) / fs
    return level + 5 * np.sin(2 * np.pi * t / 17), np.full(n, level)


@pytest.mark.parametrize("fs", [1.0, 2.5, 4.0, 8.0])
def test_ten_minutes_counted_back_from_the_end(fs):
    fhr, level = recording(37, fs)
    found = find_segments(fhr, level, fs, NONE, NONE, NONE, KNOWN_UC)
    np.testing.assert_allclose(found.start, [0, 420, 1020, 1620])
    np.testing.assert_allclose(found.end, [420, 1020, 1620, 2220])
    np.testing.assert_array_equal(found.loss, 0)
    np.testing.assert_array_equal(found.baseline, 140)
    np.testing.assert_allclose(found.variability, 10, rtol=0.03)


def test_each_segment_is_what_its_own_signal_says():
    rng = np.random.default_rng(0)
    fhr = 140 + rng.normal(size=4 * 1800).cumsum() / 3
    fhr[3000:3200] = NAN
    level = np.full(len(fhr), np.nanmean(fhr))
    falls, rises = events([100, 900]), events([300, 1500])
    found = find_segments(fhr, level, 4.0, rises, falls, NONE, KNOWN_UC)
    for k in range(3):
        piece = slice(2400 * k, 2400 * (k + 1))
        inside = [
            e.where(e.start // 600 == k)._replace(
                start=e.where(e.start // 600 == k).start - 600 * k, end=e.where(e.start // 600 == k).end - 600 * k
            )
            for e in (rises, falls)
        ]
        alone = variation(fhr[piece], level[piece], 4.0, *inside)
        assert found.stv_ms[k] == pytest.approx(alone.stv_ms)
        assert found.variability[k] == pytest.approx(np.nanmedian(bandwidths(fhr[piece], level[piece], 4.0, *inside)))
        assert found.loss[k] == np.isnan(fhr[piece]).mean()


def test_too_little_signal_is_unknown_and_never_guessed():
    fhr, level = recording(30)
    fhr[2400 : 2400 + 1201] = NAN
    level[4800:] = NAN
    table = segment_table(find_segments(fhr, level, 4.0, NONE, NONE, NONE, KNOWN_UC))
    assert table["baseline_class"].tolist() == ["normal", "unknown", "unknown"]
    assert table["variability_class"].tolist() == ["moderate", "unknown", "unknown"]
    assert np.isnan(table["stv_ms"]).tolist() == [False, True, False]
    assert table["loss"].tolist() == [0, 1201 / 2400, 0]


def test_the_level_is_that_of_known_signal():
    fhr, level = recording(10)
    fhr[:1100] = NAN
    level[:1300] = 170
    assert find_segments(fhr, level, 4.0, NONE, NONE, NONE, KNOWN_UC).baseline.tolist() == [140]


def test_two_minutes_of_baseline_make_a_variability():
    fhr, level = recording(10)
    for minutes, known in ((8, True), (9, False)):
        found = find_segments(fhr, level, 4.0, NONE, events([0], 60 * minutes), NONE, KNOWN_UC)
        assert np.isfinite(found.variability).tolist() == [known]
        assert found.baseline.tolist() == [140]


def test_classes_of_level_and_bandwidth():
    levels, widths = np.repeat([135.0, 165, 105, 135, 135], 2400), np.repeat([8.0, 3, 1, 30, 5.5], 2400)
    t = np.arange(len(levels)) / 4
    found = find_segments(levels + widths / 2 * np.sin(t), levels, 4.0, NONE, NONE, NONE, KNOWN_UC)
    table = segment_table(found)
    assert table["baseline_class"].tolist() == ["normal", "tachycardia", "bradycardia", "normal", "normal"]
    assert table["variability_class"].tolist() == ["moderate", "minimal", "absent", "marked", "moderate"]


def test_contractions_are_counted_by_their_peak_where_uc_is_known():
    fhr, level = recording(40)
    tight = list(np.arange(600, 1800, 100.0))  # six in each of the second and third segment
    found = find_segments(fhr, level, 4.0, NONE, NONE, events([0, 570, *tight, 2000]), np.array([[1900.0, 2350]]))
    np.testing.assert_array_equal(found.contractions, [1, 7, 6, NAN])
    np.testing.assert_array_equal(found.tachysystole, [NAN, 0, 1, NAN])
    assert segment_table(found)["tachysystole"].tolist() == [pd.NA, False, True, pd.NA]


def test_tachysystole_by_the_mean_of_thirty_minutes():
    fhr, level = recording(40)
    starts = [*np.arange(0, 600, 75.0), *np.arange(600, 1200, 150.0), *np.arange(1200, 1800, 120.0)]
    found = find_segments(fhr, level, 4.0, NONE, NONE, events(starts, 40), KNOWN_UC)
    np.testing.assert_array_equal(found.contractions, [8, 4, 5, 0])
    np.testing.assert_array_equal(found.tachysystole, [NAN, 0, 1, 0])  # 17 in 30 min


def test_a_strip_is_cut_like_a_recording():
    rng = np.random.default_rng(2)
    fhr = 140 + rng.normal(size=4 * 3000)
    level = np.full(len(fhr), 140.0)
    strip = find_segments(
        fhr, level, 4.0, events([1000]), events([1500]), events([1300]), KNOWN_UC, start_s=900, end_s=2100
    )
    earlier = [
        e._replace(start=e.start - 900, end=e.end - 900, peak=e.peak - 900)
        for e in map(events, ([1000], [1500], [1300]))
    ]
    alone = find_segments(fhr[3600:8400], level[3600:8400], 4.0, *earlier, KNOWN_UC)
    np.testing.assert_array_equal(strip.start, alone.start + 900)
    for name in ("loss", "baseline", "variability", "stv_ms", "contractions"):
        np.testing.assert_allclose(getattr(strip, name), getattr(alone, name))


@pytest.mark.parametrize("seconds", [0.25, 10, 300, 599])
def test_short_recordings_have_one_segment(seconds):
    fhr, level = recording(seconds / 60)
    found = find_segments(fhr, level, 4.0, NONE, NONE, NONE, KNOWN_UC)
    assert found.end.tolist() == [seconds]
    assert np.isfinite(found.baseline).tolist() == [seconds >= 300]
    assert len(segment_table(found)) == 1


def test_overlap_adds_up():
    ranges = np.array([[10.0, 20], [30, 50]])
    np.testing.assert_array_equal(overlap(np.array([0.0, 15, 60]), np.array([40.0, 35, 90]), ranges), [20, 10, 0])
    assert overlap(0.0, 100.0, np.empty((0, 2))) == 0
