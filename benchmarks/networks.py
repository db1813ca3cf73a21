"""Networks by the protocol, one training for the labels on pH, and each beside the lines and its control.

python benchmarks/networks.py FOLDER run NAME --out DIR [--config CONFIG] [--repeats 1] [--set data.batch_size=64 ...]
    [--shuffle MINUTES] [--with LINE ...] [--records N]
python benchmarks/networks.py FOLDER lines --out DIR [--repeats 1]
python benchmarks/networks.py FOLDER table --out DIR [--against NAME ...] [--resamples 1000]
python benchmarks/networks.py FOLDER audit NAME ... --out DIR
python benchmarks/networks.py FOLDER choose NAME [--config CONFIG] [--set ...]

`run` trains a configuration (by name or file, `--set` changes a value by its path) in 5 folds x 4 inner folds and keeps
the scores of every label in DIR/NAME.csv. With `--shuffle`, a control, stretches of that length lie in another order in
every window, by record; with `--with`, the network is averaged at equal weight with lines, as one procedure; with
`--records`, it learns from so many records outside each test fold, as the lines of `learning_curve.py`. `lines`
scores the lines by themselves. `table` prints AUROC, Brier score and slope of what DIR holds, and paired differences of
the mean AUROC of the three labels. `audit` matches the scores on signal loss, as for the lines. `choose` scores a
configuration by the held-out inner folds of the training part of one outer fold, on which alone settings are chosen.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import yaml
from kernel_line import Tables, row
from learning_curve import FromFewer

from fhr.cli.configurations import configuration_file
from fhr.cli.crossval_maker import ConfiguredMaker
from fhr.datasets import CTUUHB, FittedModel, Place, Splits, make_splits
from fhr.evaluation import Procedure, cross_validate
from fhr.metrics import auroc, brier, calibration_slope
from fhr.preprocessing import Pipeline

TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20")
LINES = ("logistic", "ridge", "kernel")


def configuration(name: str, folder: str, changes: list[str]) -> str:
    """A configuration of `fhr crossval` with some values changed, as text."""
    given: dict[str, Any] = yaml.safe_load(Path(configuration_file(name)).read_text())
    given.pop("procedure", None)
    given["data"].setdefault("init_args", {})["root"] = folder
    given["trainer"] |= {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    for change in changes:
        path, _, value = change.partition("=")
        *parents, last = path.split(".")
        at = given
        for parent in parents:
            at = at.setdefault(parent, {})
        at[last] = yaml.safe_load(value)
    return yaml.safe_dump(given)


class Shuffled:
    """A maker of trainings on windows whose stretches lie in another order, by record."""

    def __init__(self, make, minutes: float) -> None:
        self.make, self.minutes = make, minutes

    def __call__(self, place: Place, seed: int):
        """The training of a place, with its windows shuffled."""
        training = self.make(place, seed)
        training.data.setup("fit")
        length = round(60 * self.minutes * training.data.fs)
        training.data._signal = {
            name: _shuffled(signal, length, np.random.default_rng(k))
            for k, (name, signal) in enumerate(sorted(training.data._signal.items()))
        }
        return training


def _shuffled(signal: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    stretches = signal.reshape(len(signal), -1, length)
    return np.ascontiguousarray(stretches[:, rng.permutation(stretches.shape[1])].reshape(signal.shape))


class Remembered:
    """A maker whose fits are kept, and given again for another label; the scores know none."""

    def __init__(self, make) -> None:
        self.make, self.known = make, {}
        self.seconds: list[float] = []

    def __call__(self, place: Place, seed: int) -> "_Fit":
        """The fit of a place, made where none is known."""
        return _Fit(self, place, seed)


class _Fit:
    def __init__(self, of: Remembered, place: Place, seed: int) -> None:
        self.of, self.seed, self.key = of, seed, (place.repeat, place.fold, place.inner)

    def fit(self, place: Place, seed: int) -> FittedModel:
        """What was fitted at this place before, or else a fit."""
        if self.key not in self.of.known:
            start = time.process_time()
            fitted = self.of.make(place, self.seed).fit(place, seed)
            self.of.known[self.key] = fitted._replace(network=None)
            self.of.seconds.append(time.process_time() - start)
        return self.of.known[self.key]


def by_label(make, database: CTUUHB, splits: Splits, options: argparse.Namespace) -> tuple[pd.DataFrame, float]:
    """Out-of-fold predictions of every label, and seconds of CPU a training."""
    remembered, frames = Remembered(make), []
    tables = Tables(list(database), Pipeline()) if options.beside else None
    for target in options.targets:
        whole = remembered
        if tables is not None:
            whole = Procedure((remembered, *(tables.maker(slug) for slug in options.beside)), by="mean")
        given = {"target": target, "splits": splits, "repeats": options.repeats, "name": "network"}
        result = cross_validate(whole, database, **given)
        said = {key: round(result.metrics[key].value, 3) for key in ("auroc", "brier", "calibration_slope")}
        print(target, said, flush=True)
        frames.append(result.predictions.assign(target=target))
    return pd.concat(frames), float(np.median(remembered.seconds))


def run(options: argparse.Namespace, database: CTUUHB, splits: Splits) -> None:
    path = Path(options.out) / f"{options.name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = configuration(options.config or options.name, options.folder, options.set)
    make = configured = ConfiguredMaker(text, options.name)
    task = configured(Place.first(database, options.targets[0], splits), 0).task
    if len(options.targets) > 1 and getattr(task.loss, "needs_label", True):
        sys.exit(f"{type(task.loss).__name__} learns the label; give one of --targets at a time")
    if options.shuffle:
        make = Shuffled(make, options.shuffle)
    if options.records:
        make = FromFewer(make, options.records, options.name)
    predictions, seconds = by_label(make, database, splits, options)
    network = task.model
    size = sum(p.numel() for p in network.parameters())
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    predictions.to_csv(path, index=False)
    about = {"config": options.config or options.name, "set": options.set, "seconds": seconds}
    path.with_suffix(".json").write_text(json.dumps(about | {"parameters": size, "trained": trained}))
    print(f"{options.name}: {seconds:.1f} s of CPU a training, {size} parameters, {trained} of them trained")


def lines(options: argparse.Namespace, database: CTUUHB, splits: Splits) -> None:
    tables = Tables(list(database), Pipeline())
    for slug in LINES:
        frames = []
        for target in options.targets:
            result = cross_validate(tables.maker(slug), database, target=target, splits=splits, repeats=options.repeats)
            frames.append(result.predictions.assign(target=target))
        Path(options.out).mkdir(parents=True, exist_ok=True)
        pd.concat(frames).to_csv(Path(options.out) / f"{slug}.csv", index=False)


def audit(options: argparse.Namespace, database: CTUUHB, splits: Splits) -> None:
    """AUROC, matched on signal loss, and among records with signal at the end."""
    tables = Tables(list(database), Pipeline())
    for name in [options.name, *options.more]:
        frame = pd.read_csv(Path(options.out) / f"{name}.csv")
        for target, predictions in zip(TARGETS, by_target(frame), strict=True):
            print(name, target, row(SimpleNamespace(predictions=predictions), tables, options.resamples), flush=True)


def choose(options: argparse.Namespace, database: CTUUHB, splits: Splits) -> None:
    """AUROC of the held-out inner folds of outer fold 0 alone."""
    make = ConfiguredMaker(configuration(options.config or options.name, options.folder, options.set), options.name)
    held_out = []
    for inner in range(4):
        place = Place.first(database, "ph<=7.15", splits).at(0, 0, inner)
        held_out.append(make(place, inner).fit(place, inner).held_out)
    scores = pd.concat(held_out)
    found = []
    for target in options.targets:
        labels = database.labels(target).loc[scores.index].to_numpy(dtype=float)
        found.append(auroc(labels, scores.to_numpy()))
    print(f"{options.name} {options.set}: {' / '.join(f'{x:.3f}' for x in found)}, mean {np.mean(found):.4f}")


def table(options: argparse.Namespace) -> None:
    frames = {path.stem: pd.read_csv(path) for path in sorted(Path(options.out).glob("*.csv"))}
    for name, frame in frames.items():
        about_path = Path(options.out) / f"{name}.json"
        about = json.loads(about_path.read_text()) if about_path.exists() else {}
        metrics = zip(*map(measured, by_target(frame)), strict=True)
        cells = [" / ".join(f"{metric:.3f}" for metric in of) for of in metrics]
        beside = [difference(frames[other], frame, options.resamples) for other in options.against if other != name]
        cost = [str(about.get("parameters", "")), f"{about.get('seconds', 0):.1f}"]
        said = [name, str(frame["repeat"].nunique()), *cells, *cost]
        print("| " + " | ".join(said + beside) + " |", flush=True)


def by_target(frame: pd.DataFrame) -> list[pd.DataFrame]:
    return [frame[frame["target"] == target] for target in TARGETS]


def measured(rows: pd.DataFrame) -> tuple[float, float, float]:
    """AUROC, Brier score and slope, mean over the repeats."""
    each = [
        (auroc(y, one["score"].to_numpy()), brier(y, p), calibration_slope(y, p))
        for _, one in rows.groupby("repeat")
        for y, p in [(one["label"].to_numpy(dtype=float), one["probability"].to_numpy())]
    ]
    return tuple(np.mean(each, axis=0))


def difference(one: pd.DataFrame, other: pd.DataFrame, resamples: int) -> str:
    """Mean AUROC of the three labels, the second minus the first, over records, on the repeats that both have."""
    shared = sorted(set(one["repeat"]) & set(other["repeat"]))
    both = [x[x["repeat"].isin(shared)] for x in (one, other)]
    wide = [[rows.pivot(index="name", columns="repeat", values="score") for rows in by_target(x)] for x in both]
    labels = [rows.drop_duplicates("name").set_index("name")["label"] for rows in by_target(one)]
    names = np.array(sorted(set(wide[0][0].index) & set(wide[1][0].index)))
    arrays = [[scores.loc[names].to_numpy().T for scores in x] for x in wide]
    truth = [label.loc[names].to_numpy(dtype=float) for label in labels]

    def mean(rows: np.ndarray) -> float:
        found = [
            [np.mean([auroc(y[rows], repeat[rows]) for repeat in scores]) for y, scores in zip(truth, x, strict=True)]
            for x in arrays
        ]
        return float(np.mean(found[1]) - np.mean(found[0]))

    rng = np.random.default_rng(0)
    draws = [mean(rng.integers(len(names), size=len(names))) for _ in range(resamples)]
    low, high = np.quantile(draws, (0.025, 0.975))
    return f"{mean(np.arange(len(names))):+.3f} ({low:+.3f} to {high:+.3f}), {2.8 * np.std(draws):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("what", choices=("run", "lines", "table", "audit", "choose"))
    parser.add_argument("name", nargs="?")
    parser.add_argument("more", nargs="*")
    parser.add_argument("--config", help="configuration, by name or file (default: NAME)")
    parser.add_argument("--set", nargs="*", default=[], metavar="PATH=VALUE")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--targets", nargs="+", default=TARGETS)
    parser.add_argument("--out", default="networks")
    parser.add_argument("--shuffle", type=float, metavar="MINUTES")
    parser.add_argument("--records", type=int, metavar="N")
    parser.add_argument("--with", dest="beside", nargs="*", default=[], metavar="LINE")
    parser.add_argument("--against", nargs="*", default=[])
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    if options.what == "table":
        table(options)
        return
    database = CTUUHB(options.folder)
    {"run": run, "lines": lines, "audit": audit, "choose": choose}[options.what](
        options, database, make_splits(database)
    )


if __name__ == "__main__":
    sys.exit(main())
