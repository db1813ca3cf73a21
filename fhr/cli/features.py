"""Features of every window of every recording of a folder, as one Parquet table.

Windows are counted back from the end of a recording; units, descriptions and provenance are in the file's metadata:
`fhr.features.read_features` reads them all, and `--describe` tells of the columns of every group. A run that was killed
goes on where it was when the same command is given again. Recordings that cannot be used are named on stderr, and the
exit code is 1.
"""

import argparse
from typing import Literal

from fhr.recording import TableColumn

from .describe import add_describe
from .device import add_device
from .files_kept import check_not_read
from .messages import say
from .reading_options import add_reading, how_read
from .recordings import report

__all__ = ["add_arguments", "run", "tables"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("root", metavar="ROOT", help="folder of recordings")
    parser.add_argument("--out", required=True, metavar="FILE.parquet", help="the table to write")
    parser.add_argument(
        "--window", type=float, default=30.0, metavar="MIN", help="length of a window (default: 30 min)"
    )
    parser.add_argument("--step", type=float, default=5.0, metavar="MIN", help="from window to window (default: 5 min)")
    parser.add_argument(
        "--groups",
        nargs="+",
        metavar="GROUP",
        help="multiscale, scalar and morphology, the default; scattering; of nested parts of a window, meant for "
        "--window 60: order_statistics, signal_loss, wide_quantiles, band_amplitudes, modulation, capacities, "
        "event_statistics; of signals that are compared, some of lost signal, for no model: scale_cumulants, "
        "cross_channel, octave_spectra, increments, activity_quantiles, coupling, gap_pattern",
    )
    add_device(parser)
    parser.add_argument(
        "--outcomes",
        metavar="FILE.csv",
        help="a table of the births, a row a record, as training takes it. Outcomes are no features: none is in the "
        "table; recordings that it contradicts are left out, and the table is then that of the same data",
    )
    add_reading(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace another table of that name")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, default=1, metavar="N", help="processes, one thread each (default: 1)")
    where.add_argument(
        "--scheduler", metavar="dask://HOST:PORT", help="a Dask scheduler; ROOT and FILE are seen by all"
    )
    add_describe(parser, tables)


def tables() -> dict[str, tuple[TableColumn, ...]]:
    """Columns of the table, with the features of every group."""
    from fhr.features import GROUPS, METADATA_COLUMNS, OPTIONAL_GROUPS, PATH_COLUMN, FeatureSet

    types: dict[str, Literal["text", "integer"]] = {"record": "text", "path": "text", "window": "integer"}
    keys = {column.name for column in (*METADATA_COLUMNS, PATH_COLUMN)}
    features = [column for group in (*GROUPS, *OPTIONAL_GROUPS) for column in FeatureSet(groups=(group,)).columns]
    return {
        "--out": tuple(
            TableColumn(
                column.name,
                column.description,
                "" if column.unit == "1" and column.name in types else column.unit,
                types.get(column.name, "number"),
                empty="" if column.name in keys else "it cannot be computed",
            )
            for column in dict.fromkeys((*METADATA_COLUMNS, *features, PATH_COLUMN))
        )
    }


def run(options: argparse.Namespace) -> int:
    """Extract and write."""
    from fhr.compute import progress_bar
    from fhr.features import GROUPS, OPTIONAL_GROUPS, FeatureSet, extract

    check_not_read(options.out, "--out", [options.root], recursive=options.recursive, tables=[options.outcomes])
    order = (*GROUPS, *OPTIONAL_GROUPS)
    groups = sorted(options.groups or GROUPS, key=lambda group: (*order, group).index(group))
    feature_set = FeatureSet(groups=tuple(groups), minutes=options.window)
    with progress_bar(0, description="features") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        result = extract(
            options.root,
            options.out,
            feature_set,
            step=options.step,
            outcomes=options.outcomes,
            **how_read(options),
            workers=options.workers,
            scheduler=options.scheduler,
            device=options.device,
            overwrite=options.overwrite,
            progress=progress,
        )
    size = f"{result.n_windows} windows of {result.n_records} recordings"
    if result.was_there:
        say(f"{options.out} is there already, of these recordings and parameters: {size}")
    else:
        say(f"{options.out}: {size}, {result.n_computed} computed now")
    return report(result.quarantined)
