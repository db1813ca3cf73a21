"""Changes of just the certified size, led towards the other verdict, flip none; a wrong constant is found out."""

from functools import cache
from math import inf
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.models import LipschitzNet, SortedKernel, SortedNetwork
from fhr.preprocessing import Pipeline
from fhr.robustness import THREATS, Certificate, NetworkReader, Traces, Verdicts, certify, challenge

N = 240
PIPELINE = Pipeline(minutes=N / 60, channels=("fhr", "mask"))
LARGEST = {"warp": 4.0, "block_loss": 60.0, "scattered_loss": 60.0, "wrong_rate": 30.0, "shift": 20.0}
# Share of the score needed that the tries have to gain: 1 is the certificate, where it is tight.
CLOSE = {
    "kernel": {"error_rms": 0.75, "error_peak": 0.65, "offset": 0.95, "block_loss": 0.6, "scattered_loss": 0.3},
    "lipschitz": {"error_rms": 0.99, "error_peak": 0.85, "offset": 0.99, "block_loss": 0.7, "scattered_loss": 0.6},
}


class Sorting(NetworkReader):
    """Networks that sort; at risk where the mean score is at least the median of some windows."""

    def __init__(self, networks: list[SortedNetwork], windows: Traces) -> None:
        self.networks, self.threshold = networks, -inf
        self.predictor = SimpleNamespace(pipeline=PIPELINE, networks=networks, features=None, device="cpu")
        self.threshold = float(np.median(self.scores(windows).mean(0)))

    def scores(self, traces: Traces) -> np.ndarray:
        with torch.no_grad():
            return self.member_scores(traces).double().numpy()

    def decide(self, scores: np.ndarray) -> Verdicts:
        return Verdicts(scores.mean(0), scores.mean(0) >= self.threshold)


@cache
def windows(n: int = 8) -> Traces:
    """Of different levels and swings, with a gap without values, and a bridged one in half of them."""
    rng, t = np.random.default_rng(3), np.arange(N)
    fhr = 140 + rng.normal(0, 8, (n, 1)) + rng.uniform(2, 10, (n, 1)) * np.sin(t / rng.uniform(8, 40, (n, 1)))
    fhr += rng.normal(0, 2, (n, N))
    measured = np.ones_like(fhr)
    measured[:, 100:118] = measured[::2, 200:206] = 0.0
    fhr[:, 100:118] = np.nan
    fhr, measured = (torch.from_numpy(x).float() for x in (fhr, measured))
    return Traces(fhr, torch.zeros_like(fhr), measured, 1.0, tuple(f"w{i}" for i in range(n)), 15.0)


def kernel() -> SortedKernel:
    network, many = SortedKernel(n_channels=2, width=30.0), windows(24)
    with torch.no_grad():
        embedded = network.embed(many.signal(PIPELINE))
        network.head.fit(embedded, embedded.mean(1) - embedded.std(1), torch.ones(24))
    return network.eval()


def lipschitz(width: int = 0) -> LipschitzNet:
    torch.manual_seed(0)
    network = LipschitzNet(n_channels=2, width=width, kernel_size=5, parts=(1.0,), bins=16)
    with torch.no_grad():  # of the level most, the low values above all: an error of this shape leaves them sorted
        network.direction.copy_(torch.linspace(-1, -0.2, 16).repeat(1 + width))
    return network.eval()


def reader_of(kind: str) -> Sorting:
    networks = [kernel()] if kind == "kernel" else [lipschitz()]
    return Sorting(networks, windows())


@pytest.mark.parametrize("kind", ["kernel", "lipschitz"])
def test_no_try_beats_a_certificate(kind):
    reader = reader_of(kind)
    for threat in THREATS:
        certificate = certify(reader, windows(), threat, largest=LARGEST.get(threat))
        found = challenge(reader, windows(), certificate, largest=LARGEST.get(threat), restarts=4, steps=5)
        assert not found.beaten.any(), threat
        claimed = np.minimum(certificate.sizes, LARGEST.get(threat, inf))
        assert ((found.tried >= 20) == (claimed >= 1)).all() or THREATS[threat].unit == "bpm", threat
        assert found.nearest.max() > CLOSE[kind].get(threat, -1), threat  # no straw man


def slope_halved(network: LipschitzNet) -> None:
    slope = network.slope
    network.slope = lambda signal: 0.5 * slope(signal)


def loss_forgotten(network: LipschitzNet) -> None:
    bounds = network.embedded_bounds
    network.embedded_bounds = lambda *planes: bounds(*planes[:4], 0.0, planes[5])


def reach_forgotten(network: LipschitzNet) -> None:
    bounds, seen = network.embedded_bounds, 1 + 2 * network.reach
    network.embedded_bounds = lambda *planes: bounds(*planes[:4], planes[4] / seen, planes[5])


@pytest.mark.parametrize(
    ("plant", "threat", "width"),
    [(slope_halved, "error_rms", 0), (loss_forgotten, "scattered_loss", 0), (reach_forgotten, "scattered_loss", 2)],
)
def test_a_wrong_constant_is_found_out(plant, threat, width):
    network = lipschitz(width)
    reader, largest = Sorting([network], windows()), LARGEST.get(threat)
    right = certify(reader, windows(), threat, largest=largest)
    assert not challenge(reader, windows(), right, restarts=4, steps=5).beaten.any()
    plant(network)
    wrong = certify(reader, windows(), threat, largest=largest)
    found = challenge(reader, windows(), wrong, largest=largest, restarts=4, steps=5)
    assert 0.3 < found.beaten.mean() < 1


def test_what_is_not_certified_or_unread_is_not_beaten():
    reader, nothing = reader_of("lipschitz"), np.zeros(len(windows()))
    found = challenge(reader, windows(), Certificate("offset", nothing, "", ()))
    assert not found.tried.any()
    assert not found.nearest.any()
    found = challenge(reader, windows(), Certificate("uc_gain", nothing + inf, "", ()), restarts=1, steps=2)
    assert found.tried.tolist() == [2] * len(windows())
    assert not found.beaten.any()


def test_bad_input_is_refused():
    reader, certificate = reader_of("lipschitz"), Certificate("offset", np.ones(3), "", ())
    with pytest.raises(FHRError, match="a certificate of 3 windows beside 8, restarts=10"):
        challenge(reader, windows(), certificate)
    with pytest.raises(FHRError, match="steps=0; give the windows"):
        challenge(reader, windows()[:3], certificate, steps=0)
