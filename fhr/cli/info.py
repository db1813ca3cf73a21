"""Contents of each recording, as CSV: length, signal loss, outcome, checksum, notes of the reader, kind.

With `--targets` the prevalence of the usual labels is given instead.
"""

import argparse
from dataclasses import asdict

from .recordings import read_paths, report
from .tables import check_out, write_csv

__all__ = ["add_arguments", "run"]

_TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument("--targets", action="store_true", help="prevalence of the usual labels")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")


def run(options: argparse.Namespace) -> int:
    """Describe and write."""
    import numpy as np
    import pandas as pd

    from fhr.datasets import Database

    check_out(options.out)
    recordings, quarantined = read_paths(options.paths)
    if options.targets:
        database = Database(recordings, origin=", ".join(options.paths))
        rows = []
        for target in _TARGETS:
            labels = database.labels(target)
            rows.append(
                {
                    "target": target,
                    "records": int(labels.notna().sum()),
                    "positive": int(labels.sum()),
                    "prevalence": round(float(labels.mean()), 4) if labels.notna().any() else np.nan,
                    "without_outcome": int(labels.isna().sum()),
                }
            )
    else:
        rows = [
            {
                "name": r.name,
                "minutes": round(r.duration / 60, 2),
                "fs": r.fs,
                "fhr_loss": round(r.loss, 4),
                "uc_loss": round(float(np.isnan(r.uc).mean()), 4),
                "stage2_start_min": round(r.stage2_start / 60, 2),
                **asdict(r.outcome),
                "sha256": r.source.sha256[:16] if r.source else "",
                "notes": "; ".join(f"{s.name}: {s.parameters}" for s in r.history),
                "kind": r.provenance.kind,
            }
            for r in recordings
        ]
    write_csv(pd.DataFrame(rows), options.out)
    return report(quarantined)
