"""Scale-free analysis of signals with gaps: wavelet p-leaders and scattering, batched, on any device."""

from .bivariate_result import BivariateFlag, BivariateResult
from .joint_analysis import bivariate
from .layer import LogCumulants
from .leader_analysis import analyze
from .result import Flag, MultiscaleResult
from .scattering import Scattering1d, ScatteringPath

__all__ = [
    "BivariateFlag",
    "BivariateResult",
    "Flag",
    "LogCumulants",
    "MultiscaleResult",
    "Scattering1d",
    "ScatteringPath",
    "analyze",
    "bivariate",
]
