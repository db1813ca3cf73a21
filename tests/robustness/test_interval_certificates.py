"""Certificates of networks that sort: no loss, wrong rate, warp or error of their size flips a verdict."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fhr.errors import FHRError, SignalError
from fhr.models import InceptionNet, LipschitzNet, SortedKernel
from fhr.preprocessing import Pipeline
from fhr.robustness import (
    WRONG_RATES,
    NetworkReader,
    Traces,
    Verdicts,
    certify,
    error_certificate,
    feasible_delay,
    interval_certificate,
    warp_threat,
    warped,
    with_error,
    with_loss,
    with_wrong_rate,
)

N = 300
PARTS = (1.0, 1 / 3)


class SortedReader(NetworkReader):
    """Networks by themselves, at risk where their mean score is at least the median of some windows."""

    def __init__(self, networks, traces: Traces) -> None:
        self.networks = networks
        self.predictor = SimpleNamespace(
            pipeline=Pipeline(minutes=N / 60), networks=networks, features=None, device="cpu"
        )
        self.threshold = float(np.median(self.scores(traces).mean(0))) + 1e-3

    def scores(self, traces: Traces) -> np.ndarray:
        """By every network."""
        with torch.no_grad():
            return self.member_scores(traces).double().numpy()

    def decide(self, scores: np.ndarray) -> Verdicts:
        """By the mean."""
        return Verdicts(scores.mean(0), scores.mean(0) >= self.threshold)


def windows(n: int = 6) -> Traces:
    """Slow swings with noise, a long gap and a bridged one."""
    generator = torch.Generator().manual_seed(0)
    t = torch.arange(N) / N
    swings = torch.linspace(2, 14, n)[:, None] * torch.sin(
        2 * torch.pi * (4 * t + torch.rand(n, 1, generator=generator))
    )
    fhr = 138 + swings + 2 * torch.randn(n, N, generator=generator)
    measured = torch.ones(n, N)
    fhr[:, 60:90], measured[:, 60:90] = torch.nan, 0.0
    measured[:, 200:208] = 0.0
    return Traces(fhr, torch.full((n, N), 20.0), measured, 1.0, tuple(map(str, range(n))), bridged=15.0)


def kernels(traces: Traces) -> list[SortedKernel]:
    made = []
    for k in range(2):
        network = SortedKernel(3, width=10.0, penalty=1.0, parts=PARTS, bins=8, capacity=20).eval()
        signal = windows(20).signal(Pipeline(minutes=N / 60))
        network.head.fit(network.embed(signal), torch.linspace(-1, 1, 20) + 0.1 * k, torch.ones(20))
        made.append(network)
    return made


def unit_vectors(traces: Traces) -> list[LipschitzNet]:
    made = []
    for k in range(2):
        torch.manual_seed(k)
        network = LipschitzNet(3, width=2 * k, kernel_size=3, parts=PARTS, bins=8).eval()
        with torch.no_grad():  # a spread, and a little of what was filtered
            network.direction.view(1 + 2 * k, -1).copy_(0.02 * torch.randn(1 + 2 * k, 16))
            network.direction.view(1 + 2 * k, 2, 8)[0] += torch.linspace(-1, 1, 8)
        made.append(network)
    return made


@pytest.fixture(params=[kernels, unit_vectors])
def reader(request) -> SortedReader:
    return SortedReader(request.param(windows()), windows())


def stretches(length: float, n: int) -> list[torch.Tensor]:
    starts = range(0, N, 24)
    return [((torch.arange(N) >= a) & (torch.arange(N) < a + int(length))).expand(n, -1) for a in starts]


def changed(reader: SortedReader, traces: Traces, threat: str, size: float, slope: float = 0.05):
    """Changes of one window of no more than a size, towards either verdict."""
    generator = torch.Generator().manual_seed(1)
    if threat == "block_loss":
        return [with_loss(traces, where) for where in stretches(size, 1)]
    if threat == "wrong_rate":
        return [with_wrong_rate(traces, where, [kind]) for where in stretches(size, 1) for kind in WRONG_RATES]
    if threat == "scattered_loss":
        order = [traces.fhr, -traces.fhr, -torch.arange(float(N))[None], torch.rand(1, N, generator=generator)]
        chosen = [torch.where(traces.measured > 0, x, torch.inf).argsort(1)[:, : int(size)] for x in order]
        return [with_loss(traces, torch.zeros(1, N, dtype=torch.bool).scatter(1, at, True)) for at in chosen]
    if threat == "warp":
        fields = 3 * size * torch.randn(6, 8, generator=generator)
        fields = torch.nn.functional.interpolate(fields[:, None], N, mode="linear", align_corners=True)[:, 0]
        fields = torch.cat([fields, torch.full((1, N), size), torch.full((1, N), -size)])
        return [warped(traces, feasible_delay(one[None], torch.tensor([size]), 1.0, slope)) for one in fields]
    gradient = reader.gradient(traces)
    directions = [gradient, -gradient, torch.ones(1, N), -torch.ones(1, N), torch.randn(1, N, generator=generator)]
    directions = [x * (traces.measured > 0) for x in directions]
    return [with_error(traces, size * x / (x.square().sum() / (traces.measured > 0).sum()).sqrt()) for x in directions]


@pytest.mark.parametrize("threat", ["block_loss", "wrong_rate", "scattered_loss", "warp", "error_rms"])
def test_no_change_of_a_certified_size_flips_a_verdict(reader, threat):
    traces = windows()
    at_risk = reader.verdicts(traces).at_risk
    assert 0 < at_risk.sum() < len(traces)
    sizes = certify(reader, traces, threat, largest=40.0).sizes
    assert (sizes > 0).any()
    for i in np.flatnonzero(sizes):
        for one in changed(reader, traces[[i]], threat, sizes[i]):
            assert reader.verdicts(one).at_risk[0] == at_risk[i]


def test_a_certified_error_is_within_reach_of_one_that_flips(reader):
    """So that the certificate is no idle one."""
    traces = windows()
    at_risk, sizes = reader.verdicts(traces).at_risk, error_certificate(reader, traces).sizes
    flips = [
        any(
            reader.verdicts(one).at_risk[0] != at_risk[i]
            for one in changed(reader, traces[[i]], "error_rms", 8 * sizes[i])
        )
        for i in range(len(traces))
    ]
    assert np.mean(flips) >= 0.5


def test_a_network_without_bounds_is_named():
    traces = windows(2)
    reader = SortedReader([InceptionNet(3, n_filters=2, kernel_sizes=[3], depth=1).eval()], traces)
    with pytest.raises(FHRError, match=r"InceptionNet where samples are lost or moved; train a fhr\.models\.Sorted"):
        interval_certificate(reader, traces, "block_loss", largest=60.0)


@pytest.mark.parametrize("largest", [0.0, -1.0, np.inf, np.nan])
def test_a_size_that_is_none_is_refused(largest):
    traces = windows(2)
    reader = SortedReader(kernels(traces), traces)
    with pytest.raises(FHRError, match="give"):
        certify(reader, traces, "block_loss", largest=largest)


def test_a_threat_that_bounds_no_sample_is_refused():
    traces = windows(2)
    with pytest.raises(FHRError, match="block_loss"):
        interval_certificate(SortedReader(kernels(traces), traces), traces, "offset", largest=5.0)


def test_a_steeper_warp_is_certified_as_such():
    traces = windows()
    reader = SortedReader(kernels(traces), traces)
    gentle, steep = (certify(reader, traces, warp_threat(slope), largest=40.0).sizes for slope in (0.02, 0.4))
    assert (steep <= gentle).all()
    assert (steep < gentle).any()
    at_risk = reader.verdicts(traces).at_risk
    for i in np.flatnonzero(steep):
        for one in changed(reader, traces[[i]], "warp", steep[i], slope=0.4):
            assert reader.verdicts(one).at_risk[0] == at_risk[i]


def test_what_nothing_can_be_said_of_is_not_held():
    """Filters see the order in time, so that a stretched time says nothing of them, and infinite bounds no verdict."""
    traces = windows()
    reader = SortedReader(unit_vectors(traces), traces)
    decide = reader.decide

    def refusing(scores):
        assert np.isfinite(scores).all()
        return decide(scores)

    reader.decide = refusing
    assert (certify(reader, traces, "warp", largest=2.0).sizes >= 0).all()


@pytest.mark.parametrize("threat", ["warp", "block_loss", "scattered_loss"])
def test_a_largest_size_below_a_sample_is_one(threat):
    traces = windows(2)
    sizes = certify(SortedReader(kernels(traces), traces), traces, threat, largest=0.5).sizes
    assert set(sizes) <= {0.0, 0.5}


def test_networks_that_are_not_told_what_is_missing_are_refused():
    traces = windows(2)
    reader = SortedReader(kernels(traces), traces)
    reader.predictor.pipeline = Pipeline(minutes=N / 60, channels=("fhr",))
    with pytest.raises(FHRError, match="mask"):
        certify(reader, traces, "block_loss", largest=60.0)


@pytest.mark.parametrize("threat", ["error_rms", "block_loss", "uc_gain", "shift"])
def test_a_window_in_which_nothing_was_measured_is_named(threat):
    traces = windows(2)
    reader = SortedReader(kernels(traces), traces)
    traces.fhr[1], traces.measured[1] = torch.nan, 0.0
    with pytest.raises(SignalError, match="1: nothing was measured"):
        certify(reader, traces, threat)
