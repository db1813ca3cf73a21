"""Seconds that `Scattering1d` takes for a batch, beside kymatio's torch frontend, on one thread.

J = 8, Q = 8, N = 7200, 32 signals, float32 on the CPU. The two take turns; medians over rounds, of wall time and of
CPU time, which other work on the machine disturbs less.
The last lines say how far their numbers are apart and what the filter bank's bounds are.

python benchmarks/scattering.py [ROUNDS]
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from kymatio.scattering1d.frontend.torch_frontend import ScatteringTorch1D

from fhr.multiscale.scattering import Scattering1d

SCALE, PER_OCTAVE, SAMPLES, BATCH = 8, 8, 7200, 32


def seconds(task: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    task()
    return time.perf_counter() - wall, time.process_time() - cpu


def main(rounds: int = 11) -> None:
    ours = Scattering1d(SCALE, PER_OCTAVE, n_samples=SAMPLES)
    theirs = ScatteringTorch1D(SCALE, (SAMPLES,), Q=PER_OCTAVE)
    x = torch.randn(BATCH, SAMPLES, generator=torch.Generator().manual_seed(0))
    gappy = x.clone()
    gappy[:, 1000:1400] = torch.nan
    leaf = x.clone().requires_grad_()
    groups: list[dict[str, Callable[[], object]]] = [
        {"kymatio": lambda: theirs(x), "fhr": lambda: ours(x)},
        {"kymatio (as above)": lambda: theirs(x), "fhr, a gap": lambda: ours(gappy)},
        {
            "kymatio, gradient": lambda: theirs(leaf).sum().backward(),
            "fhr, gradient": lambda: ours(leaf).sum().backward(),
        },
    ]
    torch.set_num_threads(1)
    print(
        f"{'task':<18} {'wall s':>7} {'CPU s':>7}  times faster than kymatio in its round, least and median: wall; CPU"
    )
    for tasks in groups:
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in tasks}
        for round_ in range(-1, rounds):
            for name, task in tasks.items():
                elapsed = seconds(task)
                if round_ >= 0:  # the first warms up
                    times[name].append(elapsed)
        reference = next(iter(times.values()))
        for name, found in times.items():
            wall, cpu = (
                [slow[clock] / fast[clock] for slow, fast in zip(reference, found, strict=True)] for clock in (0, 1)
            )
            medians = [statistics.median(clock) for clock in zip(*found, strict=True)]
            print(
                f"{name:<18} {medians[0]:>7.3f} {medians[1]:>7.3f}  {min(wall):.1f}, {statistics.median(wall):.1f}; "
                f"{min(cpu):.1f}, {statistics.median(cpu):.1f}"
            )
    expected, found = theirs.double()(x.double()), ours(x.double())
    apart = ((found - expected) / expected).abs()[:, 1:].max()
    print(f"largest relative difference of a coefficient from kymatio, float64: {apart:.1e}")
    print(f"frame bounds by order: {ours.frame_bound()}; Lipschitz bound: {ours.lipschitz_bound():.4f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
