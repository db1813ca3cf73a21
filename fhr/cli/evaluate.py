"""External validation of a model on births of your own: discrimination, calibration, groups, sets, net benefit.

stdout gets the metrics as CSV; a page with everything else, its tables and figures, is kept in a run of MLflow and,
with --report, in a folder. Outcomes come from a table: a header row, a column `record` (or name, file, id) and pH,
BDecf, BE, pCO2, Apgar1, Apgar5 as far as the label of the model needs them, or a column called as the label (`ph<7.05`)
with 0 and 1. Without --outcomes those that the recordings carry are taken. MODEL may be `shipped`, the model that comes
with the package, for one of its labels (--label).

At least 20 births with 5 of each class are needed; some 100 of each class are recommended. Left out, each named on
stderr, with exit code 1: recordings without an outcome or with one that cannot be (pH outside of 6.5 to 7.8), outcomes
without a recording, and recordings that the model learnt from.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.compute import progress, tell
from fhr.errors import FHRError

from .describe import add_describe
from .device import add_device
from .messages import say
from .reading_options import add_reading, how_read
from .recordings import read_paths, report
from .tables import check_folder, check_out, write_csv

if TYPE_CHECKING:
    from fhr.calibration import Recalibration
    from fhr.confidence import Prediction
    from fhr.evaluation import LocalBirths
    from fhr.prediction import FalseSignalPredictor, Predictor
    from fhr.recording import Recording, TableColumn

__all__ = ["add_arguments", "run", "tables"]

_SHIPPED = "shipped"  # MODEL that is no run, but what comes with the package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="MLflow run id, a checkpoint file, a folder of them, a file of `fhr export`, or `shipped` for the model "
        "that comes with the package",
    )
    parser.add_argument("paths", nargs="+", metavar="FOLDER", help="recordings of the births, or folders of them")
    parser.add_argument("--label", metavar="LABEL", help="of the `shipped` model, which has several, such as 'ph<7.05'")
    parser.add_argument("--outcomes", metavar="FILE.csv", help="outcomes by record (default: those in the recordings)")
    parser.add_argument(
        "--groups", nargs="+", default=[], metavar="COLUMN", help="columns of the table to report groups of births by"
    )
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the metrics (default: stdout)")
    parser.add_argument("--report", metavar="DIR", help="write the page, its tables and figures into this folder")
    parser.add_argument(
        "--recalibrate",
        metavar="DIR",
        help="write the model, recalibrated on these births, as checkpoints into this new folder, for `fhr predict "
        "--run DIR`; the births join those that it learnt from",
    )
    parser.add_argument(
        "--method",
        choices=("intercept", "ridge_platt"),
        help="of the recalibration: move the log-odds, or fit intercept and slope (default: ridge_platt)",
    )
    parser.add_argument(
        "--prevalence", type=float, metavar="P", help="evaluate the probabilities shifted to this prevalence"
    )
    parser.add_argument(
        "--keep-fitted",
        action="store_true",
        help="keep births that a simulator or generator of the model's training records was fitted to; the report says "
        "that of them it is no external validation",
    )
    add_device(parser)
    add_reading(parser)
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from fhr.evaluation import METRIC_COLUMNS

    return {"--out": METRIC_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Evaluate, report, and recalibrate where asked to."""
    _check(options)
    from fhr.datasets import apart_by_path, called_in_files, names_of, read_outcomes
    from fhr.evaluation import (
        check_births,
        external_validation,
        findings,
        learning_curve,
        local_births,
        recalibrated_results,
    )
    from fhr.evaluation.external_validation import checked_predictions
    from fhr.evaluation.local_births import known_births
    from fhr.metrics import to_frame
    from fhr.prediction import Predictor
    from fhr.recording import Composition
    from fhr.tracking import ensure_experiment

    from .evaluate_run import Evaluation, keep_evaluation, next_lines

    model = _loaded(options)
    predictor = model.predictor
    if not isinstance(predictor, Predictor):
        raise FHRError(f"{options.model}: a false-signal network gives no risk of a birth; give a classification")
    recordings, quarantined = read_paths(options.paths, **how_read(options, options.outcomes))
    outcomes = None
    if options.outcomes is not None:
        known = names_of(map(called_in_files, recordings))
        outcomes = read_outcomes(options.outcomes, predictor.target, groups=options.groups, known=known)
    births = local_births(
        apart_by_path(recordings),
        predictor.target,
        outcomes,
        learnt_from={digest for card in predictor.cards for digest in card.learnt_from},
        fitted_to={digest for card in predictor.cards for digest in card.fitted_to},
        keep_fitted=options.keep_fitted,
        is_copy=model.is_copy,
    )
    if options.model == _SHIPPED and (trained := known_births(births.left_out)):
        say(
            f"left out, for the model was trained on them: {len(trained)}; its out-of-fold numbers on its training "
            "records stand in its model card (`fhr predict --about`)"
        )
    check_births(births.labels, predictor.target, {**births.left_out, **quarantined})
    name = Composition.of(births.recordings).marked(f"acidosis {predictor.target}")
    experiment = ensure_experiment(name)  # before the work, not after it
    tell("predicting %d births", len(births.labels))
    predictions, births = _predicted(predictor, births)
    check_births(births.labels, predictor.target, {**births.left_out, **quarantined})
    labels, probabilities, scores = checked_predictions(births, predictions)
    tell("evaluating, with intervals and recalibrations")
    validation = external_validation(births, predictions, predictor.cards)
    recalibrated, curve = recalibrated_results(labels, probabilities, scores), learning_curve(labels, probabilities)
    recalibration = _recalibration(options, predictor, labels, probabilities)
    said = findings(validation, births, predictor.cards)
    done = Evaluation(
        model.name,
        ", ".join(options.paths),
        births,
        validation,
        tuple(said),
        recalibrated,
        curve,
        recalibration,
        model.checkpoints,
    )
    run_id = keep_evaluation(done, experiment, page=options.report, checkpoints=options.recalibrate)
    write_csv(to_frame(validation.results).reset_index(), options.out, columns=tables()["--out"])
    sys.stdout.flush()  # what is said after it stands below it
    say(f"run {run_id}", *said, *next_lines(options.report, options.recalibrate))
    return report(quarantined | dict(births.left_out))


@dataclass(frozen=True)
class _Model:
    """What is evaluated; `is_copy` tells copies of its training records, `checkpoints` gives paths and contents."""

    name: str
    predictor: "Predictor | FalseSignalPredictor"
    checkpoints: "Callable[[], Iterable[tuple[Path, bytes]]]"
    is_copy: "Callable[[Recording], bool] | None" = None


def _loaded(options: argparse.Namespace) -> _Model:
    from fhr.prediction import checkpoint_contents, load, shipped

    if options.model != _SHIPPED:
        from fhr.compute import pick_device

        predictor = load(options.model, device=pick_device(options.device), prevalence=options.prevalence)
        return _Model(options.model, predictor, partial(checkpoint_contents, options.model))
    whole = shipped(labels=[options.label], prevalence=options.prevalence)
    return _Model(
        f"{_SHIPPED} {options.label}",
        whole.predictor(options.label),
        partial(whole.checkpoints, options.label),
        lambda recording: whole.fold_of(recording) is not None,
    )


def _check(options: argparse.Namespace) -> None:
    """Refuse places that cannot be written and options that contradict each other, before the work."""
    check_out(options.out)
    if options.model == _SHIPPED and options.label is None:
        raise FHRError(
            "the model that comes with the package has several labels; give one (`--label 'ph<7.05'`, `ph<=7.15`, "
            "`ph<7.20` or `apgar1<7`)"
        )
    if options.model != _SHIPPED and options.label is not None:
        raise FHRError(f"--label is for the `{_SHIPPED}` model; {options.model} has one label")
    if options.groups and options.outcomes is None:
        raise FHRError("--groups names columns of the table of outcomes; give --outcomes FILE.csv")
    if options.method is not None and options.recalibrate is None:
        raise FHRError("--method is for --recalibrate DIR; the report compares all methods anyway")
    if options.recalibrate is not None and options.prevalence is not None:
        raise FHRError("--prevalence beside --recalibrate: the births tell their prevalence; leave --prevalence out")
    check_folder(options.report, "--report")
    check_folder(given := options.recalibrate, "--recalibrate")
    if given is not None and Path(given).is_dir() and any(Path(given).iterdir()):
        raise FHRError(f"--recalibrate {given}: the folder holds files; name a new one")


def _predicted(predictor: "Predictor", births: "LocalBirths") -> "tuple[list[Prediction], LocalBirths]":
    """Predictions of the births that the model can use, and these births."""
    predictions: list[Prediction] = []
    unusable: dict[str, str] = {}
    chunks = [births.recordings[i : i + 64] for i in range(0, len(births.recordings), 64)]
    for chunk in progress(chunks, description="predict"):
        done, refused = predictor.predict_all(chunk)
        predictions += done
        unusable |= refused
    return predictions, births.only({prediction.name for prediction in predictions}, unusable)


def _recalibration(
    options: argparse.Namespace, predictor: "Predictor", labels: "object", probabilities: "object"
) -> "Recalibration | None":
    if options.recalibrate is None:
        return None
    from fhr.calibration import Recalibration

    found = Recalibration.fit(labels, probabilities, options.method or "ridge_platt")  # type: ignore[arg-type]
    earlier = predictor.recalibration
    return found if earlier is None else found.after(earlier)
