"""`MaximumEntropy`: scattering synthesis as a generator."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fhr.errors import FHRError

from .scattering_synthesis import scattering_synthesis
from .surrogate_generators import Surrogate

__all__ = ["MaximumEntropy"]


@dataclass(frozen=True, kw_only=True)
class MaximumEntropy(Surrogate):
    """Signals that share a record's scattering statistics and else are random, see `scattering_synthesis`.

    Args:
        iterations: of the descent, at most.
        tolerance: it ends at this loss relative to that of the start.
    """

    iterations: int = 400
    tolerance: float = 1e-4

    keeps: ClassVar[str] = (
        "values, spectra and cross-spectra by octave, intermittency, asymmetry, how scales go with one another and "
        "with the other channel, delay between channels"
    )
    destroys: ClassVar[str] = "when anything happens, stages, exact outlines of decelerations and contractions"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.iterations < 1 or not 0 <= self.tolerance < 1:
            raise FHRError(
                f"iterations={self.iterations}, tolerance={self.tolerance:g}; give 1 or more, and a share below 1"
            )

    def surrogates(self, x: np.ndarray, fs: float, seed: int, first: int) -> np.ndarray:
        """Descend from noise."""
        made = scattering_synthesis(
            x, fs=fs, seed=seed, tolerance=self.tolerance, max_iterations=self.iterations, first=first
        )
        return np.asarray(made.signals)
