"""RandomConvolutions: answers against NumPy, to noise and to constants with gaps; kernels of a seed."""

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.models import RandomConvolutions
from fhr.models.random_convolutions import _answers

SMALL = {"n_kernels": 4, "n_dilations": 1, "n_biases": 1}  # four kernels on samples, then their shares


def signals(n_times: int = 300) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    mask = generator.random(n_times) > 0.3
    mask[100:160] = False
    return generator.normal(size=(2, n_times)) * mask, mask


@pytest.mark.parametrize("dilation", [1, 2, 3, 8])
def test_answers_are_those_of_taps_that_stand_for_missing_ones(dilation):
    x, mask = signals()
    kernels = np.random.default_rng(1).normal(size=(3, 2, 9))
    tensors = (torch.tensor(one) for one in (x[None], mask[None, None].astype(float), kernels))
    found = _answers(*tensors, dilation)[0].numpy()
    for t in (0, 30, 97, 165, 299):
        taps = np.full((2, 9), np.nan)
        for i in range(9):
            start = t + (i - 4) * dilation - (dilation - 1) // 2
            measured = [s for s in range(start, start + dilation) if 0 <= s < len(mask) and mask[s]]
            if len(measured) > 0.2 * dilation:
                taps[:, i] = x[:, measured].mean(axis=1)
        there = ~np.isnan(taps[0])
        assert there.any()
        taps[:, ~there] = taps[:, there].mean(axis=1, keepdims=True)
        np.testing.assert_allclose(found[:, t], (kernels * taps).sum(axis=(1, 2)), atol=1e-9)


def test_noise_is_answered_with_a_deviation_of_one_and_the_share_above_a_bias_is_that_of_the_normal_law():
    network = RandomConvolutions(**SMALL)
    signal = torch.randn(40, 3, 3600, generator=torch.Generator().manual_seed(0))
    signal[:, 2] = 1
    deviation = _answers(signal[:, :2], signal[:, 2:], network.kernels, 1).std(dim=(0, 2))
    torch.testing.assert_close(deviation, torch.ones(4), atol=0.02, rtol=0)
    share = network.sequence(signal).values[:, 4:].mean(dim=(0, 2))
    expected = torch.distributions.Normal(0.0, 1.0).cdf(-network.biases[:, 0])
    torch.testing.assert_close(share, expected, atol=0.01, rtol=0)


def test_a_constant_is_answered_alike_beside_a_gap():
    network = RandomConvolutions(n_kernels=14)
    mask = signals(1200)[1]
    mask[400:900] = False
    mask = torch.tensor(mask).float().expand(1, 3, -1)
    values, weight = network.sequence(torch.cat([0.7 * mask[:, :2], mask[:, 2:]], dim=1))
    answers = values[:, :14, weight[0, 0] > 0]
    expected = 0.7 * network.kernels.sum(dim=(1, 2))
    torch.testing.assert_close(answers, expected[None, :, None].expand_as(answers), atol=1e-4, rtol=0)
    assert expected[::2].abs().max() < 1e-6 < 0.1 < expected[1::2].abs().max()


def test_the_kernels_are_of_the_seed_alone_and_never_trained():
    state = torch.get_rng_state()
    one, again, other = (RandomConvolutions(**SMALL, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.kernels, again.kernels)
    assert not torch.equal(one.kernels, other.kernels)
    assert {"kernels", "biases"} <= set(one.state_dict())
    assert {name.split(".")[0] for name, _ in one.named_parameters()} == {"head"}
    torch.set_rng_state(state)


def test_half_of_the_kernels_see_the_heart_rate_alone():
    of_uc = RandomConvolutions(n_kernels=400).kernels[:, 1].abs().sum(-1) > 0
    assert 0.4 < of_uc.float().mean() < 0.6


@pytest.mark.parametrize(
    "options", [{"fs": 0.0}, {"n_dilations": 0}, {"n_kernels": 3}, {"n_biases": 0}], ids=lambda one: next(iter(one))
)
def test_kernels_that_cannot_be_are_refused(options):
    with pytest.raises(FHRError, match="give a rate above 0, a dilation or more, as many kernels or more, and one"):
        RandomConvolutions(**options)
