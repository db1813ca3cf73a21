"""False alarms and power of the indices of fidelity and of the tests of memorisation, on CTU-UHB.

OMP_NUM_THREADS=1 python benchmarks/fidelity.py FOLDER {alarms,power,memorisation,speed} [--draws 200] [--splits 200]
    [--n 30 100] [--tables order groups signs] [--indices fidelity embedded discriminative] [--made 4]
    [--kept FILE.npz]

The last 60 min of every record, cleaned, at 1 Hz. Tables of rows: the 21 order statistics; the features over nested
parts (`group_features`, 380 without parity); 16 signs of coupling and asymmetry: correlation of FHR and UC at lags from
-120 to 120 s in steps of 20 s, skewness of increments of FHR over 5, 15 and 30 s. `alarms` draws fresh real records in
place of synthetic ones, and does the same with splits of the training rows alone; `power` plants a defect in them;
`memorisation` gives the tests copies of windows. `--kept` keeps the tables from one call to the next.
"""

import argparse
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from scipy.stats import binom

from fhr.compute import stream
from fhr.datasets import CTUUHB
from fhr.errors import SignalError
from fhr.evaluation import discriminative_scores, group_features
from fhr.features import order_statistics
from fhr.metrics import (
    Chosen,
    Indices,
    PrincipalAxes,
    against_real,
    authenticity,
    data_copying,
    fidelity_indices,
    in_real_units,
    membership,
    nearest_windows,
    rejection_rates,
    shifted_differences,
)
from fhr.metrics.fidelity import prepared_frechet
from fhr.metrics.planted_defects import (
    copied,
    flipped,
    gaps_bridged,
    lost_twice,
    other_uc,
    repeated,
    resampled,
    reversed_blocks,
    shrunk,
)
from fhr.preprocessing import block_mean

BLOCK = 600  # samples at 1 Hz


def embedded(real: np.ndarray, pool: np.ndarray) -> Chosen:
    """Frechet distance along n / 10 principal axes of the real, that is the held-out, rows."""
    axes = PrincipalAxes.fit(real, max(min(len(real) // 10, real.shape[1]), 1))
    of = prepared_frechet(*in_real_units(axes(real), axes(pool)))
    return lambda chosen: {"frechet": of(chosen)}


INDICES: dict[str, Indices] = {
    "fidelity": fidelity_indices,
    "embedded": embedded,
    "discriminative": discriminative_scores,
}


def together(indices: list[Indices]) -> Indices:
    """Several families of indices as one."""

    def prepared(real: np.ndarray, pool: np.ndarray) -> Chosen:
        each = [of(real, pool) for of in indices]
        return lambda chosen: {name: value for of in each for name, value in of(chosen).items()}

    return prepared


def windows(folder: str) -> tuple[np.ndarray, np.ndarray]:
    """FHR and UC (record, time) of the last 60 min at 1 Hz."""
    cut = []
    for recording in CTUUHB(folder):
        try:
            cut.append(group_features().windows(recording))
        except SignalError:  # too short
            continue
    return np.concatenate([one.fhr for one in cut]), np.concatenate([one.uc for one in cut])


def defects(fhr: np.ndarray, uc: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Windows with each defect that is planted in signals."""
    generator = stream(0, "planted defects")
    return {
        "none": (fhr, uc),
        "no lag: UC of another record": other_uc(fhr, uc, generator),
        "no asymmetry: flipped": flipped(fhr, uc),
        "no asymmetry: reversed in 10 min": reversed_blocks(fhr, uc, BLOCK),
        "no loss": gaps_bridged(fhr, uc),
        "loss twice": lost_twice(fhr, uc, generator),
        "stretches of 10 min resampled": resampled(fhr, uc, len(fhr), BLOCK, generator),
    }


def signs(fhr: np.ndarray, uc: np.ndarray) -> np.ndarray:
    """Coupling and asymmetry of each window (n, 16)."""
    slow, contractions = block_mean(fhr, 4), block_mean(uc, 4)
    a, b = (x - np.nanmean(x, axis=1, keepdims=True) for x in (slow, contractions))
    columns = []
    for lag in range(-30, 31, 5):  # of 4 s
        x, y = (a[:, lag:], b[:, : b.shape[1] - lag]) if lag >= 0 else (a[:, :lag], b[:, -lag:])
        both = ~np.isnan(x) & ~np.isnan(y)
        x, y = np.where(both, x, 0), np.where(both, y, 0)
        columns.append((x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1)))
    for seconds in (5, 15, 30):
        steps = fhr[:, seconds:] - fhr[:, :-seconds]
        away = steps - np.nanmean(steps, axis=1, keepdims=True)
        columns.append(np.nanmean(away**3, axis=1) / np.nanmean(away**2, axis=1) ** 1.5)
    return np.stack(columns, axis=1)


def tables(fhr: np.ndarray, uc: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of each kind by `kind/defect`."""
    features = group_features()
    found = {}
    for name, (a, b) in defects(fhr, uc).items():
        found[f"order/{name}"] = order_statistics(a, fs=1.0)
        found[f"groups/{name}"] = features.compute(a, b)
        with warnings.catch_warnings():  # some records have no uterine activity
            warnings.simplefilter("ignore", RuntimeWarning)
            found[f"signs/{name}"] = signs(a, b)
    return found


def alarms(indices: Indices, rows: np.ndarray, n: int, draws: int, splits: int) -> None:
    """False alarms of the reference, and of one by splits of the training rows alone."""
    fresh = {"none": lambda new, training, generator: rows[new]}
    rates = rejection_rates(indices, rows, fresh, n=n, n_held_out=n, n_draws=draws, n_splits=splits)["none"]
    low, high = binom.interval(0.95, draws, 0.05)
    print(f"  band of {draws} draws {low / draws:.3f} to {high / draws:.3f}:", said(rates), flush=True)


def training_alone(indices: Indices, rows: np.ndarray, n: int, draws: int, splits: int) -> None:
    """False alarms where splits are of the training rows alone, all other records: n synthetic and n held-out rows."""
    hits: dict[str, float] = {}
    for k in range(draws):
        generator = stream(0, "planted defects", k)
        order = generator.permutation(len(rows))
        new, held_out, training = rows[order[:n]], rows[order[n : 2 * n]], rows[order[2 * n :]]
        pool = np.concatenate([training, new])
        of = indices(held_out, pool)
        observed = of(np.arange(len(training), len(pool)))
        drawn = [of(generator.permutation(len(training))[:n]) for _ in range(splits)]
        for name, value in observed.items():
            p = (1 + sum(one[name] >= value for one in drawn)) / (1 + splits)
            hits[name] = hits.get(name, 0) + (p <= 0.05) / draws
    print(f"  {len(rows) - 2 * n} training rows alone:", said(hits), flush=True)


def power(indices: Indices, kind: str, kept: dict[str, np.ndarray], n: int, draws: int, splits: int) -> None:
    rows = kept[f"{kind}/none"]
    of_signals = {
        name.split("/")[1]: (lambda new, training, generator, table=table: table[new])
        for name, table in kept.items()
        if name.startswith(f"{kind}/") and not name.endswith("/none")
    }
    of_rows = {
        "variance shrunk by a fifth": lambda new, training, generator: shrunk(rows[new]),
        "half of the records, twice each": lambda new, training, generator: repeated(rows[new]),
        "memorised, noise of 1%": lambda new, training, generator: copied(rows[training], n, 0.01, generator),
    }
    made = {**of_signals, **of_rows}
    rates = rejection_rates(indices, rows, made, n=n, n_held_out=n, n_draws=draws, n_splits=splits)
    names = list(next(iter(rates.values())))
    print(f"| {kind}, n = {n} | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for defect, of in rates.items():
        print(f"| {defect} | {' | '.join(f'{of[name]:.2f}' for name in names)} |", flush=True)


def memorisers(fhr: np.ndarray, uc: np.ndarray, new: np.ndarray, training: np.ndarray, generator: np.random.Generator):
    """Windows that copy training windows, by name."""
    known, n = fhr[training], len(new)

    def noisy(bpm: float) -> np.ndarray:
        return known[:n] + bpm * generator.standard_normal((n, fhr.shape[1]))

    partly = fhr[new].copy()
    for row in partly:
        source, at = known[generator.integers(len(known))], generator.integers(fhr.shape[1] - BLOCK, size=2)
        row[at[0] : at[0] + BLOCK] = source[at[1] : at[1] + BLOCK]
    few = fhr[new].copy()
    few[: n // 10] = known[: n // 10]
    stretches = partial(resampled, known, uc[training], n, generator=generator)
    return {
        "copies, noise of 1 bpm": noisy(1),
        "copies, noise of 3 bpm": noisy(3),
        "copies 20 s later": np.roll(known[:n], 20, axis=1),
        "stretches of 10 min": stretches(samples=600)[0],
        "stretches of 7 min": stretches(samples=420)[0],
        "10 of 60 min copied": partly,
        "a tenth of the records copied": few,
    }


TESTS = ("copying stretch", "copying whole", "authenticity", "membership stretch", "membership whole")


def p_of_tests(
    to_training: np.ndarray, held_out: np.ndarray, training: np.ndarray, told: list[np.ndarray]
) -> np.ndarray:
    """p-values of `TESTS` from differences.

    Args:
        to_training: of the synthetic windows.
        held_out: of the held-out windows to the training windows.
        training: among these.
        told: of training and of held-out to the synthetic windows.
    """
    near = zip(nearest_windows(to_training), nearest_windows(held_out), strict=True)
    members = zip(*(nearest_windows(one) for one in told), strict=True)
    authentic = authenticity(*(one.min(axis=1) for one in (to_training, held_out, training)))
    return np.array([*(data_copying(a, b).p for a, b in near), authentic.p, *(membership(a, b).p for a, b in members)])


def memorisation(fhr: np.ndarray, uc: np.ndarray, sizes: list[int], draws: int, made: int) -> None:
    """Rates of p <= 0.05: `draws` of new records, `made` sets of copies, of each five subsets at smaller sizes."""
    among = shifted_differences(fhr, fhr, fs=1.0).astype(np.float32)
    hits: dict[int, dict[str, list[np.ndarray]]] = {n: {} for n in sizes}
    most = max(sizes)

    def of(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        return among[rows][:, :, others]

    for n in sizes:
        for k in range(draws):
            order = stream(1, "planted defects", k, n).permutation(len(fhr))
            new, held_out, training = order[:n], order[n : 2 * n], order[2 * n :]
            told = [of(training[:n], new), of(held_out, new)]
            p = p_of_tests(of(new, training), of(held_out, training), of(training, training), told)
            hits[n].setdefault("none: new records", []).append(p <= 0.05)
        shown(n, hits[n])
    for k in range(made):
        generator = stream(2, "planted defects", k)
        order = generator.permutation(len(fhr))
        new, held_out, training = order[:most], order[most : 2 * most], order[2 * most :]
        some = training[generator.permutation(len(training))[:most]]
        usual, known = of(held_out, training), of(training, training)
        for name, synthetic in memorisers(fhr, uc, new, training, generator).items():
            to_training = shifted_differences(synthetic, fhr[training], fs=1.0)
            of_some, of_held_out = (shifted_differences(fhr[rows], synthetic, fs=1.0) for rows in (some, held_out))
            for n in sizes:
                for _ in range(1 if n == most else 5):
                    a, b = (generator.permutation(most)[:n] for _ in range(2))
                    told = [of_some[b][:, :, a], of_held_out[b][:, :, a]]
                    p = p_of_tests(to_training[a], usual[b], known, told)
                    hits[n].setdefault(name, []).append(p <= 0.05)
        for n in sizes:
            shown(n, hits[n])


def shown(n: int, hits: dict[str, list[np.ndarray]]) -> None:
    print(f"| n = {n} | draws | {' | '.join(TESTS)} |\n|{'---|' * 7}")
    for name, rates in hits.items():
        print(f"| {name} | {len(rates)} | {' | '.join(f'{rate:.2f}' for rate in np.mean(rates, axis=0))} |", flush=True)


def speed(fhr: np.ndarray, rows: np.ndarray) -> None:
    for n in (20, 40):
        start = time.process_time()
        shifted_differences(fhr[:n], fhr[100:140], fs=1.0)
        seconds = time.process_time() - start
        print(
            f"shifted_differences of {n} x 40 windows: {seconds:.2f} s; {seconds / n / 40 * 160000:.0f} s for 400 x 400"
        )
    start = time.process_time()
    against_real(fidelity_indices, rows[200:], rows[:100], rows[100:200])
    print(f"against_real, 100 rows of {rows.shape[1]} columns, 999 splits: {time.process_time() - start:.1f} s")


def said(rates: dict[str, float]) -> str:
    return ", ".join(f"{name} {rate:.3f}" for name, rate in rates.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("part", choices=("alarms", "power", "memorisation", "speed"))
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--n", type=int, nargs="+", default=[30, 100])
    parser.add_argument("--tables", nargs="+", default=["order", "groups", "signs"])
    parser.add_argument("--indices", nargs="+", choices=tuple(INDICES), default=["fidelity"])
    parser.add_argument("--made", type=int, default=4, help="sets of copies of `memorisation`")
    parser.add_argument("--kept")
    given = parser.parse_args()
    if given.kept and Path(given.kept).exists():
        kept = dict(np.load(given.kept))
    else:
        fhr, uc = windows(given.folder)
        kept = {"fhr": fhr, "uc": uc, **tables(fhr, uc)}
        if given.kept:
            np.savez(given.kept, **kept)
    if given.part == "memorisation":
        memorisation(kept["fhr"], kept["uc"], given.n, given.draws, given.made)
    elif given.part == "speed":
        speed(kept["fhr"], kept["order/none"])
    else:
        indices = together([INDICES[name] for name in given.indices])
        for kind in given.tables:
            for n in given.n:
                print(f"{kind}, n = {n}")
                if given.part == "power":
                    power(indices, kind, kept, n, given.draws, given.splits)
                    continue
                alarms(indices, kept[f"{kind}/none"], n, given.draws, given.splits)
                training_alone(indices, kept[f"{kind}/none"], n, given.draws, given.splits)


if __name__ == "__main__":
    main()
