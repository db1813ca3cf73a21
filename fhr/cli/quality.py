"""Ranges in which fetal and maternal heart rate are false, as CSV: by rules and, with --run, by a trained network.

A row is a range, in the columns of the tables of experts, then more; `--describe` tells what each column means.
Recordings are read 64 at a time, and their rows are appended to stdout, or to FILE.csv.parts beside --out until all are
there; after a kill the same command goes on where it was. Recordings that cannot be used are named on stderr, and the
exit code is 1.
"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fhr.errors import SignalError

from .describe import add_describe
from .device import add_device
from .false_signal import checksum_of_model, load_false_signal
from .growing_table import GrowingTable, check_places
from .in_batches import Batches, Computed, work_of, write_in_batches
from .reading_options import add_reading, how_read

if TYPE_CHECKING:
    from fhr.recording import Recording, TableColumn

__all__ = ["add_arguments", "run", "tables"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument(
        "--run", dest="model", metavar="RUN", help="MLflow run id, or a .ckpt file (default: rules only)"
    )
    add_device(parser)
    add_reading(parser)
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from fhr.preprocessing import RANGE_COLUMNS

    return {"--out": RANGE_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Check and write."""
    import pandas as pd

    from fhr.preprocessing import QUALITY_COLUMNS, check_quality, quality_table

    files = [GrowingTable(options.out, tables()["--out"])]
    check_places(files, options.paths, options.recursive)
    batches = Batches(options.paths, **how_read(options, *(table.out for table in files)))
    predictor = load_false_signal(options.model, options.device) if options.model is not None else None

    def compute(recordings: "Sequence[Recording]") -> Computed:
        found, unusable = [pd.DataFrame(columns=list(QUALITY_COLUMNS))], {}
        for i, recording in enumerate(recordings):
            masks, probabilities = check_quality(recording), {}
            if predictor is not None:
                try:
                    probabilities = predictor.false_signal_probability(recording)._asdict()
                except SignalError as error:
                    unusable[i] = str(error)
                    continue
                for channel, threshold in predictor.thresholds.to_dict().items():
                    if probabilities[channel] is not None:
                        masks[channel, "network"] = probabilities[channel] >= threshold
            if len(table := quality_table(recording, masks, probabilities)):
                found.append(table)
        return Computed([pd.concat(found[1:] or found)], unusable)

    return write_in_batches(
        batches, files, compute, work=lambda: work_of(options, files, model=checksum_of_model(options.model))
    )
