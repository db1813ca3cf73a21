"""Confidence cards and timelines of many recordings, as files of one folder."""

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import Any

import pandas as pd

from fhr.compute import progress
from fhr.confidence import Prediction
from fhr.datasets import label_slug
from fhr.formats import whole_or_not_at_all
from fhr.recording import Recording, column_names

from .attribution import Attribution
from .predictor import Predictor
from .shipped import ShippedModel
from .timeline import TIMELINE_COLUMNS

__all__ = ["CardNames", "timelines", "write_cards"]


class CardNames:
    """Names of the files of recordings, each given once: of recordings of one name the second gets `NAME-2`.

    Example:
        >>> names = CardNames()
        >>> [names.next("s1"), names.next("s1"), names.next("s1", "ph<7.05")]
        ['s1', 's1-2', 's1-ph-lt-7.05']
    """

    def __init__(self) -> None:
        self._given: set[str] = set()

    def next(self, name: str, label: str = "") -> str:
        """The next name that is free for a recording; the label is given where there are several."""
        stem = _stem(name, label)
        free = next(one for one in chain([stem], (f"{stem}-{k}" for k in count(2))) if one not in self._given)
        self._given.add(free)
        return free


def write_cards(
    predictions: Sequence[Prediction],
    recordings: Sequence[Recording],
    folder: str | Path,
    looked: Sequence[Attribution] | None = None,
    *,
    names: CardNames | None = None,
) -> None:
    """Write the confidence card of each prediction: `NAME.md`, and `NAME.png` beside the strip.

    Recordings of one name get `NAME`, `NAME-2`, and so on; where there are several labels, each has its own card,
    `NAME-ph-lt-7.05`.

    Args:
        predictions: of the recordings, in their order.
        recordings: those that were predicted; one that is missing leaves its card without a strip.
        folder: of the cards; it is there.
        looked: where the networks looked, of each recording: named on its card, and drawn along all that they read.
        names: that are given already, where cards of one folder are written in several calls.

    Raises:
        OSError: a file that cannot be written.
    """
    from fhr.plots import confidence_card  # matplotlib, which a prediction does without

    names = CardNames() if names is None else names
    labels = {prediction.target for prediction in predictions}
    seen_on: Sequence[Attribution | None] = looked or [None] * len(recordings)
    strips: dict[tuple[str, str | None, str], list[tuple[Recording, Attribution | None]]] = {}
    for pair in zip(recordings, seen_on, strict=True):
        for label in labels:
            strips.setdefault((pair[0].name, pair[0].path, label), []).append(pair)
    for prediction in predictions:
        name = names.next(prediction.name, prediction.target if len(labels) > 1 else "")
        strip = strips.get((prediction.name, prediction.path, prediction.target))
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
    predictor: Predictor | ShippedModel,
    recordings: Sequence[Recording],
    folder: str | Path | None = None,
    *,
    names: CardNames | None = None,
) -> pd.DataFrame:
    """Risk through each recording, see `Predictor.timeline`, as one table.

    Args:
        predictor: of the risk.
        recordings: usable ones.
        folder: where each is drawn, into `NAME-timeline.png`; None draws nothing.
        names: that are given already, as for `write_cards`, but none of its names.
    """
    names = CardNames() if names is None else names
    tables = []
    for recording in progress(recordings, description="timeline"):
        of_labels = predictor.predictors_of(recording)
        for one in of_labels:
            table = one.timeline(recording)
            tables.append(table)
            if folder is not None:
                name = names.next(recording.name, one.target if len(of_labels) > 1 else "")
                _draw(one, recording, table, Path(folder, f"{name}-timeline.png"))
    return pd.concat(tables) if tables else pd.DataFrame(columns=list(column_names(TIMELINE_COLUMNS)))


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
