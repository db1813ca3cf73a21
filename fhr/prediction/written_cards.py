"""Confidence cards and timelines of many recordings, as files of one folder."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from fhr.compute import progress
from fhr.confidence import Prediction, to_frame
from fhr.datasets import label_slug
from fhr.formats import whole_or_not_at_all
from fhr.recording import Recording

from .attribution import Attribution
from .predictor import Predictor
from .shipped import ShippedModel

__all__ = ["timelines", "write_cards"]


def write_cards(
    predictions: Sequence[Prediction],
    recordings: Sequence[Recording],
    folder: str | Path,
    looked: Sequence[Attribution] | None = None,
) -> None:
    """Write the confidence card of each prediction: `NAME.md`, and `NAME.png` beside the strip.

    Recordings of one name get `NAME`, `NAME-2`, and so on; where there are several labels, each has its own card,
    `NAME-ph-lt-7.05`.

    Args:
        predictions: of the recordings, in their order.
        recordings: those that were predicted; one that is missing leaves its card without a strip.
        folder: of the cards; it is there.
        looked: where the networks looked, of each recording: named on its card, and drawn along all that they read.

    Raises:
        OSError: a file that cannot be written.
    """
    from fhr.plots import confidence_card  # matplotlib, which a prediction does without

    written: set[str] = set()
    # In one order; of two recordings of one name of which one was quarantined, it cannot be told whose strip it is.
    labels = {prediction.target for prediction in predictions}
    names = {recording.name for recording in recordings}
    seen_on: Sequence[Attribution | None] = looked or [None] * len(recordings)
    pairs = list(zip(recordings, seen_on, strict=True))
    strips = {(name, label): [pair for pair in pairs if pair[0].name == name] for name in names for label in labels}
    for prediction in predictions:
        name = _stem(prediction.name, prediction.target if len(labels) > 1 else "")
        # Two folders of recordings may hold the same names.
        name = next(n for n in (name, *(f"{name}-{k}" for k in range(2, len(predictions) + 2))) if n not in written)
        written.add(name)
        strip = strips.get((prediction.name, prediction.target))
        recording, seen = strip.pop(0) if strip else (None, None)
        told = prediction if seen is None else replace(prediction, looked=seen.words())
        with whole_or_not_at_all(Path(folder, f"{name}.md")) as part:
            part.write_text(told.card(), encoding="utf-8")
        if recording is not None:
            shown: dict[str, Any] = {}
            if seen is not None:
                shown = {"contributions": seen.along(recording), "minutes": seen.shown(recording)}
            with whole_or_not_at_all(Path(folder, f"{name}.png")) as part:
                confidence_card(recording, told, **shown).savefig(part, format="png", dpi=150)


def timelines(
    predictor: Predictor | ShippedModel, recordings: Sequence[Recording], folder: str | Path | None = None
) -> pd.DataFrame:
    """Risk through each recording, see `Predictor.timeline`, as one table.

    Args:
        predictor: of the risk.
        recordings: usable ones.
        folder: where each is drawn, into `NAME-timeline.png`; None draws nothing.
    """
    tables = []
    for recording in progress(recordings, description="timeline"):
        of_labels = predictor.predictors_of(recording)
        for one in of_labels:
            table = one.timeline(recording)
            tables.append(table)
            if folder is not None:
                stem = _stem(recording.name, one.target if len(of_labels) > 1 else "")
                _draw(one, recording, table, Path(folder, f"{stem}-timeline.png"))
    return pd.concat(tables) if tables else to_frame([]).assign(end=[], to_end=[])


def _stem(name: str, label: str) -> str:
    """Name of the files of a recording, with the label where there are several."""
    stem = name.replace(os.sep, "_")
    return f"{stem}-{label_slug(label)}" if label else stem


def _draw(predictor: Predictor, recording: Recording, table: pd.DataFrame, path: Path) -> None:
    from fhr.plots import timeline

    ends = [table[name].astype(float) for name in ("low", "high")]
    low, high = ends if all(end.notna().all() for end in ends) else (None, None)
    abstained = table["abstain"].fillna(False).astype(bool)
    times, minutes = -table["to_end"], predictor.pipeline.minutes
    risk = table["probability"].astype(float)
    figure = timeline(recording, times, risk, low, high, abstained, target=predictor.target, window=minutes)
    figure.savefig(path, dpi=150)
