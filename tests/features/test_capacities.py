"""Capacities against theory, `prsa` and plain loops."""

import numpy as np
import pytest

from fhr.features import prsa
from fhr.features.capacities import capacities, capacities_columns

NAMES = [column.name for column in capacities_columns(60)]
SCALES = (1, 2, 4, 8, 15, 30)


def of(x: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, capacities(np.atleast_2d(x))[0].tolist(), strict=True))


@pytest.mark.parametrize("scale", SCALES)
def test_a_saw_tooth_has_the_capacities_of_theory(scale):
    """Blocks that rise by q, N of them a period: (N - 1) rises of which two see the fall, and one fall."""
    period = 8 * scale if scale < 30 else 240
    count = period // scale
    q = 12 / count
    saw = 140 + q * ((np.arange(3600) % period) // scale)
    found = of(saw)
    assert found[f"deceleration_capacity_{scale}s_60"] == pytest.approx(-(count / 2 - 1) * q)
    assert found[f"acceleration_capacity_{scale}s_60"] == pytest.approx((count / 2 - 1) / (count - 1) * q, rel=0.07)


def test_white_noise_has_the_capacity_of_theory():
    # Of y_i > y_(i-1) the means are +-1 / sqrt(pi), and those of their neighbours 0.
    found = capacities(140 + 3 * np.random.default_rng(0).normal(size=(20, 3600))).mean(axis=0)
    row = dict(zip(NAMES, found, strict=True))
    for scale in (1, 2, 4, 8):
        expected = 3 / np.sqrt(scale) * 2 / np.sqrt(np.pi) / 4
        assert row[f"acceleration_capacity_{scale}s_60"] == pytest.approx(expected, rel=0.06)
        assert row[f"deceleration_capacity_{scale}s_60"] == pytest.approx(-expected, rel=0.06)


def test_by_seconds_it_is_prsa(labour):
    x = labour(3)[0][:, ::4]
    found = capacities(x)
    expected = prsa(x, T=1, s=2)
    for name, values in {"acceleration": expected[0], "deceleration": expected[1]}.items():
        np.testing.assert_allclose(found[:, NAMES.index(f"{name}_capacity_1s_60")], values, rtol=1e-9)


def brute_force(x: np.ndarray, scale: int, start: int) -> list[float]:
    n = len(x) // scale
    first = len(x) - n * scale
    means, ends = [], []
    for k in range(n):
        block = [value for value in x[first + k * scale : first + (k + 1) * scale] if not np.isnan(value)]
        means.append(sum(block) / len(block) if 2 * len(block) >= scale else np.nan)
        ends.append(first + (k + 1) * scale)
    falls, rises = [], []
    for i in range(2, n - 1):
        before_last, before, here, after = means[i - 2 : i + 2]
        change, step = (here + after - before - before_last) / 4, here - before
        if np.isnan(change) or abs(step) >= 0.15 * before or ends[i] <= start:
            continue
        if step < 0:
            falls.append(change)
        elif step > 0:
            rises.append(change)
    return [np.mean(some) if len(some) >= 5 else np.nan for some in (falls, rises)]


def test_is_its_definition_with_gaps(with_gaps, labour):
    x = with_gaps(labour(1)[0][0, ::4], fraction=0.15)
    x[1000:1003] = x[1000:1003] * [1, 1.5, 1]  # a step that is no anchor
    found = of(x)
    for scale in SCALES[:4]:
        for minutes in (60, 30, 20):
            for kind, expected in zip(
                ("deceleration", "acceleration"), brute_force(x, scale, 3600 - 60 * minutes), strict=True
            ):
                assert found[f"{kind}_capacity_{scale}s_{minutes}"] == pytest.approx(expected)


def test_upside_down_falls_are_rises(labour):
    x = 140 + (labour(1)[0][0, ::4] - 140) / 2  # without a step of 15% either way
    before, after = of(x), of(280 - x)
    for scale in SCALES:
        for part in (60, 30, 20):
            falls, rises = (f"{kind}_capacity_{scale}s_{part}" for kind in ("deceleration", "acceleration"))
            assert after[falls] == pytest.approx(-before[rises])
            assert after[rises] == pytest.approx(-before[falls])


def test_short_stretches_have_no_anchor_of_long_scales_and_take_finer_ones(labour):
    x = labour(1)[0][0, ::4]
    x[np.arange(3600) % 120 >= 60] = np.nan  # a minute at a time: two blocks of 30 s, four of 15 s
    found = of(x)
    for kind in ("deceleration", "acceleration"):
        assert found[f"{kind}_capacity_30s_60"] == found[f"{kind}_capacity_15s_60"]
        assert found[f"{kind}_capacity_15s_60"] != found[f"{kind}_capacity_8s_60"]


def test_what_never_falls_has_no_capacity_of_falls():
    found = of(100 + np.arange(3600) / 60)
    assert found["acceleration_capacity_4s_20"] == pytest.approx(4 / 60)
    assert np.isnan([value for name, value in found.items() if name.startswith("deceleration")]).all()
