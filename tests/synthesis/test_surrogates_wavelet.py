import numpy as np
import pytest
import torch
from test_surrogates_iaaft import labours, skewness_of_increments

from fhr.errors import FHRError
from fhr.synthesis import iaaft, wavelet_iaaft
from fhr.synthesis.fourier import irfft, rfft
from fhr.synthesis.undecimated_transform import UndecimatedTransform, coarsest_scale

SHORT = {"wavelet": "db3", "scales": 6}


@pytest.fixture(scope="module")
def x():
    return labours()


@pytest.mark.parametrize("n", [64, 101])
@pytest.mark.parametrize("wavelet", ["db1", "db3", "sym8"])
def test_the_transform_is_one(n, wavelet):
    x = torch.randn(2, n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    fourier = rfft(x)
    transform = UndecimatedTransform(n, wavelet, coarsest_scale(n, wavelet), fourier)
    parts = [transform.coefficients(fourier, j) for j in range(len(transform))]
    again = irfft(sum(transform.part(one, j) for j, one in enumerate(parts)), n)
    torch.testing.assert_close(again, x)
    torch.testing.assert_close(sum(one.square().sum(-1) for one in parts), x.square().sum(-1))
    # It moves with the signal, and its finest scale sees no constant.
    moved = rfft(x.roll(7, -1))
    torch.testing.assert_close(transform.coefficients(moved, 1), parts[1].roll(7, -1))
    assert transform.coefficients(rfft(torch.ones_like(x)), 0).abs().max() < 1e-11


def test_haar_by_hand():
    x = torch.tensor([1.0, 3.0, 2.0, 8.0], dtype=torch.float64)
    transform = UndecimatedTransform(4, "db1", 1, rfft(x))
    fine, smooth = (transform.coefficients(rfft(x), j) for j in (0, 1))
    torch.testing.assert_close(smooth, (x + x.roll(1)) / 2)
    torch.testing.assert_close(fine.abs(), (x - x.roll(1)).abs() / 2)


def test_values_are_exact_and_pins_keep_events_that_iaaft_loses(x):
    found = wavelet_iaaft(x, seed=1, pinned=0.9, **SHORT)
    np.testing.assert_array_equal(np.sort(found.signals), np.sort(x))
    asked = skewness_of_increments(x[:, 0])
    assert abs(skewness_of_increments(found.signals[:, 0]) / asked - 1).max() < 0.1
    assert abs(skewness_of_increments(iaaft(x, seed=1).signals[:, 0]) / asked - 1).min() > 0.5
    assert found.spectrum_error.max() < 0.05
    assert found.correlation.min() > 0.95


def test_the_more_is_pinned_the_nearer_is_the_original(x):
    found = [wavelet_iaaft(x, seed=1, pinned=share, **SHORT) for share in (0.0, 0.5, 0.9, 1.0)]
    assert (np.diff([one.pinned.mean() for one in found]) > 0).all()
    assert (np.diff([one.correlation.mean() for one in found]) > 0).all()
    assert found[0].pinned.max() == 0
    assert abs(found[0].correlation.mean()) < 0.4
    np.testing.assert_array_equal(found[-1].signals, x)


def test_a_share_of_the_energy_of_each_channel_is_pinned_at_shared_times(x):
    found = wavelet_iaaft(x, seed=1, pinned=[0.9] + [0.0] * 6, **SHORT)
    assert (found.pinned[:, 0] > 0).all()
    assert (found.pinned[:, 1:] == 0).all()
    alone = [wavelet_iaaft(x[:, c : c + 1], seed=1, pinned=0.6, **SHORT).pinned for c in (0, 1)]
    both = wavelet_iaaft(x, seed=1, pinned=0.6, **SHORT).pinned
    assert (both >= np.maximum(*alone)).all()
    assert (both <= alone[0] + alone[1]).all()


def test_what_is_told_is_so(x):
    found = wavelet_iaaft(x, seed=1, pinned=0.5, **SHORT)
    before, after = (abs(np.fft.rfft(one))[..., 1:] for one in (x, found.signals))
    error = np.linalg.norm(after - before, axis=-1) / np.linalg.norm(before, axis=-1)
    np.testing.assert_allclose(found.spectrum_error, error, rtol=1e-6)
    r = [[np.corrcoef(a, b)[0, 1] for a, b in zip(*pair, strict=True)] for pair in zip(found.signals, x, strict=True)]
    np.testing.assert_allclose(found.correlation, r, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"pinned": 1.5}, "pinned"),
        ({"pinned": float("nan")}, "pinned"),
        ({"pinned": [0.5, 0.5]}, "or 7"),
        ({"pinned": "most"}, "pinned"),
        ({"wavelet": "bior2.2"}, "orthogonal"),
        ({"scales": 0}, "scales=0"),
        ({"scales": 20}, "give 1 to 7"),
        ({"adjustments": -1}, "adjustments=-1"),
    ],
)
def test_other_arguments_are_refused(options, words, x):
    with pytest.raises(FHRError, match=words):
        wavelet_iaaft(x, seed=1, **(SHORT | options))


def test_a_signal_too_short_for_the_wavelet_is_refused(x):
    with pytest.raises(FHRError, match="longer signals or a shorter wavelet"):
        wavelet_iaaft(x[..., :10], seed=1, wavelet="sym8")
