"""Calibration and conformal sets of cross-validations, one table for each.

    python benchmarks/confidence.py FOLDER [--repeats 10] [--runs 'MODEL|LABEL=RUN_ID' ...]

The linear lines are fitted on the recordings of FOLDER; other models come from their runs of `fhr crossval`. P-values
and the intervals beside slope and ECE are of the procedure's own null, see `fhr.evaluation.calibration_null`; Holm's
correction is over the three labels on pH of a model.
"""

import argparse

import numpy as np
import pandas as pd

from fhr.cli.crossval_store import CrossvalStore
from fhr.datasets import CTUUHB, Place, make_splits
from fhr.evaluation import (
    BASELINES,
    CrossValidation,
    baseline_table,
    conformal_table,
    cross_validate,
    singleton_gain,
)
from fhr.metrics import holm

LABELS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
LOSS = "signal loss of the last 60 min alone"
LINES = ("21 order statistics, logistic", "21 order statistics, ridge on pH", "MAD of the last 60 min alone", LOSS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--runs", nargs="*", default=[], metavar="MODEL|LABEL=RUN_ID")
    options = parser.parse_args()
    results: dict[tuple[str, str], CrossValidation] = {}
    database = CTUUHB(options.folder)
    features, splits = baseline_table(database), make_splits(database)
    for given in options.runs:
        key, run = given.rsplit("=", 1)
        name, label = key.split("|")
        store = CrossvalStore.open(run)
        kept = {place: store.scores(*place) for place in store.folds()}
        results[name, label] = CrossValidation(Place.first(database, label, splits), kept, name=name)
    for line in (line for line in BASELINES if line.name in LINES):
        for label in LABELS:
            make, repeats = line.maker(features), options.repeats
            result = cross_validate(make, database, target=label, splits=splits, repeats=repeats)
            results[line.name, label] = result
    calibration(results)
    conformal({key: result.predictions for key, result in results.items()})


def calibration(results: dict[tuple[str, str], CrossValidation]) -> None:
    """Joint test, slope and ECE beside the null of the procedure, Brier skill."""
    print("| model | label | Cox p | Holm | slope | null of the slope | p | Brier skill | ECE | null of the ECE | p |")
    print("|" + "---|" * 11)
    for model in dict.fromkeys(model for model, _ in results):
        of_model = {label: result.metrics for (m, label), result in results.items() if m == model}
        on_ph = [label for label in of_model if label.startswith("ph")]
        adjusted = dict(zip(on_ph, holm([of_model[label]["cox_p"].value for label in on_ph]), strict=True))
        for label, found in of_model.items():
            slope, ece, skill = found["calibration_slope_null"], found["ece_null"], found["brier_skill"]
            print(
                f"| {model} | {label} | {found['cox_p'].value:.3f} | {adjusted.get(label, np.nan):.3f} "
                f"| {found['calibration_slope'].value:.2f} | {slope.low:.2f} to {slope.high:.2f} "
                f"| {found['calibration_slope_p'].value:.3f} | {skill.value:.3f} ({skill.low:.3f} to {skill.high:.3f}) "
                f"| {found['ece'].value:.3f} | {ece.low:.3f} to {ece.high:.3f} | {found['ece_p'].value:.3f} |",
                flush=True,
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
