"""The two order-statistics baselines over all repeats of the protocol, beside the published reference.

python benchmarks/baselines.py FOLDER [--repeats 10]

`refit` is one model on the whole training part, as in the reference; `inner` the average of the four inner models.
"""

import argparse

import numpy as np

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import BASELINES, baseline_predictions
from fhr.features import feature_table
from fhr.metrics import auroc

REFERENCE = {  # 10 x 5 folds; the one-feature lines are not cross-validated
    ("logistic", "ph<7.05"): 0.789,
    ("logistic", "ph<=7.15"): 0.750,
    ("logistic", "ph<7.20"): 0.715,
    ("ridge on pH", "ph<7.05"): 0.782,
    ("ridge on pH", "ph<=7.15"): 0.754,
    ("ridge on pH", "ph<7.20"): 0.724,
    ("MAD", "ph<7.05"): 0.746,
    ("MAD", "ph<=7.15"): 0.732,
    ("MAD", "ph<7.20"): 0.700,
    ("signal loss", "ph<7.05"): 0.717,
    ("signal loss", "ph<=7.15"): 0.579,
    ("signal loss", "ph<7.20"): 0.557,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    features, splits, ph = feature_table(database), make_splits(database), database.outcomes["ph"]
    print("| baseline | label | models | AUROC, mean of repeats | reference | repeat 0 |\n|---|---|---|---|---|---|")
    for baseline in BASELINES:
        for target in ("ph<7.05", "ph<=7.15", "ph<7.20"):
            labels = database.labels(target)
            for refit in (True, False):
                values = []
                for repeat in range(options.repeats):
                    table = baseline_predictions(baseline, features, labels, ph, splits, repeat=repeat, refit=refit)
                    values.append(auroc(table["label"], table["score"]))
                reference = next(v for (part, t), v in REFERENCE.items() if part in baseline.name and t == target)
                print(
                    f"| {baseline.name} | {target} | {'refit' if refit else 'inner'} | {np.mean(values):.3f} "
                    f"| {reference:.3f} | {values[0]:.3f} |"
                )


if __name__ == "__main__":
    main()
