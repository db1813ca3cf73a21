"""Does the simulator bring test records' labels into a training fold? Refitted to permuted labels it must rank nothing.

    python benchmarks/refitted_simulator.py "$FHR_DATA/ctu-uhb-ctgdb" --bank build/bank --workers 2

The logistic line on 21 order statistics learns from simulated labours alone and ranks the real births of each test
fold: from the bank as the simulator makes it, whose constants were tuned to all these records; from the bank refitted
inside the training fold; and from the bank refitted to training labels that were permuted.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import BASELINES
from fhr.features import ORDER_STATISTICS
from fhr.metrics import auroc
from fhr.recording import Outcome
from fhr.simulation import simulate_recording
from fhr.simulation.acidosis import draw_hypoxia
from fhr.simulation.labour import draw_labour
from fhr.simulation.outcome import draw_outcome
from fhr.synthesis import Bank, Refitted, birth_table, tilt

TARGETS = ("ph<7.05", "ph<=7.15")
COLUMNS = list(ORDER_STATISTICS)


@dataclass
class Births:
    """Real births: features, labels of one target, outcomes and digests by name."""

    table: pd.DataFrame
    labels: pd.Series
    outcomes: dict[str, Outcome]
    digests: dict[str, str]

    def refit(self, bank: Bank, names: list[str], order: np.ndarray | None = None) -> Refitted:
        """The bank refitted to these; with `order` every record has label and outcome of another one."""
        givers = names if order is None else [names[i] for i in order]
        return bank.refit(
            self.table.loc[names],
            pd.Series(self.labels.loc[givers].to_numpy(), names),
            fitted_to=[self.digests[name] for name in names],
            outcomes={name: self.outcomes[giver] for name, giver in zip(names, givers, strict=True)},
        )

    def ranked(self, rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, test: list[str]) -> float:
        """AUROC on the test records of the line that learns from these labours."""
        line = BASELINES[0].make().fit(rows, labels, logisticregression__sample_weight=weights)
        return float(
            auroc(self.labels.loc[test].to_numpy(), line.decision_function(self.table.loc[test, COLUMNS].to_numpy()))
        )

    def ranked_by(self, refitted: Refitted, bank: Bank, test: list[str]) -> float:
        """The same of a refitted bank: every labour as a birth with and as one without the label."""
        rows = bank.table[COLUMNS].to_numpy()
        weights = np.concatenate([refitted.weights_of(label) for label in (0, 1)]) * len(refitted.records)
        return self.ranked(np.concatenate([rows, rows]), np.repeat([0, 1], len(rows)), weights, test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the CTU-UHB database")
    parser.add_argument("--bank", default="build/bank", help="folder that keeps the bank")
    parser.add_argument("--n", type=int, default=4000, help="labours of the bank")
    parser.add_argument("--repeats", type=int, default=2, help="of the outer folds, for the true labels")
    parser.add_argument("--permutations", type=int, default=24, help="of the training labels, repeat 0, 1, ... in turn")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--penalty", type=float, help="of what goes with the outcome; the default where not given")
    options = parser.parse_args()
    if options.penalty is not None:
        tilt.OF_OUTCOME = options.penalty

    database = CTUUHB(options.folder)
    bank = Bank.simulate(options.n, folder=options.bank, workers=options.workers)
    made = np.array([own_ph(index, bank.seed) for index in range(options.n)])
    if own_ph(7, bank.seed) != simulate_recording(7, seed=bank.seed).outcome.ph:
        raise SystemExit("own_ph does not follow fhr.simulation.simulate_labour any more; write it anew")
    table, splits = birth_table(database), make_splits(database)
    outcomes = {recording.name: recording.outcome for recording in database}
    digests = dict(zip(database.names, database.digests, strict=True))
    heads = ("label", "simulator as it is", "refitted", "refitted, permuted", "effective labours", "s a fold")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for target in TARGETS:
        births = Births(table, database.labels(target), outcomes, digests)
        cut = float(target.split("<")[1].strip("="))
        own = (made <= cut if "=" in target else made < cut).astype(int)
        as_is, true, effective, seconds = [], [], [], []
        for repeat in range(options.repeats):
            for fold in range(5):
                train, test = _names(splits, repeat, fold)
                start = time.perf_counter()
                refitted = births.refit(bank, train)
                seconds.append(time.perf_counter() - start)
                true.append(births.ranked_by(refitted, bank, test))
                effective.append((refitted.effective(0), refitted.effective(1)))
                as_is.append(births.ranked(bank.table[COLUMNS].to_numpy(), own, np.ones(len(own)), test))
        permuted = []
        for k in range(options.permutations):
            rng, values = np.random.default_rng([k, 7]), []
            for fold in range(5):
                train, test = _names(splits, k % 10, fold)
                values.append(births.ranked_by(births.refit(bank, train, rng.permutation(len(train))), bank, test))
            permuted.append(np.mean(values))
        error = np.std(permuted, ddof=1) / np.sqrt(len(permuted))
        without, with_it = np.median(effective, axis=0)
        print(
            f"| {target} | {np.mean(as_is):.3f} | {np.mean(true):.3f} | {np.mean(permuted):.3f} ± {error:.3f} | "
            f"{without:.0f} without, {with_it:.0f} with | {np.median(seconds):.2f} (at most {max(seconds):.2f}) |",
            flush=True,
        )


def own_ph(index: int, seed: int) -> float:
    """The pH that the simulator gives a labour, without its signals, which take twenty times as long."""
    course, fetus, *_, newborn = map(np.random.default_rng, np.random.SeedSequence(seed, spawn_key=(index,)).spawn(7))
    labour = draw_labour(course)
    severity = draw_hypoxia(labour, fetus).severity
    return draw_outcome(severity, newborn, section=bool(np.isnan(labour.stage2_start))).ph


def _names(splits, repeat: int, fold: int) -> tuple[list[str], list[str]]:  # type: ignore[no-untyped-def]
    part = splits.partition(repeat, fold, 0)
    return [*part.train, *part.validation, *part.calibration], list(part.test)


if __name__ == "__main__":
    main()
