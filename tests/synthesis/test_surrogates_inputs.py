"""What every surrogate of complete signals refuses, and gives back in kind."""

import numpy as np
import pytest
import torch

from fhr.errors import FHRError, SignalError
from fhr.synthesis import iaaft, phase_randomized, wavelet_iaaft


def signals_of(result):
    return result if isinstance(result, np.ndarray | torch.Tensor) else result.signals


def by_phases(x, **options):
    return phase_randomized(x, **options)


def by_values(x, iterations=20, **options):
    return iaaft(x, iterations=iterations, **options).signals


def by_wavelets(x, **options):
    return wavelet_iaaft(x, pinned=0.6, wavelet="db2", **options).signals


METHODS = [by_phases, by_values, by_wavelets]
each_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(3)
    return np.round(4 * rng.normal(size=(4, 2, 150)).cumsum(-1)) / 4 + 140


@each_method
@pytest.mark.parametrize("joint", [True, False])
def test_a_seed_gives_its_numbers_and_a_batch_those_of_its_signals(method, joint, x):
    found = method(x, seed=5, joint=joint)
    np.testing.assert_array_equal(found, method(x, seed=5, joint=joint))
    alone = [method(x[i : i + 1], seed=5, joint=joint, first=i)[0] for i in range(len(x))]
    np.testing.assert_array_equal(found, alone)
    assert np.abs(found - method(x, seed=6, joint=joint)).max() > 1
    twins = method(np.repeat(x[:1], 2, axis=0), seed=5, joint=joint)
    assert np.abs(twins[0] - twins[1]).max() > 1, "two signals of a batch draw from one stream"


@each_method
def test_chunks_change_nothing(method, x, monkeypatch):
    whole = method(x, seed=5)
    monkeypatch.setattr("fhr.synthesis.complete_signals._ON_CPU", 2 * 150 * 3)
    np.testing.assert_array_equal(method(x, seed=5), whole)


@each_method
def test_kinds_come_back(method, x):
    assert method(x.astype(int), seed=1).dtype == np.float64
    kept = x.copy()
    read_only = x.copy()
    read_only.flags.writeable = False
    found = method(read_only, seed=1)
    np.testing.assert_array_equal(read_only, kept)
    single = method(torch.from_numpy(x).float().requires_grad_(), seed=1)
    assert single.dtype == torch.float32
    assert not single.requires_grad
    np.testing.assert_allclose(single, found, atol=1e-4)


@each_method
def test_a_constant_channel_is_its_own_surrogate(method, x):
    flat = x.copy()
    flat[1, 1] = 140.1
    found = method(flat, seed=1)
    np.testing.assert_allclose(found[1, 1], 140.1, rtol=1e-12)
    assert np.isfinite(found).all()
    assert np.abs(found[1, 0] - flat[1, 0]).max() > 1


@each_method
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: np.where(np.arange(150) == 7, np.nan, x), "fill_for_transform"),
        (lambda x: np.where(np.arange(150) == 7, np.inf, x), "infinite"),
        (lambda x: x[0], "x\\[None\\]"),
        (lambda x: x[None], "batch, channel, time"),
        (lambda x: x[..., :1], "1 samples"),
        (lambda x: x[:0], "at least one signal"),
        (lambda x: x.astype(str), "real numbers"),
        (lambda x: x + 1j, "real numbers"),
        (lambda x: torch.from_numpy(x) > 0, "real numbers"),
    ],
)
def test_other_signals_are_refused(method, change, words, x):
    with pytest.raises(SignalError, match=words):
        method(change(x), seed=1)


@each_method
@pytest.mark.parametrize("options", [{"seed": -1}, {"seed": 1.5}, {"seed": None}, {"seed": 1, "first": -1}])
def test_other_seeds_are_refused(method, options, x):
    with pytest.raises(FHRError, match=r"seed|first"):
        method(x, **options)


@each_method
def test_the_way_of_a_gpu_is_the_same(method, x, monkeypatch):
    """Transforms and sorts of torch, on the CPU.

    Rounding swaps the ranks of values that are nearly equal, and each iteration carries a swap further: sample by
    sample both ways are compared after two, in amplitudes and spectrum after all.
    """
    x = x[:1]
    ways = [{}, {"iterations": 2}] if method is by_values else [{}]
    here = [method(x, seed=5, **way) for way in ways]
    monkeypatch.setattr("fhr.synthesis.fourier._by_numpy", lambda _: False)
    there = [method(x, seed=5, **way) for way in ways]
    if method is by_phases:
        np.testing.assert_allclose(there, here, rtol=1e-12)
        return
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(np.sort(other), np.sort(x))
        of_one, of_other = (np.abs(np.fft.rfft(of)[..., 1:]) for of in (one, other))
        np.testing.assert_allclose(of_other, of_one, atol=0.05 * of_one.max())
    assert (there[-1] == here[-1]).mean() > 0.9


@pytest.mark.cuda
@each_method
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_gpu_gives_surrogates_of_the_same_laws(method, dtype, x):
    here = torch.from_numpy(x).to(dtype)
    there = method(here.cuda(), seed=5)
    assert there.is_cuda
    assert there.dtype == dtype
    back = there.cpu()
    if method is by_phases:
        torch.testing.assert_close(back, method(here, seed=5), atol=1e-3, rtol=1e-5)
    else:
        torch.testing.assert_close(back.sort(-1).values, here.sort(-1).values, atol=0, rtol=0)
