"""Time a segment of `fhr.multiscale.analyze` beside pymultifracs 0.3.1, in one run.

python benchmarks/multiscale_speed.py [--masks FOLDER] [--rounds 9] [--threads 1] [--segments 64]

Segments are fractional Brownian motion of 7,200 samples, c1 to c3, db3, scales 3 to 8. With --masks the gaps are those
of the recordings in FOLDER, else blocks of random length, a sixth of the time. pymultifracs knows no gaps: it is given
complete signals. Below the table: what float32 does to the estimates, and the largest memory of the process. A GPU is
measured by gpu.py.
"""

import argparse
import resource
from collections.abc import Callable
from math import inf

import numpy as np
import torch
from timing import seconds

from fhr.datasets import CTUUHB
from fhr.multiscale import analyze
from fhr.preprocessing import DEFAULT_STEPS, clean
from fhr.processes import fbm

N = 7200


def real_masks(folder: str, size: int, seed: int = 0) -> np.ndarray:
    """Where the last 30 minutes of cleaned recordings have signal, (size, N), of recordings drawn at random."""
    recordings = [r for r in CTUUHB(folder) if len(r.fhr) >= N]
    masks = np.array([np.isfinite(clean(r, DEFAULT_STEPS).fhr[-N:]) for r in recordings])
    usable = masks[masks.mean(-1) > 0.5]
    return usable[np.random.default_rng(seed).integers(0, len(usable), size)]


def random_masks(size: int, seed: int = 0) -> np.ndarray:
    rng, masks = np.random.default_rng(seed), np.ones((size, N), dtype=bool)
    for mask in masks:
        for start, length in zip(rng.integers(0, N, 30), rng.geometric(1 / 40, 30), strict=True):
            mask[start : start + length] = False
    return masks


def reference(batch: np.ndarray, p: float) -> object:
    import pymultifracs  # a part of the development packages alone

    leaders = pymultifracs.wavelet_analysis(batch.T, "db3", j2=8).get_leaders(p_exp=p, gamint=0)
    return pymultifracs.mfa(leaders, [(3, 8)], n_cumul=3, weighted="Nj", estimates="c")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--segments", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    size = options.segments
    x = fbm(N, 0.5, size=size, seed=1)
    mask = real_masks(options.masks, size) if options.masks else random_masks(size)
    work: dict[str, tuple[int, Callable[[], object]]] = {
        "p = 2, gaps": (size, lambda: analyze(x, mask=mask)),
        "p = 2, complete": (size, lambda: analyze(x)),
        "leaders, gaps": (size, lambda: analyze(x, mask=mask, p=inf)),
        "leaders, gaps, gamma = 1": (size, lambda: analyze(x, mask=mask, p=inf, gamma=1.0)),
        "p = 2, gaps, R = 100": (size, lambda: analyze(x, mask=mask, n_bootstrap=100)),
        "p = 2, gaps, float32": (size, lambda: analyze(x, mask=mask, dtype=torch.float32)),
        "p = 2, gaps, float32, R = 100": (
            size,
            lambda: analyze(x, mask=mask, dtype=torch.float32, n_bootstrap=100),
        ),
    }
    for name, p in (("p = 2", 2), ("leaders", inf)):
        work[f"pymultifracs, {name}, one call each"] = (1, lambda p=p: reference(x[0], p))
        work[f"pymultifracs, {name}, batch"] = (size, lambda p=p: reference(x, p))
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(options.rounds):
        for name, (n, run) in work.items():
            times[name].append(seconds(run, "cpu") / n * 1e3)
    print(f"{size} segments, {options.threads} thread(s), masks lose {1 - mask.mean():.0%}")
    print("| what | ms a segment, median (smallest) | of pymultifracs: one call | batch |\n|---|---|---|---|")
    for name, values in times.items():
        kind = "leaders" if "leaders" in name else "p = 2"
        ratios = [
            f"{np.median(np.array(times[key]) / np.array(values)):.1f} x"
            for key in (f"pymultifracs, {kind}, one call each", f"pymultifracs, {kind}, batch")
        ]
        print(f"| {name} | {np.median(values):.3f} ({min(values):.3f}) | {ratios[0]} | {ratios[1]} |")
    print("| signals | samples | ms for 1,000 samples of each, p = 2 |\n|---|---|---|")
    for more, n in ((size, N), (4 * size, N), (size, 4 * N)):
        longer = fbm(n, 0.5, size=more, seed=1)
        rounds = [seconds(lambda longer=longer: analyze(longer), "cpu") for _ in range(options.rounds)]
        print(f"| {more} | {n} | {np.median(rounds) / more / n * 1e6:.4f} |")
    double, single = (
        torch.as_tensor(analyze(x, mask=mask, dtype=d).log_cumulants) for d in (torch.float64, torch.float32)
    )
    error = (double - single).abs().nan_to_num().amax(0).tolist()
    print("float32 beside float64, largest difference: " + ", ".join(f"c{m} {v:.1e}" for m, v in enumerate(error, 1)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    whole = np.median(times["p = 2, gaps, R = 100"]) * size
    print(f"largest memory: {peak:.0f} MiB; all segments in one call with R = 100: {whole:.1f} ms")


if __name__ == "__main__":
    main()
