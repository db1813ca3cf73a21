"""`MaximumEntropy`: scattering synthesis as a generator."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg import solve_banded

from fhr.errors import FHRError
from fhr.preprocessing import block_factor, block_mean

from .scattering_synthesis import scattering_synthesis
from .surrogate_generators import Surrogate

__all__ = ["MaximumEntropy"]


@dataclass(frozen=True, kw_only=True)
class MaximumEntropy(Surrogate):
    """Signals that share a record's scattering statistics and else are random, see `scattering_synthesis`.

    The descent works on means over seconds, with which it comes nearer to the constraints than at 4 Hz, in a third of
    the time (six seconds an hour of signal); what is made is linear between the middles of seconds and has these means.

    Args:
        rate: of the descent, Hz; one that the sampling rate of the recordings is a multiple of.
        iterations: of the descent, at most.
        tolerance: it ends at this loss relative to that of the start.
    """

    rate: float = 1.0
    iterations: int = 400
    tolerance: float = 1e-4

    keeps_amplitudes: ClassVar[bool] = True
    keeps: ClassVar[str] = (
        "values, spectra and cross-spectra by octave, intermittency, asymmetry, how scales go with one another and "
        "with the other channel, delay between channels"
    )
    destroys: ClassVar[str] = (
        "when anything happens, stages, exact outlines of decelerations and contractions, what is faster than the rate"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.iterations < 1 or not 0 <= self.tolerance < 1 or not self.rate > 0:
            raise FHRError(
                f"iterations={self.iterations}, tolerance={self.tolerance:g}, rate={self.rate:g} Hz; give 1 or more, a "
                "share below 1, and a positive rate"
            )

    def surrogates(self, x: np.ndarray, fs: float, seed: int, first: int) -> np.ndarray:
        """Descend from noise."""
        factor = block_factor(fs, self.rate)
        made = scattering_synthesis(
            block_mean(x, factor),
            fs=self.rate,
            seed=seed,
            tolerance=self.tolerance,
            max_iterations=self.iterations,
            first=first,
        )
        knots = _knots(np.asarray(made.signals), factor)
        middles = np.arange(knots.shape[-1]) * factor + (factor - 1) / 2 + x.shape[-1] % factor
        times = np.arange(x.shape[-1])
        return np.stack([[np.interp(times, middles, channel) for channel in one] for one in knots])


def _knots(means: np.ndarray, factor: int) -> np.ndarray:
    """Values at the middles of blocks of samples between which the line has these means (..., block).

    Means as values would lose half of the amplitude of the fastest fluctuations.
    """
    away = (np.arange(factor) - (factor - 1) / 2) / factor  # samples of a block from its middle, in blocks
    share = np.maximum(away, 0).mean()  # of a neighbour in the mean of a block
    n = means.shape[-1]
    bands = np.full((3, n), share)
    bands[1] = 1 - 2 * share
    bands[1, [0, -1]] = 1 - share  # beyond the last middle the line is flat
    knots: np.ndarray = np.moveaxis(solve_banded((1, 1), bands, np.moveaxis(means, -1, 0).reshape(n, -1)), 0, -1)
    return knots.reshape(means.shape)
