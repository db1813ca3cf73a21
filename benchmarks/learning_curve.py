"""Learning curve of the kernel line: AUROC by the number of records it learns from, and what more would give.

python benchmarks/learning_curve.py FOLDER [--entries kernel kernel-loss-parity ridge] [--repeats 10]
    [--sizes 70 123 177 266 354] [--resamples 1000]

The whole protocol on a part of each outer training part: so many of its records, stratified by pH, drawn anew in each
fold of each repeat, a smaller part within every larger one; four inner models on three quarters of them each, averaged;
test folds whole. Then AUROC = a - b n^-c, by least squares with c given, at 1,000 and 10,000 records, and how many
records a goal would take. Intervals of 95%, by a bootstrap over records and repeats. What they leave out: a curve of
another form, and another hospital, whose records teach less of this one.
"""

import argparse
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fhr.compute import stream
from fhr.datasets import CTUUHB, FittedModel, Place, make_splits
from fhr.evaluation import (
    GroupLine,
    Maker,
    baseline_table,
    cross_validate,
    feature_table,
    group_features,
    lines,
    whole_repeats,
)
from fhr.metrics import auroc, resampled
from fhr.metrics.resampling import interval_of

GOALS = {"ph<7.05": 0.87, "ph<=7.15": 0.82, "ph<7.20": 0.79}
POWERS = (0.3, 0.5, 1.0)
BEYOND = (1_000, 10_000)


@dataclass(frozen=True, eq=False)
class FromFewer:
    """A line that is fitted to some of the records of a place."""

    maker: Maker
    size: int
    name: str

    def __call__(self, place: Place, seed: int) -> "FromFewer":
        """The line of one place."""
        return self

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit to fewer records, score as ever."""
        fewer = with_fewer(place, self.size, seed)
        return self.maker(fewer, seed).fit(fewer, seed)


def with_fewer(place: Place, size: int, seed: int) -> Place:
    """The place with `size` of the records outside its outer fold, the same for each of its inner folds."""
    test = place.splits.folds[place.split_repeat][place.fold]
    rest = place.labels.index.difference(test)
    strata = [place.splits.strata[name] for name in rest]
    drawn = stream(seed, "births of a learning curve", place.repeat, place.fold).random((2, len(rest)))
    groups = pd.Series(drawn[0], rest).groupby(strata)
    # One of each stratum in every stretch of the order that is one of its records long: any start of it is stratified.
    order = (groups.rank() - drawn[1]) / groups.transform("size")
    kept = {*test, *order.sort_values().index[:size]}
    return replace(place, labels=place.labels[place.labels.index.isin(kept)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--entries", nargs="+", default=["kernel", "kernel-loss-parity", "ridge"])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--sizes", nargs="+", type=int, default=[70, 123, 177, 266, 354])
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    splits, sizes = make_splits(database), np.array(options.sizes, dtype=float)
    statistics, groups = baseline_table(database), feature_table(database, group_features())
    fits = []
    print("| model | label | " + " | ".join(map(str, options.sizes)) + " |\n" + "|---" * (len(sizes) + 2) + "|")
    for line in lines(options.entries):
        maker = line.maker(groups if isinstance(line, GroupLine) else statistics)
        for target in GOALS:
            areas, drawn = [], []
            for size in options.sizes:
                fewer = FromFewer(maker, size, line.name)
                result = cross_validate(fewer, database, target=target, splits=splits, repeats=options.repeats)
                value, draws = area(result.predictions, options.resamples)
                areas.append(value)
                drawn.append(draws)
            cells = [said(value, draws) for value, draws in zip(areas, drawn, strict=True)]
            print(f"| {line.name} | `{target}` | " + " | ".join(cells) + " |", flush=True)
            fits += [f"| {line.name} | `{target}` | {fitted(sizes, areas, drawn, c, GOALS[target])}" for c in POWERS]
    print("\n| model | label | c | misses by | " + " | ".join(f"{n:,}" for n in BEYOND), end=" | ")
    print("without end | goal | records for it | of the draws within 10,000 |\n" + "|---" * 10 + "|")
    print("\n".join(fits))


def area(predictions: pd.DataFrame, resamples: int) -> tuple[float, np.ndarray]:
    """Mean AUROC of the repeats, and that of resamples of records and repeats: the same ones for every size."""
    model = whole_repeats(predictions)
    value = float(np.mean([auroc(model.labels, scores) for scores in model.scores]))
    draws = resampled(auroc, model.labels, model.scores, n_resamples=resamples, averaged=False)
    repeats = np.random.default_rng(0).integers(len(draws), size=draws.shape)
    return value, np.take_along_axis(draws, repeats, axis=0).mean(axis=0)


def fitted(sizes: np.ndarray, areas: list[float], drawn: list[np.ndarray], c: float, goal: float) -> str:
    """Cells of a - b n^-c: what it leaves, what it gives beyond, and how many records the goal takes."""
    columns = np.stack([np.ones(len(sizes)), -(sizes**-c)], axis=1)
    of_data = np.column_stack([areas, *np.transpose(drawn)])  # the records themselves, then their resamples
    (a, b), *_ = np.linalg.lstsq(columns, of_data, rcond=None)
    left = np.sqrt(np.mean((columns @ [a[0], b[0]] - areas) ** 2))
    values = [a - b * n**-c for n in BEYOND] + [a]
    with np.errstate(invalid="ignore", divide="ignore"):
        needed = np.where(a > goal, (b / (a - goal)) ** (1 / c), np.inf)
    told = f"{needed[0]:,.0f}" if np.isfinite(needed[0]) else "never"
    cells = [f"{c:g}", f"{left:.4f}", *(said(v[0], v[1:]) for v in values), f"{goal:g}", told]
    return " | ".join([*cells, f"{np.mean(needed[1:] <= BEYOND[-1]):.0%}"]) + " |"


def said(value: float, draws: np.ndarray) -> str:
    interval = interval_of(value, draws)
    return f"{value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


if __name__ == "__main__":
    main()
