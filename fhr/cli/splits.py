"""Write the fold file of a database: stratified by pH, one file for all labels, with a checksum."""

import argparse

from .files_kept import check_not_read
from .reading_options import add_outcomes, add_reading, how_read
from .recordings import report
from .tables import check_out, destination

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("root", metavar="DIR", help="folder of recordings")
    parser.add_argument("--out", required=True, metavar="FILE.json", help="where to write")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="0 gives the published folds (default: 0)")
    add_outcomes(parser)
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Split and write."""
    from fhr.datasets import RecordingFolder, make_splits

    check_out(options.out)
    check_not_read(options.out, "--out", [options.root], recursive=options.recursive, tables=[options.outcomes])
    database = RecordingFolder(options.root, outcomes=options.outcomes, **how_read(options))
    splits = make_splits(database, n_repeats=options.repeats, n_folds=options.folds, seed=options.seed)
    with destination(options.out) as path:
        splits.save(path)
    return report(database.quarantined)
