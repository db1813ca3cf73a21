"""Level and power of the calibration test of a cross-validation, on simulated data with a known truth.

    python benchmarks/calibration_null.py [--data-sets 300] [--first 0] [--redraws 200] [--cases ...]

Each data set: n births, a share of them with the label, scores of two normal classes; five outer folds, K networks an
outer fold, each the score of a birth with noise of its own. Under the first cases the procedure is calibrated but for
chance, and p is uniform; then it is wrong in a known way. Rejections of the textbook test (chi-squared) beside it.
"""

import argparse
import time
from functools import partial

import numpy as np
from scipy.special import expit, logit
from scipy.stats import binomtest, chi2, kstest

from fhr.calibration import RidgePlatt
from fhr.evaluation.calibration_null import StoredFold, calibration_null


class Shifted(RidgePlatt):
    """Ridge-Platt whose probabilities are of another prevalence: log-odds moved by `by`."""

    by = 0.0

    def refitted(self, scores, counts, events):
        """The curves, moved."""
        curves = super().refitted(scores, counts, events)
        return lambda at: expit(logit(curves(at)) + self.by)


class ShiftedUp(Shifted):
    """The prevalence taken for twice what it is at some 7%."""

    by = 0.7


CASES = {
    "calibrated, 7%, one network": {"share": 0.07, "noise": 0.0},
    "calibrated, 20%, one network": {"share": 0.2, "noise": 0.0},
    "calibrated, 7%, four networks": {"share": 0.07, "noise": 0.5},
    "calibrated, 20%, four networks": {"share": 0.2, "noise": 0.5},
    "calibrated, 20%, four networks, three repeats": {"share": 0.2, "noise": 0.5, "repeats": 3},
    "average calibrated as one network, 7%": {"share": 0.07, "noise": 0.8, "stretched": False},
    "average calibrated as one network, 20%": {"share": 0.2, "noise": 0.8, "stretched": False},
    "prevalence shifted, 7%": {"share": 0.07, "noise": 0.5, "make": ShiftedUp},
    "prevalence shifted, 20%": {"share": 0.2, "noise": 0.5, "make": ShiftedUp},
    "scores of another scale in the test folds, 20%": {"share": 0.2, "noise": 0.5, "scale": 1.5},
    "wrong form of the calibrator (heavy tails), 20%": {
        "share": 0.2,
        "noise": 0.0,
        "heavy": True,
        "difference": 1.8,
    },
    "calibrated, 7%, four networks, three repeats": {"share": 0.07, "noise": 0.5, "repeats": 3},
    "average calibrated as one network, 20%, three repeats": {
        "share": 0.2,
        "noise": 0.8,
        "repeats": 3,
        "stretched": False,
    },
    "prevalence shifted, 7%, three repeats": {"share": 0.07, "noise": 0.5, "repeats": 3, "make": ShiftedUp},
    "wrong form of the calibrator (heavy tails), 20%, three repeats": {
        "share": 0.2,
        "noise": 0.0,
        "heavy": True,
        "difference": 1.8,
        "repeats": 3,
    },
}


def data_set(
    rng: np.random.Generator,
    *,
    share: float,
    noise: float,
    n: int = 442,
    difference: float = 1.2,
    networks: int = 4,
    repeats: int = 1,
    scale: float = 1.0,
    heavy: bool = False,
) -> tuple[list[StoredFold], np.ndarray]:
    """Stored scores and labels of one simulated cross-validation."""
    labels = (rng.random(n) < share).astype(int)
    own = rng.normal(difference * (labels - 0.5))
    own = np.sinh(1.3 * own) if heavy else own
    folds = []
    for repeat in range(repeats):
        for tested in np.array_split(rng.permutation(n), 5):
            held_out = np.setdiff1d(np.arange(n), tested)
            known = own[held_out] + noise * rng.normal(size=len(held_out))
            by_inner = own[tested] + noise * rng.normal(size=(networks, len(tested)))
            folds.append(StoredFold(repeat, held_out, known, tested, scale * by_inner))
    return folds, labels


def p_values(seed: int, redraws: int, *, stretched: bool = True, make=RidgePlatt, **given) -> tuple[float, float]:
    """Of the procedure's own null and of chi-squared."""
    folds, labels = data_set(np.random.default_rng([seed, 99]), **given)
    if not stretched:  # nothing between inner folds: the average is taken for one network
        folds = [fold._replace(by_inner=fold.by_inner.mean(axis=0)[None]) for fold in folds]
    null = calibration_null(folds, labels, n_redraws=redraws, seed=seed, make=make)
    return null.p_value(), float(chi2.sf(null.observed[2], 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-sets", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="seed of the first data set")
    parser.add_argument("--redraws", type=int, default=200)
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), choices=range(len(CASES)))
    options = parser.parse_args()
    if options.first < 0:
        parser.error(f"--first {options.first}: give 0 or more")
    print("| case | mean p | rejected at 5% | 95% interval | Kolmogorov-Smirnov | rejected by chi-squared | s |")
    print("|---|---|---|---|---|---|---|")
    for case in options.cases:
        name, given = list(CASES.items())[case]
        start = time.perf_counter()
        one = partial(p_values, redraws=options.redraws, **given)
        own, textbook = np.array([one(seed) for seed in range(options.first, options.first + options.data_sets)]).T
        found = int((own <= 0.05).sum())
        low, high = binomtest(found, len(own)).proportion_ci(method="exact")
        print(
            f"| {name} | {own.mean():.2f} | {found / len(own):.3f} | {low:.3f} to {high:.3f} "
            f"| {kstest(own, 'uniform').pvalue:.3f} | {(textbook <= 0.05).mean():.3f} "
            f"| {time.perf_counter() - start:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
