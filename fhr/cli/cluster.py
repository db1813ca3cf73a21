"""Kinds of labour in a database: how many, how sure that is, and which labour belongs to which; as CSV and figure.

"One kind" is an answer: one more is claimed only where a kind splits better than reference data of one kind do. Then
labours are drawn again and again, and the search is repeated: the share of the repetitions with each number, and the
memberships, are told on stderr. A row is a window of a labour; `--describe` tells what each column means.

Everything is kept in a run of MLflow. A search that was stopped goes on where it was when the same command is given
again. Recordings that cannot be used are named on stderr, and the exit code is 1.
"""

import argparse
import hashlib
import json
import logging
import shutil
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .describe import add_describe
from .device import add_device
from .files_kept import check_not_read
from .reading_options import add_outcomes, add_reading, how_read
from .recordings import report
from .run_embedding import run_embedding
from .tables import check_folder, check_out, write_csv

if TYPE_CHECKING:
    from fhr.clustering import Kinds, PairLabels
    from fhr.recording import TableColumn
    from fhr.similarity import Embedding, OpenIndex

__all__ = ["add_arguments", "run", "tables"]

_MINUTES = 60.0
_REFERENCES = ("gaussian", "copula")
_SEARCH = ("method", "kinds", "most", "alpha", "repetitions", "references", "n_references", "axes", "seed", "workers")
_OF_PAIRS = ("pairs", "labels")
_OF_INDEX = ("database", "embedding", "model", "distance", "window", "step", "most_loss")
_KEPT = Path("mlruns", "kinds")
_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "database",
        metavar="DIR",
        help="the labours: a folder of recordings, a table of `fhr features`, or the folder of an index",
    )
    _add_embedding(parser)
    _add_search(parser)
    parser.add_argument("--index", metavar="DIR", help="keep the index of the database there, and take it from there")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument(
        "--figure",
        metavar="FILE",
        help="draw who is with whom, the number of kinds beside its null, and strips of the most typical and most "
        "doubtful labours: .png, or .pdf with a page a kind",
    )
    add_device(parser)
    add_outcomes(parser)
    add_reading(parser)
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from fhr.clustering import MEMBERSHIP_COLUMNS

    return {"--out": MEMBERSHIP_COLUMNS}


def _add_embedding(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--embedding",
        metavar="NAME",
        help="in what labours may be of several kinds: kernel, log_leaders, morphology, order_statistics, raw, "
        "scattering or sliced_wasserstein (default: kernel, or that of the table or index)",
    )
    what.add_argument(
        "--run",
        dest="model",
        metavar="RUN",
        help="in what networks make of a window, their pooled features: MLflow run id, or a checkpoint file",
    )
    parser.add_argument(
        "--distance",
        metavar="NAME",
        help="euclidean, laplacian or mahalanobis, for its scale (default: euclidean, or that of the index)",
    )
    parser.add_argument(
        "--window",
        type=float,
        metavar="MIN",
        help="length of the windows (default: 60, or that of table, index or run)",
    )
    parser.add_argument(
        "--step",
        type=float,
        metavar="MIN",
        help="from window to window; a labour counts once, however many it has (default: one window a labour, at its "
        "end, or as in table or index)",
    )
    parser.add_argument(
        "--most-loss",
        type=float,
        metavar="SHARE",
        help="of the heart rate of a window that may be missing (default: 0.5)",
    )
    parser.add_argument("--axes", type=int, default=10, metavar="N", help="principal axes that are kept (default: 10)")


def _add_search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--method",
        default="kmeans",
        help="kmeans, gaussian_mixture, agglomerative, spectral or hdbscan (default: kmeans)",
    )
    parser.add_argument("--kinds", type=int, metavar="K", help="describe so many (default: as many as the tests find)")
    parser.add_argument("--most", type=int, default=8, metavar="K", help="kinds that may be claimed (default: 8)")
    parser.add_argument("--alpha", type=float, default=0.05, help="level of the tests (default: 0.05)")
    parser.add_argument("--repetitions", type=int, default=200, metavar="N", help="how many (default: 200)")
    parser.add_argument(
        "--references",
        nargs="+",
        default=list(_REFERENCES),
        metavar="NAME",
        help="data of one kind that a kind is compared with: gaussian, copula (default: both)",
    )
    parser.add_argument(
        "--reference-sets",
        dest="n_references",
        type=int,
        default=199,
        metavar="N",
        help="of each reference, for the test of all labours (default: 199)",
    )
    parser.add_argument(
        "--pairs",
        metavar="FILE.csv",
        help="labels of pairs: first, second, relation (must-link, cannot-link or unsure) and, if you like, weight",
    )
    parser.add_argument(
        "--labels",
        metavar="LABEL",
        help="let an outcome have a say where it is known, such as 'ph<7.05': labours of one label belong together",
    )
    parser.add_argument(
        "--surrogates",
        type=int,
        default=0,
        metavar="N",
        help="of each labour, such as 8, to ask for kinds beyond spectra and amplitudes (default: none)",
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (default: 0)")


def run(options: argparse.Namespace) -> int:
    """Search, tell, write and keep."""
    from fhr.clustering import Points, check_surrogates, find_kinds
    from fhr.compute import tell
    from fhr.tracking import ensure_experiment

    _check(options)
    opened = _opened(options)
    points = Points.of_index(opened.index, axes=options.axes)  # refuses what holds no kinds
    if options.surrogates:
        check_surrogates(opened, points, options.surrogates)
    experiment = ensure_experiment("kinds of labour")  # before the work, not after it
    kept = _kept(options)
    tell("seeking kinds among %d labours, with %d repetitions", len(points.labours), options.repetitions)
    try:
        pairs = _pairs(options, opened)
        found = find_kinds(opened, kept=kept, pairs=pairs, **{name: getattr(options, name) for name in _SEARCH})
    except KeyboardInterrupt:
        if done := len(list(kept.glob("*.npz"))):
            _log.warning("repetitions kept: %d, in %s; the same command goes on with them", done, kept)
        raise
    run_id = _tell_and_keep(options, found, opened, experiment)
    shutil.rmtree(kept, ignore_errors=True)
    sys.stdout.flush()  # what is said after it stands below it
    tell("run %s", run_id)
    return report(dict(found.points.left_out))


def _check(options: argparse.Namespace) -> None:
    """Refuse what cannot be written, and names that are not known, before the work."""
    from fhr.clustering import METHODS
    from fhr.similarity import take_figure_suffix

    for name in ("out", "figure"):
        check_out(out := getattr(options, name), f"--{name}")
        tables = [options.pairs, options.outcomes]
        check_not_read(out, f"--{name}", [options.database], recursive=options.recursive, tables=tables)
    check_folder(options.index, "--index")
    if options.figure is not None:
        take_figure_suffix(options.figure)
    if options.method not in METHODS:
        raise FHRError(f"--method {options.method}: not known; choose from {', '.join(sorted(METHODS))}")


def _opened(options: argparse.Namespace) -> "OpenIndex":
    """The index of the database, by the settings that were given."""
    from fhr.compute import tell
    from fhr.similarity import has_settings, open_index

    given = {"distance": options.distance, "minutes": options.window, "step": options.step}
    given = {name: value for name, value in {**given, "most_loss": options.most_loss}.items() if value is not None}
    embedding: str | Embedding | None = options.embedding
    if options.model is not None:
        embedding = run_embedding(options)
        given["minutes"] = embedding.minutes
    tell("reading %s", options.database)
    usual = {} if has_settings(options.database) else {"minutes": _MINUTES, "step": inf}
    how = {"outcomes": options.outcomes, **how_read(options)}
    return open_index(options.database, embedding, folder=options.index, **{**usual, **given}, **how)


def _kept(options: argparse.Namespace) -> Path:
    """Folder of the repetitions: beside the table, or by the options among the runs."""
    if options.out is not None:
        return Path(f"{options.out}.parts")
    given = {name: value for name, value in vars(options).items() if name in (*_SEARCH, *_OF_PAIRS, *_OF_INDEX)}
    given |= how_read(options) if any(how_read(options).values()) else {}
    given |= {"outcomes": options.outcomes} if options.outcomes else {}
    given = {name: value for name, value in given.items() if name not in ("repetitions", "workers")}
    return _KEPT / hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]


def _pairs(options: argparse.Namespace, opened: "OpenIndex") -> "PairLabels | None":
    """Labels of pairs of a file, or of an outcome where it is known; both together are refused."""
    from fhr.clustering import PairLabels, read_pair_labels
    from fhr.datasets import Target

    if options.pairs is not None and options.labels is not None:
        raise FHRError("--pairs and --labels: give one of them, so that what it changes can be told")
    if options.pairs is not None:
        return read_pair_labels(options.pairs)
    if options.labels is None:
        return None
    known = Target(options.labels)(opened.index.labours)
    _log.warning("%s has a say in the kinds: that they differ in it is no finding", options.labels)
    return PairLabels.of_partial_labels(known.index.to_numpy(), known.tolist(), seed=options.seed)


def _tell_and_keep(options: argparse.Namespace, found: "Kinds", opened: "OpenIndex", experiment: str) -> str:
    """Say what was found, write table and figure, and keep all of it as a run, whose id is returned."""
    from fhr.clustering import beyond_surrogates, differences_in_words, method_from, what_distinguishes
    from fhr.compute import tell

    from .cluster_run import keep_kinds

    for said in found.warnings:
        _log.warning("%s", said)
    for line in found.lines:
        tell("%s", line)
    if options.surrogates:
        by = method_from(options.method)
        test, n = beyond_surrogates(opened, found.points, by, n=options.surrogates, seed=options.seed)
        tell("more of kinds than surrogates of %d labours, of their spectra and amplitudes: p %.3g", n, test.p)
    differences = what_distinguishes(found, seed=options.seed) if found.number > 1 else None
    for line in differences_in_words(differences) if differences is not None else ():
        tell("%s", line)
    write_csv(found.table, options.out, columns=tables()["--out"])
    if options.figure is not None:
        found.write_figures(options.figure)
    return keep_kinds(found, experiment, origin=options.database, figure=options.figure, differences=differences)
