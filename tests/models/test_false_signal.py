"""The false-signal network: what it sees, how far it sees, and that it can learn what the task needs."""

import copy

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from fhr.errors import FHRError
from fhr.models import FalseSignalNet, rebuild
from fhr.models.false_signal import _derived

SMALL = {"widths": [8, 8], "kernel_size": 5, "depth": 1, "hidden": 6, "dropout": 0.0}


def encoded(fhr: torch.Tensor, mhr: torch.Tensor) -> torch.Tensor:
    """(batch, 4, time) of rates (batch, time) in bpm, NaN where missing."""
    channels = []
    for rate in (fhr, mhr):
        channels += [((rate - 140) / 40).nan_to_num(0.0), (~rate.isnan()).float()]
    return torch.stack(channels, dim=1)


def rates(n: int = 4, n_times: int = 1000, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """A child near 140 bpm and a mother near 85, both with a gap."""
    generator = torch.Generator().manual_seed(seed)
    fhr, mhr = (level + 0.15 * torch.randn(n, n_times, generator=generator).cumsum(dim=1) for level in (140.0, 85.0))
    fhr[:, 300:340], mhr[:, 500:700] = torch.nan, torch.nan
    return fhr, mhr


@pytest.fixture(scope="module")
def network() -> FalseSignalNet:
    """Full size, its normalisation has seen some signal, in evaluation mode."""
    torch.manual_seed(0)
    made = FalseSignalNet()
    with torch.no_grad():
        for seed in range(3):
            made(encoded(*rates(seed=seed)))
    return made.eval()


@pytest.mark.parametrize("n_times", [1, 3, 40, 63, 64, 65, 1000, 14_400])
def test_any_length(network, n_times):
    with torch.no_grad():
        logits = network(encoded(*rates(2, 14_400))[..., :n_times])
    assert logits.shape == (2, 2, n_times)
    assert logits.dtype == torch.float32
    assert torch.isfinite(logits).all()


def test_what_it_pads_with_is_missing_signal(network):
    """A recording is judged as if missing signal followed it: the length is not seen."""
    signal = encoded(*rates(n_times=1003))
    followed = torch.cat([signal, torch.zeros(4, 4, 21)], dim=-1)
    with torch.no_grad():
        torch.testing.assert_close(network(followed)[..., :1003], network(signal), atol=1e-5, rtol=1e-4)


def test_it_is_rebuilt_from_its_specification():
    made = FalseSignalNet(**SMALL)
    again = rebuild(made.specification)
    assert again.specification == made.specification
    assert again.specification["init_args"]["widths"] == [8, 8]
    again.load_state_dict(made.state_dict())
    signal = encoded(*rates())
    assert torch.equal(again.eval()(signal), made.eval()(signal))
    assert torch.equal(copy.deepcopy(made)(signal), made(signal))


def test_a_recording_knows_nothing_of_its_batch(network):
    signal = encoded(*rates())
    with torch.no_grad():
        alone = torch.cat([network(one[None]) for one in signal])
        torch.testing.assert_close(network(signal), alone, atol=1e-5, rtol=1e-4)


def test_values_under_a_mask_of_0_do_not_count(network):
    """Withheld MHR is 0 under a mask of 0; the coincidences derived from it vanish, at every lag."""
    fhr, mhr = rates()
    without = encoded(fhr, torch.full_like(mhr, torch.nan))
    assert _derived(without)[:, 2:10].abs().max() == 0
    at_zero = encoded(torch.full_like(fhr, 140.0), torch.full_like(mhr, torch.nan))  # scaled, both are 0
    assert _derived(at_zero)[:, 4:10].abs().max() == 0
    with torch.no_grad():
        difference = (network(without) - network(encoded(fhr, mhr))).abs()
    assert difference.mean() > 1e-3


def test_coincidence_at_once_and_at_lags():
    n = 400
    mhr = 90 + 10 * torch.sin(torch.arange(n) / 15.0)[None]
    for lag in range(-8, 9, 2):
        fhr = torch.roll(mhr, lag, dims=1)
        now, near = _derived(encoded(fhr, mhr))[0, [4, 6], 20:-20]
        assert near.min() > 0.999
        assert (now.min() > 0.999) == (lag == 0)
    apart = _derived(encoded(mhr + 40, mhr))[0, 4:8]
    assert apart.max() < 1e-6


@pytest.mark.parametrize(("factor", "row"), [(2.0, 8), (0.5, 9)])
def test_double_and_half(factor, row):
    mhr = torch.full((1, 50), 100.0)
    derived = _derived(encoded(factor * mhr, mhr))[0, 8:10]
    assert derived[row - 8].min() == 1
    assert derived[9 - row].max() < 1e-6


def test_steps_are_in_tens_of_bpm_and_none_is_across_a_gap():
    fhr = torch.tensor([[140.0, 145.0, torch.nan, 160.0, 150.0, 240.0]])
    assert _derived(encoded(fhr, torch.full_like(fhr, torch.nan)))[0, -1].tolist() == pytest.approx(
        [0, 0.5, 0, 0, -1, 3], abs=1e-5
    )


def test_levels_keep_the_rate():
    """Hats are a partition of the mask, and their mean level is the rate."""
    network = FalseSignalNet(**SMALL)
    rate = torch.linspace(45, 225, 361)[None]
    hats = network._on_levels((rate - 140) / 40, torch.ones_like(rate))
    torch.testing.assert_close(hats.sum(dim=1), torch.ones_like(rate))
    torch.testing.assert_close((hats * network.levels[:, None]).sum(dim=1), rate, atol=1e-3, rtol=0)
    beyond = network._on_levels((torch.tensor([[20.0, 300.0]]) - 140) / 40, torch.ones(1, 2))
    assert beyond[0, 0, 0] == 1
    assert beyond[0, -1, 1] == 1
    assert network._on_levels(rate, torch.zeros_like(rate)).abs().max() == 0


@pytest.mark.parametrize("side", ["before", "after"])
def test_twenty_minutes_away_still_counts(network, side):
    """Both directions: MHR 20 min before or after changes what is said of FHR."""
    fhr, mhr = (torch.full((1, 12_000), rate) for rate in (140.0, torch.nan))
    changed = mhr.clone()
    at = slice(0, 480) if side == "before" else slice(-480, None)
    changed[:, at] = 90.0
    where = slice(480 + 4800, None) if side == "before" else slice(0, -480 - 4800)
    with torch.no_grad():
        difference = (network(encoded(fhr, changed)) - network(encoded(fhr, mhr))).abs()
    assert difference[..., where].max() > 1e-6


def test_a_sample_is_judged_by_its_own_value(network):
    """One sample at another level within the second has a logit of its own."""
    fhr, mhr = (torch.full((1, 400), rate) for rate in (140.0, 90.0))
    fhr[:, 201] = 92.0
    with torch.no_grad():
        logits = network(encoded(fhr, mhr))[0, 0]
    assert (logits[201] - logits[202]).abs() > 0.01


def test_one_step_moves_every_weight():
    torch.manual_seed(0)
    made = FalseSignalNet(**SMALL).train()
    before = {key: value.clone() for key, value in made.named_parameters()}
    optimizer = torch.optim.SGD(made.parameters(), lr=1.0)
    made(encoded(*rates()))[:, :, ::3].square().mean().backward()
    optimizer.step()
    assert [key for key, value in made.named_parameters() if torch.equal(value, before[key])] == []
    assert all(value.isfinite().all() for value in made.parameters())


@pytest.mark.training
def test_it_learns_the_mother_in_place_of_the_child_and_knows_her_without_mhr():
    """FHR is the mother's in a stretch. Half of the recordings lose MHR there: only her level elsewhere tells."""

    def batch(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(seed)
        n, n_times = 8, 640
        low, high = 70 + 15 * torch.rand(n, generator=generator), 125 + 30 * torch.rand(n, generator=generator)
        fhr = high[:, None] + 2 * torch.randn(n, n_times, generator=generator)
        mhr = low[:, None] + 2 * torch.randn(n, n_times, generator=generator)
        label = torch.zeros(n, n_times)
        for i in range(n):
            start = int(torch.randint(0, n_times - 160, (1,), generator=generator))
            stretch = slice(start, start + 160)
            fhr[i, stretch] = mhr[i, stretch] + 2 * torch.randn(160, generator=generator)
            label[i, stretch] = 1
            if i % 2:
                mhr[i, stretch] = torch.nan
        return encoded(fhr, mhr), label, torch.arange(n) % 2 == 1

    torch.manual_seed(0)
    made = FalseSignalNet(**SMALL)
    optimizer = torch.optim.AdamW(made.parameters(), lr=0.01)
    for step in range(40):
        signal, label, _ = batch(step)
        optimizer.zero_grad()
        binary_cross_entropy_with_logits(made(signal)[:, 0], label).backward()
        optimizer.step()
    signal, label, without = batch(1000)
    with torch.no_grad():
        right = (made.eval()(signal)[:, 0] > 0) == (label > 0.5)
    assert right[without].float().mean() > 0.95
    assert right[~without].float().mean() > 0.95


def test_a_recording_without_a_sample_gives_finite_logits_and_gradients():
    made = FalseSignalNet(**SMALL)
    nothing = torch.zeros(2, 4, 300, requires_grad=True)
    logits = made(nothing)
    logits.sum().backward()
    assert torch.isfinite(logits).all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in made.parameters())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_channels": 3}, r"n_channels=3, n_outputs=2; a FalseSignalNet takes 4 channels"),
        ({"n_outputs": 1}, r"n_channels=4, n_outputs=1; a FalseSignalNet takes 4 channels"),
        ({"kernel_size": 4}, r"kernel_size=4; it must be odd"),
    ],
)
def test_other_shapes_are_refused(arguments, message):
    with pytest.raises(FHRError, match=message):
        FalseSignalNet(**arguments)
