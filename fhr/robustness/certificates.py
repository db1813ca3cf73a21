"""Certificates: how large a change of one kind provably leaves the verdict as it is."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Certificate"]


@dataclass(frozen=True, eq=False)
class Certificate:
    """Proven stability of verdicts against one threat.

    Attributes:
        threat: its name.
        sizes: float64 (n,), the largest size up to which no change of this kind flips the verdict; 0 where nothing is
            certified, inf where it holds by construction.
        how: it was found.
        assumptions: under which it holds.
    """

    threat: str
    sizes: np.ndarray
    how: str
    assumptions: tuple[str, ...]
