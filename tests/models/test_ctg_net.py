"""CTG-net: the published layers, what it sees and what it does not."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from fhr.errors import FHRError
from fhr.models import CTGNet, rebuild


def windows(n: int = 4, n_times: int = 1800, seed: int = 0) -> torch.Tensor:
    """Scaled FHR and UC with a gap, and their mask."""
    signal = torch.randn(n, 3, n_times, generator=torch.Generator().manual_seed(seed))
    signal[:, 2] = 1.0
    signal[..., n_times // 4 : n_times // 3] = 0.0
    return signal


@pytest.fixture
def network() -> CTGNet:
    torch.manual_seed(0)
    return CTGNet().eval()


def test_the_published_count_of_numbers():
    """2,130 with two outputs, running means and variances counted, as Keras does."""
    network = CTGNet(n_outputs=2)
    running = [value for name, value in network.named_buffers() if "running" in name]
    assert sum(value.numel() for value in [*network.parameters(), *running]) == 2130


def test_the_published_shapes():
    network, shapes = CTGNet(), {}

    def remember(layer, given, out):
        shapes[names[layer]] = (*given[0].shape[1:], *out.shape[1:])

    names = {layer: name for name, layer in network.named_children()}
    for layer in names:
        layer.register_forward_hook(remember)
    network(windows())
    assert shapes["temporal"][3:] == (4, 2, 1800)
    assert shapes["across"] == (4, 2, 1800, 8, 1, 1800)
    assert shapes["separable"] == (8, 1, 450, 8, 1, 450)
    assert shapes["head"] == (896, 1)


def test_the_filter_in_time_is_centred_and_spans_half_a_minute(network):
    impulse = torch.zeros(1, 3, 1800)
    with torch.no_grad():
        before = network.temporal(torch.nn.functional.pad(impulse[:, None, :2], (14, 15)))
        impulse[0, 0, 900] = 1.0
        after = network.temporal(torch.nn.functional.pad(impulse[:, None, :2], (14, 15)))
    reached = torch.nonzero((after - before).abs().sum(dim=(0, 1))[0])[:, 0]
    assert reached.tolist() == list(range(885, 915))


def test_heart_rate_and_contractions_count_and_the_mask_does_not(network):
    signal = windows()
    with torch.no_grad():
        scores = network(signal)
        for channel in (0, 1, 2):
            changed = signal.clone()
            changed[:, channel, 1000:1100] += 2.0
            difference = (network(changed) - scores).abs()
            assert (difference > 1e-4).all() if channel < 2 else difference.max() == 0


@pytest.mark.parametrize("n_outputs", [1, 4])
@pytest.mark.parametrize("n_times", [16, 1801, 3600])
def test_shape(n_outputs, n_times):
    scores = CTGNet(n_outputs=n_outputs, n_times=n_times)(windows(5, n_times))
    assert scores.shape == (5, n_outputs)
    assert torch.isfinite(scores).all()


@pytest.mark.training
def test_it_learns_that_contractions_come_with_falls():
    """In half of the windows FHR falls with each contraction, in the others a quarter of the cycle later."""
    torch.manual_seed(0)
    network = CTGNet(n_times=960, dropout=0.0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    label, t = torch.arange(32) % 2.0, torch.arange(960) * 2 * torch.pi / 120
    for step in range(60):
        signal = 0.3 * windows(32, 960, seed=step)
        phase = torch.rand(32, 1, generator=torch.Generator().manual_seed(step)) * 2 * torch.pi
        signal[:, 1] += torch.sin(t + phase)
        signal[:, 0] -= torch.sin(t + phase - label[:, None] * torch.pi / 2)
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(network(signal)[:, 0], label)
        loss.backward()
        optimizer.step()
    assert loss < 0.3  # log 2 is chance


def test_it_is_rebuilt_from_its_arguments():
    network = CTGNet(n_outputs=2, n_times=960, dropout=0.1)
    again = rebuild(network.specification)
    assert {key: value.shape for key, value in again.state_dict().items()} == {
        key: value.shape for key, value in network.state_dict().items()
    }


def test_other_windows_and_channels_are_refused(network):
    with pytest.raises(
        FHRError, match=r"windows of shape \(3, 1800\) and the data give \(3, 3600\); change `data.wind"
    ):
        network(windows(2, 3600))
    with pytest.raises(FHRError, match=r"n_channels=2; CTG-net takes `data.channels: \[fhr, uc, mask\]`"):
        CTGNet(n_channels=2)
    with pytest.raises(FHRError, match="n_times=15; CTG-net needs 16 samples or more"):
        CTGNet(n_times=15)
