"""Random processes with a known scaling law: test oracles and the material of simulated heart rates."""

from .fractional_brownian_motion import fbm
from .fractional_gaussian_noise import fgn
from .log_normal_cascade import cascade
from .multifractal_random_walk import mrw

__all__ = ["cascade", "fbm", "fgn", "mrw"]
