"""Contents of each recording, as CSV: length, signal loss, outcome, checksum, notes of the reader, kind.

With `--targets` the prevalence of the usual labels is given instead. `--describe` tells what each column means.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fhr.errors import FHRError
from fhr.recording import PATH, RECORD, Recording, TableColumn

from .describe import add_describe
from .growing_table import GrowingTable, check_places
from .in_batches import Batches, Computed, work_of, write_in_batches
from .reading_options import add_outcomes, add_reading, how_read
from .recordings import read_paths, report
from .tables import write_csv

__all__ = ["add_arguments", "run", "tables"]

_UNKNOWN = "it is not known"
_COLUMNS = (
    TableColumn("name", "name of the recording"),
    TableColumn("minutes", "length", "min", "number", 2),
    TableColumn("fs", "sampling rate", "Hz", "number", 6),
    TableColumn("fhr_loss", "fraction of the fetal heart rate that is missing", "1", "number", 4, "0 to 1"),
    TableColumn("uc_loss", "fraction of the uterine activity that is missing", "1", "number", 4, "0 to 1"),
    TableColumn(
        "stage2_start_min", "start of the second stage of labour", "min", "number", 2, empty="none, or not known"
    ),
    TableColumn("ph", "pH of the umbilical artery", "", "number", 3, empty=_UNKNOWN),
    TableColumn("bdecf", "base deficit in extracellular fluid", "mmol/l", "number", 3, empty=_UNKNOWN),
    TableColumn("be", "base excess", "mmol/l", "number", 3, empty=_UNKNOWN),
    TableColumn("pco2", "partial pressure of carbon dioxide", "kPa", "number", 3, empty=_UNKNOWN),
    TableColumn("apgar1", "Apgar score at 1 minute", "", "number", 1, "0 to 10", _UNKNOWN),
    TableColumn("apgar5", "Apgar score at 5 minutes", "", "number", 1, "0 to 10", _UNKNOWN),
    TableColumn("sha256", "checksum of the signal file, its first 16 digits", empty="not read from a file"),
    TableColumn("notes", "steps of the reader, joined by '; ', each with its parameters", empty="there is none"),
    TableColumn("kind", "origin of the signals", values="measured; simulated; synthetic; imputed"),
    RECORD._replace(meaning="name of the recording, as in `name`"),
    PATH,
)
_TARGET_COLUMNS = (
    TableColumn("target", "the label, with its inequality"),
    TableColumn("records", "number of records whose outcome is known", type="integer"),
    TableColumn("positive", "number of them with the label", type="integer"),
    TableColumn("prevalence", "share of them with the label", "1", "number", 4, empty="no outcome is known"),
    TableColumn("without_outcome", "number of the other records", type="integer"),
)
_TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20", "apgar1<7")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument("--targets", action="store_true", help="prevalence of the usual labels")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    add_outcomes(parser)
    add_reading(parser)
    add_describe(parser, tables)


def tables() -> dict[str, tuple[TableColumn, ...]]:
    """Columns of each table, by its option."""
    return {"--out": _COLUMNS, "--targets": _TARGET_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Describe and write."""
    if options.targets:
        return _targets(options)
    if options.outcomes is not None:
        raise FHRError("--outcomes without --targets; give --targets for the prevalence of labels")
    import pandas as pd

    def compute(recordings: Sequence[Recording]) -> Computed:
        return Computed([pd.DataFrame([_row(recording) for recording in recordings])], {})

    files = [GrowingTable(options.out, _COLUMNS)]
    check_places(files, options.paths, options.recursive)
    return write_in_batches(
        Batches(options.paths, **how_read(options, *(table.out for table in files))),
        files,
        compute,
        work=lambda: work_of(options, files),
    )


def _row(r: Recording) -> dict[str, Any]:
    import numpy as np

    return {
        "name": r.name,
        "minutes": r.duration / 60,
        "fs": r.fs,
        "fhr_loss": r.loss,
        "uc_loss": float(np.isnan(r.uc).mean()),
        "stage2_start_min": r.stage2_start / 60,
        **asdict(r.outcome),
        "sha256": r.source.sha256[:16] if r.source else "",
        "notes": "; ".join(f"{s.name}: {_words(s.parameters)}" for s in r.history),
        "kind": r.provenance.kind,
        "record": r.name,
        "path": r.path,
    }


def _targets(options: argparse.Namespace) -> int:
    import numpy as np
    import pandas as pd

    from fhr.datasets import Target, apart_by_path, called_in_files, names_of, read_measures, with_outcomes

    check_places([], options.paths, options.recursive, [options.outcomes], out=options.out)
    recordings, quarantined = read_paths(options.paths, **how_read(options, options.outcomes))
    if options.outcomes is not None:
        measures = read_measures(options.outcomes, known=names_of(map(called_in_files, recordings)))
        recordings, unusable = with_outcomes(apart_by_path(recordings), measures)
        quarantined |= unusable
    outcomes = pd.DataFrame([asdict(recording.outcome) for recording in recordings])
    rows = []
    for target in _TARGETS:
        labels = Target(target)(outcomes)
        rows.append(
            {
                "target": target,
                "records": int(labels.notna().sum()),
                "positive": int(labels.sum()),
                "prevalence": float(labels.mean()) if labels.notna().any() else np.nan,
                "without_outcome": int(labels.isna().sum()),
            }
        )
    write_csv(pd.DataFrame(rows), options.out, columns=_TARGET_COLUMNS)
    return report(quarantined)


def _words(parameters: Mapping[str, Any]) -> str:
    """Parameters of a step in words, those within others in brackets."""
    return ", ".join(f"{name} {_word(value)}" for name, value in parameters.items())


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"({_words(value)})"
    if isinstance(value, list | tuple):
        return " ".join(map(_word, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
