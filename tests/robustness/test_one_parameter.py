from math import inf

import numpy as np
import pytest
import torch
from linear_reader import LinearReader, N, levels

from fhr.errors import FHRError
from fhr.features.groups import OF_GROUP, GivenWindows
from fhr.models import LipschitzNet, ScatteringNet
from fhr.robustness import enumerated_certificate, offset_certificate, reads_activity, uc_gain_certificate, with_offset
from fhr.robustness.one_parameter import WITHOUT_ACTIVITY, certified_reach


@pytest.mark.parametrize("bridged", [False, True])
def test_the_certified_offset_ends_just_before_the_verdict_flips(bridged):
    reader, traces = LinearReader(), levels(135.0, 139.7, 146.0)
    if bridged:
        traces.fhr[:, 50:70] = traces.fhr[:, :1]
    flips = np.abs(reader.scores(traces)[0] - 140) / (
        1.0 if bridged else 1 - reader.networks[0].fhr[50:70].sum().item()
    )
    found = offset_certificate(reader, traces, tolerance=0.01)
    assert (found.sizes < flips).all()
    np.testing.assert_allclose(found.sizes, flips, atol=0.05)
    assert offset_certificate(reader, traces, largest=0.1).sizes.tolist() == [0.1] * 3


def test_a_slope_that_is_too_small_is_caught_by_the_offsets_that_flip():
    reader, traces = LinearReader(), levels(135.0)
    network = reader.networks[0]
    flip = (140 - reader.scores(traces)[0]) / (1 - network.fhr[50:70].sum().item())
    network.slope = lambda signal: torch.full((len(signal),), 0.0)
    sizes = offset_certificate(reader, traces).sizes
    assert sizes[0] > flip
    beyond = with_offset(traces, torch.from_numpy(flip * 1.001))
    assert reader.verdicts(beyond).at_risk != reader.verdicts(traces).at_risk


def test_a_gap_between_two_ways_to_flip_is_not_jumped():
    """Verdicts that flip between 3 and 3.2 alone, and back beyond it."""
    reader = LinearReader()

    def bounds(rows, a, b):
        inside = (b >= 3) & (a <= 3.2)
        return np.full((1, len(rows)), 139.0), np.where(inside, 141.0, 139.0)[None]

    sizes = certified_reach(reader, np.array([False]), bounds, largest=10.0, tolerance=0.01)
    assert 2.9 < sizes[0] < 3
    with pytest.raises(FHRError, match=r"sizes up to 1.0 with a tolerance of 2.0"):
        certified_reach(reader, np.array([False]), bounds, largest=1.0, tolerance=2.0)


def test_uterine_activity_that_nothing_reads_may_be_anything():
    reader, traces = LinearReader(), levels(135.0, 146.0)
    reader.networks[0].reads_activity = False
    found = uc_gain_certificate(reader, traces)
    assert (found.sizes == inf).all()
    assert found.how.startswith("by construction")
    del reader.networks[0].reads_activity
    assert reads_activity(reader)
    reader.predictor.features = type("Features", (), {"groups": ("order_statistics",)})
    reader.predictor.pipeline.__dict__["channels"] = ("fhr", "mask")
    assert not reads_activity(reader)
    reader.predictor.features.groups = ("order_statistics", "event_statistics")
    assert reads_activity(reader)


@pytest.mark.parametrize("network", [LipschitzNet, ScatteringNet])
def test_networks_that_say_so_leave_uterine_activity_aside(network):
    assert not network.reads_activity
    signal = torch.randn(2, 3, 600, generator=torch.Generator().manual_seed(0))
    signal[:, 2] = 1.0
    other = signal.clone()
    other[:, 1] = torch.tensor([[torch.nan], [1e6]])
    one = network(n_channels=3).eval()
    assert torch.equal(one(signal), one(other))


def test_the_certified_gain_ends_just_before_the_verdict_flips(monkeypatch):
    reader, traces = LinearReader(activity=1.0, threshold=150.0), levels(150.0, 120.0)
    constant = reader.networks[0].uc.norm().item() * 30  # a unit of the scaled channel
    monkeypatch.setattr(
        "fhr.robustness.one_parameter.lipschitz_bound", lambda network, mask, channels: torch.full((2, 1), constant)
    )
    scores = reader.scores(traces)[0]
    factors = 1 + np.abs(150 - scores) / 30
    found = uc_gain_certificate(reader, traces, largest=2.5, tolerance=1e-3)
    exact = np.where(scores >= 150, 1 / (1 - (scores - 150) / 30), factors)
    assert (found.sizes < exact).all()
    np.testing.assert_allclose(found.sizes, np.minimum(exact, 2.5), rtol=0.02)
    with pytest.raises(FHRError, match=r"factors up to 1\.0; give one above 1"):
        uc_gain_certificate(reader, traces, largest=1.0)


@pytest.mark.parametrize("group", sorted(WITHOUT_ACTIVITY))
def test_features_that_are_said_to_be_without_activity_are_computed_without_it(group):
    fhr = 140 + np.cumsum(np.random.default_rng(0).normal(0, 0.3, (1, 4800)), axis=1)
    assert OF_GROUP[group].compute(GivenWindows(fhr, None, 4.0)).shape[0] == 1


def test_every_change_of_a_discrete_kind_is_looked_at():
    reader, traces = LinearReader(), levels(137.5, 141.2, 150.0)
    w = 1 - reader.networks[0].fhr[50:70].sum().item()
    offsets = [with_offset(traces, torch.full((3,), float(x) / w)) for x in (-1, 1, -2, 2, -3, 3)]
    found = enumerated_certificate(reader, traces, "steps", list(zip((1, 1, 2, 2, 3, 3), offsets, strict=True)))
    margins = np.abs(reader.scores(traces)[0] - 140)
    assert found.sizes.tolist() == [min(int(m), 3) for m in margins]
    with pytest.raises(FHRError, match="steps of size 1 after 2"):
        enumerated_certificate(reader, traces, "steps", [(2, traces), (1, traces)])
    with pytest.raises(FHRError, match="no change to look at"):
        enumerated_certificate(reader, traces, "steps", [])
    assert traces.fhr.shape[1] == N
