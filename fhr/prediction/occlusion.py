"""Occlusion: by how much a score falls when one stretch of the signals is taken away."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from fhr.errors import FHRError

__all__ = ["Layer", "occlusion"]


class Layer(NamedTuple):
    """Channels that are taken away together.

    Attributes:
        rows: of the window.
        without: float32 (channel, time), the window where they are taken away.
        shown: bool (time,), samples that hold anything to take away, which share the fall.
    """

    rows: Sequence[int]
    without: np.ndarray
    shown: np.ndarray


def occlusion(
    score: Callable[[np.ndarray], np.ndarray],
    signal: np.ndarray,
    layers: Sequence[Layer],
    *,
    length: int,
    step: int,
) -> np.ndarray:
    """Contribution of each sample: the fall of the score with the stretch around it, a share of it for each sample.

    In a stretch the layers are taken away one after the other, and each has the fall beside those before it, so that
    their contributions add up to what the stretch as a whole adds. Stretches overlap where the step is shorter than
    they are; a sample has the mean of those that hold it. Stretches themselves are taken one by one: the sum of all is
    no difference of two scores, and what two of them tell alike is counted in neither.

    Args:
        score: of windows (k, channel, time), (k,).
        signal: the window (channel, time).
        layers: in order.
        length: of a stretch, samples.
        step: from one stretch to the next, samples, counted back from the end of the window.

    Returns:
        float64 (layer, time)

    Raises:
        FHRError: a stretch longer than the window, or a length or step below one sample.

    Source:
        Zeiler and Fergus 2014, ECCV 818, doi:10.1007/978-3-319-10590-1_53.
    """
    n = signal.shape[-1]
    if not (1 <= length <= n and step >= 1):
        raise FHRError(f"stretches of {length} samples every {step} in a window of {n}; give 1 to {n}, every 1 or more")
    starts = np.unique(np.append(np.arange(n - length, -1, -step), 0))
    stretches = [slice(start, start + length) for start in starts]
    covered = np.zeros(n)
    for here in stretches:
        covered[here] += 1
    changed = np.repeat(signal[None], len(starts), axis=0)
    before, found = np.repeat(score(signal[None]), len(starts)), np.zeros((len(layers), n))
    for added, layer in zip(found, layers, strict=True):
        for window, here in zip(changed, stretches, strict=True):
            window[list(layer.rows), here] = layer.without[list(layer.rows), here]
        after = score(changed)
        for fall, here in zip(before - after, stretches, strict=True):
            added[here] += fall / max(int(layer.shown[here].sum()), 1)
        added *= layer.shown / np.maximum(covered, 1)  # where nothing was measured nothing was taken away
        before = after
    return found
