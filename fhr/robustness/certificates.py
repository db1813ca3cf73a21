"""Certificates: how large a change of one kind provably leaves the verdict as it is."""

from dataclasses import dataclass

import numpy as np

__all__ = ["FLOAT32", "Certificate", "rounding_of"]

_ROUNDING = 1e-5  # of a score in float32, relative to the larger of it and 1
FLOAT32 = f"scores in float32 are exact to {_ROUNDING:g} of their size"
"""What certificates from scores assume, see `rounding_of`."""


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


def rounding_of(scores: np.ndarray) -> np.ndarray:
    """Distance at most of scores of networks in float32 from exact ones."""
    return np.asarray(_ROUNDING * np.maximum(np.abs(scores), 1))
