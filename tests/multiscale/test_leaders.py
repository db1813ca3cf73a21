from math import inf, log

import brute_force
import numpy as np
import pytest
import torch

from fhr.multiscale import analyze
from fhr.multiscale.leaders import log_leaders
from fhr.multiscale.wavelet_transform import bridge, filters, octaves
from fhr.processes import fbm

N = 500


@pytest.fixture
def gaps():
    present = np.ones(N, dtype=bool)
    for start, length in ((0, 11), (60, 3), (100, 37), (180, 90), (400, 1), (496, 4)):
        present[start : start + length] = False
    return present


def leaders_of(x, present, wavelet, *, p, gamma=0.0, j1=1, j2=4, max_gap_fraction=0.5):
    """This package's leaders of one signal by scale, NaN where they do not count."""
    signal, mask = torch.from_numpy(x)[:, None], torch.from_numpy(present)[:, None]
    found = octaves(signal, mask, wavelet, j2)
    power = {j: f * d.abs() ** (1.0 if p == inf else p) for j, (d, f) in enumerate(found, start=1)}
    taps = len(filters(wavelet)[0])
    options = {"p": p, "gamma": gamma, "j1": j1, "max_gap_fraction": max_gap_fraction, "floor": torch.zeros(1)}
    return [
        np.where(valid[:, 0] > 0, np.exp(value[:, 0]), np.nan)
        for value, valid, _ in log_leaders(found, power, taps, **options)
    ]


@pytest.mark.parametrize("wavelet", ["db1", "db3", "db4", "sym5"])
@pytest.mark.parametrize(("p", "gamma"), [(2.0, 0.0), (1.0, 0.0), (0.5, 0.3), (4.0, 1.0), (inf, 0.0), (inf, 0.5)])
def test_leaders_are_those_of_the_definition(wavelet, p, gamma, gaps):
    x = fbm(N, 0.6, seed=3)
    for present in (np.ones(N, dtype=bool), gaps):
        bridged = bridge(torch.from_numpy(x)[None], torch.from_numpy(present)[None])[0].numpy()
        expected = brute_force.leaders(bridged, present, wavelet, p=p, gamma=gamma, j1=1, j2=4)
        for mine, theirs in zip(
            leaders_of(bridged, present, wavelet, p=p, gamma=gamma), expected.values(), strict=True
        ):
            np.testing.assert_allclose(mine, theirs, rtol=1e-10)


@pytest.mark.parametrize("p", [2.0, 1.0, inf])
def test_the_analysis_is_that_of_the_definition(p, gaps):
    x, j1, j2 = fbm(N, 0.6, seed=4), 2, 4
    bridged = bridge(torch.from_numpy(x - x[gaps].mean())[None], torch.from_numpy(gaps)[None])[0].numpy()
    leaders = brute_force.leaders(bridged, gaps, "db3", p=p, j1=j1, j2=j2)
    logs = [np.log(values[np.isfinite(values)]) for values in leaders.values()]
    n = np.array([len(values) for values in logs])
    result = analyze(np.where(gaps, x, np.nan), j1=j1, j2=j2, p=p, correct_variance=False, q=[-1.0, 2.0])

    np.testing.assert_array_equal(result.n_j, n)
    c2 = brute_force.slope([values.var() for values in logs], n, j1) / log(2)
    c3 = brute_force.slope([((values - values.mean()) ** 3).mean() for values in logs], n, j1) / log(2)
    np.testing.assert_allclose(result.log_cumulants[1:], [c2, c3], rtol=1e-10)
    correction = np.zeros(len(n))
    if p != inf:
        eta, scales = float(result.eta_p), np.arange(j1, j2 + 1)
        correction = np.log((1 - 2 ** (-scales * eta)) / (1 - 2**-eta)) / p
    c1 = brute_force.slope([values.mean() for values in logs] - correction, n, j1) / log(2)
    np.testing.assert_allclose(result.log_cumulants[0], c1, rtol=1e-10)
    for i, q in enumerate(result.q):
        moments = [np.log(np.exp(q * (v - c)).mean()) for v, c in zip(logs, correction, strict=True)]
        np.testing.assert_allclose(result.zeta[i], brute_force.slope(moments, n, j1) / log(2), rtol=1e-10)


def test_hand_built_leaders():
    # Haar coefficients of scale 1 are half the differences, of scale 2 a quarter of (c + d - a - b), up to sign.
    x = np.array([0.0, 0, 0, 8, 0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0])
    ones = np.ones(16, dtype=bool)
    scale_1, scale_2 = leaders_of(x, ones, "db1", p=inf, j2=2)
    # |d| of scale 1: 0 4 0 0 0 0 0 0; of scale 2: 2 0 2 0.
    np.testing.assert_allclose(np.nan_to_num(scale_1), [4, 4, 0, 0, 0, 0])
    np.testing.assert_allclose(scale_2, [4, 2])
    _, square = leaders_of(x, ones, "db1", p=2.0, j2=2)
    np.testing.assert_allclose(square**2, [2**2 + 2**2 + 4**2 / 2, 2**2])


def test_what_lies_in_a_gap_has_no_weight():
    x, present = fbm(N, 0.5, seed=5), np.ones(N, dtype=bool)
    present[200:240] = False
    wild = np.where(present, x, 1e6)
    clean, dirty = (analyze(signal, mask=present, j1=2, j2=4).log_cumulants for signal in (x, wild))
    np.testing.assert_array_equal(clean, dirty)


def test_a_flat_stretch_has_no_leaders():
    x = fbm(N, 0.5, seed=6) + 140
    x[150:350] = 140.25
    result, whole = analyze(x, j1=2, j2=4), analyze(fbm(N, 0.5, seed=6) + 140, j1=2, j2=4)
    assert (result.n_j < whole.n_j).all()
    assert np.isfinite(result.log_cumulants).all()
