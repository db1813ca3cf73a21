"""Calibration of averages of 1, 5 and 20 members beside the procedure's own null, on real records.

    python benchmarks/members_calibration.py FOLDER [--repeats 1]

A weakly penalised logistic line on the 21 order statistics stands for a network that takes hours: its members, too,
differ in the bootstrap of their training part. Without the correction of averages over inner folds the same scores are
calibrated as those of single ones.
"""

import argparse
import time

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import OnTable, baseline_table, cross_validate
from fhr.evaluation.baselines import BASELINES
from fhr.evaluation.calibration_null import calibration_null, stored_folds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    line = next(baseline for baseline in BASELINES if baseline.slug == "logistic")
    table, splits = baseline_table(database)[list(line.columns)], make_splits(database)

    def overfitted(place, seed):
        model = LogisticRegression(C=1.0, max_iter=500)
        return OnTable(make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), model), table)

    print("| label | members | slope | null | Cox p | slope, not corrected | null | Cox p | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for label in ("ph<7.05", "ph<=7.15"):
        for members in (1, 5, 20):
            start = time.perf_counter()
            given = {"target": label, "splits": splits, "repeats": options.repeats, "members": members}
            result = cross_validate(overfitted, database, **given)
            labels = result.labels.dropna()
            folds = stored_folds(result.raw, labels)
            alone = [fold._replace(by_inner=fold.by_inner.mean(axis=0)[None]) for fold in folds]
            cells = []
            for one in (folds, alone):
                null = calibration_null(one, labels.to_numpy().astype(int))
                low, high = null.interval("calibration_slope")
                cells += [f"{null.observed[0]:.2f}", f"{low:.2f} to {high:.2f}", f"{null.p_value():.3f}"]
            print(f"| {label} | {members} | {' | '.join(cells)} | {time.perf_counter() - start:.0f} |", flush=True)


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
