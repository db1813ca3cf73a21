"""How often recordings are called unlike the training records: like ones, those of other hospitals, and faulty ones.

OMP_NUM_THREADS=1 python benchmarks/typicality.py FOLDER

FOLDER holds ctu-uhb-ctgdb, fhrma-morphology and fhrma-false-signals. `fhr.calibration.Typicality` is fitted on the
training parts of five outer folds of CTU-UHB, and ranks the records of the test folds as they are and with a fault;
recordings of the other sets, those of an hour or more, are ranked by the first fold. Shares of p < 1% and of p < 5%.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from fhr.calibration.typicality import Typicality, typical_statistics
from fhr.datasets import CTUUHB, make_splits
from fhr.formats import read, recordings_in
from fhr.recording import Recording, Step

FAULTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda fhr: fhr,
    "halved (a counting error of monitors)": lambda fhr: fhr / 2,
    "doubled": lambda fhr: fhr * 2,
    "30 bpm too low": lambda fhr: fhr - 30,
    "10 bpm too low": lambda fhr: fhr - 10,
    "a constant": lambda fhr: np.where(np.isnan(fhr), np.nan, 140),
    "noise over the whole range": lambda fhr: np.random.default_rng(0).uniform(60, 200, len(fhr)),
    "nine tenths lost": lambda fhr: np.where(np.arange(len(fhr)) // 240 % 10 == 0, fhr, np.nan),
    "sampled at 1 Hz, said to be 4 Hz": lambda fhr: fhr[::4],
}
UC_FAULTS = {
    "no uterine activity": np.nan,
    **{f"uterine activity x {gain:g}": gain for gain in (100, 10, 3, 2, 0.5, 0.1, 0.01)},
}


def faulty(recording: Recording, fault: Callable[[np.ndarray], np.ndarray]) -> Recording:
    fhr = fault(np.array(recording.fhr, dtype=float))
    return recording.after(Step("fault"), fhr=fhr, uc=recording.uc[: len(fhr)])


def with_gain(recording: Recording, gain: float) -> Recording:
    """Uterine activity as a sensor of another calibration would give it."""
    return recording.after(Step("gain"), uc=(gain * recording.uc).astype(np.float32))


def row(name: str, p: Iterable[np.ndarray]) -> str:
    ranks = np.concatenate(list(p))
    return f"| {name} | {len(ranks)} | {(ranks < 0.01).mean():.3f} | {(ranks < 0.05).mean():.3f} |"


def main(folder: str) -> None:
    database = CTUUHB(Path(folder) / "ctu-uhb-ctgdb")
    whole, folds = typical_statistics(database), make_splits(database).folds[0]
    fitted = [Typicality.fit(whole.drop(index=list(names))) for names in folds]
    print("| recordings | n | p < 1% | p < 5% |\n|---|---|---|---|")
    for name, fault in FAULTS.items():
        table = typical_statistics(faulty(recording, fault) for recording in database)
        each = (typicality.p_values(table.loc[list(names)]) for typicality, names in zip(fitted, folds, strict=True))
        print(row(f"CTU-UHB, {name}", each))
    for name, gain in UC_FAULTS.items():
        table = typical_statistics(with_gain(recording, gain) for recording in database)
        each = (typicality.p_values(table.loc[list(names)]) for typicality, names in zip(fitted, folds, strict=True))
        print(row(f"CTU-UHB, {name}", each))
    for other in ("fhrma-morphology", "fhrma-false-signals"):
        recordings = (read(path) for path in recordings_in(Path(folder) / other))
        table = typical_statistics(r for r in recordings if r.duration >= 3600)
        print(row(other, [fitted[0].p_values(table)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
