"""Probability, score, confidence and warnings of each recording, as CSV; labels are not needed.

Without `--run` the model that comes with the package answers, one row a recording and label: `ph<7.05`, `ph<=7.15`,
`ph<7.20` and `apgar1<7`; what it was trained on and how well it does stands in its model card (`--about`).

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
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.errors import FHRError

from .device import add_device
from .recordings import read_paths, report
from .tables import check_out, write_csv

if TYPE_CHECKING:
    import pandas as pd

    from fhr.prediction import Attribution, FalseSignalPredictor, Prediction, Predictor, ShippedModel
    from fhr.recording import Recording

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument(
        "--run",
        dest="model",
        metavar="RUN",
        help="MLflow run id, checkpoint, or file of `fhr export` (default: the model that comes with the package)",
    )
    parser.add_argument(
        "--label",
        action="append",
        metavar="LABEL",
        help="of the model that comes with the package, such as 'ph<7.05'; may be given again (default: all four)",
    )
    parser.add_argument("--about", action="store_true", help="write the model card of this model to stdout, and end")
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
        "--explain",
        metavar="FILE.csv",
        help="write what each statistic adds to the score of a kernel line, in its unit beside the usual value, or "
        "each minute to that of networks; with --card also on the cards, as where the network looked",
    )
    parser.add_argument(
        "--prevalence", type=float, metavar="P", help="of the label where you work; probabilities are shifted to it"
    )
    add_device(parser)


def run(options: argparse.Namespace) -> int:
    """Predict and write."""
    from fhr.compute import progress
    from fhr.prediction import Predictor, ShippedModel, timelines, to_frame, write_cards
    from fhr.prediction.shipped import SHIPPED

    _check(options)
    if options.about:
        sys.stdout.write(SHIPPED.with_suffix(".md").read_text(encoding="utf-8"))
        return 0
    cards = _folder(options.card)
    recordings, quarantined = read_paths(options.paths)
    predictor = _loaded(options)
    predictions: list[Prediction] = []
    chunks = [recordings[i : i + 64] for i in range(0, len(recordings), 64)]
    for chunk in progress(chunks, description="predict"):
        done, unusable = predictor.predict_all(chunk)
        predictions += done
        quarantined |= unusable
    write_csv(to_frame(predictions), options.out)
    usable = [recording for recording in recordings if recording.name not in quarantined]
    assert isinstance(predictor, Predictor | ShippedModel)  # the other kind has refused to predict
    looked = _looked(predictor, usable) if options.explain is not None else None
    if cards is not None:
        try:
            write_cards(predictions, usable, cards, looked)
        except OSError as error:
            raise FHRError(f"--card {cards}: cannot be written ({error.strerror}); name another folder") from None
    if options.timeline is not None:
        write_csv(timelines(predictor, usable, cards), options.timeline, "--timeline")
    if options.explain is not None:
        write_csv(_explained(predictor, usable, looked), options.explain, "--explain")
    return report(quarantined)


def _check(options: argparse.Namespace) -> None:
    """Refuse what cannot be written, and options that would change nothing."""
    for name in ("out", "timeline", "explain"):
        check_out(getattr(options, name), f"--{name}")
    if options.about:
        if options.paths or options.model:
            raise FHRError("--about is the model card of the model that comes with the package; give nothing beside it")
        return
    if not options.paths:
        raise FHRError("no recording was given; name one or more, or folders of recordings")
    if options.model is not None and options.label:
        raise FHRError("--label chooses among those of the model that comes with the package; a run has one label")


def _loaded(options: argparse.Namespace) -> "Predictor | FalseSignalPredictor | ShippedModel":
    from fhr.prediction import load, shipped

    if options.model is None:  # it runs on the CPU, whatever there is
        return shipped(labels=options.label, prevalence=options.prevalence)
    from fhr.compute import pick_device

    return load(options.model, device=pick_device(options.device), prevalence=options.prevalence)


def _looked(predictor: "Predictor | ShippedModel", recordings: "list[Recording]") -> "list[Attribution] | None":
    """Where networks looked, of each recording; None of other models."""
    from fhr.compute import progress
    from fhr.prediction import Predictor, where_it_looked

    if not isinstance(predictor, Predictor) or not predictor.reads_signal:
        return None
    return [where_it_looked(predictor, recording) for recording in progress(recordings, description="explain")]


def _explained(
    predictor: "Predictor | ShippedModel", recordings: "list[Recording]", looked: "list[Attribution] | None"
) -> "pd.DataFrame":
    import pandas as pd

    from fhr.prediction import EXPLAINED, explain

    seen: Sequence[Attribution | None] = looked or [None] * len(recordings)
    tables = [
        explain(one, recording, looked=attribution)
        for recording, attribution in zip(recordings, seen, strict=True)
        for one in predictor.predictors_of(recording)
    ]
    return pd.concat(tables) if tables else pd.DataFrame(columns=list(EXPLAINED))


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
