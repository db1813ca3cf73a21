"""Baseline, accelerations, decelerations and contractions of each recording, as CSV.

Columns: record, kind (ACC, DEC, UC for a contraction, URS for unreliable signal), start_s, end_s, detail (kind of a
deceleration by NICHD 2008; channel and reason of unreliable signal), peak_s, amplitude, area, loss, lag_s, figo_kind
(kind of a deceleration by FIGO 2015). Times count from the start of the recording. With --summary a second table has a
row for each recording: baseline, numbers of events, variation, the FIGO 2015 and NICHD 2008 categories of its last 60
min with the criteria that fired or could not be assessed, and the minutes of false FHR. False FHR (the mother's rate,
halved or doubled, and with --run what a network finds) is left out of everything and listed as URS; without MHR the
mother's rate cannot be excluded, and the summary says so. With --thresholds a third table says what decides and where
each number comes from: guideline, this package, or the recordings on which it was tuned. Recordings that cannot be used
are named on stderr, and the exit code is 1.
"""

import argparse

from .device import add_device
from .false_signal import analyze_true, load_false_signal
from .recordings import origin, read_paths, report
from .tables import check_out, write_csv

__all__ = ["add_arguments", "run"]


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


def run(options: argparse.Namespace) -> int:
    """Analyse and write."""
    import pandas as pd

    from fhr.compute import progress
    from fhr.errors import SignalError
    from fhr.morphology import EVENT_COLUMNS, event_list, summary, thresholds

    check_out(options.out)
    check_out(options.summary, "--summary")
    check_out(options.thresholds, "--thresholds")
    recordings, quarantined = read_paths(options.paths)
    predictor = load_false_signal(options.model, options.device) if options.model is not None else None
    events, rows = [], []
    for recording in progress(recordings, description="morphology"):
        try:
            morphology = analyze_true(recording, predictor)
        except SignalError as error:
            quarantined[origin(recording)] = str(error)
            continue
        rows.append(summary(morphology))
        if len(table := event_list(morphology)):
            events.append(table)
    write_csv(pd.concat(events) if events else pd.DataFrame(columns=list(EVENT_COLUMNS)), options.out)
    if options.summary is not None:
        write_csv(pd.DataFrame(rows), options.summary, "--summary")
    if options.thresholds is not None:
        write_csv(thresholds(), options.thresholds, "--thresholds")
    return report(quarantined)
