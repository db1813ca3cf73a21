"""Bias, spread and interval coverage of `fhr.multiscale.analyze` on processes whose log-cumulants are known.

python benchmarks/multiscale_accuracy.py [--masks FOLDER] [--realisations 100] [--intervals 200] [--replicates 500]

7,200 samples, db3, scales 3 to 8, integral scale 7,200 (cascade: 8,192). With --masks also the same signals under the
gaps of the recordings in FOLDER (30-minute windows), by stratum of signal loss. pymultifracs, where installed, sees the
same complete signals.
"""

import argparse
import contextlib
import itertools
from math import inf

import numpy as np
import torch

from fhr.datasets import CTUUHB
from fhr.multiscale import analyze
from fhr.preprocessing import DEFAULT_STEPS, clean
from fhr.processes import cascade, fbm, mrw

N = 7200
STRATA = (0.0, 0.001, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


def signals(size: int, seed: int) -> dict[str, tuple[np.ndarray, tuple[float, float, float]]]:
    """Realisations (size, N) and their c1, c2, c3 by name."""
    found = {f"fBm, H = {h}": (fbm(N, h, size=size, seed=seed), (h, 0.0, 0.0)) for h in (0.3, 0.5, 0.8)}
    for c2 in (-0.02, -0.05, -0.10):
        found[f"MRW, c2 = {c2}"] = (mrw(N, c2=c2, size=size, seed=seed), (0.5 - c2, c2, 0.0))
    measure = np.cumsum(cascade(N, c2=-0.05, size=size, seed=seed), axis=-1)
    found["cascade, c2 = -0.05"] = (measure, (1.025, -0.05, 0.0))
    return found


def cells(values: np.ndarray, truth: tuple[float, ...]) -> str:
    """Bias and standard deviation of each cumulant over the realisations that have one."""
    kept = values[np.isfinite(values).all(-1)]
    found = " | ".join(f"{v.mean() - t:+.4f} / {v.std(ddof=1):.4f}" for v, t in zip(kept.T, truth, strict=False))
    return found if len(kept) == len(values) else f"{found} ({len(values) - len(kept)} NaN)"


def reference(x: np.ndarray, p: float) -> np.ndarray:
    import pymultifracs

    leaders = pymultifracs.wavelet_analysis(x.T, "db3", j2=8).get_leaders(p_exp=p, gamint=0)
    found = pymultifracs.mfa(leaders, [(3, 8)], n_cumul=3, weighted="Nj", estimates="c")
    return np.asarray(found.cumulants.log_cumulants)[0]  # range, channel, m


def complete(size: int) -> None:
    print("| signal | estimator | c1: bias / sd | c2: bias / sd | c3: bias / sd |\n|---|---|---|---|---|")
    for name, (x, truth) in signals(size, seed=1).items():
        print(f"| {name} | p = 2 | {cells(analyze(x).log_cumulants, truth)} |")
        print(f"| | p = 2, correct_variance=False | {cells(analyze(x, correct_variance=False).log_cumulants, truth)} |")
        print(f"| | leaders, gamma = 0.5 | {cells(analyze(x, p=inf, gamma=0.5).log_cumulants, truth)} |")
        with contextlib.suppress(ImportError):
            print(f"| | pymultifracs, p = 2 | {cells(reference(x, 2), truth)} |")


def real_masks(folder: str) -> np.ndarray:
    """Where windows of 30 minutes, 5 minutes apart, have signal after cleaning."""
    found = []
    for recording in CTUUHB(folder):
        present = np.isfinite(clean(recording, DEFAULT_STEPS).fhr)
        found += [present[end - N : end] for end in range(len(present), N - 1, -1200)]
    return np.array(found)


def gaps(folder: str, size: int) -> None:
    masks, rng = real_masks(folder), np.random.default_rng(0)
    loss = 1 - masks.mean(-1)
    t = np.arange(N)
    print("\n| signal | loss | windows | c1: bias / sd | c2: bias / sd | c2 of lines across gaps, median |")
    print("|---|---|---|---|---|---|")
    for name in ("fBm, H = 0.5", "MRW, c2 = -0.05", "cascade, c2 = -0.05"):
        x, truth = signals(size, seed=2)[name]
        for low, high in itertools.pairwise(STRATA):
            inside = np.flatnonzero((loss >= low) & (loss < high))
            mask = masks[rng.choice(inside, size)]
            c = analyze(x, mask=mask).log_cumulants
            lines = np.array([np.interp(t, t[m], s[m]) for s, m in zip(x, mask, strict=True)])
            naive = analyze(lines).log_cumulants[:, 1]
            print(
                f"| {name} | {low:.1%} to {high:.0%} | {len(inside)} | {cells(c[:, :2], truth)} "
                f"| {np.nanmedian(naive):+.3f} |"
            )


def scattered(size: int) -> None:
    """28% of the samples missing in gaps of one length, at random."""
    print("\n| signal | gap, samples | c1: bias / sd | c2: bias / sd |\n|---|---|---|---|")
    rng = np.random.default_rng(0)
    for name in ("fBm, H = 0.5", "MRW, c2 = -0.05"):
        x, truth = signals(size, seed=4)[name]
        for length in (0, 1, 4, 20, 240):
            mask = np.ones(x.shape, dtype=bool)
            for row in mask:
                while length and row.mean() > 0.72:
                    start = rng.integers(0, N)
                    row[start : start + length] = False
            print(f"| {name} | {length} | {cells(analyze(x, mask=mask).log_cumulants[:, :2], truth)} |")


def coverage(size: int, replicates: int) -> None:
    print("\n| signal | c1 | c2 | c3 | c2 without correct_variance | mean width of c2 |\n|---|---|---|---|---|---|")
    short = mrw(N, c2=-0.05, integral_scale=1800, size=size, seed=3)
    cases = signals(size, seed=3) | {"MRW, c2 = -0.05, integral scale 1,800": (short, (0.55, -0.05, 0.0))}
    for name, (x, truth) in cases.items():
        found = []
        for correct in (True, False):
            ends = analyze(x, n_bootstrap=replicates, correct_variance=correct).intervals["log_cumulants"]
            found.append(((ends[..., 0] <= truth) & (truth <= ends[..., 1])).mean(0))
            if correct:
                width = (ends[:, 1, 1] - ends[:, 1, 0]).mean()
        print(f"| {name} | {' | '.join(f'{v:.3f}' for v in found[0])} | {found[1][1]:.3f} | {width:.4f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks")
    parser.add_argument("--realisations", type=int, default=100)
    parser.add_argument("--intervals", type=int, default=200)
    parser.add_argument("--replicates", type=int, default=500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    complete(options.realisations)
    if options.masks:
        gaps(options.masks, options.realisations)
    scattered(options.realisations // 4)
    coverage(options.intervals, options.replicates)


if __name__ == "__main__":
    main()
