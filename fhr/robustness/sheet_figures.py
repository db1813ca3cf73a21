"""Figures of a robustness sheet: the smallest changes that flip a verdict on the strip, and verdicts against size."""

import pandas as pd
from matplotlib.figure import Figure

from fhr.datasets import label_in_words
from fhr.plots import SizeCurve, ToldStrip, flip_strips, size_curves_figure

from .sheet_words import TITLES, found_words
from .window_sheet import WindowSheet

__all__ = ["curves_figure", "flip_figure"]


def flip_figure(sheet: WindowSheet) -> Figure:
    """The strip of a window as the model reads it, and below it the smallest changes found that flip the verdict."""
    whole, *changed = sheet.strips
    side = "at or above" if sheet.at_risk else "below"
    about = [
        sheet.record,
        f"{sheet.target}: {side} the threshold",
        f"cleaned, at {sheet.fs:g} Hz, as the model reads it",
    ]
    about += [] if changed else ["no change was found that flips the verdict"]
    other = "below" if sheet.at_risk else "at or above"
    strips = []
    for one in changed:
        said = [TITLES[one.threat], found_words(one.threat, one.size), f"{other} the threshold after it", ""]
        strips.append(ToldStrip(one.fhr, one.uc, sheet.fs, said))
    return flip_strips(ToldStrip(whole.fhr, whole.uc, sheet.fs, about), strips)


def curves_figure(curves: pd.DataFrame, target: str) -> Figure:
    """Verdicts of a label against the size of each threat, of the table of `size_curves`."""
    of_label = curves[curves["target"] == target]
    drawn = {}
    for threat, rows in of_label.groupby("threat", sort=False):
        known = {
            name: rows[column].to_numpy() if column in rows else None
            for name, column in (("right", "certified_accuracy"), ("right_attacked", "attacked_accuracy"))
        }
        size, certified, attacked = (rows[name].to_numpy() for name in ("size", "certified", "attacked"))
        drawn[TITLES[str(threat)]] = SizeCurve(size, str(rows["unit"].iloc[0]), certified, attacked, **known)
    n = int(of_label["records"].max())
    return size_curves_figure(drawn, title=f"{label_in_words(target)}: {n} verdicts")
