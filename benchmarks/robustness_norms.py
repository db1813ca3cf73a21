"""Certified norms of convolutions beside explicit matrices, and Lipschitz bounds of networks beside slopes.

python benchmarks/robustness_norms.py layers [--layers 100]
python benchmarks/robustness_norms.py networks CHECKPOINT... --data FOLDER [--pairs 100000]

`layers` draws convolutions (1 to 6 channels on each side, odd kernels of 1 to 15 samples, strides and dilations of 1 to
3, one or two groups) and gives `fhr.models.convolution_norm` over the largest singular value of the matrix that the
convolution is, with zeros beyond the ends, of signals of several lengths.

`networks` takes finished checkpoints of ordinary networks (`fhr fit`) and the recordings of a folder. Pairs are a
window and the same with an error on the measured samples of its heart rate: white noise, slow noise, one sample, an
offset, and the gradient of the score itself, of 0.01 to 30 bpm RMS. The slope is the change of the score over the l2
norm of the error; `fhr.robustness.lipschitz_bound` has to be above all of them.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from fhr.datasets import read_paths
from fhr.models import Network, convolution_norm, read_checkpoint
from fhr.preprocessing import Pipeline
from fhr.robustness import lipschitz_bound

LENGTHS = (32, 128, 512)  # samples, of explicit matrices
BATCH = 64
UNIT = 20.0  # bpm, of a scaled heart rate
CAREFUL = 4  # batches of other errors to one along the gradient


@dataclass(frozen=True)
class Layer:
    """A convolution without its bias."""

    weight: torch.Tensor
    stride: int
    dilation: int
    groups: int

    @classmethod
    def drawn(cls, draw: np.random.Generator) -> "Layer":
        """Draw one."""
        groups = int(draw.integers(1, 3))
        n_in, n_out = (groups * int(draw.integers(1, 6 // groups + 1)) for _ in range(2))
        kernel = 2 * int(draw.integers(0, 8)) + 1
        weight = torch.from_numpy(draw.standard_normal((n_out, n_in // groups, kernel)))
        return cls(weight, int(draw.integers(1, 4)), int(draw.integers(1, 4)), groups)

    def certified(self) -> float:
        """Certified norm."""
        return convolution_norm(self.weight, stride=self.stride, dilation=self.dilation, groups=self.groups)

    def matrix(self, n: int) -> np.ndarray:
        """The convolution of `n` samples, entry by entry."""
        n_out, per_group, kernel = self.weight.shape
        steps, around = -(-n // self.stride), self.dilation * (kernel // 2)
        out, group_in, tap, step = np.indices((n_out, per_group, kernel, steps)).reshape(4, -1)
        channel = out // (n_out // self.groups) * per_group + group_in
        sample = step * self.stride + tap * self.dilation - around
        inside = (sample >= 0) & (sample < n)
        matrix = np.zeros((n_out * steps, per_group * self.groups * n))
        rows, columns = (out * steps + step)[inside], (channel * n + sample)[inside]
        matrix[rows, columns] = self.weight.numpy()[out, group_in, tap][inside]
        return matrix


def of_layers(n_layers: int) -> None:
    draw = np.random.default_rng(0)
    layers = [Layer.drawn(draw) for _ in range(n_layers)]
    start = time.process_time()
    certified = np.array([layer.certified() for layer in layers])
    spent = time.process_time() - start
    print(f"{n_layers} layers, {1000 * spent / n_layers:.2f} ms a norm\n")
    print("| samples | least ratio | median | largest | within 1% | below |\n|---|---|---|---|---|---|")
    for n in LENGTHS:
        explicit = np.array([largest(layer.matrix(n)) for layer in layers])
        ratio = certified / explicit
        within, below = np.sum(ratio <= 1.01), np.sum(ratio < 1)
        print(
            f"| {n} | {ratio.min():.6f} | {np.median(ratio):.6f} | {ratio.max():.6f} | {within} | {below} |", flush=True
        )


def largest(matrix: np.ndarray) -> float:
    """Largest singular value."""
    product = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    return float(np.sqrt(np.linalg.eigvalsh(product)[-1]))


Error = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
ERRORS: dict[str, Error] = {
    "white noise": lambda mask, draw: torch.randn(mask.shape, generator=draw),
    "slow noise": lambda mask, draw: F.avg_pool1d(torch.randn(mask.shape, generator=draw)[:, None], 61, 1, 30)[:, 0],
    "one sample": lambda mask, draw: F.one_hot(torch.multinomial(mask, 1, generator=draw)[:, 0], mask.shape[1]).to(
        mask.dtype
    ),
    "offset": lambda mask, draw: torch.ones_like(mask) * (torch.rand(len(mask), 1, generator=draw) - 0.5).sign(),
}


def along_gradient(network: Network, signal: torch.Tensor) -> torch.Tensor:
    rate = signal[:, :1].clone().requires_grad_()
    scores = network(torch.cat([rate, signal[:, 1:]], dim=1))
    (gradient,) = torch.autograd.grad(scores.sum(), rate)
    return gradient[:, 0]


def of_network(path: str, root: str, n_pairs: int) -> None:
    card, network = read_checkpoint(path)
    pipeline = Pipeline.from_dict(card.pipeline)
    windows, _ = pipeline.prepare(read_paths([root])[0])
    signals = torch.from_numpy(np.stack([window.signal for window in windows])).float()
    signals = signals[(signals[:, -1] > 0).any(1)]
    start = time.process_time()
    bounds = lipschitz_bound(network, signals[:, -1])[:, 0]
    spent = time.process_time() - start
    draw, names = torch.Generator().manual_seed(0), list(ERRORS)
    steepest = dict.fromkeys([*names, "gradient"], 0.0)
    tightest, broken, done = np.inf, 0, 0
    while done < n_pairs:
        rows = torch.randint(len(signals), (BATCH,), generator=draw)
        signal, measured = signals[rows], (signals[rows, -1] > 0).float()
        turn = done // BATCH % (CAREFUL + 1)
        name = "gradient" if turn == CAREFUL else names[turn]
        error = along_gradient(network, signal) if turn == CAREFUL else ERRORS[name](measured, draw)
        error = error * measured
        rms = 0.01 * 3000 ** torch.rand(BATCH, generator=draw)
        length = rms * measured.sum(1).sqrt() / UNIT
        error = error / error.norm(dim=1, keepdim=True).clamp_min(1e-12) * length[:, None]
        moved = signal.clone()
        moved[:, 0] += error
        with torch.no_grad():
            slope = ((network(moved) - network(signal))[:, 0].abs() / (moved - signal).flatten(1).norm(dim=1)).double()
        broken += int((slope > bounds[rows]).sum())
        tightest = min(tightest, float((bounds[rows] / slope.clamp_min(1e-300)).min()))
        steepest[name] = max(steepest[name], float(slope.max()))
        done += BATCH
    per_bpm = bounds * (signals[:, -1] > 0).sum(1).sqrt() / UNIT
    print(f"\n{type(network).__name__}, {len(signals)} windows, {done} pairs")
    print(f"bound, of score per l2 norm: median {bounds.median():.4g}, {bounds.min():.4g} to {bounds.max():.4g}")
    print(f"the same, of score per bpm RMS: median {per_bpm.median():.4g}")
    print("steepest: " + ", ".join(f"{name} {slope:.3g}" for name, slope in steepest.items()))
    print(f"bound / slope: least {tightest:.4g}; slopes above the bound: {broken}")
    print(f"{1000 * spent:.0f} ms for the bounds of all windows", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    layers = verbs.add_parser("layers")
    layers.add_argument("--layers", type=int, default=100)
    networks = verbs.add_parser("networks")
    networks.add_argument("checkpoints", nargs="+")
    networks.add_argument("--data", required=True, help="folder of recordings")
    networks.add_argument("--pairs", type=int, default=100_000)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.verb == "layers":
        of_layers(options.layers)
    else:
        for path in options.checkpoints:
            of_network(path, options.data, options.pairs)


if __name__ == "__main__":
    main()
