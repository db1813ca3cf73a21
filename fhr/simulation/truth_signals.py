"""Truth of a simulated labour as signals in time, at the rate of a network's windows."""

import numpy as np

from fhr.preprocessing import block_factor, block_mean, last_minutes

from .truth import Truth, happening

__all__ = ["TRUTH_SIGNALS", "truth_signals"]

TRUTH_SIGNALS = ("rate", "baseline", "deceleration", "contraction", "artefact")
"""Rows of `truth_signals`."""

_DECELERATIONS = ("early", "late", "variable", "prolonged")


def truth_signals(truth: Truth, *, minutes: float, fs: float) -> np.ndarray:
    """Truth of the last minutes, sample by sample, nothing missing.

    Args:
        truth: of a simulated labour.
        minutes: length of the window at the end of the recording.
        fs: sampling rate of the answer, Hz, which that of the truth is a multiple of.

    Returns:
        Float32 (5, time), in the order of `TRUTH_SIGNALS`: fetal heart rate without loss and artefact, and baseline,
        bpm; share of each sample within a deceleration, within a contraction, and with an artefact in the recording.

    Raises:
        SignalError: a labour that is shorter, or a rate that is no multiple.
    """
    n = len(truth.fhr)
    rows = (
        truth.fhr,
        truth.baseline,
        happening(truth.events.of(*_DECELERATIONS), n, truth.fs),
        happening(truth.events.of("contraction"), n, truth.fs),
        truth.artefact,
    )
    window = last_minutes(np.stack([row.astype(np.float32) for row in rows]), truth.fs, minutes)
    return block_mean(window, block_factor(truth.fs, fs))
