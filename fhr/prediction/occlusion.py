"""Occlusion: by how much a score falls when one stretch of a signal is taken away."""

from collections.abc import Callable, Sequence

import numpy as np

from fhr.errors import FHRError

__all__ = ["occlusion"]


def occlusion(
    score: Callable[[np.ndarray], np.ndarray],
    signal: np.ndarray,
    without: np.ndarray,
    rows: Sequence[int],
    *,
    shown: np.ndarray,
    length: int,
    step: int,
) -> np.ndarray:
    """Contribution of each sample: the fall of the score with the stretch around it, a share of it for each sample.

    Stretches overlap where the step is shorter than they are; a sample has the mean of those that hold it. Stretches
    are taken one by one, so that the sum of all is no difference of two scores: what two of them tell alike is
    counted in neither.

    Args:
        score: of windows (k, channel, time), (k,).
        signal: the window (channel, time).
        without: the same as it is where a stretch is taken away, (channel, time).
        rows: channels that are taken away together.
        shown: bool (time,), samples that hold anything to take away, which share the fall.
        length: of a stretch, samples.
        step: from one stretch to the next, samples, counted back from the end of the window.

    Returns:
        float64 (time,)

    Raises:
        FHRError: a stretch longer than the window, or a length or step below one sample.

    Source:
        Zeiler and Fergus 2014, ECCV 818, doi:10.1007/978-3-319-10590-1_53.
    """
    n = signal.shape[-1]
    if not (1 <= length <= n and step >= 1):
        raise FHRError(f"stretches of {length} samples every {step} in a window of {n}; give 1 to {n}, every 1 or more")
    starts = np.unique(np.append(np.arange(n - length, -1, -step), 0))
    changed = np.repeat(signal[None], len(starts), axis=0)
    for window, start in zip(changed, starts, strict=True):
        window[list(rows), start : start + length] = without[list(rows), start : start + length]
    falls = score(signal[None])[0] - score(changed)
    total, count = np.zeros(n), np.zeros(n)
    for start, fall in zip(starts, falls, strict=True):
        here = slice(start, start + length)
        total[here] += fall / max(int(shown[here].sum()), 1)
        count[here] += 1
    # Where nothing was measured nothing was taken away.
    return np.where(shown, total / np.maximum(count, 1), 0.0)
