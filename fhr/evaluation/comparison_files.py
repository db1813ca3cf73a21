"""Files of a comparison: the table, and the ROC curves of the models."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from fhr.formats import whole_or_not_at_all

from .repeats import whole_repeats

__all__ = ["draw_comparison", "write_comparison"]


def write_comparison(models: Mapping[str, pd.DataFrame], table: pd.DataFrame, folder: str | Path) -> None:
    """Write `comparison.csv` and `figures/roc.png`.

    Args:
        models: out-of-fold predictions by the name of the model, as `compare` took them.
        table: what `compare` gave.
        folder: where to; it is made where it is missing.
    """
    folder = Path(folder)
    draw_comparison(models, table, folder / "figures")
    table.to_csv(folder / "comparison.csv", index=False)


def draw_comparison(models: Mapping[str, pd.DataFrame], table: pd.DataFrame, folder: str | Path) -> None:
    """Draw `roc.png`: the curves of all models, with the differences of their areas; see `write_comparison`."""
    from fhr.plots import compare_curves  # matplotlib, which the table does without

    repeats = {name: whole_repeats(predictions) for name, predictions in models.items()}
    area = table[table["metric"] == "auroc"].set_index("model")
    notes = {
        str(name): f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f}), p {row['p_holm']:.2g}"
        for name, row in area.iterrows()
    }
    labels = next(iter(repeats.values())).labels
    figure = compare_curves(labels, {name: model.scores for name, model in repeats.items()}, notes=notes)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with whole_or_not_at_all(folder / "roc.png") as part:
        figure.savefig(part, format="png", dpi=150)
