import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from fhr.errors import FHRError
from fhr.metrics import holm


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


@pytest.mark.parametrize("p_values", [[1.2], [-0.1, 0.5], 0.1, [np.inf]])
def test_errors(p_values):
    with pytest.raises(FHRError, match=r"give a list of numbers in \[0, 1\]"):
        holm(p_values)
