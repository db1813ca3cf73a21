"""WindowBags: which time each window sees, its poolings against NumPy, and a control that cannot know the order."""

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.models import WindowBags
from fhr.models.window_bags import _Attention, _OfEach

HOP = 30  # samples
SMALL = {"minutes": 1.0, "width": 4, "depth": 1}


def bag(n: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    weight = torch.rand(3, 1, n, generator=generator)
    weight[:, :, ::4] = 0
    return torch.randn(3, 4, n, generator=generator), weight


def blocks(n: int, seed: int = 0) -> torch.Tensor:
    """Blocks (n, 3, time) of FHR, UC and mask, of half a window each, at their own levels."""
    signal = torch.randn(n, 3, HOP, generator=torch.Generator().manual_seed(seed))
    signal[:, 0] += torch.arange(n)[:, None] / 2
    signal[:, 2] = 1
    return signal


def with_silence_between(parts: torch.Tensor) -> torch.Tensor:
    """One record (1, 3, time) of which the windows are the same set, whatever the order of the parts."""
    silence = torch.zeros(3, HOP)
    return torch.cat([silence, *(one for part in parts for one in (part, silence))], dim=1)[None]


def made(**options) -> WindowBags:
    torch.manual_seed(0)
    return WindowBags(**{**SMALL, **options}).eval()


@pytest.mark.parametrize(("pooling", "rule"), [((), "mean"), ((0.9,), 0.9), ((1.0,), 1.0)], ids=str)
def test_fixed_rules_are_those_of_numpy(pooling, rule):
    values, weight = bag()
    found = _OfEach(pooling)(values, weight)
    for b in range(3):
        there = weight[b, 0] > 0
        x, w = values[b][:, there].numpy(), weight[b, 0][there].numpy()
        expected = np.average(x, axis=1, weights=w) if rule == "mean" else np.quantile(x, rule, axis=1)
        np.testing.assert_allclose(found[b].numpy(), expected, atol=1e-5)


@torch.no_grad()
def test_attention_is_a_mean_of_the_windows_with_weight_in_any_order():
    values, weight = bag()
    pool = _Attention(4)
    found, there = pool(values, weight), (weight > 0)[:, 0]
    order = torch.randperm(9, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(pool(values[..., order], weight[..., order]), found)
    low, high = (torch.where(there[:, None], values, far) for far in (torch.inf, -torch.inf))
    assert ((found >= low.amin(-1)) & (found <= high.amax(-1))).all()
    assert torch.equal(pool(torch.where(weight > 0, values, 0.0), weight), found)
    pool.relevance.weight.zero_()
    expected = torch.stack([x[:, one].mean(-1) for x, one in zip(values, there, strict=True)])
    torch.testing.assert_close(pool(values, weight), expected)


@torch.no_grad()
def test_a_sample_is_seen_by_the_windows_that_hold_it():
    network, signal = made(), blocks(8).transpose(0, 1).reshape(1, 3, -1)
    before = network.sequence(signal).values
    assert before.shape == (1, 4, 7)
    for sample, windows in ((0, [0]), (35, [0, 1]), (130, [3, 4]), (239, [6])):
        changed = signal.clone()
        changed[0, 0, sample] += 5
        moved = (network.sequence(changed).values - before).abs().amax(dim=(0, 1))
        assert moved.nonzero()[:, 0].tolist() == windows


def test_a_window_with_little_signal_has_no_weight():
    signal = blocks(8).transpose(0, 1).reshape(1, 3, -1)
    signal[..., 60:150] = 0
    signal[0, 2, 100:109] = 1  # 9 of 60 s
    weight = made().sequence(signal).weight[0, 0]
    assert torch.equal(weight, torch.tensor([1, 0.5, 0, 0, 0.5, 1, 1]))


def test_the_control_cannot_know_the_order_and_the_network_does():
    parts = blocks(6)
    order = torch.randperm(6, generator=torch.Generator().manual_seed(1))
    one, other = with_silence_between(parts), with_silence_between(parts[order])
    with torch.no_grad():
        for pooling in ("attention", "mean", "p90", "max"):
            network, control = (
                made(pooling=pooling, shuffled=shuffled, width=16, fs=1 / 20, minutes=20) for shuffled in (False, True)
            )
            assert torch.equal(control(one), control(other))
            assert (network(one) - network(other)).abs() > 1e-5


def test_the_order_of_the_control_says_nothing_of_the_content():
    """Windows of rising level land anywhere: the mean correlation of level and place over records is 0."""
    network, found = made(shuffled=True), []
    network.cnn.forward = lambda window, nearness: window[:, 0].mean(-1, keepdim=True)  # the level alone
    for seed in range(60):
        levels = network.sequence(blocks(24, seed).transpose(0, 1).reshape(1, 3, -1)).values[0, 0].detach()
        found.append(np.corrcoef(np.argsort(np.argsort(levels.numpy())), np.arange(23))[0, 1])
    assert np.std(found) == pytest.approx(1 / np.sqrt(22), abs=0.06)  # as of random permutations
    assert abs(np.mean(found)) < 3 / np.sqrt(22 * 60)


@pytest.mark.training
@pytest.mark.parametrize(("shuffled", "learnt"), [(False, True), (True, False)])
def test_only_the_network_learns_when_something_happened(shuffled, learnt):
    """Every record has the same restless minutes, in its first or its last third."""
    torch.manual_seed(0)
    network = WindowBags(**SMALL, shuffled=shuffled, dropout=0.0).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.02)
    label = torch.arange(32) % 2.0
    losses = []
    for step in range(60):
        signal = 0.3 * torch.randn(32, 3, 900, generator=torch.Generator().manual_seed(step))
        signal[label == 0, 0, :300] *= 4
        signal[label == 1, 0, 600:] *= 4
        signal[:, 2] = 1
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(signal)[:, 0], label)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert (np.mean(losses[-10:]) < 0.3) if learnt else (np.mean(losses[-10:]) > 0.6)  # log 2 is chance


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pooling": "median"}, "pooling='median'; choose attention, mean, p90, max"),
        ({"fs": 0.0}, "give a rate above 0 and windows of two samples"),
        ({"minutes": 0.01}, "give a rate above 0 and windows of two samples"),
    ],
    ids=str,
)
def test_bags_that_cannot_be_are_refused(options, said):
    with pytest.raises(FHRError, match=said):
        WindowBags(**options)
