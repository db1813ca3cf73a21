"""The embedding of a network as one more kernel of the kernel line, beside the line without it.

python benchmarks/embedding_kernel.py FOLDER [--lines kernel kernel-loss-parity] [--config log_energy_kernel]
    [--set ...] [--weights 0.3] [--repeats 3] [--targets 'ph<7.05' 'ph<=7.15'] [--withheld 30] [--choose]
    [--trunk-seed 1] [--against logistic ridge] [--resamples 1000]

By the whole protocol, in five folds with four inner models: AUROC of the line, of the line with the embedding at each
weight, and with `--choose` of one procedure that takes, in each outer fold, the best of all these on its held-out inner
folds. Beside each the paired difference to the line, and to those of `--against`, its interval and the smallest
difference that could be shown. The configuration says which network. Of one whose trunk is frozen (`learn: none`) the
embedding is the same in every fold and is computed once; others are trained at every place.
"""

import argparse
import sys
import time

import numpy as np
import pandas as pd
from kernel_line import Tables, difference
from networks import configuration

from fhr.cli.crossval_maker import ConfiguredMaker
from fhr.datasets import CTUUHB, FittedModel, Place, Splits, make_splits
from fhr.evaluation import EmbeddedMaker, Maker, Procedure, cross_validate, embedding_table
from fhr.evaluation.embedded import scored_by_head
from fhr.metrics import auroc
from fhr.preprocessing import Pipeline


class Frozen:
    """A maker of heads on an embedding that no fold changes."""

    def __init__(self, made: EmbeddedMaker, table: pd.DataFrame, blocks: tuple[int, ...]) -> None:
        self.made, self.table, self.blocks = made, table, blocks

    def __call__(self, place: Place, seed: int) -> "Frozen":
        """Itself, at every place."""
        return self

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit the head."""
        return scored_by_head(self.made, self.table, self.blocks, self.made.line.table, place, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--lines", nargs="+", default=["kernel"])
    parser.add_argument("--config", default="log_energy_kernel")
    parser.add_argument("--set", nargs="*", default=[], metavar="PATH=VALUE")
    parser.add_argument("--weights", nargs="+", type=float, default=[0.3])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--targets", nargs="+", default=["ph<7.05", "ph<=7.15"])
    parser.add_argument("--withheld", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--trunk-seed", type=int, default=1, help="of the random weights")
    parser.add_argument("--against", nargs="*", default=[], metavar="LINE")
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    minutes = options.withheld
    pipeline = Pipeline(minutes=60 - minutes, withheld=minutes)
    tables = Tables([pipeline.cut(recording) for recording in database], pipeline)
    window = [f"data.init_args.window_minutes={60 - minutes}", f"data.init_args.withheld_minutes={minutes}"]
    network = ConfiguredMaker(configuration(options.config, options.folder, [*options.set, *window]), options.config)
    splits = make_splits(database)
    first = network(Place.first(database, options.targets[0], splits), options.trunk_seed)
    frozen = None
    if getattr(first.task.model, "learn", "") == "none":
        table = embedding_table(first.task.model, list(database), first.data.pipeline)
        frozen = (table, first.task.model.embedded_blocks)
        print(f"{options.config}: {table.shape[1]} numbers of {len(frozen[1])} kinds", flush=True)

    def with_embedding(slug: str, weight: float) -> Maker:
        made = EmbeddedMaker(network, line=tables.maker(slug), weight=weight)
        return made if frozen is None else Frozen(made, *frozen)

    for target in options.targets:
        others = {
            slug: cross_validate(
                tables.maker(slug), database, target=target, splits=splits, repeats=options.repeats
            ).predictions
            for slug in options.against
        }
        for slug in options.lines:
            makers = {slug: tables.maker(slug)}
            makers |= {f"{slug} + embedding {w:g}": with_embedding(slug, w) for w in options.weights}
            if options.choose:
                makers["chosen inside"] = Procedure(tuple(makers.values()), by="choose")
            judge(target, makers, others, database, splits, options)


def aurocs(predictions: pd.DataFrame) -> list[float]:
    """AUROC of each repeat."""
    repeats = (one for _, one in predictions.groupby("repeat"))
    return [auroc(one["label"].to_numpy(dtype=float), one["score"].to_numpy()) for one in repeats]


def judge(
    target: str,
    makers: dict[str, Maker],
    others: dict[str, pd.DataFrame],
    database: CTUUHB,
    splits: Splits,
    options: argparse.Namespace,
) -> None:
    """Print the rows of one label, each beside the first and beside other lines."""
    given = {"target": target, "splits": splits, "repeats": options.repeats, "seed": 1}
    known: dict[str, pd.DataFrame] = {}
    for name, make in makers.items():
        start = time.process_time()
        known[name] = cross_validate(make, database, **given, name=name).predictions
        seconds = (time.process_time() - start) / (options.repeats * 20)
        first = next(iter(known))
        print(f"{target} {name}: {np.mean(aurocs(known[name])):.3f}; {seconds:.2f} s of CPU a fit", flush=True)
        for other, found in ({} if name == first else {first: known[first]} | others).items():
            said = difference({other: found, name: known[name]}, options.resamples)
            print(f"{target} {name} - {other}: {said}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
