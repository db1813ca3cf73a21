"""Augmentation of training crops for false signals: random changes that keep track of true and false samples."""

from dataclasses import dataclass

import numpy as np

from fhr.errors import FHRError
from fhr.recording import floating

from .maternal_stretches import with_maternal_stretches

__all__ = ["FalseSignalAugmentation"]

_STRETCH = (15.0, 1200.0)  # s, of MHR that is withheld
_GAP = (2.0, 300.0)  # s, of FHR that is lost


@dataclass(frozen=True)
class FalseSignalAugmentation:
    """Random changes of a crop: the mother in place of the child, MHR withheld, gaps of FHR, another level.

    - a share `with_mother` of the crops has stretches of FHR replaced by MHR and marked false, see
      `maternal_stretches.py`,
    - MHR is withheld from a share `without_mhr` of the crops, and from a share `without_some_mhr` of the others one to
      three stretches of 15 s to 20 min of it,
    - a share `with_gaps` of the crops loses one to five stretches of 2 s to 5 min of FHR, short ones more often,
    - in a share `with_level` of the crops both rates move together by a normal deviate of `level` bpm.

    All 0 changes nothing. The lengths are this package's choice.
    """

    with_mother: float = 0.5
    without_mhr: float = 0.2
    without_some_mhr: float = 0.25
    with_gaps: float = 0.3
    with_level: float = 0.5
    level: float = 4.0

    def __post_init__(self) -> None:
        shares = (self.with_mother, self.without_mhr, self.without_some_mhr, self.with_gaps, self.with_level)
        if not (min(*shares, self.level) >= 0 and max(shares) <= 1):
            raise FHRError(f"{self}: every amount must be 0 or more, and every share 1 or less")

    def __call__(
        self, rates: np.ndarray, marks: np.ndarray, fs: float, generator: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A changed copy of one crop.

        Args:
            rates: (2, time), FHR and MHR in bpm, NaN where missing.
            marks: (2, time), 1 false, 0 true, NaN not marked.
            fs: Hz.
            generator: of all draws.

        Returns:
            rates and marks.
        """
        rates, marks = floating(rates), floating(marks)
        if generator.uniform() < self.with_mother:
            rates, marks = with_maternal_stretches(rates, marks, fs, generator)
        fhr, mhr = rates = rates.copy()
        n = rates.shape[-1]
        if generator.uniform() < self.without_mhr:
            mhr[:] = np.nan
        elif generator.uniform() < self.without_some_mhr:
            for _ in range(generator.integers(1, 4)):
                start = generator.integers(n)
                mhr[start : start + round(generator.uniform(*_STRETCH) * fs)] = np.nan
        if generator.uniform() < self.with_gaps:
            for _ in range(generator.integers(1, 6)):
                start = generator.integers(n)
                fhr[start : start + round(np.exp(generator.uniform(*np.log(_GAP))) * fs)] = np.nan
        if generator.uniform() < self.with_level:
            rates += np.float32(self.level * generator.normal())
        return rates, marks
