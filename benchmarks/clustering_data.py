"""Data that methods of clustering are tried on: sets of one kind, and of several kinds with the truth.

OMP_NUM_THREADS=1 python benchmarks/clustering_data.py make FOLDER POOLS [--minutes 60] [--what real surrogates ...]
OMP_NUM_THREADS=1 python benchmarks/clustering_data.py look POOLS [--figure FILE]

`make` embeds once what takes time, and keeps the vectors in POOLS/NAME.npz, an array for each embedding. `real`:
(442, d), the last window of each labour of FOLDER (CTU-UHB). `surrogates`: (8, 442, d), `IAAFT` surrogates of the same
windows, with their gaps; NaN where less than a quarter of the heart rate is measured. `simulated`: (2000, d), labours
of one kind (`ONE_KIND`) that ended well (`well`). `kinds`: (grade, kind, 300, d), labours of five kinds (`KINDS`), from
alike to far apart (`GRADES`). `look` tells how the real vectors are laid out and how far apart simulated kinds are, and
draws the first two principal axes of the kernel embedding.

Every set has 442 rows unless asked for another number, and the same seed gives the same one. Vectors are scaled anew in
each set, as those of a database are: `Euclidean.fit(vectors, embedding).scale(vectors)`, normal scores, where what is
missing takes the median; a row of which all is missing is left out. Sets that are drawn by a law of the real vectors
get the missing values of a real row, drawn.

**What keeps its kinds.** Surrogates of a labour have its spectrum and its amplitudes: kinds of labour that differ in
these are kinds of surrogates too. They are of one kind as far as real kinds would be kinds of events and their order.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.distance import pdist
from scipy.stats import norm, ortho_group, rankdata, skew
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from fhr.datasets import CTUUHB
from fhr.errors import SignalError
from fhr.features import FeatureScaling
from fhr.recording import Recording
from fhr.similarity import Embedding, Euclidean, LabourWindows, embedding_from, surrogates_of
from fhr.simulation import simulate_recording
from fhr.synthesis import IAAFT

EMBEDDINGS = ("kernel", "log_leaders", "morphology", "order_statistics", "scattering")
N = 442
SURROGATES, SIMULATED, OF_A_KIND = 8, 2000, 300
AT_ONCE = 20  # groups of windows that are embedded together

Settings = dict[str, dict[str, object]]
"""Constants of modules of `fhr.simulation`."""

ONE_KIND: Settings = {
    "labour": {"SECOND_STAGE": (10, 15, 20), "SECOND_STAGE_FREQUENCY": (0.25, 0.5, 0.25), "TACHYSYSTOLE": 0.0},
    "variability": {"REDUCED": (0.0, (900.0, 3000.0), 0.38), "MARKED": (0.0, (180.0, 900.0), 2.2)},
    "decelerations": {"TERMINAL": (0.0, 0.0)},
    "descriptors": {"SENSOR": ((1,), (1.0,))},
}
"""Vaginal births with ultrasound, without what some labours have and others lack: tachysystole, episodes of variability
and a fall at the end. Each fetus and uterus draws its own baseline, variability, rates, depths and loss, as ever."""

GRADES = (0.0, 0.25, 0.5, 1.0, 2.0)


def kind(which: int, grade: float) -> Settings:
    """Settings of one of `KINDS`: each but the plain one is moved by a constant of its own, from 0 to 2.

    Labours of a kind are more alike than those of `ONE_KIND`, and end as they may.
    """
    far = np.eye(5)[which] * grade
    return {
        "labour": ONE_KIND["labour"]
        | {"CONTRACTION_RATE": (3.4 * 1.7 ** far[4], 0.12), "CONTRACTION_RATE_RANGE": (2.0, 6.5)},
        "variability": ONE_KIND["variability"] | {"AMPLITUDE": (4.5 * 0.45 ** far[2], 0.25)},
        "decelerations": ONE_KIND["decelerations"]
        | {"REFLEX": (-1.5 + 3.5 * far[1], 0.6), "REFLEX_DEPTH": (23.0 * 1.6 ** far[1], 0.25, 0.30)},
        "baseline": {"LEVEL": (135.0 + 25.0 * far[3], 7.0), "LEVEL_RISE": 0.0},
        "descriptors": ONE_KIND["descriptors"],
    }


KINDS = ("plain", "decelerations", "quiet", "fast heart", "frequent contractions")


@contextmanager
def simulated_by(settings: Settings) -> Iterator[None]:
    """The simulator with other constants."""
    with ExitStack() as stack:
        for module, constants in settings.items():
            stack.enter_context(patch.multiple(f"fhr.simulation.{module}", **constants))
        yield


def well(recording: Recording) -> bool:
    """Whether a labour ended well: pH of 7.20 or more, and Apgar of 7 or more after five minutes."""
    return recording.outcome.ph >= 7.2 and recording.outcome.apgar5 >= 7


def labours(settings: Settings, n: int, seed: int, wanted: Callable[[Recording], bool]) -> Iterator[Recording]:
    with simulated_by(settings):
        yield from islice(filter(wanted, (simulate_recording(i, seed=seed) for i in count())), n)


# What is embedded once


def embedded(windows: Iterable[LabourWindows], minutes: float) -> dict[str, np.ndarray]:
    """Vectors (n, d) by each embedding."""
    known = {name: embedding_from(name, minutes) for name in EMBEDDINGS}
    found: dict[str, list[np.ndarray]] = {name: [] for name in EMBEDDINGS}
    windows = iter(windows)
    while part := list(islice(windows, AT_ONCE)):
        joined = LabourWindows.joined(part)
        for name, embedding in known.items():
            found[name].append(embedding(joined))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def real_windows(folder: str, minutes: float) -> list[LabourWindows]:
    return [LabourWindows.of(recording, minutes=minutes) for recording in CTUUHB(folder)]


def make_real(folder: str, minutes: float) -> dict[str, np.ndarray]:
    windows = real_windows(folder, minutes)
    return embedded(windows, minutes) | {"names": np.concatenate([one.names for one in windows])}


def make_surrogates(folder: str, minutes: float) -> dict[str, np.ndarray]:
    windows = real_windows(folder, minutes)
    has, made = np.zeros(len(windows), dtype=bool), []
    for i, window in enumerate(windows):
        try:
            made.append(surrogates_of(window, IAAFT(), n=SURROGATES, seed=i))
            has[i] = True
        except SignalError:
            continue
    found = {}
    for name, vectors in embedded(made, minutes).items():
        found[name] = np.full((SURROGATES, len(windows), vectors.shape[1]), np.nan, dtype=np.float32)
        found[name][:, has] = vectors.reshape(has.sum(), SURROGATES, -1).swapaxes(0, 1)
    return found


def make_simulated(folder: str, minutes: float) -> dict[str, np.ndarray]:
    made = labours(ONE_KIND, SIMULATED, 0, well)
    return embedded((LabourWindows.of(one, minutes=minutes) for one in made), minutes)


def make_kinds(folder: str, minutes: float) -> dict[str, np.ndarray]:
    made = (
        LabourWindows.of(one, minutes=minutes)
        for g, grade in enumerate(GRADES)
        for k in range(len(KINDS))
        for one in labours(kind(k, grade), OF_A_KIND, 1 + g * len(KINDS) + k, lambda _: True)
    )
    shape = (len(GRADES), len(KINDS), OF_A_KIND, -1)
    return {name: vectors.reshape(shape) for name, vectors in embedded(made, minutes).items()}


MAKERS = {"real": make_real, "surrogates": make_surrogates, "simulated": make_simulated, "kinds": make_kinds}


class Pools:
    """Vectors of a folder that `make` has filled, by one embedding.

    Args:
        folder: POOLS.
        name: of the embedding.
    """

    def __init__(self, folder: str | Path, name: str) -> None:
        self.folder, self.name = Path(folder), name
        self.minutes = float(np.load(self.folder / "real.npz")["minutes"])
        self.embedding = embedding_from(name, self.minutes)

    def __getitem__(self, what: str) -> np.ndarray:
        """Vectors of `real`, `surrogates`, `simulated` or `kinds`."""
        with np.load(self.folder / f"{what}.npz") as arrays:
            return arrays[self.name]


# Sets of one kind


def scaled(vectors: np.ndarray, embedding: Embedding) -> np.ndarray:
    """Points, float64 (n, d), as the distance of a database compares them; rows of nothing are left out."""
    points = Euclidean.fit(vectors, embedding).scale(vectors).astype(float)
    return points[~np.isnan(points).any(axis=1)]


def robustly_scaled(vectors: np.ndarray) -> np.ndarray:
    """The same without normal scores: from the median, in interquartile ranges / 1.349, to 5 of them."""
    vectors = vectors[~np.isnan(vectors).all(axis=1)].astype(float)
    return np.asarray(FeatureScaling.fit(vectors)(vectors))


def gaussian(seed: int, like: np.ndarray, n: int = N) -> np.ndarray:
    """A Gaussian set (n, d) with the covariance of points."""
    values, axes = np.linalg.eigh(np.cov(like, rowvar=False))
    return np.random.default_rng(seed).normal(size=(n, len(values))) * np.sqrt(np.maximum(values, 0)) @ axes.T


def copula(seed: int, vectors: np.ndarray, n: int = N) -> np.ndarray:
    """Vectors (n, d) with the Gaussian copula and the marginals of other ones, and their gaps.

    Marginals are linear between the values that were measured, so that what many share, many share again; and where a
    marginal has two modes, so has the set.
    """
    vectors = vectors[~np.isnan(vectors).all(axis=1)].astype(float)
    full = np.where(np.isnan(vectors), np.nanmedian(vectors, axis=0), vectors)
    place = (np.arange(len(full)) + 0.5) / len(full)
    deviates = norm.ppf((rankdata(full, axis=0) - 0.5) / len(full))
    spread = deviates.std(axis=0)
    at = norm.cdf(gaussian(seed, deviates / np.where(spread > 0, spread, 1), n))
    ordered = np.sort(full, axis=0)
    made = np.stack([np.interp(at[:, j], place, ordered[:, j]) for j in range(full.shape[1])], axis=1)
    gaps = np.isnan(vectors)[np.random.default_rng([seed, 1]).integers(len(vectors), size=n)]
    made[gaps] = np.nan
    return made


def of_surrogates(seed: int, surrogates: np.ndarray) -> np.ndarray:
    """Vectors of one surrogate of each labour."""
    which = np.random.default_rng(seed).integers(len(surrogates), size=surrogates.shape[1])
    return surrogates[which, np.arange(surrogates.shape[1])]


def nulls(pools: Pools) -> dict[str, Callable[[int], np.ndarray]]:
    """Sets of one kind by name, each a function of a seed to points (n, d)."""
    real, simulated, surrogates = (pools[what] for what in ("real", "simulated", "surrogates"))
    points, scale = scaled(real, pools.embedding), partial(scaled, embedding=pools.embedding)
    return {
        "Gaussian": partial(gaussian, like=points),
        "copula": lambda seed: scale(copula(seed, real)),
        "copula, no normal scores": lambda seed: robustly_scaled(copula(seed, real)),
        "surrogates": lambda seed: scale(of_surrogates(seed, surrogates)),
        "simulated": lambda seed: scale(np.random.default_rng(seed).permutation(simulated)[:N]),
    }


# Sets of several kinds


def counts(k: int, n: int, *, equal: bool = True) -> np.ndarray:
    """Members of each kind, (k,): as many each, or twice as many as of the next one."""
    weights = np.ones(k) if equal else 2.0 ** -np.arange(k)
    edges = np.rint(n * np.cumsum(weights) / weights.sum()).astype(int)
    return np.diff(edges, prepend=0)


def simplex(k: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Centres (k, d), each 1 from each other, turned at random; d is k - 1 or more."""
    corners = (np.eye(k) - 1 / k) / np.sqrt(2)
    flat = np.linalg.svd(corners)[2][: k - 1]
    turned = ortho_group.rvs(d, random_state=rng) if d > 1 else np.eye(1)
    return corners @ flat.T @ turned[: k - 1]


SHAPES = ("spherical", "stretched", "heavy")


def synthetic_kinds(
    seed: int, k: int, separation: float, *, n: int = N, d: int = 10, equal: bool = True, shape: str = "spherical"
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, d) of k kinds, and the kind of each, (n,).

    Args:
        seed: of the set.
        k: kinds.
        separation: of any two centres, in standard deviations of a coordinate within a kind.
        n: points.
        d: coordinates, k - 1 or more.
        equal: whether kinds have as many members each, see `counts`.
        shape: of a kind. `spherical`: Gaussian of covariance 1; `stretched`: Gaussian of a covariance of its own,
            turned at random, variances log-uniform over a factor of 16 and 1 in the mean; `heavy`: multivariate t of 5
            degrees of freedom and covariance 1.
    """
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(k), counts(k, n, equal=equal)))
    within = rng.normal(size=(n, d))
    if shape == "heavy":
        within *= np.sqrt(3 / rng.chisquare(5, size=(n, 1)))
    if shape == "stretched":
        for one in range(k):
            variances = 16 ** rng.uniform(size=d)
            axes = ortho_group.rvs(d, random_state=rng) * np.sqrt(variances / variances.mean())
            within[truth == one] = within[truth == one] @ axes.T
    return separation * simplex(k, d, rng)[truth] + within, truth


def kinds_of_labour(
    seed: int, k: int, grade: float, pool: np.ndarray, embedding: Embedding, *, n: int = N, equal: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, d) of simulated labours of the first k kinds, and the kind of each, (n,).

    Args:
        seed: of the set.
        k: kinds, 1 to 5.
        grade: of `GRADES`: 0 for one kind, 2 for those that are farthest apart.
        pool: `kinds` of `Pools`.
        embedding: of the pool.
        n: labours.
        equal: see `counts`; of the first kind there are 300 in the pool.
    """
    rng = np.random.default_rng(seed)
    of_grade = zip(pool[GRADES.index(grade)][:k], counts(k, n, equal=equal), strict=True)
    vectors = [rng.permutation(some)[:m] for some, m in of_grade]
    truth = np.repeat(np.arange(k), [len(some) for some in vectors])
    order = rng.permutation(len(truth))
    return scaled(np.concatenate(vectors)[order], embedding), truth[order]


# How the real vectors are laid out


def silverman(x: np.ndarray, rng: np.random.Generator, n: int = 200) -> float:
    """P-value of one mode of x (n,), by Silverman's critical bandwidth (1981), of the values within 99%."""
    low, high = np.quantile(x, (0.005, 0.995))
    x = x[(x >= low) & (x <= high)]
    edges = np.linspace(low - (high - low) / 2, high + (high - low) / 2, 1025)
    step = edges[1] - edges[0]

    def modes(some: np.ndarray, width: float) -> int:
        density = gaussian_filter1d(np.histogram(some, edges)[0].astype(float), width / step, mode="constant")
        rising = np.diff(density) > 1e-9 * density.max()
        return int((rising[:-1] & ~rising[1:]).sum())

    narrow, wide = step, high - low
    for _ in range(14):
        middle = np.sqrt(narrow * wide)
        narrow, wide = (middle, wide) if modes(x, middle) > 1 else (narrow, middle)
    shrunk = 1 / np.sqrt(1 + wide**2 / x.var())
    more = 0
    for _ in range(n):
        drawn = rng.choice(x, len(x)) + wide * rng.normal(size=len(x))
        more += modes(x.mean() + shrunk * (drawn - x.mean()), wide) > 1
    return (1 + more) / (n + 1)


def look(pools: Pools) -> str:
    """A row of the table of `look`."""
    rng, vectors = np.random.default_rng(0), pools["real"].astype(float)
    some = vectors[~np.isnan(vectors).all(axis=1)]
    full = np.where(np.isnan(some), np.nanmedian(some, axis=0), some)
    points = scaled(vectors, pools.embedding)
    values = np.linalg.eigvalsh(np.cov(points, rowvar=False))[::-1]
    shares = np.cumsum(values) / values.sum()
    axes = (points - points.mean(axis=0)) @ np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2].T
    beyond = np.linalg.eigvalsh(np.cov(rng.permuted(points, axis=0), rowvar=False))[-1]
    tied = [np.unique(column, return_counts=True)[1].max() / len(column) for column in full.T]
    of_raw = np.array([silverman(column, rng) for column in full.T if np.ptp(column) > 0])
    of_points = np.array([silverman(column, rng) for column in points.T if np.ptp(column) > 0])
    of_axes = [silverman(column, rng) for column in axes.T[:10]]
    cells = [
        pools.name,
        f"{len(points)} x {points.shape[1]}",
        f"{np.isnan(vectors).mean():.3f}",
        " ".join(f"{share:.2f}" for share in values[:5] / values.sum()),
        " ".join(f"{np.searchsorted(shares, level) + 1}" for level in (0.8, 0.9, 0.95)),
        f"{values.sum() ** 2 / np.square(values).sum():.1f}",
        f"{(values > beyond).sum()}",
        " ".join(f"{q:.1f}" for q in np.nanquantile(skew(full), (0.1, 0.5, 0.9))),
        f"{np.mean(np.array(tied) > 0.1):.2f} ({max(tied):.2f})",
        f"{(of_raw <= 0.05).mean():.2f}",
        f"{(of_points <= 0.05).mean():.2f}",
        " ".join(f"{p:.2f}" for p in of_axes[:5]),
        " ".join(f"{s:.1f}" for s in skew(axes)[:5]),
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "embedding",
    "labours x coordinates",
    "missing",
    "shares of axes 1 to 5",
    "axes for 80, 90, 95%",
    "effective axes",
    "axes beyond permuted",
    "skewness of raw, 10, 50, 90%",
    "coordinates of which 10% are tied (largest tie)",
    "raw, Silverman p <= .05",
    "normal scores, p <= .05",
    "p of axes 1 to 5",
    "skewness of axes 1 to 5",
)


def apart(pools: Pools, grade: float) -> str:
    """A row of the table of kinds: what tells them apart where their truth is known."""
    points, truth = kinds_of_labour(0, len(KINDS), grade, pools["kinds"], pools.embedding, n=len(KINDS) * OF_A_KIND)
    centres = np.array([points[truth == one].mean(axis=0) for one in range(len(KINDS))])
    within = np.sqrt(np.mean([points[truth == one].var(axis=0, ddof=1) for one in range(len(KINDS))]))
    known = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    found = cross_val_predict(known, points, truth, cv=StratifiedKFold(5))
    cells = [pools.name, f"{grade:g}", f"{pdist(centres).min() / within:.1f} to {pdist(centres).max() / within:.1f}"]
    return "| " + " | ".join([*cells, f"{np.mean(found == truth):.2f}"]) + " |"


def draw(folder: str, figure: str, seed: int = 0) -> None:
    """First two principal axes of the kernel embedding: real, and sets of one kind."""
    import matplotlib.pyplot as plt

    pools = Pools(folder, "kernel")
    sets = {"real": scaled(pools["real"], pools.embedding)} | {n: f(seed) for n, f in nulls(pools).items()}
    for grade in GRADES[1:]:
        sets[f"5 kinds, grade {grade:g}"] = kinds_of_labour(seed, 5, grade, pools["kinds"], pools.embedding)
    drawn, panels = plt.subplots(3, 3, figsize=(12, 12), constrained_layout=True)
    for panel, (name, given) in zip(panels.flat, sets.items(), strict=True):
        points, truth = given if isinstance(given, tuple) else (given, np.zeros(len(given)))
        centred = points - points.mean(axis=0)
        axes = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
        panel.scatter(*axes.T, s=6, c=truth, cmap="tab10", vmax=len(KINDS))
        panel.set(title=name, xlabel="axis 1, SD", ylabel="axis 2, SD")
    drawn.savefig(figure, dpi=80)


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("folder")
    making.add_argument("--minutes", type=float, default=60)
    making.add_argument("--what", nargs="+", choices=MAKERS, default=list(MAKERS))
    looking = verbs.add_parser("look")
    looking.add_argument("--figure")
    for verb in (making, looking):
        verb.add_argument("pools")
    options = parser.parse_args(given)
    if options.verb == "look":
        print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|")
        for name in EMBEDDINGS:
            print(look(Pools(options.pools, name)), flush=True)
        print(
            "\n| embedding | grade | distances of centres, SD within kinds | discriminant finds the kind |\n"
            + "|---" * 4
            + "|"
        )
        for name in EMBEDDINGS:
            for grade in GRADES:
                print(apart(Pools(options.pools, name), grade), flush=True)
        if options.figure:
            draw(options.pools, options.figure)
        return
    Path(options.pools).mkdir(parents=True, exist_ok=True)
    for what in options.what:
        made = MAKERS[what](options.folder, options.minutes)
        np.savez(Path(options.pools) / f"{what}.npz", **made, minutes=np.float64(options.minutes))
        print(f"{what}: " + ", ".join(f"{name} {array.shape}" for name, array in made.items()), flush=True)


if __name__ == "__main__":
    main()
