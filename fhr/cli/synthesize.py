"""Write recordings that a generator makes from real ones: WFDB records whose headers say so.

The generator stands in a configuration (`--config iaaft`), and its settings can be given as options, such as
`--generator.exact spectrum`. Without `--fold` it is fitted to all recordings, and nothing that learns from what it
makes may be tested on one of them; with `--fold` it is fitted to the training records of an outer fold alone.
"""

import argparse
from typing import TYPE_CHECKING

from fhr.compute import Countdown

from .messages import say
from .reading_options import add_outcomes, add_reading, how_read

if TYPE_CHECKING:
    from fhr.datasets import Place
    from fhr.synthesis import FittedGenerator

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--config", required=True, metavar="NAME", help="YAML file, or a shipped generator")
    parser.add_argument("--data", required=True, metavar="DIR", help="folder of recordings")
    parser.add_argument("--n", type=int, required=True, help="number of recordings to make")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--target", metavar="LABEL", help="label with its inequality, such as 'ph<=7.15'")
    parser.add_argument("--label", type=int, choices=(0, 1), help="only births without (0) or with (1) the label")
    parser.add_argument("--fold", type=int, metavar="F", help="fit to the training records of this outer fold, from 0")
    parser.add_argument("--repeat", type=int, default=0, metavar="R", help="of the folds (default: 0)")
    parser.add_argument("--inner", type=int, metavar="I", help="leave this inner fold out, too (default: none)")
    parser.add_argument("--seed", type=int, default=1, help="of the draws (default: 1)")
    parser.add_argument("--save", metavar="FILE.npz", help="also keep the fitted generator; it holds the recordings")
    parser.add_argument(
        "--passport",
        metavar="DIR",
        help="also compare it with the records of the test fold, needs --fold: fidelity, memorisation, blind strips "
        "(passport.html, passport.json; some minutes)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the synthetic recordings that DIR holds")
    add_outcomes(parser)
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Fit, draw and write."""
    from fhr.datasets import Place, RecordingFolder
    from fhr.errors import FHRError
    from fhr.synthesis import save_generator, write_synthetic

    from .generator_settings import generator_of
    from .recordings import report

    if options.target is None and (options.label, options.fold) != (None, None):
        raise FHRError("--label and --fold without --target; name the label, such as --target 'ph<=7.15'")
    if options.passport and options.fold is None:
        raise FHRError("--passport without --fold; a generator that saw every recording has none to be compared with")
    recipe = generator_of(options.config, options.overrides)
    database = RecordingFolder(options.data, outcomes=options.outcomes, **how_read(options))
    if options.fold is None:
        labels = None if options.target is None else database.labels(options.target)
        fitted = recipe.fit(database.recordings, labels)
    else:
        whole = Place.first(database, options.target)
        whole.check(options.repeat + 1)
        place = whole.at(options.repeat, options.fold, options.inner or 0)
        fitted = recipe.at(place, outer=options.inner is None)
    if options.save:
        save_generator(fitted, options.save)
    with Countdown(options.n, what="recording") as countdown:
        write_synthetic(
            fitted,
            options.out,
            options.n,
            target=options.label,
            seed=options.seed,
            overwrite=options.overwrite,
            progress=lambda done, total: countdown.update(),
        )
    if options.passport:
        _write_passport(fitted, place, options)
    say(f"{options.out}: {options.n} {recipe.kind} recordings by {fitted.made_by}")
    return report(dict(database.quarantined))


def _write_passport(fitted: "FittedGenerator", place: "Place", options: argparse.Namespace) -> None:
    from fhr.compute import tell
    from fhr.evaluation import passport_power, surrogate_passport
    from fhr.report import write_passport

    assert place.database is not None  # `at` has refused it
    held_out = [place.database[name] for name in place.partition.test]
    n = (
        len(held_out)
        if options.label is None
        else int((place.labels[list(place.partition.test)] == options.label).sum())
    )
    tell("passport: power of planted defects with %d records", n)
    power = passport_power(fitted.windows, n, target=options.label)
    tell("passport: %d made recordings beside %d held-out ones", n, n)
    passport = surrogate_passport(fitted, held_out, place.labels, target=options.label, power=power, seed=options.seed)
    page = write_passport(options.passport, passport)
    say(f"{page}: {passport.verdict.words}")
