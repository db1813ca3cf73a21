"""Random processes with a known scaling law: test oracles and the material of simulated heart rates."""

from .fractional_brownian_motion import fbm
from .fractional_gaussian_noise import fgn

__all__ = ["fbm", "fgn"]
