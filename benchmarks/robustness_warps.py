"""Warps of time against their bounds: a scattering network with a ridge head on CTU-UHB.

python benchmarks/robustness_warps.py FOLDER [--records 200] [--slopes 0.01 0.02 0.05] [--seconds 5] [--steps 40]

The head is a ridge on pH in 5 folds; the threshold takes as many training births for at risk as have pH <= 7.15. Each
record is scored by the network that did not see it. Printed are AUROC and certified error; how many verdicts no warp of
a slope changes, by the bounds and by an attack; whether any warp, random or of the attack, beat a bound, and how much
of the bound was reached; the same for warps of the window itself, whose gaps move by whole samples, against the bounds
with edges, and how often these left the bounds without; and the constants of the bank.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.linear_model import Ridge

from fhr.datasets import CTUUHB
from fhr.metrics import auroc
from fhr.models import ScatteringNet
from fhr.multiscale import Scattering1d
from fhr.preprocessing import Pipeline
from fhr.robustness import (
    WarpedWindow,
    deformation_bound,
    exchange_constant,
    feasible_delay,
    warped_scores,
)

RANDOM = 10  # warps a record and slope
GAIN = 0.15  # scores per bpm, above that of the ridge


def fitted(signal: torch.Tensor, ph: np.ndarray) -> ScatteringNet:
    """Network whose weights are a ridge's on the means of some windows."""
    network = ScatteringNet(gain=GAIN).eval()
    means = means_of(network, signal)
    risk = (7.20 - ph.clip(6.95, 7.35)) / 0.1
    ridge = Ridge(alpha=10.0).fit(means.flatten(1).numpy(), risk)
    with torch.no_grad():
        network.head.fill_(0.01)
        unit = network.weights() / network.head  # one number
        network.head.copy_(torch.from_numpy(ridge.coef_.reshape(network.head.shape)).float() / unit)
        network.bias.fill_(float(ridge.intercept_))
        assert torch.allclose(network.weights(), unit * network.head)  # not shortened: the gain is large enough
    return network


@torch.no_grad()
def means_of(network: ScatteringNet, signal: torch.Tensor) -> torch.Tensor:
    """Mean amplitudes (n, path, part) that the head is fitted to."""
    taper = network.taper(signal)
    total = network.sums(network.shares(taper), taper)
    return network.sums(network.moduli(network.tapered(signal, taper)), taper) / total


def random_delays(n: int, n_times: int, seconds: float, slope: float, rng: np.random.Generator) -> torch.Tensor:
    """Random delays (n, n_times): swings of the whole slope, of periods from seconds to the window."""
    period = np.exp(rng.uniform(np.log(4), np.log(2 * n_times), (n, 1)))
    swing = np.sign(np.sin(2 * np.pi * np.arange(n_times) / period + rng.uniform(0, 7, (n, 1))))
    raw = torch.from_numpy(np.cumsum(slope * swing, axis=1))
    return feasible_delay(raw, torch.full((n,), seconds), 1.0, slope)


def attack(
    networks: list[ScatteringNet],
    signal: torch.Tensor,
    toward: torch.Tensor,
    delay: torch.Tensor,
    seconds: float,
    slope: float,
    steps: int,
):
    """Delays of a projected gradient ascent of toward * score, one after the other, each with its scores."""
    largest = torch.full((len(signal),), seconds)
    for step in range(steps):
        leaf = delay.clone().requires_grad_()
        scores = scores_of(networks, signal, leaf)
        (gradient,) = torch.autograd.grad((toward * scores).sum(), leaf)
        yield delay, scores.detach()
        size = 0.5 * seconds * (1 - step / steps) / gradient.abs().amax(1, keepdim=True).clamp_min(1e-12)
        delay = feasible_delay(delay + size * gradient, largest, 1.0, slope)


def scores_of(networks: list[ScatteringNet], signal: torch.Tensor, delay: torch.Tensor) -> torch.Tensor:
    """Scores (n,) of warped records, each by its own network."""
    return by_network(networks, lambda network, rows: warped_scores(network, signal[rows], delay[rows].float()))


def by_network(networks: list[ScatteringNet], score) -> torch.Tensor:
    """Scores (n,), of the rows of each network together."""
    found = torch.zeros(len(networks))
    for network in dict.fromkeys(networks):
        rows = torch.tensor([k for k, one in enumerate(networks) if one is network])
        found = found.index_put((rows,), score(network, rows)[:, 0])
    return found


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--slopes", type=float, nargs="+", default=[0.01, 0.02, 0.05])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--steps", type=int, default=40)
    arguments = parser.parse_args()

    recordings = list(CTUUHB(arguments.folder))
    pipeline = Pipeline()
    signal = torch.from_numpy(np.stack([pipeline(one).signal for one in recordings]))
    ph = np.array([one.outcome.ph for one in recordings])
    rng = np.random.default_rng(0)
    fold = rng.permutation(len(ph)) % 5
    scores, slopes, thresholds = np.zeros(len(ph)), np.zeros(len(ph)), np.zeros(len(ph))
    networks: list[ScatteringNet] = [ScatteringNet()] * len(ph)
    for k in range(5):
        network = fitted(signal[fold != k], ph[fold != k])
        with torch.no_grad():
            seen = network(signal[fold != k])[:, 0].numpy()
            scores[fold == k] = network(signal[fold == k])[:, 0].numpy()
            slopes[fold == k] = network.slope(signal[fold == k]).numpy()
        thresholds[fold == k] = np.quantile(seen, 1 - (ph[fold != k] <= 7.15).mean())
        for i in np.flatnonzero(fold == k):
            networks[i] = network
    certified = np.abs(scores - thresholds) / slopes
    print(f"AUROC ph<7.05 {auroc(ph < 7.05, scores):.3f}, ph<=7.15 {auroc(ph <= 7.15, scores):.3f}")
    print(f"certified error: median {np.median(certified):.2f} bpm RMS, at 1 bpm {(certified >= 1).mean():.3f}")

    chosen = rng.permutation(len(ph))[: arguments.records]
    signal, scores, thresholds = signal[chosen], scores[chosen], thresholds[chosen]
    networks = [networks[i] for i in chosen]
    for slope in arguments.slopes:
        against(networks, signal, scores, thresholds, slope, arguments.seconds, arguments.steps, rng)
    constants()


def against(networks, signal, scores, thresholds, slope, seconds, steps, rng) -> None:
    """Print how bounds of one slope stand against warps."""
    began = time.perf_counter()
    windows = [WarpedWindow(n, s, slope) for n, s in zip(networks, signal, strict=True)]
    weights = [n.weights().detach().double().numpy()[:1] for n in networks]
    low, high = bounds_of(windows, weights, scores, seconds)
    took = (time.perf_counter() - began) / len(signal)
    at_risk = scores >= thresholds
    kept = {}
    for most in (1.0, seconds, 60.0):
        lowest, highest = bounds_of(windows, weights, scores, most)
        kept[most] = ((lowest >= thresholds) == at_risk) & ((highest >= thresholds) == at_risk)
    n, n_times = len(signal), signal.shape[-1]
    reached, broken, tried, flipped = np.zeros(n), 0, 0, np.zeros(n, dtype=bool)

    def judge(moved: np.ndarray) -> None:
        nonlocal broken, tried
        tried += n
        broken += int(((moved < low) | (moved > high)).sum())
        share = np.where(moved > scores, (moved - scores) / (high - scores), (scores - moved) / (scores - low))
        np.maximum(reached, share, out=reached)
        np.logical_or(flipped, (moved >= thresholds) != at_risk, out=flipped)

    beside, edged = 0, 0
    edge_low, edge_high = bounds_of(
        [WarpedWindow(n, s, slope, edges=True) for n, s in zip(networks, signal, strict=True)], weights, scores, seconds
    )
    with torch.no_grad():
        for _ in range(RANDOM):
            delay = random_delays(n, n_times, seconds, slope, rng)
            judge(scores_of(networks, signal, delay).numpy())
            moved = window_scores(networks, signal, delay)
            beside += int(((moved < low) | (moved > high)).sum())
            edged += int(((moved < edge_low) | (moved > edge_high)).sum())
    toward = torch.from_numpy(np.where(at_risk, -1.0, 1.0)).float()
    start = random_delays(n, n_times, seconds, slope, rng)
    for delay, moved in attack(networks, signal, toward, start, seconds, slope, steps):
        judge(moved.numpy())
        last = delay
    with torch.no_grad():
        moved = window_scores(networks, signal, last)
    beside += int(((moved < low) | (moved > high)).sum())
    edged += int(((moved < edge_low) | (moved > edge_high)).sum())
    shares = ", ".join(f"{most:g} s {one.mean():.3f}" for most, one in kept.items())
    print(
        f"slope {slope:g}: verdicts certified up to {shares}; flipped by the attack within {seconds:g} s "
        f"{flipped.mean():.3f}, certified among them {(flipped & kept[seconds]).sum()}; {tried} warps, {broken} beat a "
        f"bound; of the bound was reached {np.median(reached):.3f} (median), {reached.max():.3f} (most); width "
        f"{np.median(high - low):.3f}, {took:.2f} s a window"
    )
    finite = np.isfinite(edge_high)
    print(
        f"    warps of the window itself: {n * (RANDOM + 1)} warps, {edged} beat a bound with edges (finite for "
        f"{finite.mean():.3f} of windows), {beside} one without"
    )


def bounds_of(windows, weights, scores, seconds) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest scores (n,)."""
    moves = np.array([[side[0] for side in w.moves(c, seconds)] for w, c in zip(windows, weights, strict=True)])
    return scores - moves[:, 0] - 2e-5, scores + moves[:, 1] + 2e-5


def window_scores(networks, signal: torch.Tensor, delay: torch.Tensor) -> np.ndarray:
    """Scores (n,) of windows of which heart rate and mask are warped."""
    n_times = signal.shape[-1]
    at = (torch.arange(n_times) - delay).clamp(0, n_times - 1)
    left = at.floor().long().clamp(max=n_times - 2)[:, None].expand(-1, 3, -1)
    share = (at[:, None] - left).to(signal)
    moved = signal.gather(-1, left) * (1 - share) + signal.gather(-1, left + 1) * share
    return by_network(networks, lambda network, rows: network(moved[rows])).numpy()


def constants() -> None:
    """Print the constants of the transform of the feature table's bank and of the network's."""
    for J, Q in ((8, 1), (8, 8)):
        layer = Scattering1d(J, Q, n_samples=3600, unit_gain=True)
        each = [exchange_constant(w, layer.bank.length, 1e-4) / 1e-4 for w in layer.bank.families[0]]
        table = {f"{s:g}, {z:g} s": deformation_bound(layer, z, s) for s, z in ((0.01, 5), (0.02, 5), (0.02, 30))}
        said = "; ".join(f"{key}: {value:.4f}" for key, value in table.items())
        print(f"J={J}, Q={Q}: exchange {min(each):.2f} to {max(each):.2f} per slope; change over norm at most {said}")
        print(f"    Lipschitz constant {layer.lipschitz_bound():.4f}")


if __name__ == "__main__":
    main()
