"""Does rebalancing the classes of the training part help? Weights, copies, SMOTE and generators against none.

python benchmarks/rebalancing.py FOLDER [--arms weights oversampling smote CopulaSegments ...] [--repeats 10]
    [--generator-repeats 2] [--targets 'ph<=7.15' 'ph<7.05'] [--lines kernel logistic] [--ratio 1]
    [--share 0.25] [--work FOLDER]

The kernel line, and the logistic line on 21 order statistics (of cleaned FHR, which is what a generator makes), five
outer folds, four inner models averaged; every arm is recalibrated alike, by cross-fitting on held-out inner folds as
they are. For each label, line and arm: the paired change of each metric against no rebalancing and against
class weights, over the repeats that both have, with its 95% interval (records and training), p, p after Holm over all
arms and metrics of this label, line and rival, and the smallest change that would have been shown with 80% power.

An arm *helps* where the upper end of the Brier score's change is below 0 and the interval of the AUROC's is not wholly
below 0. The change of a calibration slope says nothing of better or worse by itself: the slopes stand beside it.

Generators go by the name of their class in `fhr.synthesis`, with their default settings. Folds, and features of
what generators make (0.03 s a recording), are kept in `--work`; with the same source a second run goes on.
"""

import argparse
import sys
import time
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

import pandas as pd
from learning_curve import FromFewer

import fhr.synthesis
from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import (
    GROUP_LINES,
    CrossValidation,
    FolderStore,
    KernelLineMaker,
    OnTableMaker,
    SyntheticRows,
    compare,
    cross_validate,
    feature_table,
    group_features,
)
from fhr.evaluation.baselines import logistic
from fhr.evaluation.comparison import COMPARED
from fhr.features import ORDER_STATISTICS
from fhr.metrics import holm
from fhr.synthesis import Rebalancing

RIVALS = ("none", "weights")
PLAIN = ("none", "weights", "oversampling", "smote")
KERNEL = GROUP_LINES[0].features()
FEATURES = replace(group_features(), covariates=())  # of either line


def rebalancing_of(arm: str, ratio: float, work: Path) -> Rebalancing:
    """The rebalancing of an arm's name."""
    if arm in PLAIN:
        return Rebalancing(arm, ratio)
    generator = getattr(fhr.synthesis, arm)()
    if "folder" in {field.name for field in fields(generator)}:
        generator = replace(generator, folder=str(work))
    return Rebalancing("synthetic", ratio, generator)


def maker(line: str, table: pd.DataFrame, rebalancing: Rebalancing, rows: SyntheticRows):  # type: ignore[no-untyped-def]
    """A line with a rebalancing."""
    if line == "kernel":
        return KernelLineMaker(table[list(KERNEL.names)], KERNEL, rebalancing=rebalancing, synthetic=rows)
    estimator = partial(logistic, balanced=False)
    return OnTableMaker(estimator, table[list(ORDER_STATISTICS)], "label", "logistic", rebalancing, rows)


def changes(results: dict[str, CrossValidation], rival: str, resamples: int) -> pd.DataFrame:
    """Paired change of every arm against a rival, over the repeats that both have."""
    found = []
    for arm, result in results.items():
        if arm == rival or (rival == "weights" and arm == "none"):
            continue
        ours, theirs = result.predictions, results[rival].predictions
        common = set(ours["repeat"]) & set(theirs["repeat"])
        frames = {rival: theirs[theirs["repeat"].isin(common)], arm: ours[ours["repeat"].isin(common)]}
        found.append(compare(frames, COMPARED, n_resamples=resamples))
    table = pd.concat(found, ignore_index=True)
    return table.assign(p_holm=holm(table["p"]))


def said(table: pd.DataFrame, rival: str) -> str:
    """Rows of Markdown."""
    heads = ("arm", "metric", rival, "arm's", "change", "95% interval", "p", "Holm", "detectable", "repeats", "verdict")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for arm, rows in table.groupby("model", sort=False):
        by_metric = rows.set_index("metric")
        helps = by_metric.loc["brier", "high"] < 0 and by_metric.loc["auroc", "high"] >= 0
        for row in rows.itertuples():
            verdict = ("helps" if helps else "does not help") if row.metric == "brier" else ""
            cells = (
                arm,
                row.metric,
                f"{row.against_value:.4f}",
                f"{row.value:.4f}",
                f"{row.difference:+.4f}",
                f"{row.low:+.4f} to {row.high:+.4f}",
                f"{row.p:.3f}",
                f"{row.p_holm:.3f}",
                f"{row.detectable:.4f}",
                str(row.repeats),
                verdict,
            )
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the CTU-UHB database")
    parser.add_argument("--arms", nargs="+", default=["weights", "oversampling", "smote"])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--generator-repeats", type=int, help="of arms that draw recordings; as many where not given")
    parser.add_argument("--targets", nargs="+", default=["ph<=7.15", "ph<7.05"])
    parser.add_argument("--lines", nargs="+", default=["kernel", "logistic"], choices=("kernel", "logistic"))
    parser.add_argument("--share", type=float, default=1.0, help="of the records outside the outer fold, drawn anew")
    parser.add_argument("--ratio", type=float, default=1.0, help="wanted number of positives to one negative")
    parser.add_argument("--resamples", type=int, default=4000, help="Holm over m changes shows 2 m / this at best")
    parser.add_argument("--work", type=Path, default=Path("build/rebalancing"), help="keeps folds and features")
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    splits, table = make_splits(database), feature_table(database, FEATURES)
    rows = SyntheticRows(partial(feature_table, features=FEATURES), options.work / "rows")
    arms = list(dict.fromkeys([*RIVALS, *options.arms]))
    for target in options.targets:
        for line in options.lines:
            results: dict[str, CrossValidation] = {}
            for arm in arms:
                start = time.process_time()
                repeats = options.repeats if arm in PLAIN else options.generator_repeats or options.repeats
                rebalancing = rebalancing_of(arm, options.ratio, options.work)
                make = maker(line, table, rebalancing, rows)
                if options.share < 1:
                    make = FromFewer(make, round(options.share * 0.8 * len(database)), rebalancing.title)
                folder = f"{line}-{target.strip('ph<=')}-{arm}-{options.ratio:g}-{options.share:g}"
                results[arm] = cross_validate(
                    make,
                    database,
                    target=target,
                    splits=splits,
                    repeats=repeats,
                    store=FolderStore(options.work / folder),
                    name=f"{line}, {rebalancing.title}",
                )
                seconds = (time.process_time() - start) / (5 * repeats)
                print(f"{target} {line} {arm}: {repeats} repeats, {seconds:.2f} s of CPU a fold", flush=True)
            for rival in RIVALS:
                table_of_changes = changes(results, rival, options.resamples)
                print(f"\n{target}, {line} line, against {rival}\n\n{said(table_of_changes, rival)}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
