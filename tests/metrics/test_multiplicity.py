import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from fhr.errors import FHRError
from fhr.metrics import benjamini_hochberg, benjamini_yekutieli, false_discovery_rate_at, holm


def rejected_step_by_step(p_values, level):
    """Holm's procedure as he wrote it: the smallest first, until one is not significant."""
    rejected, left = set(), len(p_values)
    for i in sorted(range(len(p_values)), key=lambda i: p_values[i]):
        if p_values[i] > level / left:
            break
        rejected.add(i)
        left -= 1
    return rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.sampled_from([0.01, 0.05, 0.3]))
def test_rejects_what_the_step_down_procedure_rejects(p_values, level):
    at_the_edge = [abs(a - level) < 1e-9 for a in holm(p_values)]
    found = {i for i, a in enumerate(holm(p_values)) if a <= level}
    if not any(at_the_edge):
        assert found == rejected_step_by_step(p_values, level)


def test_false_rejections_stay_below_the_level():
    generator = np.random.default_rng(0)
    shared = generator.normal(size=(4000, 1))
    z = 0.7 * shared + np.sqrt(0.51) * generator.normal(size=(4000, 6))
    p = 2 * norm.sf(np.abs(z))
    assert np.mean([holm(row).min() <= 0.05 for row in p]) <= 0.055


def test_order_ties_and_limits():
    np.testing.assert_allclose(holm([0.5, 0.01, 0.5, 0.02]), [1.0, 0.04, 1.0, 0.06])
    np.testing.assert_array_equal(holm([0.3]), [0.3])
    assert holm([]).shape == (0,)


def test_a_comparison_that_could_not_be_made_does_not_count():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_false_discovery_rates_are_those_of_scipy(p_values):
    np.testing.assert_allclose(benjamini_hochberg(p_values), false_discovery_control(p_values), atol=1e-12)
    np.testing.assert_allclose(
        benjamini_yekutieli(p_values), false_discovery_control(p_values, method="by"), atol=1e-12
    )


def rejected_step_up(p_values, level):
    """Benjamini and Hochberg's procedure as they wrote it: the largest k with p_(k) <= k / m a, and all below."""
    ordered, m = sorted(p_values), len(p_values)
    last = max((k for k in range(1, m + 1) if ordered[k - 1] <= k / m * level), default=0)
    return sum(p <= ordered[last - 1] for p in p_values) if last else 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from([0.01, 0.05, 0.3]))
def test_rejects_what_the_step_up_procedure_rejects(p_values, level):
    adjusted = benjamini_hochberg(p_values)
    if not (np.abs(adjusted - level) < 1e-9).any():
        assert (adjusted <= level).sum() == rejected_step_up(p_values, level)


@given(
    st.lists(st.sampled_from([*np.linspace(0, 1, 9)]), min_size=1, max_size=8),
    st.sampled_from([0.0, 0.1, 0.125, 0.3, 0.875, 1.0]),
    st.sampled_from(["hochberg", "yekutieli"]),
)
def test_the_rate_at_a_threshold_is_the_least_over_all_larger_ones(p_values, at, method):
    p, m = np.array(p_values), len(p_values)
    factor = sum(1 / i for i in range(1, m + 1)) if method == "yekutieli" else 1
    larger = [t for t in {at, *p_values} if t >= at and (p <= t).any()]
    least = min([1.0, *(m * factor * t / (p <= t).sum() for t in larger)])
    assert false_discovery_rate_at(p, at, method=method) == pytest.approx(least)


def test_the_rate_at_a_p_value_of_the_family_is_that_one_adjusted():
    p = np.array([0.001, np.nan, 0.02, 0.02, 0.9])
    np.testing.assert_allclose(false_discovery_rate_at(p, p), benjamini_hochberg(p))
    np.testing.assert_allclose(false_discovery_rate_at(p, p[None], method="yekutieli")[0], benjamini_yekutieli(p))
    np.testing.assert_array_equal(false_discovery_rate_at([], [[0.5]]), [[1.0]])


def test_false_discoveries_stay_below_the_level():
    """Of p-values by rank among one calibration set, which depend on one another, as of the true nulls among them."""
    generator = np.random.default_rng(1)
    known, new = generator.normal(size=(400, 60)), generator.normal(size=(400, 40))
    new[:, :4] -= 4
    p = (1 + (known[:, None] <= new[..., None]).sum(axis=2)) / 61
    found = np.array([benjamini_hochberg(row) <= 0.2 for row in p])
    false = found[:, 4:].sum(axis=1) / np.maximum(found.sum(axis=1), 1)
    assert found[:, :4].mean() > 0.5
    assert 0.1 < false.mean() < 0.2 * 36 / 40 + 0.02


ADJUSTMENTS = (holm, benjamini_hochberg, benjamini_yekutieli)


@pytest.mark.parametrize("adjusted", ADJUSTMENTS)
def test_what_could_not_be_compared_stays_so(adjusted):
    p = np.array([0.01, np.nan, 0.04])
    np.testing.assert_allclose(adjusted(p)[[0, 2]], adjusted(p[[0, 2]]))
    assert np.isnan(adjusted(p)[1])
    assert adjusted([]).shape == (0,)


@pytest.mark.parametrize("adjusted", ADJUSTMENTS)
@pytest.mark.parametrize("p_values", [[1.2], [-0.1, 0.5], 0.1, [np.inf]])
def test_errors(p_values, adjusted):
    with pytest.raises(FHRError, match=r"give a list of numbers in \[0, 1\]"):
        adjusted(p_values)


def test_an_unknown_method_is_refused():
    with pytest.raises(FHRError, match="choose from 'hochberg', 'yekutieli'"):
        false_discovery_rate_at([0.1], 0.1, method="storey")
