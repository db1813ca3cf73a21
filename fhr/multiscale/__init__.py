"""Scale-free analysis of signals with gaps: wavelet p-leaders and scattering, batched, on any device."""

from .analyze import analyze
from .bivariate import bivariate
from .bivariate_result import BivariateFlag, BivariateResult
from .layer import LogCumulants
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
