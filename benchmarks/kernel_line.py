"""The kernel line, its rivals and both order-statistics lines by the whole protocol, with every audit of one row.

python benchmarks/kernel_line.py FOLDER [--repeats 10] [--entries kernel kernel-parity ...] [--withheld 10 20 30]
    [--before-stage2] [--only-earlier] [--permutations 20] [--resamples 1000] [--confidence]

Ten repeats of five outer folds, four inner models averaged, calibrated by cross-fitting. For each label: AUROC with its
95% interval over records, matched on the loss of the last 60 and of the last 20 min, among records with signal in the
last 5 min, and among births with a second stage; the standard deviation between repeats; the paired difference to
either line on order statistics with its interval and the smallest difference that could be shown. `--withheld` does all
of it with so many minutes before the end withheld, `--before-stage2` in the 60 min before the second stage; minutes are
then counted back from the end of the window.
"""

import argparse
import sys
import time

import numpy as np
import pandas as pd

from fhr.datasets import CTUUHB, Splits, make_splits
from fhr.evaluation import (
    CrossValidation,
    baseline_table,
    compare,
    conformal_table,
    cross_validate,
    feature_table,
    group_features,
    lines,
    over_permutations,
    shortcut_report,
    singleton_gain,
    whole_repeats,
)
from fhr.evaluation.group_lines import GroupLine
from fhr.metrics import auroc
from fhr.preprocessing import Pipeline

TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
ENTRIES = ("kernel", "kernel-parity", "kernel-loss", "kernel-loss-parity", "groups-ridge", "groups-logistic")
BESIDE = ("logistic", "ridge")


class Tables:
    """The two tables of features of some recordings, computed once."""

    def __init__(self, recordings: list, pipeline: Pipeline) -> None:
        self.recordings, self.pipeline = recordings, pipeline
        self.statistics = baseline_table(recordings)
        start = time.process_time()
        self.groups = feature_table(recordings, group_features(pipeline))
        self.seconds = (time.process_time() - start) / max(len(recordings), 1)

    def maker(self, slug: str):
        """The line of a short name on its table."""
        (line,) = lines([slug])
        if isinstance(line, GroupLine):
            return line.maker(self.groups, pipeline=self.pipeline)
        return line.maker(self.statistics)


def row(result: CrossValidation, tables: Tables, resamples: int) -> str:
    audit = shortcut_report(result.predictions, tables.statistics, tables.recordings, n_resamples=resamples)
    said = [f"{key} {audit[key].value:.3f}" for key in ("auroc", "matched_auroc", "matched_auroc_20", "auroc_signal_5")]
    stage2, model = tables.statistics["stage2_minutes"], whole_repeats(result.predictions)
    some = np.isin(model.names, stage2.index[stage2 > 0])
    of_some = np.mean([auroc(model.labels[some], scores[some]) for scores in model.scores])
    spread = (
        np.std([auroc(model.labels, scores) for scores in model.scores], ddof=1) if len(model.scores) > 1 else np.nan
    )
    said += [f"with a second stage {of_some:.3f}", f"sd of a repeat {spread:.3f}"]
    return f"({audit['auroc'].low:.3f} to {audit['auroc'].high:.3f}) " + ", ".join(said)


def confidence(result: CrossValidation, of_loss: CrossValidation) -> str:
    """Calibration inside the procedure's own null, sensitivity, coverage, and right singletons beyond signal loss."""
    said = [f"{key} {result.metrics[key].value:.3f}" for key in ("calibration_slope", "cox_p", "ece", "ece_p")]
    value, low, high = result.measured["sensitivity_at_90_specificity"]
    said.append(f"sensitivity at 90% specificity {value:.3f} ({low:.3f} to {high:.3f})")
    for level in (0.8, 0.9):
        value, low, high = singleton_gain(result.predictions, of_loss.predictions, level=level)
        said.append(f"right singletons at {level:.0%} beyond signal loss {value:+.3f} ({low:+.3f} to {high:+.3f})")
    table = conformal_table(result.predictions)
    return "; ".join(said) + "\n" + table.to_string()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--entries", nargs="+", default=ENTRIES)
    parser.add_argument("--targets", nargs="+", default=TARGETS)
    parser.add_argument("--withheld", nargs="+", type=float, default=[])
    parser.add_argument("--permutations", type=int, default=0)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--confidence", action="store_true", help="calibration, sensitivity and sets too")
    parser.add_argument("--before-stage2", action="store_true", help="the 60 min before the second stage too")
    parser.add_argument("--only-earlier", action="store_true", help="leave the last hour out")
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    splits = make_splits(database)
    windows = [] if options.only_earlier else [Pipeline()]
    windows += [Pipeline(minutes=60 - minutes, withheld=minutes) for minutes in options.withheld]
    windows += [Pipeline(before="stage2")] if options.before_stage2 else []
    for pipeline in windows:
        tables = Tables([pipeline.cut(recording) for recording in database], pipeline)
        print(f"{pipeline.window}: {1000 * tables.seconds:.1f} ms of CPU a recording for features, cleaning included")
        for target in options.targets:
            judge(tables, database, splits, target, options)


def judge(tables: Tables, database: CTUUHB, splits: Splits, target: str, options: argparse.Namespace) -> None:
    """Print the rows of one label from one window."""
    given = {"target": target, "splits": splits, "repeats": options.repeats}
    results: dict[str, CrossValidation] = {}
    for slug in (*BESIDE, *options.entries):
        start = time.perf_counter()
        results[slug] = cross_validate(tables.maker(slug), database, **given)
        seconds = (time.perf_counter() - start) / (options.repeats * 5)
        print(f"{target} {slug}: {row(results[slug], tables, options.resamples)}; {seconds:.2f} s a fold", flush=True)
    if options.confidence:
        of_loss = cross_validate(tables.maker("loss"), database, **given)
        for slug in options.entries:
            print(f"{target} {slug}: {confidence(results[slug], of_loss)}", flush=True)
    for slug in options.entries:
        for other in BESIDE:
            frames = {name: results[name].predictions for name in (other, slug)}
            print(f"{target} {slug} - {other}: {difference(frames, options.resamples)}", flush=True)
        if options.permutations:
            control = cross_validate(
                tables.maker(slug), database, target=target, splits=splits, permutations=options.permutations
            )
            over = over_permutations(control.predictions, control.permutations)
            print(f"{target} {slug} permuted: {over.mean:.3f} +- {over.standard_error:.3f}", flush=True)


def difference(frames: dict[str, pd.DataFrame], resamples: int) -> str:
    """The second model minus the first."""
    one = compare(frames, ["auroc"], n_resamples=resamples).iloc[0]
    return (
        f"{one['difference']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f}), p {one['p']:.3f}, "
        f"detectable {one['detectable']:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main())
