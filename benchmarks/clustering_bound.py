"""Bounds of what is separable beside what methods separate, on simulated kinds.

python benchmarks/clustering_bound.py [--n 100 442 2000] [--d 2 10 50] [--kinds 2 3 5] [--repeats 100]
    [--reference rotated]

Spherical kinds of equal weight, every two centres at one distance (of more than d + 1 kinds neighbours on a circle), at
multiples of `fhr.metrics.least_separation`. A row states

- `spectral`, `shape`: the two bounds, standard deviations; the larger one rules and is printed bold;
- `ARI at spectral`: adjusted Rand index where the distance is the spectral bound, `at bound` where the larger one:
  K-means, a spherical Gaussian mixture and K-means on K - 1 principal axes are told K; the mean over data sets of that
  method whose mean is the best;
- `> .5 from`: the multiple of the larger bound where it crosses .5;
- `one fewer at bound`, `.8 from`: power to see K kinds where two of them could be one, and the multiple where it
  reaches .8. The null hypothesis is known: two kinds are replaced by a single one of their mean and covariance.
  Statistic: logarithm of the ratio of loosenesses (K-means, within sum of squares) at K - 1 and K, beyond 95% of those
  of data of the null;
- `one kind at 0`, `at bound`, `.8 from`: power to see more than one kind. Statistic: loosenesses at 1 and K. Reference
  data are the values after a random rotation of the records, which keeps their mean and covariance to the last digit
  and makes the level of a Gaussian kind of any covariance exact (Langsrud 2005, doi:10.1007/s11222-005-4789-5). One
  reference a data set, those of a cell are pooled; at a distance of 0 it is the level. `--reference drawn` draws them
  from a Gaussian of the sample's mean and covariance instead.

Multiples are interpolated; `> 3` is beyond the grid. Before the table: power of the best test of all, the ratio of
likelihoods, of two kinds along a known line against one kind of their variance, at the bound of the shape.
"""

import argparse

import numpy as np
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from fhr.metrics import least_separation, shape_separation, spectral_separation

MULTIPLES = (0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)


def centres_of(kinds: int, d: int, distance: float) -> np.ndarray:
    """Centres (kinds, d): a simplex where it fits, otherwise neighbours on a circle."""
    centres = np.zeros((kinds, d))
    if kinds <= d + 1:
        corners = np.eye(kinds) - 1 / kinds
        axes = np.linalg.svd(corners)[2][: kinds - 1]
        centres[:, : kinds - 1] = corners @ axes.T * distance / np.sqrt(2)
    else:
        angles = 2 * np.pi * np.arange(kinds) / kinds
        radius = distance / (2 * np.sin(np.pi / kinds))
        centres[:, :2] = radius * np.column_stack([np.cos(angles), np.sin(angles)])
    return centres


def drawn(rng: np.random.Generator, n: int, centres: np.ndarray, merged: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Values (n, d) and kinds (n,); the first two kinds may be merged to a single one of their mean and covariance."""
    kind = rng.integers(len(centres), size=n)
    values = rng.normal(size=(n, centres.shape[1])) + centres[kind]
    if merged:
        of_two = kind < 2
        along = rng.normal(size=(of_two.sum(), 1)) * (centres[0] - centres[1]) / 2
        values[of_two] += (centres[0] + centres[1]) / 2 - centres[kind[of_two]] + along
    return values, kind


def rotated(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Values of one Gaussian kind that has exactly the mean and covariance of these."""
    mean = values.mean(axis=0)
    _, spread, axes = np.linalg.svd(values - mean, full_matrices=False)
    kept = spread > 1e-9 * spread[0]
    frame = rng.normal(size=(len(values), kept.sum()))
    frame = np.linalg.qr(frame - frame.mean(axis=0))[0]
    return mean + (frame * spread[kept]) @ axes[kept]


def drawn_again(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Values drawn from a Gaussian of the mean and covariance of these."""
    return rng.multivariate_normal(values.mean(axis=0), np.cov(values.T), size=len(values))


REFERENCES = {"rotated": rotated, "drawn": drawn_again}


def looseness(values: np.ndarray, kinds: int) -> float:
    if kinds == 1:
        return float(((values - values.mean(axis=0)) ** 2).sum())
    return float(KMeans(kinds, n_init=3, random_state=0).fit(values).inertia_)


def gaps(values: np.ndarray, fewer: tuple[int, ...], kinds: int) -> np.ndarray:
    return np.log([looseness(values, k) for k in fewer]) - np.log(looseness(values, kinds))


def agreement(values: np.ndarray, kind: np.ndarray, kinds: int) -> list[float]:
    """Adjusted Rand index of the three methods."""
    middle = values - values.mean(axis=0)
    axes = np.linalg.svd(middle, full_matrices=False)[2][: kinds - 1]
    labels = (
        KMeans(kinds, n_init=3, random_state=0).fit_predict(values),
        GaussianMixture(kinds, covariance_type="spherical", random_state=0).fit_predict(values),
        KMeans(kinds, n_init=3, random_state=0).fit_predict(middle @ axes.T),
    )
    return [adjusted_rand_score(kind, found) for found in labels]


def best_agreement(rng: np.random.Generator, n: int, centres: np.ndarray, repeats: int) -> float:
    return float(np.mean([agreement(*drawn(rng, n, centres), len(centres)) for _ in range(repeats)], axis=0).max())


def powers(rng: np.random.Generator, n: int, centres: np.ndarray, repeats: int, reference) -> tuple[float, float]:
    """Power to see the last kind and to see more than one."""
    kinds, of_data, of_null = len(centres), [], []
    for _ in range(repeats):
        values, _ = drawn(rng, n, centres)
        fewer, _ = drawn(rng, n, centres, merged=True)
        of_data.append(gaps(values, (kinds - 1, 1), kinds))
        of_null.append([*gaps(fewer, (kinds - 1,), kinds), *gaps(reference(rng, values), (1,), kinds)])
    beyond = np.array(of_data) > np.quantile(of_null, 0.95, axis=0, method="higher")
    return float(beyond[:, 0].mean()), float(beyond[:, 1].mean())


def best_power(rng: np.random.Generator, n: int, repeats: int = 4000) -> float:
    """Power of the ratio of likelihoods at the bound of the shape, level .05."""
    square = float(shape_separation(n)) ** 2 / 4
    half, sd = np.sqrt(square / (1 + square)), np.sqrt(1 / (1 + square))
    one = rng.normal(size=(repeats, n))
    two = half * rng.choice([-1, 1], size=(repeats, n)) + sd * rng.normal(size=(repeats, n))
    density = [(norm.pdf(x, half, sd) + norm.pdf(x, -half, sd)) / (2 * norm.pdf(x)) for x in (one, two)]
    of_one, of_two = (np.log(ratio).sum(axis=1) for ratio in density)
    return float(np.mean(of_two > np.quantile(of_one, 0.95, method="higher")))


def crossing(found: list[float], level: float) -> str:
    """Multiple where `found` first reaches a level."""
    at = next((i for i, value in enumerate(found) if value >= level), None)
    if at is None:
        return f"> {MULTIPLES[-1]:g}"
    if at == 0:
        return f"< {MULTIPLES[0]:g}"
    return f"{np.interp(level, found[at - 1 : at + 1], MULTIPLES[at - 1 : at + 1]):.2f}"


def row(n: int, d: int, kinds: int, repeats: int, seed: int, reference) -> str:
    spectral, shape = float(spectral_separation(n, d, kinds)), float(shape_separation(n, kinds))
    bound = float(least_separation(n, d, kinds))
    rng = np.random.default_rng([seed, n, d, kinds])
    few = max(repeats // 3, 1)
    at_spectral = best_agreement(rng, n, centres_of(kinds, d, spectral), few)
    ari, fewer, one = [], [], []
    for multiple in MULTIPLES:
        centres = centres_of(kinds, d, multiple * bound)
        ari.append(best_agreement(rng, n, centres, few))
        for list_, value in zip((fewer, one), powers(rng, n, centres, repeats, reference), strict=True):
            list_.append(value)
    level = powers(rng, n, centres_of(kinds, d, 0.0), repeats, reference)[1]
    here = MULTIPLES.index(1.0)
    bounds = [f"**{value:.2f}**" if value == bound else f"{value:.2f}" for value in (spectral, shape)]
    cells = [str(n), str(d), str(kinds), *bounds, f"{at_spectral:.2f}", f"{ari[here]:.2f}", crossing(ari, 0.5)]
    cells += [f"{fewer[here]:.2f}", crossing(fewer, 0.8), f"{level:.2f}", f"{one[here]:.2f}", crossing(one, 0.8)]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, nargs="+", default=[100, 442, 2000])
    parser.add_argument("--d", type=int, nargs="+", default=[2, 10, 50])
    parser.add_argument("--kinds", type=int, nargs="+", default=[2, 3, 5])
    parser.add_argument("--repeats", type=int, default=100, help="data sets a cell and multiple")
    parser.add_argument("--reference", choices=REFERENCES, default="rotated")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for n in options.n:
        print(f"Best test of two kinds, {n} records: {best_power(np.random.default_rng([options.seed, n]), n):.2f}\n")
    head = ["n", "d", "K", "spectral", "shape", "ARI at spectral", "at bound", "> .5 from"]
    head += ["one fewer at bound", ".8 from", "one kind at 0", "at bound", ".8 from"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for n in options.n:
        for d in options.d:
            for kinds in options.kinds:
                print(row(n, d, kinds, options.repeats, options.seed, REFERENCES[options.reference]), flush=True)


if __name__ == "__main__":
    main()
