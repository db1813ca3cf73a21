"""Removal of heart rate that was found to be false: it becomes missing."""

import numpy as np

from fhr.errors import FHRError, SignalError
from fhr.recording import Recording, Step

__all__ = ["remove_false_signal"]


def remove_false_signal(
    recording: Recording,
    fhr: np.ndarray | None,
    mhr: np.ndarray | None = None,
    *,
    fhr_threshold: float = 0.5,
    mhr_threshold: float = 0.5,
    run: str = "",
) -> Recording:
    """Replace false rates of a recording by NaN; a step in its history says by what they were found.

    Args:
        recording: at its own rate.
        fhr: of each sample of FHR, (n,): whether it is false (bool), or the probability of it (NaN is kept); None
            leaves FHR alone.
        mhr: the same of MHR.
        fhr_threshold: probability from which on FHR goes; a mask of true and false does not use it.
        mhr_threshold: the same of MHR.
        run: what the probabilities come from, for the history.

    Raises:
        SignalError: another number of values than the recording has samples, or MHR of a recording without.
        FHRError: a threshold outside 0 to 1.

    Example:
        >>> recording = Recording("one", [140, 75, 140], [0, 0, 0], fs=4.0)
        >>> remove_false_signal(recording, np.array([0.1, 0.9, 0.2])).fhr
        array([140.,  nan, 140.], dtype=float32)
    """
    changes, removed = {}, {}
    for channel, false, threshold in (("fhr", fhr, fhr_threshold), ("mhr", mhr, mhr_threshold)):
        if not 0 <= threshold <= 1:
            raise FHRError(f"{channel}_threshold={threshold}; give a probability, 0 to 1")
        if false is None:
            continue
        signal, given = getattr(recording, channel), np.asarray(false)
        if signal is None or given.shape != signal.shape:
            here = "no such channel" if signal is None else f"{len(signal)} samples"
            raise SignalError(
                f"{recording.name}: a {channel} mask of shape {given.shape} where the recording has {here}; give one "
                "value a sample"
            )
        goes = given if given.dtype == bool else given >= threshold
        changes[channel] = np.where(goes, np.nan, signal)
        removed[f"{channel}_removed"] = int((goes & ~np.isnan(signal)).sum())
    parameters = {"run": run, "fhr_threshold": fhr_threshold, "mhr_threshold": mhr_threshold, **removed}
    return recording.after(Step("remove_false_signal", parameters), **changes)
