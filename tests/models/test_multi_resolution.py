"""Several resolutions: what each branch sees, against NumPy, and resolutions that do not fit."""

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.models import MultiResolutionNet


@pytest.mark.parametrize("n_times", [130, 640])  # steps are counted back from the end
@pytest.mark.parametrize("fs", [1.0, 2.0])
def test_each_branch_sees_means_over_what_was_measured_and_the_share(n_times, fs):
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(3, 3, n_times, generator=generator)
    signal[:, -1] = (torch.rand(3, n_times, generator=generator) > 0.4).float()  # values under the mask stay
    signal[:, -1, 40:70] = 0.0
    network = MultiResolutionNet(n_filters=2, fs=fs, resolutions=(1.0, 4.0, 8.0))
    seen: list[np.ndarray] = []
    for first in network.first:
        first.register_forward_pre_hook(lambda _, given: seen.append(given[0].squeeze(2).numpy()))
    with torch.no_grad():
        values, weight = network.sequence(signal)
    missing = -n_times % int(32 * fs)  # in front, up to a whole number of steps of the sequence
    measured = np.where(signal[:, -1:] > 0, signal[:, :-1], np.nan)
    measured = np.pad(measured, ((0, 0), (0, 0), (missing, 0)), constant_values=np.nan)
    for found, step in zip(seen, (int(fs), int(4 * fs), int(8 * fs)), strict=True):
        blocks = measured.reshape(3, 2, -1, step)
        n = np.isfinite(blocks).sum(-1)
        mean, share = np.nansum(blocks, axis=-1) / np.maximum(n, 1), n[:, :1] / step
        np.testing.assert_allclose(found, np.concatenate([mean, share], axis=1), atol=1e-5)
    assert values.shape == (3, 6, weight.shape[-1])
    shares = np.isfinite(measured[:, :1]).reshape(3, 1, -1, int(32 * fs)).mean(-1)
    np.testing.assert_allclose(weight.numpy(), shares, atol=1e-6)


@pytest.mark.parametrize(
    ("fs", "resolutions"), [(1.0, [0.5]), (4.0, [0.3, 1.2]), (1.0, [2, 3]), (1.0, [4, 1]), (1.0, [])], ids=str
)
def test_resolutions_that_do_not_fit_are_refused(fs, resolutions):
    with pytest.raises(FHRError, match=rf"at fs={fs} Hz; give lengths of whole numbers of samples, each a multiple"):
        MultiResolutionNet(fs=fs, resolutions=resolutions)


def test_kernels_of_another_number_are_refused():
    with pytest.raises(FHRError, match=r"kernel_sizes=\[3, 3\]; give three"):
        MultiResolutionNet(kernel_sizes=(3, 3))
