"""Matches of one query as people read them: a table, a figure of strips, a piece of HTML."""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fhr.formats.files.whole_file import take_suffix

from .labour_windows import LabourWindows
from .match_words import match_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["html_list", "readable", "signals", "strips_figure", "take_figure_suffix", "window_words"]

_SUFFIXES = (".png", ".pdf")
_READABLE = {
    "p_special": "p_special",
    "p_surrogate": "p_surrogate",
    "rms_bpm": "rms (bpm)",
    "lag_s": "lag (s)",
    "bdecf": "base deficit (mmol/l)",
    "apgar1": "Apgar 1 min",
    "apgar5": "Apgar 5 min",
}


def readable(matches: pd.DataFrame, *, several: bool) -> pd.DataFrame:
    """The columns of a table of matches that a reader asks for, rounded, in plain words; unknown ones are left out.

    Args:
        matches: rows of `Matches.table`, of one query.
        several: whether there are other queries, over which `q` is a rate.
    """
    unit = next(iter(matches["unit"]), "")
    start, end, left = (matches[name] / 60 for name in ("start_s", "end_s", "to_end_s"))
    plain = pd.DataFrame(
        {
            "rank": matches["rank"],
            "record": matches["record"],
            "minutes": [f"{a:.4g} to {b:.4g}" for a, b in zip(start, end, strict=True)],
            "min before its end": left.round(1),
            f"distance ({unit})" if unit else "distance": matches["distance"],
            **({"q": matches["q"]} if several and matches["q"].notna().any() else {}),
            **{words: matches[name] for name, words in _READABLE.items() if matches[name].notna().any()},
            "pH": ["" if np.isnan(ph) else f"{ph:.2f}" for ph in matches["ph"]],
            "signal loss": [f"{loss:.0%}" for loss in matches["loss"]],
        }
    )
    if (made := ~matches["kind"].isin(["measured", ""])).any():
        plain["kind"] = matches["kind"].where(made, "")
    return plain


def window_words(query: LabourWindows) -> str:
    """One window of a query: its name, and where it lies in its recording."""
    return f"{query.names[0]}, minutes {query.start[0] / 60:.4g} to {query.end[0] / 60:.4g}"


def strips_figure(query: LabourWindows, matches: pd.DataFrame, windows: LabourWindows) -> "Figure":
    """Strips of a query and its matches, see `fhr.plots.similar_strips`.

    Args:
        query: one window.
        matches: rows of `Matches.table`, of this query.
        windows: of these rows.
    """
    from fhr.plots import ToldStrip, similar_strips

    asked = [f"query: {query.names[0]}", window_words(query).partition(", ")[2], f"{query.loss[0]:.0%} signal loss"]
    strips = [
        ToldStrip(*signals(windows, i), list(match_words(row)), float(np.nan_to_num(row["lag_s"])))
        for i, row in enumerate(matches.to_dict("records"))
    ]
    return similar_strips(ToldStrip(*signals(query, 0), asked), strips)


def signals(windows: LabourWindows, row: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Heart rate, uterine activity and their rate, of one of some windows, as a strip takes them."""
    fhr, uc = (windows.signal[row, windows.channels.index(name)] for name in ("fhr", "uc"))
    return fhr, uc, windows.fs


def html_list(lines: Iterable[str]) -> str:
    """A list in HTML of lines in plain text; nothing of none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def take_figure_suffix(path: str | Path) -> str:
    """Check and return the suffix of a figure's file: `.png`, or `.pdf`, which has a page a query.

    Raises:
        FormatError: another one.
    """
    return take_suffix(Path(path), _SUFFIXES, kind="figure")
