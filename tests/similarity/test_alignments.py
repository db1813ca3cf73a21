import sys

import numpy as np
import pytest
from some_labours import labour

from fhr.errors import FHRError, SignalError
from fhr.similarity import UC_WEIGHT, LabourWindows, elastic_alignment, rigid_alignment

BOTH = pytest.mark.parametrize("align", [elastic_alignment, rigid_alignment])


def windows(*signals, channels=("fhr", "uc"), fs=0.25):
    """Windows of signals (channel, time)."""
    signal = np.stack(signals).astype(np.float32)
    n, ends = len(signal), signal.shape[-1] / fs
    names = np.array([f"w{i}" for i in range(n)])
    return LabourWindows(signal, channels, fs, names, np.zeros(n), np.full(n, ends))


def one_labour(seed=0, gap=False):
    """Both signals of 40 min at 0.25 Hz."""
    return LabourWindows.of(labour("a", seed, gap=gap), minutes=40, fs=0.25).signal[0]


def by_definition(a, b, band):
    """Root mean square and median shift of the best path of `a` to `b`, (channel, time) without gaps."""
    n = a.shape[1]
    costs, came = np.full((n, n), np.inf), {}
    for i in range(n):
        for j in range(max(0, i - band), min(n, i + band + 1)):
            before = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
            best = min((p for p in before if min(p) >= 0), key=lambda p: costs[p], default=None)
            costs[i, j] = ((a[:, i] - b[:, j]) ** 2).sum() + (0 if best is None else costs[best])
            came[i, j] = best
    path = [(n - 1, n - 1)]
    while came[path[-1]] is not None:
        path.append(came[path[-1]])
    steps = np.array(path[::-1])
    first = max(np.flatnonzero((steps == 0).any(axis=1)))
    last = min(np.flatnonzero((steps == n - 1).any(axis=1)))
    i, j = steps[first : last + 1].T
    return np.sqrt(np.mean((a[:, i] - b[:, j]) ** 2)), np.median(j - i)


def test_the_path_is_that_of_dynamic_programming():
    rng = np.random.default_rng(0)
    signals = np.cumsum(rng.normal(size=(5, 2, 60)), axis=-1)
    found = elastic_alignment(windows(signals[0]), windows(*signals[1:]), band=24)
    weighted = signals.astype(np.float32) * np.array([1, UC_WEIGHT])[:, None]
    for k, other in enumerate(weighted[1:]):
        rms, shift = by_definition(weighted[0], other, 6)
        assert found.rms_bpm[k] == pytest.approx(rms, rel=1e-5)
        assert found.lag_s[k] == shift * 4


@BOTH
@pytest.mark.parametrize("samples", [0, 5, -7])
def test_a_window_of_the_same_labour_some_seconds_later_or_earlier_leaves_next_to_nothing(align, samples):
    long = one_labour()
    query, match = long[:, 100:400], long[:, 100 - samples : 400 - samples]
    rms, lag = align(windows(query), windows(match))
    # The elastic path begins and ends at the corners, and is drawn aside for a few steps.
    assert rms[0] == pytest.approx(0, abs=1e-5 if align is rigid_alignment else 0.5)
    assert lag[0] == 4 * samples


@BOTH
def test_shifts_stay_within_the_band(align):
    long = one_labour()
    rms, lag = align(windows(long[:, 100:400]), windows(long[:, 80:380]))
    assert rms[0] > 0.5
    assert abs(lag[0]) <= 28


@BOTH
def test_a_contraction_that_comes_later_to_the_same_heart_rate_is_no_match(align):
    long = one_labour()
    query = long[:, 100:400]
    apart = np.stack([long[0, 100:400], long[1, 95:395]])
    together = long[:, 95:395]
    rms, _ = align(windows(query), windows(apart, together))
    assert rms[0] > 10 * max(rms[1], 0.01)


@BOTH
def test_levels_are_compared_in_bpm(align):
    query = one_labour()[:, :300]
    offset = np.stack([np.full(300, 120.0), np.zeros(300)])
    rms, lag = align(windows(offset), windows(*(offset + np.array([[5, 0], [0, 10]])[..., None])))
    np.testing.assert_allclose(rms, [5 / np.sqrt(2), 10 * UC_WEIGHT / np.sqrt(2)], rtol=1e-6)
    assert (lag == 0).all()
    alone = windows(query[:1], channels=("fhr",)), windows(query[:1] + 1e3, channels=("fhr",))
    assert align(*alone).rms_bpm[0] == pytest.approx(1e3, rel=0.02)


@BOTH
def test_what_either_did_not_measure_counts_nothing(align):
    long = one_labour()
    query, match = long[:, 100:400].copy(), long[:, 97:397].copy()
    wrong = match.copy()
    query[0, 40:90] = np.nan
    match[0, 200:230] = np.nan
    match[1] = np.nan
    wrong[1] = np.nan
    rms, lag = align(windows(query), windows(match))
    unaligned = np.sqrt(np.nanmean((query[0] - match[0]) ** 2))
    assert rms[0] < 0.6 * unaligned
    assert lag[0] == 12
    wrong[0, 45:85] += 200  # where the query has a gap
    changed, _ = rigid_alignment(windows(query), windows(wrong))
    assert changed[0] == pytest.approx(0, abs=1e-5)


@BOTH
def test_too_little_in_common_is_no_distance(align):
    query = one_labour()[:, :300]
    first, second, nothing = query.copy(), query.copy(), np.full_like(query, np.nan)
    first[0, 160:] = np.nan
    second[0, :160] = np.nan
    rms, lag = align(windows(first), windows(second, nothing, first))
    assert np.isnan(rms[:2]).all()
    assert np.isnan(lag[:2]).all()
    assert rms[2] == pytest.approx(0)
    assert np.isnan(align(windows(second), windows(query)).rms_bpm[0])


@BOTH
def test_no_window_gives_none(align):
    one = windows(one_labour()[:, :300])
    assert align(one, one[:0]).rms_bpm.shape == (0,)


@BOTH
@pytest.mark.parametrize(
    ("query", "candidates", "given", "message"),
    [
        (slice(0, 2), {}, {}, "2 queries"),
        (slice(0, 0), {}, {}, "0 queries"),
        (0, {"length": 200}, {}, "300 samples.* among windows of .*200 samples"),
        (0, {"channels": ("fhr", "mhr")}, {}, "fhr, mhr"),
        (0, {"fs": 0.5}, {}, "0.25 Hz.* among .*0.5 Hz"),
        (0, {}, {"fs": 0}, "fs=0 Hz"),
        (0, {}, {"fs": 0.2}, "no multiple"),
        (0, {}, {"reach": 3.9}, "3.9 s between means of 4 s"),
        (0, {}, {"reach": np.nan}, "nan s"),
        (0, {}, {"reach": np.inf}, "inf s"),
        (2, {}, {}, "w2: the query has no heart rate"),
    ],
)
def test_what_cannot_be_aligned_is_refused(align, query, candidates, given, message):
    signal = one_labour()[:, :300]
    several = windows(signal, signal, np.full_like(signal, np.nan))
    candidates = dict(candidates)
    length = candidates.pop("length", 300)
    others = windows(signal[:, :length], **candidates)
    given = dict(given)
    if "reach" in given:
        given["band" if align is elastic_alignment else "most"] = given.pop("reach")
    with pytest.raises((FHRError, SignalError), match=message):
        align(several[query], others, **given)


def test_without_the_library_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "dtaidistance", None)
    one = windows(one_labour()[:, :300])
    with pytest.raises(FHRError, match=r"pip install 'intrapartum-fhr\[similarity\]'"):
        elastic_alignment(one, one)
    assert rigid_alignment(one, one).rms_bpm[0] == 0
