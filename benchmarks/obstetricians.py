"""The kernel line beside nine obstetricians on the same records: who finds more births at the same specificity.

python benchmarks/obstetricians.py FOLDER [--before-stage2] [--repeats 10] [--resamples 1000]

FOLDER holds CTU-UHB and expert_evaluations.csv (Hruban et al. 2015, doi:10.1111/jep.12368). A reading is 1 normal, 2
suspicious or 3 pathological of the half hour before the second stage (their second step, see guidelines.py) and of the
second stage, and 1 or 2 as the final judgement. -1, uninterpretable or not given, is no reading: the nine together are
the mean of all readings of a record, second readings by one obstetrician included; a single obstetrician is the first
reading of each record, and the records without one are left out, for the model too. An alarm is a 3, or a final 2.

The model's out-of-fold predictions are those that are kept, of ten repeats from the last hour; with `--before-stage2`
it is fitted to the 60 min before the second stage, and stands beside the readings that end there. Metrics are computed
on each repeat and averaged. Paired 95% bootstrap intervals over records; those of the nine together hold the variance
of training too (`fhr.evaluation.compare`). A single obstetrician's specificity is that of each resample anew, and the
model's threshold is the last that reaches it on these very records, so that no model would reach quite as much at a
threshold that was set before.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import (
    Repeats,
    compare,
    cross_validate,
    feature_table,
    group_features,
    lines,
    oof_file,
    read_oof,
    whole_repeats,
)
from fhr.metrics import Interval, auroc, bootstrap, sensitivity_at_specificity
from fhr.metrics.ranking import tpr_at_fpr_by_counts
from fhr.metrics.resampling import ByCounts, interval_of, resampled_by_counts
from fhr.preprocessing import Pipeline

KEPT = Path(__file__).parent
TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")
ENTRIES = ("kernel", "kernel-loss-parity")
JUDGED = {"eval_step2": "before stage 2", "eval_step3": "stage 2", "eval_step4": "final"}
GRAVEST = {"eval_step2": 3, "eval_step3": 3, "eval_step4": 2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--before-stage2", action="store_true", help="the model, too, sees the 60 min before it alone")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    readings = pd.read_csv(Path(options.folder) / "expert_evaluations.csv", dtype={"rec_id": str})
    judged = ["eval_step2"] if options.before_stage2 else list(JUDGED)
    models = before_stage2(options.folder, options.repeats) if options.before_stage2 else kept()
    together, single = [], []
    for target, of_target in models.items():
        for column in judged:
            mean = mean_reading(readings, column)
            for name, predictions in of_target.items():
                about = f"| `{target}` | {JUDGED[column]} | {name} | "
                together.append(about + of_the_nine(predictions, mean, options.resamples))
                rows = of_each(predictions, alarms(readings, column), mean, options.resamples)
                single += [f"{about}{reader} | {said}" for reader, said in rows.items()]
    print("| label | judged | model | records, positives | nine: AUROC | model | difference", end=" | ")
    print("nine: sensitivity at 90% specificity | model | difference |\n" + "|---" * 10 + "|")
    print("\n".join(together))
    print("\n| label | judged | model | obstetrician | records | specificity | sensitivity | model | difference |")
    print("|---" * 9 + "|\n" + "\n".join(single))
    print("\n| label | judged | a reading | AUROC of the mean |\n|---|---|---|---|")
    for target, of_target in models.items():
        for column in judged:
            for how, mean in otherwise(readings, column).items():
                known = whole_repeats(with_reading(next(iter(of_target.values())), mean))
                area = bootstrap(auroc, known.labels, of_records(mean, known), n_resamples=options.resamples)
                print(f"| `{target}` | {JUDGED[column]} | {how} | {said(area)} |")


def kept() -> dict[str, dict[str, pd.DataFrame]]:
    """Kept predictions by label and name of the model."""
    names = [line.name for line in lines(ENTRIES)]
    return {target: {name: read_oof(oof_file(KEPT, name, target)) for name in names} for target in TARGETS}


def before_stage2(folder: str, repeats: int) -> dict[str, dict[str, pd.DataFrame]]:
    """Predictions from the hour before the second stage by label and name of the model."""
    database, pipeline = CTUUHB(folder), Pipeline(before="stage2")
    splits, table = make_splits(database), feature_table(map(pipeline.cut, database), group_features(pipeline))
    return {
        target: {
            line.name: cross_validate(
                line.maker(table, pipeline=pipeline), database, target=target, splits=splits, repeats=repeats
            ).predictions
            for line in lines(ENTRIES)
        }
        for target in TARGETS
    }


def mean_reading(readings: pd.DataFrame, column: str) -> pd.Series:
    """Mean of all readings of each record; NaN where nobody gave one."""
    return readings[column].where(readings[column] > 0).groupby(readings["rec_id"]).mean()


def alarms(readings: pd.DataFrame, column: str) -> pd.DataFrame:
    """Whether each obstetrician's first reading of a record is an alarm, 1 or 0; NaN without a reading."""
    first = readings.drop_duplicates(["rec_id", "expert_id"]).pivot(index="rec_id", columns="expert_id", values=column)
    return (first == GRAVEST[column]).astype(float).where(first > 0)


def otherwise(readings: pd.DataFrame, column: str) -> dict[str, pd.Series]:
    """The mean reading by what counts as one: what the choice is worth."""
    grave = readings.assign(**{column: readings[column].where(readings[column] > 0, GRAVEST[column])})
    return {
        "every reading, -1 left out": mean_reading(readings, column),
        "the first of each, -1 left out": mean_reading(readings.drop_duplicates(["rec_id", "expert_id"]), column),
        "every reading, -1 as the gravest": mean_reading(grave, column),
    }


def with_reading(predictions: pd.DataFrame, mean: pd.Series) -> pd.DataFrame:
    """Predictions of the records that somebody read."""
    return predictions[predictions["name"].isin(mean.dropna().index)]


def of_records(mean: pd.Series, known: Repeats) -> np.ndarray:
    """Mean reading in the order of the records of a model."""
    return mean.loc[known.names].to_numpy(dtype=float)


def of_the_nine(predictions: pd.DataFrame, mean: pd.Series, resamples: int) -> str:
    """AUROC and sensitivity at 90% specificity of the mean reading and of the model, and their difference."""
    ours = with_reading(predictions, mean)
    known = whole_repeats(ours)
    theirs = ours.assign(score=ours["name"].map(mean))
    metrics = {"auroc": auroc, "sensitivity_at_90_specificity": sensitivity_at_specificity}
    table = compare({"nine": theirs, "model": ours}, list(metrics), n_resamples=resamples).set_index("metric")
    cells = [f"{len(known.labels)}, {known.labels.sum()}"]
    for name, metric in metrics.items():
        for scores in (of_records(mean, known), known.scores):
            cells.append(said(bootstrap(metric, known.labels, scores, n_resamples=resamples)))
        cells.append(said(Interval(*table.loc[name, ["difference", "low", "high"]]), "+.3f"))
    return " | ".join(cells) + " |"


def of_each(predictions: pd.DataFrame, alarms: pd.DataFrame, mean: pd.Series, resamples: int) -> dict[str, str]:
    """Operating point of each obstetrician, and the model's sensitivity at that specificity.

    Then the mean of the nine, and the nine together: an alarm where their mean reading reaches the lowest value that
    leaves 90% of the negatives without one.
    """
    model = whole_repeats(predictions)
    once = np.ones((1, len(model.names)), dtype=np.int64)
    graded = of_records(mean, model)
    levels = np.unique(graded[~np.isnan(graded)])
    spared = np.array([np.nanmean(np.where(np.isnan(graded), np.nan, graded < v)[model.labels == 0]) for v in levels])
    together = np.where(np.isnan(graded), np.nan, graded >= levels[np.argmax(spared >= 0.9)])
    rows, values, draws = {}, [], []
    for reader in [*alarms, "together"]:
        alarm = together if reader == "together" else alarms[reader].loc[model.names].to_numpy()
        kernel = beside(alarm)
        values.append(np.mean([kernel(model.labels, scores, once)[:, 0] for scores in model.scores], axis=0))
        draws.append(resampled_by_counts(kernel, model.labels, model.scores, n_resamples=resamples))
        rows[str(reader)] = f"{np.isfinite(alarm).sum()} | {operating_point(values[-1], draws[-1])}"
    of_nine = operating_point(np.mean(values[:-1], axis=0), np.mean(draws[:-1], axis=0))
    return rows | {"mean of the nine": f"- | {of_nine}"}


def beside(alarm: np.ndarray) -> ByCounts:
    """Specificity and sensitivity of alarms (n,), the model's at that specificity, the difference: a metric (4, m)."""
    known = ~np.isnan(alarm)

    def kernel(labels: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> np.ndarray:
        y, drawn = labels[known], counts[:, known]
        sensitivity = drawn @ (alarm[known] * y) / (drawn @ y)
        false = drawn @ (alarm[known] * (1 - y)) / (drawn @ (1 - y))
        pairs = zip(drawn[:, None], false, strict=True)
        model = np.concatenate([tpr_at_fpr_by_counts(y, scores[known], one, fpr=fpr) for one, fpr in pairs])
        return np.stack([1 - false, sensitivity, model, model - sensitivity])

    return kernel


def operating_point(values: np.ndarray, draws: np.ndarray) -> str:
    """Cells of a row, from what `beside` gives."""
    intervals = [interval_of(value, drawn) for value, drawn in zip(values, draws, strict=True)]
    return " | ".join([*map(said, intervals[:3]), said(intervals[3], "+.3f")]) + " |"


def said(interval: Interval, form: str = ".3f") -> str:
    value, low, high = (format(x, form) for x in interval)
    return f"{value} ({low} to {high})"


if __name__ == "__main__":
    main()
