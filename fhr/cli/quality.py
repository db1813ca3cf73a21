"""Ranges in which fetal and maternal heart rate are false, as CSV: by rules and, with --run, by a trained network.

Columns: file, dataset (empty), channel, label, start_sample, end_sample (counted from 1, inclusive, at the recording's
own rate), as in the tables of experts; then start_s, end_s, rule, probability (the network's, mean over the range).
Rules: out_of_range, jump, stuck, halved_or_doubled, coincident (samples within 5 bpm of MHR), mothers_rate (stretches
in which FHR follows MHR), network. Recordings that cannot be used are named on stderr, and the exit code is 1.
"""

import argparse

from fhr.errors import SignalError

from .device import add_device
from .false_signal import load_false_signal
from .recordings import origin, read_paths, report
from .tables import check_out, write_csv

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument(
        "--run", dest="model", metavar="RUN", help="MLflow run id, or a .ckpt file (default: rules only)"
    )
    add_device(parser)
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")


def run(options: argparse.Namespace) -> int:
    """Check and write."""
    import pandas as pd

    from fhr.compute import progress
    from fhr.preprocessing import QUALITY_COLUMNS, check_quality, quality_table

    check_out(options.out)
    recordings, quarantined = read_paths(options.paths)
    predictor = load_false_signal(options.model, options.device) if options.model is not None else None
    tables = []
    for recording in progress(recordings, description="quality"):
        masks, probabilities = check_quality(recording), {}
        if predictor is not None:
            try:
                probabilities = predictor.false_signal_probability(recording)._asdict()
            except SignalError as error:
                quarantined[origin(recording)] = str(error)
                continue
            for channel, threshold in predictor.thresholds.to_dict().items():
                if probabilities[channel] is not None:
                    masks[channel, "network"] = probabilities[channel] >= threshold
        table = quality_table(recording, masks, probabilities)
        if len(table):
            tables.append(table)
    write_csv(pd.concat(tables) if tables else pd.DataFrame(columns=list(QUALITY_COLUMNS)), options.out)
    return report(quarantined)
