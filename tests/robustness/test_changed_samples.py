import numpy as np
import pytest

from fhr.robustness.changed_samples import (  # fmt: skip
    SampleChange,
    line_bounds,
    line_without,
    quantile_bounds,
    spread_bounds,
)

RNG = np.random.default_rng(2)
X = np.round(140 + 8 * RNG.standard_t(4, 90), 1)
CHANGES = {
    "peak": SampleChange(peak=1.5),
    "square": SampleChange(square=60.0),
    "both": SampleChange(peak=1.0, square=20.0),
    "lost": SampleChange(0.0, 0.0, lost=7),
    "some": SampleChange(peak=30.0, moving=3),
    "all": SampleChange(peak=2.0, square=40.0, lost=4),
}


def changed(x: np.ndarray, change: SampleChange, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places that are left and their values: at random, and the tails or the middle pushed to one side."""
    found = []
    order = np.argsort(x)
    for i in range(n):
        moving = len(x) if change.moving is None else change.moving
        at = order[(start := RNG.integers(0, len(x) - moving + 1)) : start + moving]
        if change.moving is None:
            at = order[start : start + RNG.integers(1, len(x))]
        error = np.zeros(len(x))
        error[at] = RNG.choice([-1.0, 1.0]) if i % 2 else RNG.normal(size=len(at))
        if i % 3 == 0:  # as far as one level, which costs least
            level = x[at].max() + RNG.uniform(0, 5)
            error[at] = level - x[at]
        error *= min(change.peak / max(np.abs(error).max(), 1e-9), 1e9)
        if change.square < np.inf:
            error *= min(1.0, np.sqrt(change.square / max((error**2).sum(), 1e-9)))
        left = np.sort(np.delete(order, slice(k := RNG.integers(0, len(x) - change.lost + 1), k + change.lost)))
        if i % 2:
            left = np.sort(RNG.permutation(len(x))[change.lost :])
        found.append((left, (x + error)[left]))
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_no_change_beats_the_bounds(name):
    change, t = CHANGES[name], np.arange(90.0) / 60
    at = np.array([0.0, 1.5])
    slope = np.polyfit(t, X, 1)
    moves, slope_moves = line_bounds(t, X, at, change)
    residual = X - np.polyval(slope, t)
    least, most = spread_bounds(t, residual, change, slope_moves)
    used = []
    for left, values in changed(X, change, 300):
        for fraction in (0.05, 0.37, 0.5, 0.95):
            low, high = quantile_bounds(np.sort(X), fraction, change)
            assert low - 1e-9 <= np.quantile(values, fraction) <= high + 1e-9
        line = np.polyfit(t[left], values, 1)
        assert (np.abs(np.polyval(line, at) - np.polyval(slope, at)) <= moves + 1e-9).all()
        assert abs(line[0] - slope[0]) <= slope_moves + 1e-9
        used.append(np.abs(np.polyval(line, at) - np.polyval(slope, at)) / moves)
        about = values - np.polyval(line, t[left])
        deviation = np.median(np.abs(about - np.median(about)))
        assert least - 1e-9 <= deviation <= most + 1e-9
    assert np.max(used) > 0.05  # the bounds are of this order


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 1.0])
def test_the_bound_of_a_quantile_is_reached(fraction):
    ordered = np.sort(np.round(RNG.normal(140, 8, 81), 1))  # every fraction falls on a sample
    m = round(80 * fraction)
    for square in (0.0, 5.0, 300.0, 1e5):
        high = quantile_bounds(ordered, fraction, SampleChange(square=square))[1]
        lifted = np.where(np.arange(81) >= m, np.maximum(ordered, high), ordered)
        assert ((lifted - ordered) ** 2).sum() == pytest.approx(square, abs=1e-6)
        assert np.quantile(lifted, fraction) == pytest.approx(high)
    assert quantile_bounds(ordered, fraction, SampleChange(peak=2.0)) == pytest.approx((ordered[m] - 2, ordered[m] + 2))
    low, high = quantile_bounds(ordered, fraction, SampleChange(0.0, 0.0, lost=20))
    assert low == pytest.approx(np.quantile(ordered[:61], fraction))
    assert high == pytest.approx(np.quantile(ordered[20:], fraction))


def test_the_bound_of_the_line_is_reached_by_the_signs_of_its_weights():
    t = np.sort(RNG.uniform(0, 20, 50))
    (slope,) = line_bounds(t, np.zeros(50), np.array([0.0]), SampleChange(peak=1.0))[1:]
    assert slope == pytest.approx(np.polyfit(t, np.sign(t - t.mean()), 1)[0])
    (start,), _ = line_bounds(t, np.zeros(50), np.array([0.0]), SampleChange(square=9.0))
    weights = np.polynomial.polynomial.polyvander([0.0], 1) @ np.linalg.pinv(np.polynomial.polynomial.polyvander(t, 1))
    assert start == pytest.approx(3 * np.linalg.norm(weights))
    assert np.isinf(line_without(t, t, SampleChange(0.0, 0.0, lost=45)))
    assert spread_bounds(t, t, SampleChange(0.0, 0.0, lost=45), np.inf) == (0.0, np.inf)
    assert line_without(t, 3 * t + 1, SampleChange(0.0, 0.0, lost=4)) == pytest.approx(0, abs=1e-9)
