"""The norm of a convolution beside explicit matrices, known norms and a million frequencies."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fhr.errors import FHRError
from fhr.models import convolution_norm

LAYERS = 40


def drawn(seed: int) -> tuple[torch.Tensor, dict[str, int]]:
    """Weights and arguments of a random layer of odd kernels."""
    draw = np.random.default_rng(seed)
    groups, per_in, per_out = draw.integers(1, 4), draw.integers(1, 4), draw.integers(1, 4)
    weight = torch.from_numpy(draw.standard_normal((groups * per_out, per_in, 2 * draw.integers(0, 4) + 1)))
    stride, dilation = draw.integers(1, 4), draw.integers(1, 3)
    return weight, {"stride": int(stride), "dilation": int(dilation), "groups": int(groups)}


def largest(weight: torch.Tensor, n: int, *, circular: bool, stride: int, dilation: int, groups: int) -> float:
    """Largest singular value of the explicit matrix of a convolution of `n` samples."""
    channels = weight.shape[1] * groups
    each = torch.eye(channels * n, dtype=weight.dtype).reshape(-1, channels, n)
    around = dilation * (weight.shape[2] - 1) // 2
    padded = F.pad(each, (around, around), mode="circular" if circular else "constant")
    columns = F.conv1d(padded, weight, stride=stride, dilation=dilation, groups=groups)
    return float(torch.linalg.matrix_norm(columns.flatten(1), 2))


def wraps(weight: torch.Tensor, *, stride: int, dilation: int, groups: int) -> int:
    """Samples of a circle on which 1% of a norm cannot fall between two of its frequencies."""
    return 12 * (1 + (weight.shape[2] - 1) * dilation // stride) * stride


@pytest.mark.parametrize("seed", range(LAYERS))
def test_the_bound_is_never_below_an_explicit_matrix_and_within_a_hundredth_of_a_long_one(seed):
    weight, options = drawn(seed)
    bound, n = convolution_norm(weight, **options), wraps(weight, **options)
    circle = largest(weight, n, circular=True, **options)
    assert circle <= bound <= 1.01 * circle
    assert largest(weight, 40, circular=False, **options) <= bound


@pytest.mark.parametrize("tolerance", [0.3, 1e-2, 1e-3, 1e-7])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_as_far_above_a_million_frequencies_as_it_may_be(tolerance, seed):
    """A sharp peak between frequencies of the first grid."""
    steps = np.arange(41)
    kernel = np.cos((0.5 + seed) * steps) * np.random.default_rng(seed).uniform(0.5, 1, 41)
    peak = np.abs(np.fft.rfft(kernel, 2**20)).max()
    bound = convolution_norm(torch.from_numpy(kernel)[None, None], tolerance=tolerance)
    assert peak <= bound <= peak * (1 + tolerance) * (1 + 1e-8)


def test_a_grid_alone_is_caught_below_the_truth():
    """The check above is none that a sampled norm passes, too."""
    kernel = np.cos(0.5 * np.arange(41))
    assert np.abs(np.fft.rfft(kernel, 80)).max() < 0.99 * np.abs(np.fft.rfft(kernel, 2**20)).max()


@pytest.mark.parametrize(
    ("kernel", "options", "norm"),
    [
        ([[[3.0]]], {}, 3.0),
        ([[[1.0, -1.0]]], {}, 2.0),  # at the highest frequency
        ([[[0.2] * 5]], {}, 1.0),  # at the lowest
        ([[[0.25] * 4]], {"stride": 4}, 0.5),  # means of four are half as long
        ([[[0.0, 0.0, 1.0]]], {"stride": 2}, 1.0),
        ([[[1.0, 1.0]], [[1.0, -1.0]]], {}, 2.0),  # |1 + z|^2 + |1 - z|^2 = 4 everywhere
        ([[[1.0]], [[2.0]]], {"groups": 2}, 2.0),
        ([[[1.0], [2.0]]], {}, 5**0.5),
        ([[[0.0, 0.0]]], {}, 0.0),
    ],
)
def test_norms_that_are_known(kernel, options, norm):
    bound = convolution_norm(torch.tensor(kernel), **options)
    assert norm <= bound <= norm * 1.001 + 1e-12


def test_the_bound_scales_with_the_weights_and_knows_no_direction():
    weight = torch.randn(3, 2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    bound = convolution_norm(weight)
    for factor in (1e-200, 1e200):
        assert convolution_norm(factor * weight) == pytest.approx(factor * bound, rel=1e-8)
    assert convolution_norm(weight.transpose(0, 1)) == pytest.approx(bound, rel=1e-3)
    assert convolution_norm(weight.flip(2)) == pytest.approx(bound, rel=1e-3)
    assert convolution_norm(weight, dilation=7) == bound


@pytest.mark.parametrize(
    ("weight", "options", "message"),
    [
        (torch.ones(2, 2), {}, r"shape \(2, 2\) and torch.float32; give real kernels"),
        (torch.ones(2, 2, 3, dtype=torch.int64), {}, "give real kernels"),
        (torch.ones(2, 0, 3), {}, "give real kernels"),
        (torch.full((1, 1, 3), torch.nan), {}, "weights that are not finite have no norm"),
        (torch.ones(3, 1, 3), {"groups": 2}, "groups=2 of 3 output channels; .* share the channels evenly"),
        (torch.ones(3, 1, 3), {"stride": 0}, "stride=0, .*; give whole numbers of 1 or more"),
        (torch.ones(3, 1, 3), {"tolerance": 0.0}, "tolerance=0.0; give a relative one"),
    ],
)
def test_what_has_no_norm_is_refused(weight, options, message):
    with pytest.raises(FHRError, match=message):
        convolution_norm(weight, **options)
