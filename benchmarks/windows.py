"""Windows that end before the recording does: how well the linear lines do there, and what gaps tell of stage 2.

python benchmarks/windows.py FOLDER [--repeats 10] [--targets 'ph<7.05' 'ph<=7.15']

The logistic and the ridge line on 21 order statistics of each window alone, 10 x 5 outer folds, one fold file for all
windows; beside them signal loss of the window. Then the shortcut audits of the last hour, and the window audit of each.
"""

import argparse

from fhr.datasets import CTUUHB, make_splits
from fhr.evaluation import baseline_table, cross_validate, lines, shortcut_report, window_audit
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--targets", nargs="+", default=["ph<7.05", "ph<=7.15"])
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    splits = make_splits(database, n_repeats=options.repeats)

    print("| window | label | " + " | ".join(line.name for line in lines(["logistic", "ridge", "loss"])) + " |")
    print("|---|---|---|---|---|")
    audits, shortcuts = [], []
    for pipeline in WINDOWS:
        windows = database.changed(pipeline.cut) if pipeline.is_cut else database
        table = baseline_table(windows)
        audits.append((pipeline.window, window_audit(windows, table, minutes=pipeline.minutes)))
        for target in options.targets:
            row = []
            for line in lines(["logistic", "ridge", "loss"]):
                result = cross_validate(
                    line.maker(table), windows, target=target, splits=splits, repeats=options.repeats
                )
                row.append(said(result.metrics["auroc"]))
                if line.slug != "loss" and not pipeline.is_cut:
                    shortcuts.append((line.name, target, shortcut_report(result.predictions, table, windows)))
            print(f"| {pipeline.window} | `{target}` | " + " | ".join(row) + " |", flush=True)

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
