"""Probability, score, confidence and warnings of each recording, as CSV; labels are not needed.

Columns: name, probability (calibrated), score (larger is likelier), loss (fraction of the window's fetal heart rate
that is missing), warnings; then low, high (Venn-Abers interval, no confidence interval), prevalence (that the
probability is for), decision (at 90% specificity), spread and flip_rate (over the networks), set_80, set_90, set_95
(what cannot be ruled out), distance (from the training records; small is unusual), abstain, reasons. Empty where the
model's checkpoint says nothing of it.
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
    import pandas as pd

    from fhr.prediction import Prediction, Predictor
    from fhr.recording import Recording

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument("--run", dest="model", required=True, metavar="RUN", help="MLflow run id, or a .ckpt file")
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
    from fhr.prediction import Predictor, load, to_frame

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
    if cards is not None:
        _write_cards(predictions, [r for r in recordings if r.name not in quarantined], cards)
    if options.timeline is not None and isinstance(predictor, Predictor):
        usable = [recording for recording in recordings if recording.name not in quarantined]
        write_csv(_timelines(predictor, usable, cards), options.timeline, "--timeline")
    return report(quarantined)


def _timelines(predictor: "Predictor", recordings: "list[Recording]", cards: Path | None) -> "pd.DataFrame":
    import pandas as pd

    from fhr.compute import progress
    from fhr.plots import timeline
    from fhr.prediction import to_frame

    tables = []
    for recording in progress(recordings, description="timeline"):
        table = predictor.timeline(recording)
        tables.append(table)
        if cards is not None:
            ends = [table[name].astype(float) for name in ("low", "high")]
            low, high = ends if all(end.notna().all() for end in ends) else (None, None)
            abstained = table["abstain"].fillna(False).astype(bool)
            times, minutes = -table["to_end"], predictor.pipeline.minutes
            risk = table["probability"].astype(float)
            figure = timeline(recording, times, risk, low, high, abstained, target=predictor.target, window=minutes)
            figure.savefig(cards / f"{recording.name.replace(os.sep, '_')}-timeline.png", dpi=150)
    return pd.concat(tables) if tables else to_frame([]).assign(end=[], to_end=[])


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


def _write_cards(predictions: "list[Prediction]", recordings: "list[Recording]", folder: Path) -> None:
    from fhr.formats import whole_or_not_at_all
    from fhr.plots import confidence_card

    written: set[str] = set()
    # In one order; of two recordings of one name of which one was quarantined, it cannot be told whose strip it is.
    strips = {name: [r for r in recordings if r.name == name] for name in {r.name for r in recordings}}
    for prediction in predictions:
        name = prediction.name.replace(os.sep, "_")
        # Two folders of recordings may hold the same names.
        name = next(n for n in (name, *(f"{name}-{k}" for k in range(2, len(predictions) + 2))) if n not in written)
        written.add(name)
        try:
            with whole_or_not_at_all(folder / f"{name}.md") as part:
                part.write_text(prediction.card(), encoding="utf-8")
            if strips.get(prediction.name):
                with whole_or_not_at_all(folder / f"{name}.png") as part:
                    figure = confidence_card(strips[prediction.name].pop(0), prediction)
                    figure.savefig(part, format="png", dpi=150)
        except OSError as error:
            raise FHRError(f"--card {folder}: cannot be written ({error.strerror}); name another folder") from None
