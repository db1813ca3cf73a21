"""Shading of the recorded heart rate that is not the fetus's, according to a network or an expert."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.preprocessing import runs
from fhr.recording import Recording

from .palette import AMBER

__all__ = ["LEVELS", "checked_false_signal", "draw_false_signal"]

LEVELS = (0.5, 0.75, 0.9)  # probabilities from which the shading is one shade darker; this package's choice
_SHADE = 0.13  # opacity of one shade


def checked_false_signal(false_signal: ArrayLike | None, recording: Recording) -> np.ndarray | None:
    """Check the probability (n,) float32 that a sample of FHR is false; a mask becomes 0 and 1.

    Raises:
        FHRError: another number of samples, or values outside [0, 1].
    """
    if false_signal is None:
        return None
    probability = np.asarray(false_signal, dtype=np.float32)
    if probability.shape != recording.fhr.shape:
        raise FHRError(
            f"false_signal has shape {probability.shape} beside {len(recording)} samples of {recording.name}; "
            "give one probability for each sample of FHR"
        )
    if ((probability < 0) | (probability > 1)).any():
        raise FHRError(
            f"false_signal ranges from {np.nanmin(probability):g} to {np.nanmax(probability):g}; "
            "give probabilities in [0, 1], or a mask"
        )
    return probability


def draw_false_signal(axes: Axes, time: np.ndarray, probability: np.ndarray, fs: float) -> None:
    """Shade the panel behind the signal.

    Args:
        axes: with its limits set; the x axis in minutes.
        time: (n,), minutes.
        probability: (n,), NaN where not known.
        fs: sampling rate, Hz.
    """
    low, high = axes.get_ylim()
    for level in LEVELS:
        start, stop = runs(probability >= level)
        if len(start):
            spans = list(zip(time[start], time[stop - 1] + 1 / (60 * fs) - time[start], strict=True))
            axes.broken_barh(
                spans,
                (low, high - low),
                facecolors=AMBER,
                alpha=_SHADE,
                linewidth=0,
                zorder=0.3,
                label="false signal",
                gid="false signal",
            )
