"""Windows that end before the recording does: how well the linear lines do there, and what gaps tell of stage 2.

python benchmarks/windows.py FOLDER [--repeats 10] [--targets 'ph<7.05' 'ph<=7.15']

The logistic and the ridge line on 21 order statistics of each window alone, plain five folds, each line fitted on the
whole training part, AUROC averaged over the repeats; one fold file for all windows. Beside them the ranking by signal
loss of the window, and the same among births with a second stage. Then the window audit of each, and the shortcut
audits of the last hour.
"""

import argparse

import numpy as np
import pandas as pd

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import lines, shortcut_report, window_audit
from fhr.features import ORDER_STATISTICS, order_statistics
from fhr.metrics import auroc, bootstrap
from fhr.preprocessing import Pipeline

WINDOWS = (
    Pipeline(),
    Pipeline(before="stage2"),
    Pipeline(minutes=50, withheld=10),
    Pipeline(minutes=40, withheld=20),
    Pipeline(minutes=30, withheld=30),
    Pipeline(minutes=50, before="stage2", withheld=10),
)


def said(interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def predicted(line, table, labels, ph, splits, repeats: int) -> pd.DataFrame:
    """Plain out-of-fold scores of a line."""
    names, rows = labels.index, []
    aim = ph.loc[names] if line.on_ph else labels
    for repeat in range(repeats):
        for fold, part in enumerate(splits.folds[repeat]):
            test = names[names.isin(part)]
            train = names.difference(test)
            model = line.make().fit(table.loc[train], aim.loc[train])
            score = -model.predict(table.loc[test]) if line.on_ph else model.decision_function(table.loc[test])
            found = {"name": test, "repeat": repeat, "fold": fold, "label": labels.loc[test].astype(int)}
            rows.append(pd.DataFrame(found | {"score": score, "probability": 0.5}))
    return pd.concat(rows, ignore_index=True)


def area(predictions: pd.DataFrame, names) -> str:
    """AUROC among these records."""
    wide = predictions[predictions["name"].isin(names)].pivot(index="name", columns="repeat", values="score")
    labels = predictions.drop_duplicates("name").set_index("name")["label"].loc[wide.index]
    return said(bootstrap(auroc, labels, wide.to_numpy().T))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--targets", nargs="+", default=["ph<7.05", "ph<=7.15"])
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    splits = make_splits(database, n_repeats=options.repeats)
    stage2 = pd.Series([max((r.duration - r.stage2_start) / 60, 0) for r in database], database.names).fillna(0.0)
    some = stage2.index[stage2 > 0]

    print("| window | label | logistic | ridge on pH | signal loss | logistic, stage 2 | ridge on pH, stage 2 |")
    print("|---|---|---|---|---|---|---|")
    audits, shortcuts = [], []
    for pipeline in WINDOWS:
        windows = database.changed(pipeline.cut)
        values = np.array([order_statistics(recording.fhr, fs=recording.fs) for recording in windows])
        table = pd.DataFrame(values, windows.names, list(ORDER_STATISTICS)).assign(stage2_minutes=stage2)
        audits.append((pipeline.window, window_audit(windows, table, minutes=pipeline.minutes)))
        for target in options.targets:
            labels, ph = database.labels(target).dropna(), database.outcomes["ph"]
            all_births, with_stage2 = [], []
            for line in lines(["logistic", "ridge"]):
                found = predicted(line, table[list(ORDER_STATISTICS)], labels, ph, splits, options.repeats)
                all_births.append(area(found, labels.index))
                with_stage2.append(area(found, some))
                if not pipeline.is_cut:
                    shortcuts.append((line.name, target, shortcut_report(found, table, windows)))
            all_births.append(said(bootstrap(auroc, labels, table.loc[labels.index, "loss_60"])))
            print(f"| {pipeline.window} | `{target}` | " + " | ".join([*all_births, *with_stage2]) + " |", flush=True)

    print("\n| window | gaps: no second stage, AUROC | gaps: its length, Spearman | loss: its length, Spearman |")
    print("|---|---|---|---|")
    for window, audit in audits:
        names = ("no_second_stage_auroc", "second_stage_spearman", "loss_spearman")
        print(f"| {window} | " + " | ".join(said(audit[name]) for name in names) + " |")

    print("\n| | " + " | ".join(f"{name}, `{target}`" for name, target, _ in shortcuts) + " |")
    print("|---" * (len(shortcuts) + 1) + "|")
    for key in shortcuts[0][2]:
        print(f"| {key} | " + " | ".join(said(audit[key]) for _, _, audit in shortcuts) + " |")


if __name__ == "__main__":
    main()
