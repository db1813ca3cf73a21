import numpy as np
import pytest
import torch

from fhr.multiscale import analyze
from fhr.multiscale.bootstrap import BLOCK, Cells, inflation, resampling_counts
from fhr.processes import fbm, mrw

N = 7200


def test_counts_are_circular_blocks():
    counts = resampling_counts(10, 500, seed=1)
    assert counts.shape == (500, 10)
    assert (counts.sum(1) == BLOCK * 4).all()
    # Every cell is drawn alike, and no drawn cell is without a drawn neighbour.
    np.testing.assert_allclose(counts.mean(0), 1.2, atol=0.15)
    drawn = counts > 0
    assert (~drawn | np.roll(drawn, 1, 1) | np.roll(drawn, -1, 1)).all()
    np.testing.assert_array_equal(counts, resampling_counts(10, 500, seed=1))
    assert (counts != resampling_counts(10, 500, seed=2)).any()


@pytest.mark.parametrize("taps", [2, 6, 10])
def test_cells_are_the_descendants_of_the_coarsest_scale(taps):
    j1, j2, n = 2, 5, 3000
    cells, sizes = Cells(n, taps, j1, j2), []
    for _ in range(j2):
        n = (n - taps) // 2 + 1
        sizes.append(n)
    first = taps // 2 - 1
    owner = {(j2, k): k for k in range(-50, sizes[-1] + 50)}
    for j in range(j2, j1, -1):
        for (scale, k), cell in list(owner.items()):
            if scale == j:
                owner[j - 1, 2 * k + first] = owner[j - 1, 2 * k + first + 1] = cell
    rng = np.random.default_rng(0)
    for j in range(j1, j2 + 1):
        values = torch.from_numpy(rng.random((sizes[j - 1], 2)))
        sums, maxima = cells.sums(values, j), cells.maxima(values, j)
        assert len(sums) == cells.n
        torch.testing.assert_close(sums.sum(0), values.sum(0))
        expected = {}
        for k, value in enumerate(values):
            expected.setdefault(owner[j, k], []).append(value)
        lowest = min(owner[j1, 0], 0)
        for cell, members in expected.items():
            torch.testing.assert_close(sums[cell - lowest], torch.stack(members).sum(0))
            torch.testing.assert_close(maxima[cell - lowest], torch.stack(members).amax(0))
        inner = values[1:-1]  # leaders begin at coefficient 1
        torch.testing.assert_close(cells.sums(inner, j, 1).sum(0), inner.sum(0))


def test_inflation_is_that_of_a_mean_of_few():
    # The percentile interval of a bootstrapped mean of b values, widened, covers as Student's does.
    rng, b, replicates = np.random.default_rng(1), 8, 400
    samples = rng.normal(size=(2000, b))
    counts = rng.multinomial(b, np.full(b, 1 / b), size=replicates) / b
    low, high = np.quantile(samples @ counts.T, [0.025, 0.975], axis=1)
    mean, wider = samples.mean(1), inflation(np.array(float(b)), 0.95)
    covered = np.mean((mean + wider * (low - mean) <= 0) & (mean + wider * (high - mean) >= 0))
    assert np.mean((low <= 0) & (high >= 0)) < 0.91
    assert 0.93 < covered < 0.97
    assert np.isnan(inflation(np.array([2.9, 3.0]), 0.95)).tolist() == [True, False]


@pytest.mark.parametrize("c2", [-0.02, -0.05])
def test_intervals_of_c2_cover(c2):
    result = analyze(mrw(N, c2=c2, size=100, seed=5), n_bootstrap=200)
    low, high = result.intervals["log_cumulants"][:, 1].T
    assert np.mean((low <= c2) & (c2 <= high)) >= 0.88
    assert (high - low).mean() < 0.08


def test_intervals_cover_monofractal_signals_too():
    low, high = analyze(fbm(N, 0.5, size=100, seed=6), n_bootstrap=200).intervals["log_cumulants"][:, 1].T
    assert np.mean((low <= 0) & (high >= 0)) >= 0.82


def test_estimates_do_not_depend_on_the_bootstrap():
    signal = fbm(N, 0.5, size=2, seed=7)
    plain, resampled = analyze(signal, q=[2.0]), analyze(signal, q=[2.0], n_bootstrap=20)
    for name in ("log_cumulants", "hurst", "h_min", "eta_p", "zeta", "D", "h", "cumulants"):
        np.testing.assert_allclose(getattr(resampled, name), getattr(plain, name), rtol=1e-9)
        low, high = np.moveaxis(resampled.intervals[name], -1, 0)
        assert (low <= high).all()


def test_the_seed_decides():
    signal = fbm(2000, 0.5, seed=8)
    intervals = [analyze(signal, j2=5, n_bootstrap=50, seed=seed).intervals["hurst"] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(intervals[0], intervals[1])
    assert (intervals[0] != intervals[2]).any()


def test_more_loss_makes_wider_intervals_and_too_few_blocks_none():
    signal = fbm(N, 0.5, size=40, seed=9)
    half = np.arange(N) % 3600 < 2000
    whole, gappy = (analyze(signal, mask=m, n_bootstrap=100).intervals["hurst"] for m in (None, half))
    assert np.mean(gappy[:, 1] - gappy[:, 0]) > 1.2 * np.mean(whole[:, 1] - whole[:, 0])
    short = analyze(signal[:, :2050], wavelet="db1", n_bootstrap=100)
    assert "too few blocks" in short.warning[0]
    assert np.isnan(short.intervals["hurst"]).all()
    assert np.isfinite(short.hurst).all()


@pytest.mark.cuda
def test_intervals_on_cuda_are_those_of_the_cpu():
    signal = fbm(N, 0.5, size=3, seed=10)
    signal[1, 1000:1500] = np.nan
    expected = analyze(signal, n_bootstrap=50)
    found = analyze(torch.from_numpy(signal).cuda(), n_bootstrap=50)
    for name, interval in expected.intervals.items():
        np.testing.assert_allclose(found.intervals[name].cpu(), interval, rtol=1e-7, atol=1e-9)
