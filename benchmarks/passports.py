"""Passports of every shipped generator on the same outer folds, as one table, and a blind sheet.

python benchmarks/passports.py FOLDER [--folds 0] [--label 'ph<=7.15'] [--classes all 1] [--generators iaaft ...]
    [--draws 100] [--out DIR] [--work DIR] [--blind DIR --strips 40 --seed 0]

Each generator is fitted to the training records of an outer fold and compared with the records of its test fold. The
power of planted defects is measured on the training records of that fold, at the number of its test records. `--blind`
writes sheets of strips under numbers, ten a page, and the key to another file: half real ones, and as many of each
generator.
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np

from fhr.cli.configurations import shipped_configurations
from fhr.cli.generator_settings import generator_of
from fhr.datasets import CTUUHB, Place
from fhr.evaluation import RealMeasures, passport_power, surrogate_passport
from fhr.plots import strips
from fhr.report import write_passport
from fhr.synthesis import TrainingWindows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--folds", nargs="+", type=int, default=[0])
    parser.add_argument("--label", default="ph<=7.15")
    parser.add_argument("--classes", nargs="+", default=["all", "1"], choices=["all", "0", "1"])
    parser.add_argument("--generators", nargs="+", default=list(shipped_configurations(generators=True)))
    parser.add_argument("--draws", type=int, default=100, help="of the power; 0 for none")
    parser.add_argument("--splits", type=int, default=999)
    parser.add_argument("--out", type=Path, help="folder of the pages")
    parser.add_argument("--work", help="folder of what is simulated once")
    parser.add_argument("--blind", type=Path, help="folder of blind sheets")
    parser.add_argument("--strips", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0, help="of the blind sheets")
    options = parser.parse_args()
    database = CTUUHB(options.folder)
    first = Place.first(database, options.label)
    for fold in options.folds:
        place = first.at(0, fold)
        measures = RealMeasures()
        folder = ["--generator.folder", options.work] if options.work else []
        fitted = {
            name: generator_of(name, folder if name == "refitted_simulator" else ()).at(place, outer=True)
            for name in options.generators
        }
        held_out = [database[name] for name in place.partition.test]
        if options.blind:
            blind(options.blind, fitted, held_out, options.strips, options.seed)
            continue
        windows = next(iter(fitted.values())).windows
        for given in options.classes:
            target = None if given == "all" else int(given)
            n = len(held_out) if target is None else int((place.labels[list(place.partition.test)] == target).sum())
            power = passport_power(windows, n, target=target, n_draws=options.draws) if options.draws else {}
            print(f"fold {fold}, class {given}, n {n}, power: {said(power)}", flush=True)
            for name, generator in fitted.items():
                start = time.perf_counter()
                passport = surrogate_passport(
                    generator,
                    held_out,
                    place.labels,
                    target=target,
                    power=power,
                    n_splits=options.splits,
                    measures=measures,
                )
                worst = passport.indices.sort_values("p_holm", kind="stable")
                low = worst[worst["p_holm"] <= 0.05]
                told = said(dict(zip(passport.memorisation["test"], passport.memorisation["p_holm"], strict=True)))
                print(
                    f"fold {fold}, class {given}, {name}: {len(low)} of {len(worst)} indices reject "
                    f"({', '.join(f'{index} z {z:.1f}' for index, z in zip(low['index'], low['z'], strict=True))}); "
                    f"memorisation p: {told}; {passport.seconds:.2g} s a recording, "
                    f"{time.perf_counter() - start:.0f} s a passport; {passport.verdict.words}",
                    flush=True,
                )
                print(passport.indices.round(3).to_csv(index=False), passport.memorisation.round(4).to_csv(index=False))
                if options.out:
                    write_passport(options.out / f"{name}-fold{fold}-{given}", passport)


def said(rates: dict[str, float]) -> str:
    return ", ".join(f"{name} {rate:.2g}" for name, rate in rates.items())


def blind(folder: Path, fitted: dict, held_out: list, n: int, seed: int) -> None:
    """Sheets of n strips, half real, and the key."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    each = n // 2 // len(fitted)
    windows = TrainingWindows.of(held_out)
    chosen = draw.choice(len(windows), each * len(fitted), replace=False)
    shown = [("real", made) for made in windows.only(chosen).recordings()]
    for name, generator in fitted.items():
        shown += [(name, made) for made in generator.draws(each, generator=draw)]
    order = draw.permutation(len(shown))
    with (folder / "key.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("strip", "kind"), *((i + 1, shown[k][0]) for i, k in enumerate(order))])
    for page, first in enumerate(range(0, len(order), 10)):
        some = order[first : first + 10]
        figure = strips([shown[k][1] for k in some], [str(first + i + 1) for i in range(len(some))])
        figure.savefig(folder / f"sheet{page + 1}.png", dpi=55)


if __name__ == "__main__":
    sys.exit(main())
