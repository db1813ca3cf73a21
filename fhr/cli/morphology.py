"""Baseline, accelerations, decelerations and contractions of each recording, as CSV.

A row is an event; times count from the start of the recording. With --summary a second table has a row for each
recording: baseline, numbers of events, variation, the FIGO 2015 and NICHD 2008 categories of its last 60 min with the
criteria that fired or could not be assessed, and the minutes of false FHR. False FHR (the mother's rate, halved or
doubled, and with --run what a network finds) is left out of everything and listed as URS; without MHR the mother's rate
cannot be excluded, and the summary says so. With --thresholds a third table says what decides and where each number
comes from: guideline, this package, or the recordings on which it was tuned. `--describe` tells what each column means.

Recordings are read 64 at a time, and their rows are appended to stdout, or to FILE.csv.parts beside --out until all are
there; after a kill the same command goes on where it was. Recordings that cannot be used are named on stderr, and the
exit code is 1.
"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .describe import add_describe
from .device import add_device
from .false_signal import analyze_true, checksum_of_model, load_false_signal
from .growing_table import GrowingTable, check_places
from .in_batches import Batches, Computed, work_of, write_in_batches
from .reading_options import add_reading, how_read
from .tables import write_csv

if TYPE_CHECKING:
    from fhr.recording import Recording, TableColumn

__all__ = ["add_arguments", "run", "tables"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the events (default: stdout)")
    parser.add_argument(
        "--summary", metavar="FILE.csv", help="where to write a row for each recording (default: nowhere)"
    )
    parser.add_argument(
        "--thresholds", metavar="FILE.csv", help="where to write the thresholds and their origin (default: nowhere)"
    )
    parser.add_argument(
        "--run",
        dest="model",
        metavar="RUN",
        help="leave false signal out: MLflow run id, or a .ckpt file (default: rules only)",
    )
    add_device(parser)
    add_reading(parser)
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from fhr.morphology import LISTED_COLUMNS, SUMMARY_COLUMNS, THRESHOLD_COLUMNS

    return {"--out": LISTED_COLUMNS, "--summary": SUMMARY_COLUMNS, "--thresholds": THRESHOLD_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Analyse and write."""
    import pandas as pd

    from fhr.errors import SignalError
    from fhr.morphology import event_list, summary, thresholds

    columns = tables()
    files = [GrowingTable(options.out, columns["--out"])]
    if options.summary is not None:
        files.append(GrowingTable(options.summary, columns["--summary"], "--summary"))
    check_places(files, options.paths, options.recursive, thresholds=options.thresholds)
    batches = Batches(options.paths, **how_read(options, *(table.out for table in files)))
    predictor = load_false_signal(options.model, options.device) if options.model is not None else None

    def compute(recordings: "Sequence[Recording]") -> Computed:
        events, rows, unusable = [files[0].none], [], {}
        for i, recording in enumerate(recordings):
            try:
                morphology = analyze_true(recording, predictor)
            except SignalError as error:
                unusable[i] = str(error)
                continue
            rows.append(summary(morphology))
            if len(table := event_list(morphology)):
                events.append(table)
        found = [pd.concat(events[1:] or events), pd.DataFrame(rows, columns=list(files[-1].none))]
        return Computed(found[: len(files)], unusable)

    code = write_in_batches(
        batches, files, compute, work=lambda: work_of(options, files, model=checksum_of_model(options.model))
    )
    if options.thresholds is not None:
        write_csv(thresholds(), options.thresholds, "--thresholds", columns["--thresholds"])
    return code
