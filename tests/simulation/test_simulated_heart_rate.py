"""Variability scales as it was set, accelerations and the baseline are what they are said to be."""

import numpy as np
import pytest

from fhr.multiscale import analyze
from fhr.simulation import simulate_labours
from fhr.simulation.baseline import rate_episodes
from fhr.simulation.labour import FS, draw_labour
from fhr.simulation.truth import happening
from fhr.simulation.variability import LEVEL_OFF, draw_variability, scale_free


@pytest.fixture(scope="module")
def truths():
    return [labour.truth for labour in simulate_labours(60, seed=21)]


def cumulants(hurst, c2):
    """Mean c1 and c2 of 40 hours of variability, at the scales of 1 to 8 s, well below `LEVEL_OFF`."""
    walks = [scale_free(14400, hurst, c2, np.random.default_rng(seed)) for seed in range(40)]
    found = analyze(np.stack(walks), fs=FS, j1=2, j2=5)
    return np.mean(found.log_cumulants[..., :2], axis=0)


def test_variability_has_the_regularity_and_the_intermittence_that_were_set():
    assert LEVEL_OFF >= 3 * 8
    even, rough, smooth = cumulants(0.5, 0.0), cumulants(0.5, -0.08), cumulants(0.7, 0.0)
    # c1 is 1/2 for a walk, 1/2 - c2 for the multifractal one, and the Hurst exponent without intermittence; all are
    # lower by some hundredths, since the mean over `LEVEL_OFF` is taken away and the scales are few samples long.
    assert even[0] == pytest.approx(0.5, abs=0.06)
    assert rough[0] - even[0] == pytest.approx(0.08, abs=0.03)
    assert smooth[0] - even[0] == pytest.approx(0.2, abs=0.04)
    assert [even[1], rough[1], smooth[1]] == pytest.approx([0, -0.08, 0], abs=0.02)


def test_beyond_the_level_off_it_does_not_grow():
    walk = scale_free(200_000, 0.6, -0.03, np.random.default_rng(5))

    def growth(a, b):
        far, near = (np.mean(np.abs(walk[int(s * FS) :] - walk[: -int(s * FS)])) for s in (b, a))
        return np.log2(far / near) / np.log2(b / a)

    assert growth(1, 4) == pytest.approx(0.6, abs=0.08)
    assert abs(growth(2 * LEVEL_OFF, 16 * LEVEL_OFF)) < 0.05


def loudness(motion, where):
    return np.std(np.diff(motion[where]))


def test_quiet_sleep_and_episodes_are_in_the_motion():
    ratios = {"quiet sleep": [], "reduced variability": [], "marked variability": []}
    for seed in range(150):
        labour = draw_labour(np.random.default_rng(seed))
        found = draw_variability(labour, 0.0, np.zeros(labour.n), np.random.default_rng(seed))
        masks = {e.kind[0]: happening(e, labour.n, FS) for e in found.events if len(e.kind)}
        assert (found.quiet == masks.get("quiet sleep", np.zeros(labour.n, dtype=bool))).all()
        for kind in ratios:
            others = [mask for other, mask in masks.items() if other not in (kind, "active sleep")]
            free = ~np.any(others, axis=0) if others else np.ones(labour.n, dtype=bool)
            inside = masks.get(kind, ~free) & free
            outside = ~masks.get(kind, free) & free
            if min(inside.sum(), outside.sum()) > 1200:
                ratios[kind].append(loudness(found.motion, inside) / loudness(found.motion, outside))
    middle = {kind: np.exp(np.mean(np.log(values))) for kind, values in ratios.items()}
    assert middle["quiet sleep"] == pytest.approx(0.62, rel=0.2)
    assert middle["reduced variability"] == pytest.approx(0.38, rel=0.35)
    assert middle["marked variability"] == pytest.approx(2.2, rel=0.35)


def test_sleep_states_fill_the_recording(truths):
    for truth in truths:
        sleep = truth.events.of("active sleep", "quiet sleep")
        assert sleep.start_s[0] == 0
        assert sleep.end_s[-1] == len(truth.fhr) / FS
        np.testing.assert_allclose(sleep.start_s[1:], sleep.end_s[:-1])


def test_accelerations_are_long_and_high_enough_and_not_in_a_deceleration(truths):
    number = 0
    for truth in truths:
        rises = truth.events.of("acceleration")
        falls = truth.events.of("early", "late", "variable", "prolonged")
        whole = rises.end_s < len(truth.fhr) / FS
        assert (rises.end_s - rises.start_s >= 15 - 1e-9)[whole].all()
        assert (rises.amplitude >= 14).all()
        assert not ((rises.start_s[:, None] < falls.end_s) & (rises.end_s[:, None] > falls.start_s)).any()
        number += len(rises.start_s)
    assert number > 100


def test_events_are_in_the_true_heart_rate(truths):
    """At the nadir the rate is about the depth below the true baseline, at the top of an acceleration above it."""
    found = {"deceleration": [], "acceleration": []}
    for truth in truths:
        for name, kinds, sign in (
            ("deceleration", ("early", "late", "variable", "prolonged"), -1),
            ("acceleration", ("acceleration",), 1),
        ):
            events = truth.events.of(*kinds)
            at = np.minimum((events.extremum_s * FS).astype(int), len(truth.fhr) - 1)
            away = sign * (truth.fhr[at] - truth.baseline[at])
            found[name].append(np.stack([away, events.amplitude]))
    for pairs in found.values():
        away, amplitude = np.concatenate(pairs, axis=1)
        # Variability is added, and it is louder within decelerations.
        assert np.median(away / amplitude) == pytest.approx(1, abs=0.1)
        assert np.corrcoef(away, amplitude)[0, 1] > 0.6
    between = []
    for truth in truths:
        falls = truth.events.of("early", "late", "variable", "prolonged", "acceleration")
        free = ~happening(falls, len(truth.fhr), FS)
        between.append(np.median((truth.fhr - truth.baseline)[free]))
    assert np.abs(between).max() < 3


def test_tachycardia_and_bradycardia_last_more_than_ten_minutes():
    level = np.full(int(3600 * FS), 140.0)
    level[int(100 * FS) : int(701 * FS)] = 161
    level[int(1000 * FS) : int(1600 * FS)] = 165
    level[int(2000 * FS) : int(2700 * FS)] = 109
    fast, slow = rate_episodes(level)
    assert list(zip(fast.start_s, fast.end_s, strict=True)) == [(100, 701)]
    assert list(zip(slow.start_s, slow.end_s, strict=True)) == [(2000, 2700)]
    assert fast.kind.tolist() == ["tachycardia"]
