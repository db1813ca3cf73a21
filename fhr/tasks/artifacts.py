"""Files of an evaluation: predictions, figures and the model card."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fhr.metrics import Interval, net_benefit, net_benefit_of_treating_all, risk_coverage
from fhr.plots import (
    net_benefit as net_benefit_figure,
)
from fhr.plots import (
    precision_recall,
    reliability,
    roc_curve,
    score_by_class,
    spread_against_error,
    strips,
)
from fhr.plots import (
    risk_coverage as risk_coverage_figure,
)
from fhr.recording import Recording

from .model_card import ModelCard

__all__ = ["write_evaluation"]

_THRESHOLDS = np.linspace(0.02, 0.30, 57)  # risks at which clinicians might act


def write_evaluation(
    folder: Path, card: ModelCard, predictions: pd.DataFrame, recordings: Mapping[str, Recording]
) -> None:
    """Write `predictions.csv`, `model_card.md` and `figures/*.png` into `folder`.

    The four example strips are, for each class, the record that the model is surest of and the one that it is
    most wrong about.

    Args:
        folder: where to; it must exist.
        card: written as Markdown.
        predictions: columns name, label, score, probability; and spread, where there are several networks.
        recordings: by name, as prepared or as read; of a control, those whose signals were given.
    """
    predictions.to_csv(folder / "predictions.csv", index=False)
    (folder / "model_card.md").write_text(card.markdown(), encoding="utf-8")
    labels, p = predictions["label"].to_numpy(), predictions["probability"].to_numpy()
    figures = {
        "roc": roc_curve(labels, predictions["score"]),
        "precision_recall": precision_recall(labels, predictions["score"]),
        "reliability": reliability(labels, p),
        "risk_coverage": _risk_coverage(labels, p, card),
        "net_benefit": net_benefit_figure(
            _THRESHOLDS,
            {"model": net_benefit(labels, p, _THRESHOLDS)},
            net_benefit_of_treating_all(labels, _THRESHOLDS),
        ),
        "score_by_class": score_by_class(labels, p, names=(f"not {card.target}", card.target), score="probability"),
    }
    if "spread" in predictions and predictions["spread"].notna().all():
        figures["spread_against_error"] = spread_against_error(labels, p, predictions["spread"])
    ranked = predictions.sort_values("probability")
    examples = pd.concat(
        [ranked[ranked["label"] == value].iloc[[0, -1]] for value in (1, 0) if (labels == value).any()]
    )
    titles = [
        f"{_called(name, recordings[name])}: {card.target} is {bool(label)}, probability {probability:.2f}"
        for name, label, probability in zip(examples["name"], examples["label"], examples["probability"], strict=True)
    ]
    figures["strips"] = strips([recordings[name] for name in examples["name"]], titles)
    (folder / "figures").mkdir()
    for name, figure in figures.items():
        figure.savefig(folder / "figures" / f"{name}.png", dpi=110)


def _called(name: str, recording: Recording) -> str:
    """Name of a record; that of the signal too, where a control gave it another one's."""
    return name if recording.name == name else f"{name}, signal of {recording.name}"


def _risk_coverage(labels: np.ndarray, p: np.ndarray, card: ModelCard) -> Figure:
    """Brier score of the records that are answered, the most certain first."""
    curve = risk_coverage(labels, p)
    note = "AURC {:.3f} ({:.3f} to {:.3f})".format(*card.results.get("aurc", Interval(*(np.nan,) * 3)))
    return risk_coverage_figure({"model": (curve.coverage, curve.risk)}, notes={"model": note}, error="Brier score")
