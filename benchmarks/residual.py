"""Does a network learn from the signal what the kernel line leaves? Line and network together beside the line alone.

python benchmarks/residual.py FOLDER [--repeats 1] [--inner 4] [--targets 'ph<=7.15' 'ph<7.20' 'ph<7.05']
    [--loss ph acidosis] [--work FOLDER]

The default network of `fhr crossval --config cnn`, 25 epochs, that begins from the leave-one-out score of the kernel
line (`fhr.evaluation.ResidualMaker`), five outer folds, four inner models averaged. For each label: AUROC of the line,
of the residual network alone (the part that it adds) and of both, and the paired change with its 95% interval over
records; the share of the variance of the score that the network adds; CPU seconds a fold-network. The loss is that of
the default network, or `AcidosisRegression` with the indicators of the label. Folds are kept in `--work`; with the same
source a second run goes on.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import pandas as pd
from protocol import default_network

from fhr.cli.training import quieten
from fhr.datasets import CTUUHB, Place, make_splits
from fhr.evaluation import (
    GROUP_LINES,
    CrossValidation,
    FolderStore,
    ResidualMaker,
    compare,
    cross_validate,
    feature_table,
    group_features,
)
from fhr.losses import AcidosisRegression
from fhr.metrics import auroc
from fhr.tasks import Training

KERNEL = GROUP_LINES[0]
RARE = "ph<7.05"


def network(place: Place, seed: int, *, loss: str) -> Training:
    """The default network with a loss."""
    made = default_network(place, seed, accelerator="cpu")
    if loss == "acidosis":
        made.task.loss = AcidosisRegression(indicators=(7.05, 7.10) if place.target == RARE else ())
    return made


def mean_auroc(predictions: pd.DataFrame) -> float:
    """Of the repeats."""
    return float(predictions.groupby("repeat").apply(lambda rows: auroc(rows["label"], rows["score"])).mean())


def part_of_the_network(both: CrossValidation, line: CrossValidation) -> tuple[float, float]:
    """AUROC of what the network adds, by inner model and fold, and its share of the variance of the score.

    The line's part is what of the score is linear in the line's score; the rest is the network's.
    """
    aurocs, shares = [], []
    for place, raw in both.raw.items():
        keys = ["name", "inner", "use"]
        joined = raw.merge(line.raw[place][[*keys, "score"]], on=keys, suffixes=("", "_line"))
        for _, rows in joined[joined["use"] == "test"].groupby("inner"):
            slope = rows[["score", "score_line"]].cov().iloc[0, 1] / rows["score_line"].var()
            rest = rows["score"] - slope * rows["score_line"]
            aurocs.append(auroc(both.first.labels.loc[rows["name"]].to_numpy(), rest.to_numpy()))
            shares.append(rest.var() / rows["score"].var())
    return sum(aurocs) / len(aurocs), sum(shares) / len(shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the CTU-UHB database")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--inner", type=int, default=4)
    parser.add_argument("--targets", nargs="+", default=["ph<=7.15", "ph<7.20", RARE])
    parser.add_argument("--loss", nargs="+", default=["ph"], choices=("ph", "acidosis"))
    parser.add_argument("--work", type=Path, default=Path("build/residual"), help="keeps folds")
    options = parser.parse_args()
    quieten()
    database = CTUUHB(options.folder)
    splits, table = make_splits(database), feature_table(database, group_features())
    for target in options.targets:
        alone = KERNEL.maker(table)
        validated = partial(
            cross_validate,
            database=database,
            target=target,
            splits=splits,
            repeats=options.repeats,
            inner=options.inner,
            seed=1,
        )
        line = validated(alone)
        for loss in options.loss:
            start = time.process_time()
            name = f"residual on the kernel line, {loss}"
            store = FolderStore(options.work / f"{target.strip('ph<=')}-{loss}-{options.inner}")
            both = validated(ResidualMaker(partial(network, loss=loss), alone, name), store=store)
            seconds = (time.process_time() - start) / (5 * options.repeats * options.inner)
            (row,) = compare({"line": line.predictions, name: both.predictions}, ["auroc"]).itertuples()
            added, share = part_of_the_network(both, line)
            print(
                f"{target}, {loss}: line {mean_auroc(line.predictions):.3f}, both {mean_auroc(both.predictions):.3f}, "
                f"change {row.difference:+.4f} ({row.low:+.4f} to {row.high:+.4f}); the network's part: AUROC "
                f"{added:.3f}, {share:.0%} of the variance; {seconds:.1f} CPU s a fold-network",
                flush=True,
            )


if __name__ == "__main__":
    main()
