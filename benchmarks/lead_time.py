"""Whether something else than the signal limits the kernel line on an earlier window: columns, duplicates, records.

python benchmarks/lead_time.py FOLDER [--target 'ph<7.05']

For the last hour and for 10, 20 and 30 min withheld: how many records hold 60 min of signal before the withheld ones,
columns that are missing in some record, pairs of equal columns within a group of features. Then plain five folds, ten
repeats, one kernel line on the whole training part: as it is, without the columns that stand twice, and with order
statistics of FHR as recorded in place of cleaned.
"""

import argparse
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import feature_table, group_features, lines
from fhr.features import FeatureSet
from fhr.metrics import auroc
from fhr.models import KernelLine
from fhr.preprocessing import Pipeline

ENTRIES = ("kernel", "kernel-parity", "kernel-loss-parity")
WINDOWS = (Pipeline(), *(Pipeline(minutes=60 - minutes, withheld=minutes) for minutes in (10, 20, 30)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--target", default="ph<7.05")
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    minutes = np.array([recording.duration for recording in database]) / 60
    for pipeline in WINDOWS:
        windows = [pipeline.cut(recording) for recording in database]
        features = group_features(pipeline)
        table = feature_table(windows, features)
        as_recorded = feature_table(windows, replace(features, groups=("order_statistics",), steps=(), covariates=()))
        missing, twice = table.isna(), equal_columns(table, features)
        print(
            f"{pipeline.window}: {np.sum(minutes >= 60 + pipeline.withheld)} records with 60 min before what is "
            f"withheld; {missing.any().sum()} of {missing.shape[1]} columns missing in some record, "
            f"{missing.any(axis=1).sum()} records; {len(twice)} columns twice within a group"
        )
        variants = {
            "as it is": table,
            "no column twice": table.drop(columns=twice),
            "order statistics as recorded": table.assign(**dict(as_recorded.items())),
        }
        for line in lines(ENTRIES):
            said = []
            for variant, given in variants.items():
                columns = dict(zip(line.features(pipeline).names, line.features(pipeline).column_groups, strict=True))
                kept = [name for name in columns if name in given.columns]
                value = plain(given[kept], [columns[name] for name in kept], database, options.target)
                said.append(f"{variant} {value:.4f}")
            print(f"  {options.target} {line.name}: {', '.join(said)}", flush=True)


def equal_columns(table: pd.DataFrame, features: FeatureSet) -> list[str]:
    """Columns that repeat an earlier one of their group."""
    groups = pd.Series(features.column_groups, features.names)
    found = {}
    for _, names in groups.groupby(groups).groups.items():
        for one, other in combinations(names, 2):
            if np.allclose(table[one], table[other], rtol=1e-6, equal_nan=True):
                found[other] = one
    return list(found)


def plain(table: pd.DataFrame, groups: list[str], database: CTUUHB, target: str) -> float:
    """AUROC of one fit a fold, averaged over repeats."""
    labels, splits = database.labels(target).dropna(), make_splits(database)
    areas = []
    for repeat in splits.folds:
        scores = pd.Series(np.nan, labels.index)
        for fold in repeat:
            test = labels.index[labels.index.isin(fold)]
            train = labels.index.difference(test)
            model = KernelLine(target, groups).fit(table.loc[train].to_numpy(), database.outcomes.loc[train])
            scores[test] = model.scores(table.loc[test].to_numpy())
        areas.append(auroc(labels, scores))
    return float(np.mean(areas))


if __name__ == "__main__":
    main()
