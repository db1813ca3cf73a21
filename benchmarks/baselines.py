"""The linear entries of the protocol over all repeats, beside the reference, and their permutation control.

python benchmarks/baselines.py FOLDER [--repeats 10] [--permutations 20] [--entries logistic ridge ...]

AUROC of the average of the four inner models, mean over the repeats; the reference fits one model on the whole training
part. An entry that learns pH is marked with + where the label is not cut from pH.
"""

import argparse
import time

import numpy as np

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import BASELINES, CrossValidation, baseline_table, cross_validate, over_permutations
from fhr.metrics import auroc

TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
REFERENCE = {  # 10 x 5 folds, an independent script; MAD and signal loss are not cross-validated there
    "logistic": (0.789, 0.750, 0.715, 0.696),
    "ridge": (0.782, 0.754, 0.724, None),
    "mad": (0.746, 0.732, 0.700, None),
    "loss": (0.717, 0.579, 0.557, None),
}


def areas(result: CrossValidation) -> np.ndarray:
    """AUROC of each repeat."""
    return np.array([auroc(rows["label"], rows["score"]) for _, rows in result.predictions.groupby("repeat")])


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
    splits = make_splits(database, n_repeats=options.repeats)

    print("| entry | label | AUROC | reference | standard deviation | s a repeat |")
    print("|---|---|---|---|---|---|")
    for baseline in entries:
        references = REFERENCE.get(baseline.slug, (None,) * len(TARGETS))
        for target, reference in zip(TARGETS, references, strict=True):
            start = time.perf_counter()
            make, repeats = baseline.maker(features), options.repeats
            values = areas(cross_validate(make, database, target=target, splits=splits, repeats=repeats))
            seconds = (time.perf_counter() - start) / repeats
            mark = "+" if baseline.on_ph and not target.startswith("ph") else ""
            print(
                f"| {baseline.slug} | {target}{mark} | {values.mean():.3f} | {reference or ''} | {values.std():.3f} "
                f"| {seconds:.2f} |",
                flush=True,
            )

    print("\n| permuted features | label | mean AUROC | standard error | standard deviation | lowest | highest |")
    print("|---|---|---|---|---|---|---|")
    for baseline in entries if options.permutations else ():
        for target in TARGETS:
            make, n = baseline.maker(features), options.permutations
            result = cross_validate(make, database, target=target, splits=splits, permutations=n)
            over = over_permutations(result.predictions, result.permutations)
            print(
                f"| {baseline.slug} | {target} | {over.mean:.3f} | {over.standard_error:.3f} "
                f"| {over.standard_deviation:.3f} | {over.lowest:.3f} | {over.highest:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
