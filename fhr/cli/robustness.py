"""Robustness of verdicts: how large a change provably leaves each, and the smallest that was found to flip it.

A decision is the stored threshold after averaging and calibration, about the signal as the model reads it: cleaned, at
its rate. Without `--run` the model that comes with the package answers; a record that it, or some networks of a
cross-validation, learnt from is judged by those that have not seen it.

stdout gets a row a recording and label: the largest size of each threat that provably leaves the verdict, and the
smallest change that was found to flip it; `--describe` tells what each column means. What half of the verdicts
withstand is told on stderr. DIR gets robustness.csv (a row a recording and threat, with assumptions or the reason why
nothing is certified), worst.csv (probabilities and p-values under the worst errors), database.csv (shares of verdicts,
and where outcomes are known accuracy, AUROC, calibration and coverage, against size), robustness.html (words and
figures), and strips (the smallest changes that flip a verdict).

Everything is kept in a run of MLflow. Recordings that are finished are kept in DIR: the same command goes on with them.
Recordings without a verdict are named on stderr, and the exit code is 1.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .describe import add_describe
from .reading_options import add_reading, how_read
from .recordings import apart_by_path, read_paths, report
from .tables import check_folder, write_csv

if TYPE_CHECKING:
    from fhr.prediction import Predictor, ShippedModel
    from fhr.recording import TableColumn

__all__ = ["add_arguments", "run", "tables"]

_USUAL = "ph<7.05"  # of the labels of the model that comes with the package
_log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument(
        "--run",
        dest="model",
        metavar="RUN",
        help="MLflow run id, checkpoint, or file of `fhr export` (default: the model that comes with the package)",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="where to write; made where it is missing")
    parser.add_argument(
        "--label",
        action="append",
        metavar="LABEL",
        help=f"of the model that comes with the package; may be given again (default: '{_USUAL}')",
    )
    parser.add_argument(
        "--threats",
        nargs="+",
        metavar="THREAT",
        help="kinds of change: error_rms, error_peak, offset, uc_gain, shift, warp, block_loss, scattered_loss, "
        "wrong_rate, quantisation (default: all)",
    )
    parser.add_argument(
        "--largest",
        nargs="+",
        default=[],
        metavar="THREAT=SIZE",
        help="size at which certificates and attacks of a threat end, in its unit, such as error_rms=5 block_loss=600",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--no-attacks", action="store_true", help="prove only, look for no flips")
    how.add_argument(
        "--looks",
        type=int,
        metavar="N",
        help="of each attack; more find smaller changes (default: 16 at statistics, 150 at networks)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the attacks (default: 0)")
    parser.add_argument(
        "--store",
        action="store_true",
        help="let the run say on its confidence cards under which error half of its verdicts on these births, as far "
        "as its models have not learnt from them, are proven unchanged; needs --run with the id of a run",
    )
    parser.add_argument(
        "--strips",
        type=int,
        default=20,
        metavar="N",
        help="recordings whose strips are drawn, those that are the easiest to flip (default: 20)",
    )
    add_reading(parser)
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table of recordings, by its name."""
    from fhr.robustness import SHORT_COLUMNS, THREAT_COLUMNS, WORST_COLUMNS

    return {"stdout": SHORT_COLUMNS, "robustness.csv": THREAT_COLUMNS, "worst.csv": WORST_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Prove, attack, tell, write and keep."""
    from fhr.compute import tell
    from fhr.robustness import THREATS, robustness_sheet
    from fhr.tracking import ensure_experiment

    from .robustness_run import keep_robustness, write_robustness

    largest = _check(options)
    model, known_as, name = _loaded(options)
    recordings, quarantined = read_paths(options.paths, **how_read(options))
    recordings = apart_by_path(recordings)
    experiment = ensure_experiment("robustness of verdicts")  # before the work, not after it
    tell("proving and attacking the verdicts on %d recordings", len(recordings))
    kept = Path(options.out, "recordings.parts")  # passed over where recordings are looked for
    try:
        sheet = robustness_sheet(
            model,
            recordings,
            threats=options.threats or tuple(THREATS),
            largest=largest,
            attacks=not options.no_attacks,
            looks=options.looks,
            seed=options.seed,
            kept=kept,
            known_as=known_as,
        )
    except KeyboardInterrupt:
        if done := len(list(kept.glob("*.npz"))):
            _log.warning("recordings kept: %d, in %s; the same command goes on with them", done, kept)
        raise
    for line in sheet.lines:
        tell("%s", line)
    if not sheet.sheets:
        report(quarantined | dict(sheet.quarantined))
        raise FHRError("no recording has a verdict; the reasons stand above")
    write_csv(sheet.short, None, columns=tables()["stdout"])
    try:
        write_robustness(options.out, sheet, model=name, strips=options.strips)
    except OSError as error:
        raise FHRError(f"--out {options.out}: cannot be written ({error.strerror}); name another folder") from None
    settings = {name: getattr(options, name) for name in ("threats", "looks", "seed")} | {"largest": largest}
    run_id = keep_robustness(
        options.out, sheet, experiment, model=name, origin=", ".join(options.paths), settings=settings
    )
    if options.store:
        from fhr.prediction.loading import STABILITY
        from fhr.tracking import mlflow_client

        stability = sheet.stability()
        mlflow_client().set_tag(options.model, STABILITY, stability.to_text())
        tell("the cards of %s say: %s", options.model, stability.words)
    sys.stdout.flush()  # what is said after it stands below it
    tell("page %s", Path(options.out, "robustness.html"))
    tell("run %s", run_id)
    return report(quarantined | dict(sheet.quarantined))


def _check(options: argparse.Namespace) -> dict[str, float]:
    """Refuse what cannot be, before the work; the largest sizes by threat."""
    from fhr.robustness import threat_of

    check_folder(options.out, "--out")
    if options.model is not None and options.label:
        raise FHRError("--label chooses among those of the model that comes with the package; a run has one label")
    if options.looks is not None and options.looks < 1:
        raise FHRError(f"--looks {options.looks}: give a whole number of 1 or more, or --no-attacks")
    if options.store:
        from fhr.tracking import find_run

        if options.model is None or Path(options.model).exists() or find_run(options.model) is None:
            raise FHRError("--store is of a run of the store of MLflow; name its id by --run")
    if options.strips < 0:
        raise FHRError(f"--strips {options.strips}: give 0 or more")
    for name in options.threats or ():
        threat_of(name)
    found = {}
    for given in options.largest:
        name, _, size = given.partition("=")
        try:
            found[name] = float(size)
        except ValueError:
            raise FHRError(f"--largest {given}: give THREAT=SIZE, such as error_rms=5") from None
        threat_of(name).check(found[name])
        if options.threats and name not in options.threats:
            raise FHRError(f"--largest {given}: {name} is not among --threats {' '.join(options.threats)}")
    return found


def _loaded(options: argparse.Namespace) -> "tuple[Predictor | ShippedModel, str, str]":
    """The model, its checksum, and its name.

    Raises:
        FHRError: no such run, or a model that takes no decision.
    """
    from fhr.prediction import Predictor, load, model_checksum, shipped
    from fhr.prediction.shipped import SHIPPED
    from fhr.robustness import reader_of

    if options.model is None:
        return (
            shipped(labels=options.label or [_USUAL]),
            model_checksum(SHIPPED),
            "the model that comes with the package",
        )
    predictor = load(options.model)
    if not isinstance(predictor, Predictor):
        raise FHRError(
            f"{options.model}: a false-signal network takes no decision about a birth; give a classification"
        )
    reader_of(predictor)  # refuses one without a threshold before recordings are read
    return predictor, model_checksum(options.model), str(options.model)
