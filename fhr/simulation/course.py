"""The known answer behind a simulated recording: its stages and its contractions."""

import numpy as np

from fhr.errors import FHRError

from .labour import Labour, draw_labour

__all__ = ["simulated_labour"]


def simulated_labour(index: int, *, seed: int = 0) -> Labour:
    """The labour that `simulate_recording(index, seed=seed)` shows: what a detector of contractions should find.

    Args:
        index: number of the recording, from 0.
        seed: a non-negative integer.

    Returns:
        Labour, whose `peak` and `duration` are those of every contraction, also where the belt lost it. A contraction
        begins half its duration before the peak; the first and the last may reach beyond the recording.

    Raises:
        FHRError: index or seed is negative.

    >>> simulated_labour(0, seed=1).peak[:3].round()
    array([ 52., 259., 418.])
    """
    if index < 0 or seed < 0:
        raise FHRError(f"index={index}, seed={seed}; both are numbers of at least 0")
    # The first stream of the recording, from which `simulate_recording` draws the labour.
    stream = np.random.SeedSequence(seed, spawn_key=(index,)).spawn(1)[0]
    return draw_labour(np.random.default_rng(stream))
