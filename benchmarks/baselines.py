"""The linear entries of the protocol over all repeats, beside the reference, and their permutation control.

python benchmarks/baselines.py FOLDER [--repeats 10] [--permutations 20] [--entries logistic ridge ...]

`inner` is the average of the four inner models; `refit` one model on the whole training part, as in the reference.
AUROC, mean over the repeats. An entry that learns pH is marked with + where the label is not cut from pH.
"""

import argparse
import time

import numpy as np

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation.baseline_features import baseline_table
from fhr.evaluation.baselines import BASELINES, baseline_predictions
from fhr.evaluation.controls import permutation_control
from fhr.metrics import auroc

TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
REFERENCE = {  # 10 x 5 folds, an independent script; MAD and signal loss are not cross-validated there
    "logistic": (0.789, 0.750, 0.715, 0.696),
    "ridge": (0.782, 0.754, 0.724, None),
    "mad": (0.746, 0.732, 0.700, None),
    "loss": (0.717, 0.579, 0.557, None),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--permutations", type=int, default=20)
    parser.add_argument("--entries", nargs="+", default=[baseline.slug for baseline in BASELINES])
    options = parser.parse_args()
    entries = [baseline for baseline in BASELINES if baseline.slug in options.entries]
    database = CTUUHB(options.folder)
    start = time.perf_counter()
    features = baseline_table(database)
    print(f"{len(features)} records; the table took {time.perf_counter() - start:.1f} s\n")
    splits, ph = make_splits(database, n_repeats=options.repeats), database.outcomes["ph"]

    print("| entry | label | inner | refit | reference | standard deviation of inner | s a repeat |")
    print("|---|---|---|---|---|---|---|")
    for baseline in entries:
        references = REFERENCE.get(baseline.slug, (None,) * len(TARGETS))
        for target, reference in zip(TARGETS, references, strict=True):
            labels = database.labels(target)
            start = time.perf_counter()
            inner, refit = (
                [
                    auroc(table["label"], table["score"])
                    for repeat in range(options.repeats)
                    for table in [
                        baseline_predictions(baseline, features, labels, ph, splits, repeat=repeat, refit=again)
                    ]
                ]
                for again in (False, True)
            )
            seconds = (time.perf_counter() - start) / (2 * options.repeats)
            mark = "+" if baseline.on_ph and not target.startswith("ph") else ""
            print(
                f"| {baseline.slug} | {target}{mark} | {np.mean(inner):.3f} | {np.mean(refit):.3f} "
                f"| {reference or ''} | {np.std(inner):.3f} | {seconds:.2f} |",
                flush=True,
            )

    print("\n| permuted features | label | mean AUROC | standard deviation | lowest | highest |")
    print("|---|---|---|---|---|---|")
    for baseline in entries if options.permutations else ():
        for target in TARGETS:
            values = permutation_control(
                baseline, features, database.labels(target), ph, splits, n_permutations=options.permutations
            )
            print(
                f"| {baseline.slug} | {target} | {values.mean():.3f} | {values.std():.3f} "
                f"| {values.min():.3f} | {values.max():.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
