"""Patches and their attention: against NumPy on what was measured, positions from the end, and windows too short."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fhr.errors import FHRError
from fhr.models import PatchTransformer

SMALL = {"patch": 24.0, "step": 12.0, "width": 8, "n_heads": 2, "depth": 1, "hidden": 6}


def windows(n_times: int, n: int = 3) -> torch.Tensor:
    """Windows with values under the mask, a long gap, and one that is missing throughout."""
    generator = torch.Generator().manual_seed(0)
    signal = torch.randn(n, 3, n_times, generator=generator)
    signal[:, -1] = (torch.rand(n, n_times, generator=generator) > 0.3).float()
    signal[:, -1, 40:85] = 0.0
    signal[-1, -1] = 0.0
    return signal


def made(**options: object) -> PatchTransformer:
    torch.manual_seed(0)
    return PatchTransformer(**{**SMALL, **options}).eval()


def written_out(network: PatchTransformer, signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (patches, width) and shares of one window (3, time), patch by patch."""
    state = {name: value.double().numpy() for name, value in network.state_dict().items()}

    def linear(name: str, x: np.ndarray) -> np.ndarray:
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    def normal(name: str, x: np.ndarray) -> np.ndarray:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * state[f"{name}.weight"] + state[f"{name}.bias"]

    front = -(signal.shape[-1] - 24) % 12
    signal = np.pad(signal, ((0, 0), (front, 0)))
    weight, features = signal[2] > 0, torch.from_numpy(signal * (signal[2] > 0))
    for k in (0, 1):
        weight = weight.reshape(-1, 2).mean(-1)
        kernel = network.state_dict()[f"stem.{k}.0.weight"].double()
        features = F.conv1d(features, kernel, stride=2, padding=kernel.shape[-1] // 2)
        names = ("running_mean", "running_var", "weight", "bias")
        moments = (network.state_dict()[f"stem.{k}.1.{name}"].double() for name in names)
        features = F.relu(F.batch_norm(features[None], *moments)[0]) * torch.from_numpy(weight > 0)
    patches, shares = [], []
    for end in range(len(weight), 5, -3):  # strides of 4 samples; the last patch comes first
        w, x = weight[end - 6 : end], features[:, end - 6 : end].numpy()
        mean = x @ w / max(w.sum(), 1e-9)
        variance = (x - mean[:, None]) ** 2 @ w / max(w.sum(), 1e-9)
        patches.append(np.concatenate([mean, np.sqrt(variance + 1e-5), [w.mean()]]))
        shares.append(w.mean())
    x = linear("token", np.stack(patches))
    to_end = np.arange(len(x))
    for k in range(4):
        x[:, k] += np.sin(to_end / 10_000 ** (2 * k / 8))
        x[:, 4 + k] += np.cos(to_end / 10_000 ** (2 * k / 8))
    qkv = linear("layers.0.qkv", normal("layers.0.norm", x)).reshape(len(x), 3, 2, 4)
    found = np.zeros((len(x), 2, 4))
    for head, slope in enumerate((1 / 16, 1 / 256)):
        for i in range(len(x)):
            near = qkv[:, 1, head] @ qkv[i, 0, head] / 2 - slope * np.abs(i - to_end)
            weight = np.exp(near) * (np.array(shares) > 0)
            found[i, head] = weight @ qkv[:, 2, head] / weight.sum()
    x = x + linear("layers.0.out", found.reshape(len(x), 8))
    inner = torch.from_numpy(linear("layers.0.alone.0", normal("layers.0.between", x)))
    x = x + linear("layers.0.alone.3", F.gelu(inner).numpy())
    return x[::-1], np.array(shares)[::-1]


@pytest.mark.parametrize("n_times", [240, 247])  # patches are counted back from the end
def test_tokens_attend_patches_with_signal_alone(n_times):
    network, signal = made(), windows(n_times)
    with torch.no_grad():
        values, weight = network.sequence(signal)
    for i in range(2):
        tokens, shares = written_out(network, signal[i].double().numpy())
        assert (shares == 0).any()
        np.testing.assert_allclose(values[i].T.numpy(), tokens, atol=1e-4)
        np.testing.assert_allclose(weight[i, 0].numpy(), shares, atol=1e-6)
    assert values[2].isfinite().all()
    assert weight[2].max() == 0


def test_the_time_to_the_end_counts_where_it_is_asked_for():
    """Missing time behind the window moves every patch away from the end, and nothing else."""
    signal = windows(240)[:2]
    later = F.pad(signal, (0, 120))
    with torch.no_grad():
        for network, same in ((made(step=24.0, parts=[1.0], time_to_end=t), not t) for t in (True, False)):
            assert torch.allclose(network(later), network(signal), atol=1e-5) is same


def test_windows_shorter_than_a_patch_are_refused_with_the_length_that_they_need():
    network = made(fs=4.0, patch=90.0, step=30.0)
    assert network(torch.zeros(1, 3, 360)).isfinite().all()
    with pytest.raises(
        FHRError, match=r"of 359 samples, shorter than a patch of 360; .*window_minutes` of 1.5 or more"
    ):
        network(torch.zeros(1, 3, 359))


@pytest.mark.parametrize("given", [{"step": 1.0}, {"step": 28.0}, {"fs": 0.01}], ids=str)
def test_patches_of_too_few_samples_or_with_time_between_them_are_refused(given):
    with pytest.raises(FHRError, match="a step must hold 4 samples, and a patch must be as long"):
        made(**given)


@pytest.mark.parametrize("given", [{"width": 10}, {"n_heads": 0}, {"width": 0}], ids=str)
def test_widths_that_heads_cannot_share_are_refused(given):
    with pytest.raises(FHRError, match=r"give a width that is a multiple of 2 \* n_heads"):
        made(**given)
