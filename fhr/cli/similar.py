"""Labours of a database that are most like a recording, how special that is, and how they ended; as CSV.

Each labour of the database counts once, by the window that is nearest to the query's last one; a query's own labour
does not count. A row is a query and a match, the headline of which is p_special, the chance that the nearest of
unrelated labours is as close; `--describe` tells what each column means. How they ended is told on stderr, beside the
share that the database has. Queries that cannot be used are named on stderr, and the exit code is 1.
"""

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .describe import add_describe
from .device import add_device
from .files_kept import check_not_read
from .reading_options import add_outcomes, add_reading, how_read
from .recordings import apart_by_path, read_paths, report
from .run_embedding import run_embedding
from .tables import check_folder, check_out, write_csv

if TYPE_CHECKING:
    from fhr.metrics import FDRMethod
    from fhr.recording import TableColumn
    from fhr.similarity import Embedding, Matches

__all__ = ["add_arguments", "run", "tables"]

_FDR: "dict[str, FDRMethod]" = {"bh": "hochberg", "by": "yekutieli"}
_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="QUERY", help="recordings, or folders of recordings")
    parser.add_argument(
        "--among",
        required=True,
        metavar="DIR",
        help="the database: a folder of recordings, a table of `fhr features`, or the folder of an index",
    )
    parser.add_argument("--k", type=int, default=10, metavar="K", help="matches of each query (default: 10)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--embedding",
        metavar="NAME",
        help="what is compared: kernel, log_leaders, morphology, order_statistics, raw, scattering or "
        "sliced_wasserstein (default: kernel, or that of the table or index)",
    )
    what.add_argument(
        "--run",
        dest="model",
        metavar="RUN",
        help="compare what networks make of a window, their pooled features: MLflow run id, or a checkpoint file",
    )
    parser.add_argument(
        "--distance",
        metavar="NAME",
        help="euclidean, laplacian or mahalanobis (default: euclidean, or that of the index)",
    )
    parser.add_argument(
        "--window",
        type=float,
        metavar="MIN",
        help="length of the windows (default: 20, or that of table, index or run)",
    )
    parser.add_argument(
        "--step",
        type=float,
        metavar="MIN",
        help="from window to window of the database (default: 5, or as for --window)",
    )
    parser.add_argument(
        "--end", type=float, metavar="S", help="where the query's window ends, s from the start (default: at its end)"
    )
    parser.add_argument(
        "--most-loss",
        type=float,
        metavar="SHARE",
        help="of the heart rate of a window that may be missing (default: 0.5)",
    )
    parser.add_argument(
        "--target",
        action="append",
        metavar="LABEL",
        help="whose share is told, such as 'apgar1<7'; may be given again (default: ph<7.05, ph<=7.15, ph<7.20)",
    )
    parser.add_argument(
        "--elastic",
        action="store_true",
        help="align the 200 nearest by dynamic time warping and order them by what is left in bpm; needs the extra "
        "`similarity` (default: shift the matches, in their order)",
    )
    parser.add_argument(
        "--surrogates",
        type=int,
        default=0,
        metavar="N",
        help="of each query, for p_surrogate: 99 or more (default: none)",
    )
    parser.add_argument(
        "--fdr", choices=list(_FDR), default="bh", help="rule of q: Benjamini-Hochberg (default) or Benjamini-Yekutieli"
    )
    parser.add_argument(
        "--own", action="store_true", help="other windows of the query's labour count, without p-values"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default: 0)")
    parser.add_argument("--index", metavar="DIR", help="keep the index of the database there, and take it from there")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument(
        "--figure", metavar="FILE", help="draw query and matches as strips: .png of one query, .pdf with a page a query"
    )
    parser.add_argument("--page", metavar="FILE.html", help="write all of it as one page, with its method")
    add_device(parser)
    add_outcomes(parser)
    add_reading(parser)
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from fhr.similarity import MATCH_COLUMNS

    return {"--out": MATCH_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Search, tell and write."""
    from fhr.compute import tell
    from fhr.similarity import TARGETS, similar

    several = _check(options)
    recordings, quarantined = read_paths(options.paths, **how_read(options, options.outcomes))
    recordings = apart_by_path(recordings)
    if len(recordings) > 1 and not several:
        raise FHRError(f"--figure {options.figure}: {len(recordings)} queries; name a .pdf, which has a page for each")
    embedding, minutes = _embedding(options)
    tell("comparing %d recordings with %s", len(recordings), options.among)
    matches = similar(
        recordings,
        options.among,
        k=options.k,
        embedding=embedding,
        distance=options.distance,
        minutes=minutes,
        step=options.step,
        end=options.end,
        most_loss=options.most_loss,
        targets=options.target or TARGETS,
        elastic=options.elastic,
        own=options.own,
        surrogates=options.surrogates,
        fdr=_FDR[options.fdr],
        seed=options.seed,
        index=options.index,
        outcomes=options.outcomes,
        **how_read(options),
    )
    _check_drawn(options, matches)
    for said in matches.facts["warnings"]:
        _log.warning("%s", said)
    for line in matches.words.splitlines():
        tell("%s", line)
    write_csv(matches.table, options.out, columns=tables()["--out"])
    if options.figure is not None:
        matches.write_figures(options.figure)
    if options.page is not None:
        from fhr.report import write_matches_page

        write_matches_page(options.page, matches)
    return report(quarantined | dict(matches.quarantined))


def _check(options: argparse.Namespace) -> bool:
    """Refuse what cannot be written; whether the figure, if there is one, takes several queries."""
    from fhr.similarity import take_figure_suffix

    for name in ("out", "figure", "page"):
        check_out(out := getattr(options, name), f"--{name}")
        read = [*options.paths, options.among]
        check_not_read(out, f"--{name}", read, recursive=options.recursive, tables=[options.outcomes])
    check_folder(options.index, "--index")
    return options.figure is None or take_figure_suffix(options.figure) == ".pdf"


def _embedding(options: argparse.Namespace) -> "tuple[str | Embedding | None, float | None]":
    """What is compared, and of windows of which length; None for what is usual."""
    if options.model is None:
        return options.embedding, options.window
    embedding = run_embedding(options)
    return embedding, embedding.minutes


def _check_drawn(options: argparse.Namespace, matches: "Matches") -> None:
    """Refuse a figure of recordings that are not at hand."""
    if options.figure is not None and matches.windows is None:
        raise FHRError(
            f"--figure {options.figure}: the recordings of {options.among} are not at hand; no strips can be drawn"
        )
