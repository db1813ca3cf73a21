import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fhr.errors import FHRError, SignalError
from fhr.processes import fbm
from fhr.synthesis import fill_for_transform


@settings(max_examples=25)
@given(missing=arrays(bool, st.integers(1, 40)), rule=st.sampled_from(["mirror", "linear"]))
def test_any_gaps_are_filled_within_the_values_and_nothing_else_is_touched(missing, rule):
    x = np.where(missing, np.nan, np.random.default_rng(len(missing)).normal(size=len(missing)))
    if missing.all():
        with pytest.raises(SignalError, match="too little"):
            fill_for_transform(x, rule=rule, least=0)
        return
    found = fill_for_transform(x, rule=rule, least=0)
    np.testing.assert_array_equal(found[~missing], x[~missing])
    assert np.isfinite(found).all()
    assert found.min() >= np.nanmin(x) - 1e-12
    assert found.max() <= np.nanmax(x) + 1e-12


def test_lines_between_medians():
    x = np.r_[np.full(30, 10.0), 99.0, np.full(3, np.nan), 1.0, np.full(30, 14.0)]
    np.testing.assert_allclose(fill_for_transform(x, rule="linear")[31:34], [11.0, 12.0, 13.0])


def test_the_mirror_meets_where_both_sides_cross():
    # Backwards 1 3 5 from the left, 2 4 6 from the right end; they cross between the second and the third sample.
    assert fill_for_transform([5.0, 3.0, 1.0, *[np.nan] * 4, 2.0, 4.0, 6.0])[3:7].tolist() == [1.0, 3.0, 4.0, 2.0]


def test_sides_that_do_not_cross_fade_into_each_other():
    found = fill_for_transform(np.r_[np.full(20, 1.0), np.full(9, np.nan), np.full(20, 3.0)])
    assert (np.diff(found) >= 0).all()
    assert np.diff(found).max() < 0.35


def test_a_short_side_serves_no_longer_than_it_is():
    left = np.arange(40.0)
    found = fill_for_transform(np.r_[left, np.full(30, np.nan), 500.0, 500.0])
    assert (found[40:] == 500.0).sum() <= 4


def test_gaps_at_the_ends_are_mirrored():
    assert fill_for_transform([np.nan, np.nan, 1.0, 2.0, np.nan]).tolist() == [2.0, 1.0, 1.0, 2.0, 2.0]


def test_the_mirror_keeps_the_power_that_lines_lose():
    x = fbm(4000, 0.3, size=20, seed=1)
    gappy = x.copy()
    for start in range(100, 3900, 200):
        gappy[:, start : start + 80] = np.nan

    def power(y):
        return (abs(np.fft.rfft(y)[:, 200:]) ** 2).sum()

    mirror, linear = (power(fill_for_transform(gappy, rule=rule)) / power(x) for rule in ("mirror", "linear"))
    assert mirror == pytest.approx(1, abs=0.15)
    assert linear < 0.75


def test_kinds_come_back():
    x = torch.tensor([[1.0, torch.nan, 3.0], [1.0, 2.0, 3.0]], dtype=torch.float32, requires_grad=True)
    found = fill_for_transform(x)
    assert found.dtype == torch.float32
    assert found.shape == x.shape
    assert torch.equal(found[1], x[1].detach())
    x = np.array([[[1, 2], [3, 4]]])
    assert fill_for_transform(x).dtype == np.float64


@pytest.mark.parametrize(
    ("x", "options", "error", "words"),
    [
        ([[1.0, np.nan], [np.nan, np.nan]], {}, SignalError, "signal 1 has 0%"),
        ([1.0, np.nan, np.nan, np.nan, np.nan], {}, SignalError, "signal 0 has 20%"),
        ([1.0, np.inf, np.nan], {}, SignalError, "infinite"),
        ([1.0, np.nan], {"rule": "spline"}, FHRError, "'mirror', 'linear'"),
        ([1.0, np.nan], {"least": 1.5}, FHRError, r"least=1\.5"),
        (["a"], {}, SignalError, "real numbers"),
    ],
)
def test_what_cannot_be_filled_is_refused(x, options, error, words):
    with pytest.raises(error, match=words):
        fill_for_transform(x, **options)
