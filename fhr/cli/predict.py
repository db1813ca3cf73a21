"""Probability, score, confidence and warnings of each recording, as CSV; labels are not needed.

Columns: name, probability (calibrated), score (larger is likelier), loss (fraction of the fetal heart rate that is
missing in the window, after cleaning), warnings (those of the model first); then low, high (95% interval of the
calibration curve), prevalence (that the probability is for), decision (at 90% specificity), spread (over the networks)
and flip_rate (of their average), set_80, set_90, set_95 (what cannot be ruled out), distance (from the training
records; small is unusual), abstain, reasons; label in words, minutes (length of the window), auroc, auroc_low,
auroc_high and auroc_of (of the model: held out or out of fold), learnt_from (kinds of its training records). Empty
where the model's checkpoint says nothing of it.
Recordings that cannot be used are named on stderr, and the exit code is 1.
"""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .device import add_device
from .recordings import read_paths, report
from .tables import check_out, write_csv

if TYPE_CHECKING:
    from fhr.prediction import Prediction

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument(
        "--run",
        dest="model",
        required=True,
        metavar="RUN",
        help="MLflow run id, or a checkpoint file",
    )
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument(
        "--card",
        metavar="DIR",
        help="write a confidence card of each recording: NAME.md, and NAME.png beside the strip",
    )
    parser.add_argument(
        "--timeline",
        metavar="FILE.csv",
        help="write what would have been said every 5 min, had the recording ended there (an extrapolation); with "
        "--card also as NAME-timeline.png",
    )
    parser.add_argument(
        "--prevalence", type=float, metavar="P", help="of the label where you work; probabilities are shifted to it"
    )
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Predict and write."""
    from fhr.compute import pick_device, progress
    from fhr.prediction import Predictor, load, timelines, to_frame, write_cards

    check_out(options.out)
    check_out(options.timeline, "--timeline")
    device = pick_device(options.device)
    cards = _folder(options.card)
    recordings, quarantined = read_paths(options.paths)
    predictor = load(options.model, device=device, prevalence=options.prevalence)
    predictions: list[Prediction] = []
    chunks = [recordings[i : i + 64] for i in range(0, len(recordings), 64)]
    for chunk in progress(chunks, description="predict"):
        done, unusable = predictor.predict_all(chunk)
        predictions += done
        quarantined |= unusable
    write_csv(to_frame(predictions), options.out)
    usable = [recording for recording in recordings if recording.name not in quarantined]
    if cards is not None:
        try:
            write_cards(predictions, usable, cards)
        except OSError as error:
            raise FHRError(f"--card {cards}: cannot be written ({error.strerror}); name another folder") from None
    if options.timeline is not None and isinstance(predictor, Predictor):
        write_csv(timelines(predictor, usable, cards), options.timeline, "--timeline")
    return report(quarantined)


def _folder(name: str | None) -> Path | None:
    if name is None:
        return None
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FHRError(f"--card {name}: no folder to write to ({error.strerror}); name another") from None
    if not os.access(folder, os.W_OK):
        raise FHRError(f"--card {name}: the folder cannot be written to; name another")
    return folder
