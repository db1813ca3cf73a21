"""Calibration and conformal sets of cross-validations, one table for each.

    python benchmarks/confidence.py FOLDER [--repeats 10] [--predictions 'MODEL|LABEL=predictions.csv' ...]

The linear lines are fitted on the recordings of FOLDER; other models come as the `predictions.csv` of their runs.
Holm's correction is over the three labels on pH of a model, of twice the mean of the p-values of the repeats: twice a
mean is a p-value whatever their dependence (Vovk and Wang 2020, doi:10.1093/biomet/asaa027). The power is that of the
joint Cox test, and of the ECE beyond the 95th percentile of its null, to find a true slope of 0.7 at this n.
"""

import argparse

import numpy as np
import pandas as pd

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import (
    BASELINES,
    baseline_table,
    conformal_table,
    cross_validate,
    evaluate_predictions,
    singleton_gain,
)
from fhr.metrics import cox_power, holm

LABELS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
LOSS = "signal loss of the last 60 min alone"
LINES = ("21 order statistics, logistic", "21 order statistics, ridge on pH", LOSS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--predictions", nargs="*", default=[], metavar="MODEL|LABEL=FILE")
    options = parser.parse_args()
    tables: dict[tuple[str, str], pd.DataFrame] = {}
    for given in options.predictions:
        key, path = given.rsplit("=", 1)
        name, label = key.split("|")
        tables[name, label] = pd.read_csv(path, dtype={"name": str})
    database = CTUUHB(options.folder)
    features, splits = baseline_table(database), make_splits(database)
    for line in (line for line in BASELINES if line.name in LINES):
        for label in LABELS:
            make, repeats = line.maker(features), options.repeats
            result = cross_validate(make, database, target=label, splits=splits, repeats=repeats)
            tables[line.name, label] = result.predictions
    calibration(tables)
    conformal(tables)


def calibration(tables: dict[tuple[str, str], pd.DataFrame]) -> None:
    """Joint test, slope, Brier skill, ECE beside its null, power."""
    print("| model | label | Cox p | Holm | slope | Brier skill | ECE | null p95 | power Cox | power ECE |")
    print("|" + "---|" * 10)
    found = {key: evaluate_predictions(table) for key, table in tables.items()}
    for model in dict.fromkeys(model for model, _ in tables):
        on_ph = [label for m, label in tables if m == model and label.startswith("ph")]
        p_values = [found[model, label]["cox_p"].value for label in on_ph]
        if any(tables[model, label]["repeat"].nunique() > 1 for label in on_ph):
            p_values = np.minimum(1, 2 * np.array(p_values)).tolist()
        adjusted = dict(zip(on_ph, holm(p_values), strict=True))
        for label in (label for m, label in tables if m == model):
            result, first = found[model, label], tables[model, label]
            p = first.loc[first["repeat"] == first["repeat"].min(), "probability"].to_numpy()
            power = cox_power(p, slope=0.7)
            slope, skill = result["calibration_slope"], result["brier_skill"]
            print(
                f"| {model} | {label} | {result['cox_p'].value:.3f} | {adjusted.get(label, np.nan):.3f} "
                f"| {slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f}) | {skill.value:.3f} ({skill.low:.3f} to "
                f"{skill.high:.3f}) | {result['ece'].value:.3f} | {result['ece_perfect_p95'].value:.3f} "
                f"| {power.cox:.2f} | {power.ece:.2f} |"
            )


def conformal(tables: dict[tuple[str, str], pd.DataFrame]) -> None:
    """Coverage in each class with its exact band, and the use of the sets beside those of signal loss."""
    print("\n| model | label | level | covered, without | covered, with | right alone | both | gain over signal loss |")
    print("|" + "---|" * 8)
    for (model, label), table in tables.items():
        gain = singleton_gain(table, tables[LOSS, label])
        for row in conformal_table(table).to_dict("records"):
            covered = " | ".join(
                f"{row[f'coverage_{c}']:.3f} ({row[f'{c}_low']:.3f} to {row[f'{c}_high']:.3f})"
                for c in ("negatives", "positives")
            )
            at_90 = row["level"] == 0.9
            print(
                f"| {model} | {label} | {row['level']:.0%} | {covered} | {row['correct_singleton']:.3f} "
                f"| {row['both']:.3f} | "
                + (f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) |" if at_90 else "|")
            )


if __name__ == "__main__":
    main()
