"""Lanes of a strip for the attention of networks: each minute of a signal adds to the score, or takes from it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.recording import Recording

from .palette import BLUE, GREY, ORANGE

__all__ = ["LOOKED_CM", "checked_contributions", "draw_contributions"]

LOOKED_CM = 0.9  # of one lane


def checked_contributions(contributions: ArrayLike | None, recording: Recording) -> np.ndarray | None:
    """Check the contributions to a score of the minute around each sample of FHR and of UC, float64 (2, n).

    Raises:
        FHRError: another shape, or infinite numbers.
    """
    if contributions is None:
        return None
    given = np.asarray(contributions, dtype=np.float64)
    if given.shape != (2, len(recording)):
        raise FHRError(
            f"contributions of shape {given.shape} beside {len(recording)} samples of {recording.name}; give (2, n), "
            "of FHR and of UC, as `Attribution.along` does"
        )
    if np.isinf(given).any():
        raise FHRError(f"contributions of {recording.name} are infinite; give numbers, or NaN where none is known")
    return given


def draw_contributions(axes: Axes, time: np.ndarray, values: np.ndarray, largest: float, signal: str) -> None:
    """Draw one lane: up and orange where the signal speaks for the label, down and blue where against it.

    Args:
        axes: of the lane, with its limits in time.
        time: (n,), minutes.
        values: (n,), what a minute adds; NaN outside what the networks read.
        largest: top of the lane, the same for all lanes of a strip; 0 where nothing adds anything.
        signal: of the lane, in words.
    """
    top = largest or 1.0
    axes.set(ylim=(-1.05 * top, 1.05 * top), xticks=[], yticks=[])
    axes.spines[:].set(color=GREY, linewidth=0.5, alpha=0.6)
    known = ~np.isnan(values)
    shown = np.where(known, values, 0.0)
    axes.plot(time, np.where(known, 0.0, np.nan), color=GREY, linewidth=0.5, zorder=1)
    for side, color, label in (
        (shown.clip(min=0), ORANGE, "speaks for the label"),
        (shown.clip(max=0), BLUE, "speaks against the label"),
    ):
        same: dict[str, Any] = {"step": "post", "alpha": 0.75, "linewidth": 0, "zorder": 2, "gid": label}
        axes.fill_between(time, 0, side, color=color, label=label, **same)
    scale = f"what a minute adds, up to {largest:.2g}" if known.any() else "not read here"
    words: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "fontsize": 5.5,
        "color": "0.35",
        "va": "top",
    }
    axes.annotate(f"{signal}: {scale}", (0, 1), xytext=(3, -2), gid="scale", zorder=3, **words)
