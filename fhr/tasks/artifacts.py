"""Files of an evaluation: predictions, figures and the model card."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fhr.plots import reliability, roc_curve, score_by_class, strips
from fhr.recording import Recording

from .model_card import ModelCard

__all__ = ["write_evaluation"]


def write_evaluation(
    folder: Path, card: ModelCard, predictions: pd.DataFrame, recordings: Mapping[str, Recording]
) -> None:
    """Write `predictions.csv`, `model_card.md` and `figures/*.png` into `folder`.

    The four example strips are, for each class, the record that the model is surest of and the one that it is
    most wrong about.

    Args:
        folder: where to; it must exist.
        card: written as Markdown.
        predictions: columns name, label, score, probability.
        recordings: by name, as prepared or as read.
    """
    predictions.to_csv(folder / "predictions.csv", index=False)
    (folder / "model_card.md").write_text(card.markdown(), encoding="utf-8")
    labels, p = predictions["label"].to_numpy(), predictions["probability"].to_numpy()
    figures = {
        "roc": roc_curve(labels, p),
        "reliability": reliability(labels, p),
        "score_by_class": score_by_class(labels, p, names=(f"not {card.target}", card.target), score="probability"),
    }
    ranked = predictions.sort_values("probability")
    examples = pd.concat(
        [ranked[ranked["label"] == value].iloc[[0, -1]] for value in (1, 0) if (labels == value).any()]
    )
    titles = [
        f"{name}: {card.target} is {bool(label)}, probability {probability:.2f}"
        for name, label, probability in zip(examples["name"], examples["label"], examples["probability"], strict=True)
    ]
    figures["strips"] = strips([recordings[name] for name in examples["name"]], titles)
    (folder / "figures").mkdir()
    for name, figure in figures.items():
        figure.savefig(folder / "figures" / f"{name}.png", dpi=110)
