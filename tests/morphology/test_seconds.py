import numpy as np
import pytest

from fhr.morphology.seconds import by_second, gaussian, smoothed


def with_gaps_alike_and_not():
    """Rows on end that miss the same samples, others, one that misses none, one that misses all."""
    x = np.random.default_rng(5).normal(140, 10, (6, 200))
    x[1:3, 50:90] = np.nan
    x[3, 55:95] = np.nan
    x[5] = np.nan
    return x


@pytest.mark.parametrize("spread", [3.0, 15.0])  # directly, and by Fourier transforms
def test_each_row_is_smoothed_as_by_itself(spread):
    x = with_gaps_alike_and_not()
    kernel = gaussian(spread)
    reach = len(kernel) // 2
    for row, found in zip(x, smoothed(x, spread), strict=True):
        around = np.lib.stride_tricks.sliding_window_view(np.pad(row, reach, constant_values=np.nan), len(kernel))
        weight = (~np.isnan(around)) @ kernel
        expected = np.where(weight > 0.02, np.nan_to_num(around) @ kernel, np.nan) / weight.clip(1e-9)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        np.testing.assert_array_equal(found, smoothed(row, spread))


def test_no_row_is_smoothed_to_none():
    assert smoothed(np.empty((0, 50)), 3.0).shape == (0, 50)


@pytest.mark.parametrize(("fs", "n"), [(4.0, 200), (4.0, 198), (8.0, 200), (2.5, 200), (1.0, 200)])
def test_a_second_is_the_mean_of_what_is_known_in_it(fs, n):
    x = with_gaps_alike_and_not()[:, :n]
    found, second = by_second(x, fs), (np.arange(n) / fs).astype(int)
    assert found.shape == (len(x), second[-1] + 1)
    for k in range(found.shape[1]):
        for row, mean in zip(x[:, second == k], found[:, k], strict=True):
            known = row[~np.isnan(row)]
            np.testing.assert_allclose(mean, known.mean() if len(known) else np.nan, rtol=1e-14)
