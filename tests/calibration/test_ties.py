"""Scores that differ by what a processor leaves open are one score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.calibration.ties import rounded, score_decimals, significant

KNOWN = np.random.default_rng(0).normal(size=350)


@pytest.mark.parametrize(("centre", "size"), [(0.0, 1.0), (0.0, 30.0), (-7.2, 0.05), (5.0, 0.002)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_known_record_gets_its_score_again_wherever_it_lies(centre, size, sign):
    known = (centre + size * KNOWN).astype(np.float32).astype(float)
    unit = 10.0 ** -score_decimals(known)
    known[:5] = np.round(known[:5] / unit) * unit + unit / 2  # at boundaries of the rounding
    again = known + sign * 4e-8 * np.maximum(size, np.abs(known))
    np.testing.assert_array_equal(rounded(again, known), rounded(known, known))
    assert np.abs(rounded(known, known) - known).max() <= 10 * unit


def test_others_move_by_one_unit_at_most_and_seldom():
    new = np.random.default_rng(1).normal(size=100_000)
    one, other = rounded(new, KNOWN), rounded(new + 4e-8, KNOWN)
    assert (one != other).mean() < 2e-3
    assert np.abs(one - other).max() <= 1.5e-4


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=8), st.lists(st.floats(-3, 3), min_size=2, max_size=8))
def test_the_order_is_kept(known, scores):
    found = rounded(np.sort(scores), known)
    assert (np.diff(found) >= 0).all()


def test_significant_digits():
    values = np.array([0.0, np.nan, np.inf, 123456.0, -0.00123456])
    np.testing.assert_array_equal(significant(values), [0.0, np.nan, np.inf, 123500.0, -0.001235])
    assert score_decimals([0.0, 0.0]) == 4
