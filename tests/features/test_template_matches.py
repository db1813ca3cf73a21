import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.features import template_matches as module
from fhr.features.template_matches import template_matches


def brute_force(x, m, tolerance):
    """Pairs of templates of m + 1 measured samples, alike for m and for m + 1."""
    templates = np.lib.stride_tricks.sliding_window_view(x, m + 1)
    templates = templates[~np.isnan(templates).any(axis=1)]
    distance = np.abs(templates[:, None] - templates)
    pairs = np.triu_indices(len(templates), 1)
    return tuple(int(np.sum(distance[..., :k].max(axis=2)[pairs] <= tolerance)) for k in (m, m + 1))


@given(
    n=st.integers(20, 150),
    m=st.integers(1, 4),
    step=st.sampled_from([0.0, 0.1, 0.25, 1.0]),
    tolerance=st.sampled_from([0.0, 0.1, 0.25, 0.3, 1.0]),
    missing=st.sampled_from([0.0, 0.1, 0.4]),
    seed=st.integers(0, 1000),
)
def test_counts_are_those_of_brute_force(n, m, step, tolerance, missing, seed):
    # Steps and tolerances that meet: 0.1 does so only in the rounding of the difference.
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    x = np.round(x / step) * step if step else x
    x[rng.random(n) < missing] = np.nan
    if np.isnan(x).all():
        x[0] = 0.0
    other = np.roll(x, 3)[::-1]
    counts = template_matches(np.stack([x, other]), m, np.array([tolerance, 0.2]))
    assert counts.T.tolist() == [[*brute_force(x, m, tolerance)], [*brute_force(other, m, 0.2)]]


def windows():
    rng = np.random.default_rng(7)
    walk = 140 + np.cumsum(rng.normal(size=400)) / 2
    with_gap, with_stretch, steps = walk.copy(), walk.copy(), np.round(walk * 4) / 4
    with_gap[50:90] = with_gap[200] = with_gap[-3:] = np.nan
    with_stretch[100:250] = with_stretch[100]
    flat = np.full(400, 140.0)
    one_known, short = np.full(400, np.nan), np.full(400, np.nan)
    one_known[5] = 140.0
    short[:20] = steps[:20]
    return np.stack([walk, with_gap, with_stretch, steps, flat, one_known, short, np.full(400, np.nan)])


@pytest.mark.parametrize("m", [1, 2, 3])
def test_windows_with_gaps_ties_and_constant_stretches_beside_each_other(m):
    x = windows()
    tolerance = np.array([0.3, 1.0, 0.5, 0.25, 0.0, 1.0, 0.5, np.nan])
    counts = template_matches(x, m, tolerance)
    assert counts.T.tolist() == [[*brute_force(one, m, reach)] for one, reach in zip(x, tolerance, strict=True)]
    np.testing.assert_array_equal(template_matches(x[:, :m], m, tolerance), 0)  # shorter than a template


def test_tables_of_any_size_count_alike(monkeypatch, with_gaps):
    x, tolerance = with_gaps(np.random.default_rng(3).normal(size=(3, 2000))), np.array([0.2, 0.1, 0.3])
    expected = template_matches(x, 2, tolerance)
    monkeypatch.setattr(module, "_TABLE", 1)
    monkeypatch.setattr(module, "_BLOCK", 100)
    np.testing.assert_array_equal(template_matches(x, 2, tolerance), expected)
