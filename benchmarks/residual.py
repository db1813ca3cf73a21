"""Does a network learn from the signal what the kernel line leaves? Line and network together beside the line alone.

python benchmarks/residual.py FOLDER [--repeats 1] [--inner 4] [--labels 'ph<=7.15' 'ph<7.20' 'ph<7.05']
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
from itertools import product
from pathlib import Path

import pandas as pd
from protocol import default_network

from fhr.cli.quiet_libraries import quieten
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
LEARNT = {"ph<=7.15": "ph<=7.15", "ph<7.20": "ph<=7.15", "ph<7.05": "ph<7.05"}
"""Label whose models serve another one: line and network learn the same of every label but the rare one."""


def network(place: Place, seed: int, *, loss: str) -> Training:
    """The default network with a loss."""
    made = default_network(place, seed, accelerator="cpu")
    if loss == "acidosis":
        made.task.loss = AcidosisRegression(indicators=(7.05, 7.10) if place.target == "ph<7.05" else ())
    return made


def part_of_the_network(both: CrossValidation, line: CrossValidation, labels: pd.Series) -> tuple[float, float]:
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
            aurocs.append(auroc(labels.loc[rows["name"]].to_numpy(), rest.to_numpy()))
            shares.append(rest.var() / rows["score"].var())
    return sum(aurocs) / len(aurocs), sum(shares) / len(shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the CTU-UHB database")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--inner", type=int, default=4)
    parser.add_argument("--loss", nargs="+", default=["ph"], choices=("ph", "acidosis"))
    parser.add_argument("--labels", nargs="+", default=list(LEARNT), choices=tuple(LEARNT))
    parser.add_argument("--work", type=Path, default=Path("build/residual"), help="keeps folds")
    options = parser.parse_args()
    quieten()
    database = CTUUHB(options.folder)
    splits, alone = make_splits(database), KERNEL.maker(feature_table(database, group_features()))
    for learnt, loss in product(dict.fromkeys(LEARNT[label] for label in options.labels), options.loss):
        validated = partial(
            cross_validate,
            database=database,
            target=learnt,
            splits=splits,
            repeats=options.repeats,
            inner=options.inner,
            seed=1,
        )
        start, name = time.process_time(), f"residual on the kernel line, {loss}"
        store = FolderStore(options.work / f"{learnt.strip('ph<=')}-{loss}-{options.inner}")
        line, both = validated(alone), validated(ResidualMaker(partial(network, loss=loss), alone, name), store=store)
        seconds = (time.process_time() - start) / (5 * options.repeats * options.inner)
        for label in (one for one in options.labels if LEARNT[one] == learnt):
            labels = database.labels(label).dropna()
            tables = {"line": line.predictions, name: both.predictions}
            tables = {key: rows.assign(label=labels.loc[rows["name"]].to_numpy()) for key, rows in tables.items()}
            (row,) = compare(tables, ["auroc"]).itertuples()
            added, share = part_of_the_network(both, line, labels)
            print(
                f"{label}, {loss}: line {row.against_value:.3f}, both {row.value:.3f}, change {row.difference:+.4f} "
                f"({row.low:+.4f} to {row.high:+.4f}); the network's part: AUROC {added:.3f}, {share:.0%} of the "
                f"variance; {seconds:.1f} CPU s a fold-network",
                flush=True,
            )


if __name__ == "__main__":
    main()
