"""How much of a decision is chance of the training: ensembles of 1, 4 and 20 networks, retrained from scratch.

    fhr crossval --config configs/cnn.yaml --members 15 --repeats 1
    python benchmarks/spread.py RUN_ID

The 15 members of each of the four inner folds make 15 ensembles of 4 (one network an inner fold) and 3 ensembles of
20 (five), none of which share a network. A single network is one of an inner fold. Each is a whole procedure: its own
calibrator and its own threshold, at 90% specificity on the held-out records.
"""

import argparse

import numpy as np
import pandas as pd

from fhr.calibration import threshold_at_specificity
from fhr.cli.crossval_store import CrossvalStore
from fhr.evaluation import cross_fit
from fhr.metrics import auroc, calibration_slope, ece_reference, expected_calibration_error, flip_rate

SIZES = {1: (1, 1), 4: (4, 1), 20: (4, 5)}  # networks: inner folds, members of each


def retrainings(raw: pd.DataFrame, inner: int, members: int) -> list[pd.DataFrame]:
    """Disjoint groups of networks of one outer fold."""
    groups = []
    n_members, n_inner = raw["member"].nunique(), raw["inner"].nunique()
    for first in range(0, n_members - members + 1, members):
        rows = raw[raw["member"].between(first, first + members - 1)]
        rows = rows.assign(member=rows["member"] - first)
        groups += [rows] if inner == n_inner else [rows[rows["inner"] == k] for k in range(n_inner)]
    return groups


def procedure(raw: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Score, probability and decision of the test records by one retraining."""
    fitted = cross_fit(raw, labels)
    held_out = fitted.held_out.assign(p=fitted.calibrator.predict(fitted.held_out["score"]))
    p = held_out.groupby("name")["p"].mean()
    threshold = threshold_at_specificity(labels.loc[p.index].to_numpy(), p.to_numpy())
    decision = fitted.probability >= (np.inf if threshold is None else threshold)
    return pd.DataFrame({"score": fitted.score, "probability": fitted.probability, "decision": decision})


def spread(folds: list[pd.DataFrame], labels: pd.Series) -> pd.DataFrame:
    """One row a size of ensemble."""
    rows = []
    for size, (inner, members) in SIZES.items():
        each = [[procedure(group, labels) for group in retrainings(raw, inner, members)] for raw in folds]
        # Single networks are retrainings of each other within an inner fold; another has other training records.
        alike = [slice(k, None, 4) for k in range(4)] if inner == 1 else [slice(None)]
        flips = pd.concat(
            [pd.Series(flip_rate([one["decision"] for one in fold[k]]), fold[0].index) for fold in each for k in alike]
        )
        flips = flips.groupby(level=0).mean()
        pooled = [pd.concat([fold[k] for fold in each]).sort_index() for k in range(len(each[0]))]
        y = labels.loc[pooled[0].index].to_numpy()
        p = np.array([table["probability"] for table in pooled])
        areas = np.array([auroc(y, table["score"]) for table in pooled])
        values = {
            "networks": size,
            "ensembles": len(pooled),
            "flip rate": flips.mean(),
            "of those that flip": flips[flips > 0].mean(),
            "share that flips": (flips > 0).mean(),
            "sd of probability": np.mean([p[k].std(axis=0, ddof=1).mean() for k in alike]),
            "AUROC": areas.mean(),
            "sd of AUROC": np.mean([areas[k].std(ddof=1) for k in alike]),
            "slope": np.mean([calibration_slope(y, row) for row in p]),
            "ECE": np.mean([expected_calibration_error(y, row) for row in p]),
            "ECE null p95": np.mean([ece_reference(row).p95 for row in p]),
        }
        rows.append(values)
    table = pd.DataFrame(rows)
    table.insert(3, "flips to one network", table["flip rate"] / table["flip rate"].iloc[0])
    table.insert(4, "1/sqrt(M)", table["networks"] ** -0.5)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="of `fhr crossval --members 15`")
    options = parser.parse_args()
    store = CrossvalStore.open(options.run)
    if int(store.run.data.params["members"]) < 10:
        parser.error(f"run {options.run} has too few members for two ensembles of 20; give `--members` of 10 or more")
    folds = [store.scores(*place) for place in sorted(store.folds()) if place[0] == 0]
    path = store.client.download_artifacts(options.run, "predictions.csv")
    labels = pd.read_csv(path, dtype={"name": str}).drop_duplicates("name").set_index("name")["label"]
    table = spread(folds, labels)
    print("| " + " | ".join(table.columns) + " |\n|" + "---|" * len(table.columns))
    for row in table.itertuples(index=False):
        print("| " + " | ".join(f"{x:.0f}" if i < 2 else f"{x:.3f}" for i, x in enumerate(row)) + " |")


if __name__ == "__main__":
    main()
