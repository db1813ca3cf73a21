"""What flips: births that abstain since another training would decide otherwise, by single networks and by the average.

    OMP_NUM_THREADS=1 python benchmarks/flips.py FOLDER

First simulated networks, K of each birth, whose expected probability lies evenly about the threshold: the true rate at
which two averages of K disagree, what `flip_rate_of_average` says, and what pairs of single networks say. Then the
linear lines on the recordings of FOLDER, four inner models an outer fold, two repeats.
"""

import argparse

import numpy as np
from scipy.stats import norm

from fhr.calibration import Reference
from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import BASELINES, baseline_table, cross_fit, cross_validate
from fhr.metrics import flip_rate, flip_rate_of_average

LIMIT = 0.2
LINES = ("21 order statistics, logistic", "21 order statistics, ridge on pH")


def simulated(networks: int, strata: list[int] | None, spread: float = 0.06) -> str:
    """One row: means, and shares above the limit."""
    generator = np.random.default_rng(networks)
    expected = generator.uniform(0.2, 0.8, 20_000)
    p = np.clip(expected + spread * generator.normal(size=(networks, len(expected))), 0, 1)
    above = norm.cdf((expected - 0.5) / (spread / np.sqrt(networks)))
    rates = (2 * above * (1 - above), flip_rate_of_average(p, 0.5, strata=strata), flip_rate(p >= 0.5))
    said = " | ".join(f"{rate.mean():.3f} | {(rate > LIMIT).mean():.3f}" for rate in rates)
    return f"| {networks} | {len(set(strata or [0]))} | {said} | {np.corrcoef(rates[0], rates[1])[0, 1]:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    folder = parser.parse_args().folder
    print("| networks | strata | true rate | above 0.2 | half samples | above 0.2 | pairs | above 0.2 | correlation |")
    print("|" + "---|" * 9)
    for networks, strata in ((4, None), (8, [0, 0, 1, 1, 2, 2, 3, 3]), (20, None), (20, [i // 5 for i in range(20)])):
        print(simulated(networks, strata), flush=True)
    database = CTUUHB(folder)
    table, splits = baseline_table(database), make_splits(database)
    print("\n| line | label | abstain for single pairs | abstain for the average |\n|---|---|---|---|")
    for line in (line for line in BASELINES if line.name in LINES):
        for label in ("ph<7.05", "ph<=7.15"):
            result = cross_validate(line.maker(table), database, target=label, splits=splits, repeats=2)
            average = (result.predictions["flip_rate"] > LIMIT).mean()
            singles = []
            for raw in result.raw.values():
                fitted = cross_fit(raw, result.labels)
                threshold = Reference.of(fitted.held_out, result.labels, table.iloc[:0], fitted.calibrator).threshold
                singles.append(flip_rate(fitted.calibrator.predict(fitted.test.to_numpy().T) >= threshold) > LIMIT)
            print(f"| {line.name} | {label} | {np.concatenate(singles).mean():.3f} | {average:.3f} |", flush=True)


if __name__ == "__main__":
    main()
