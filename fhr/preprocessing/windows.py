"""Windows of one length, counted back from the end of a signal."""

from math import inf

import numpy as np

from fhr.errors import FHRError, SignalError
from fhr.recording import floating

__all__ = ["cut_windows"]


def cut_windows(
    signal: np.ndarray, fs: float, *, minutes: float, step: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Cut every whole window of `minutes`, the last one first; the last one ends with the signal.

    Window k ends k steps before the end. What is left at the beginning, shorter than a step, is in no window, so
    that the windows do not depend on when the recording was begun.

    Args:
        signal: (..., n).
        fs: sampling rate, Hz.
        minutes: length of a window.
        step: minutes from one window to the next; None for the last window only.

    Returns:
        (..., window, time), a copy; and (window,) the seconds from each window's end to the end of the signal, a
        whole number of samples: `minutes` and `step` are rounded to that.

    Raises:
        SignalError: the signal is shorter than one window.
        FHRError: `minutes` or `step` that are not positive or hold no sample.

    Example:
        >>> windows, to_end = cut_windows(np.arange(5), 1 / 60, minutes=2, step=1)
        >>> windows.tolist(), to_end.tolist()
        ([[3.0, 4.0], [2.0, 3.0], [1.0, 2.0], [0.0, 1.0]], [0.0, 60.0, 120.0, 180.0])
    """
    signal = floating(signal)
    for name, value in (("minutes", minutes), ("step", step)):
        if value is not None and not (0 < value < inf and round(value * 60 * fs) > 0):
            raise FHRError(f"windows with {name}={value} at {fs:g} Hz; give a positive number that holds a sample")
    n = round(minutes * 60 * fs)
    spare = signal.shape[-1] - n
    if spare < 0:
        raise SignalError(
            f"{signal.shape[-1] / fs / 60:.1f} min of signal, shorter than one window of {minutes:g} min; use longer "
            "recordings, or a shorter window"
        )
    back = np.arange(0, spare + 1, round(step * 60 * fs)) if step is not None else np.zeros(1, dtype=int)
    return np.lib.stride_tricks.sliding_window_view(signal, n, axis=-1)[..., spare - back, :], back / fs
