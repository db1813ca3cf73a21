"""Wrong values are where they are said to be, and are what they are said to be."""

from unittest import mock

import numpy as np
import pytest

from fhr.simulation import artefacts
from fhr.simulation.labour import FS, draw_labour
from fhr.simulation.sensors import observe


def drawn(rate, kinds, *, sensor=1, n=40, an_hour=30.0):
    """Every value shown in place of `rate`, of n labours with artefacts of these kinds alone."""
    shares = {kind: (1 / len(kinds) if kind in kinds else 0.0) for kind in artefacts.SHARES}
    often = {1: an_hour, 2: an_hour, 12: an_hour}
    with mock.patch.multiple(artefacts, SHARES=shares, SHARES_OF_ELECTRODE=shares, RATE=often):
        for k in range(n):
            labour = draw_labour(np.random.default_rng([7, k]))
            shown, _ = artefacts.draw_artefacts(np.full(labour.n, rate), labour, sensor, np.random.default_rng([8, k]))
            yield labour, shown


@pytest.mark.parametrize(("rate", "wrong"), [(140.0, 70.0), (151.5, 75.75), (80.0, 160.0), (62.0, 124.0)])
def test_a_count_is_half_or_double(rate, wrong):
    values = np.unique(np.concatenate([shown for _, shown in drawn(rate, ["count"])]))
    np.testing.assert_array_equal(values, np.sort([rate, wrong]))


def test_the_mother_rises_where_the_fetus_would_fall():
    high, low = [], []
    for labour, shown in drawn(140.0, ["mother"], n=150):
        wrong = shown != 140.0
        near = np.abs(labour.time[:, None] - labour.peak[labour.pushing]).min(axis=1, initial=np.inf)
        second = labour.time >= np.nan_to_num(labour.stage2_start, nan=np.inf)
        high.append(shown[wrong & second & (near < 10)])
        low.append(shown[wrong & ~second])
    high, low = np.concatenate(high), np.concatenate(low)
    assert np.mean(low) == pytest.approx(artefacts.MOTHER_RATE[0], abs=4)
    assert np.mean(high) > np.mean(low) + artefacts.MOTHER_PUSHING / 2


def test_a_scalp_electrode_shows_no_mother():
    labour = draw_labour(np.random.default_rng(9))
    rng = np.random.default_rng(10)
    kinds = {kind for _ in range(300) for _, kind in artefacts._runs(labour, 2, rng)}
    assert kinds == {"count", "noise"}


def test_the_monitor_is_blank_beside_most_jumps():
    sides = []
    for k in range(60):
        labour = draw_labour(np.random.default_rng([11, k]))
        shown, blank = artefacts.draw_artefacts(np.full(labour.n, 140.0), labour, 1, np.random.default_rng([12, k]))
        wrong = (shown != 140.0) & ~blank
        begins = np.flatnonzero(wrong[1:] & ~wrong[:-1])
        sides.append(blank[begins])
    assert 0.8 < np.concatenate(sides).mean() < 1.0


@pytest.mark.parametrize("sensor", [1, 2, 12])
def test_the_mask_is_exactly_where_shown_differs_from_true(sensor):
    for k in range(20):
        rng = np.random.default_rng([13, k])
        labour = draw_labour(rng)
        fhr = np.rint(4 * (140 + np.cumsum(rng.normal(0, 0.1, labour.n)))) / 4
        uc = np.full(labour.n, 20.0)
        seen = observe(fhr, uc, labour, 0.0, sensor, rng)
        known = np.isfinite(seen.fhr)
        np.testing.assert_array_equal(seen.artefact, known & (seen.fhr != fhr))
        assert np.all((seen.uc == uc) | np.isnan(seen.uc))
        assert seen.fhr[known].min() >= artefacts.LIMITS[0]
        assert seen.fhr[known].max() <= artefacts.LIMITS[1]
        assert np.all(seen.fhr[known] * 4 == np.rint(seen.fhr[known] * 4))


def test_wrong_values_are_few_and_more_in_the_second_stage():
    first, second = [], []
    for k in range(400):
        labour = draw_labour(np.random.default_rng([14, k]))
        if labour.pushing.any():
            shown, _ = artefacts.draw_artefacts(np.full(labour.n, 140.0), labour, 1, np.random.default_rng([15, k]))
            start = round(labour.stage2_start * FS)
            first.append((shown[:start] != 140.0).mean())
            second.append((shown[start:] != 140.0).mean())
    assert 0.002 < np.mean(first) < 0.03
    assert np.mean(second) > 2 * np.mean(first)
