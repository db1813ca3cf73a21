"""Multifractal analysis of a batch of signals with gaps."""

from collections.abc import Sequence
from math import inf

import numpy as np
import torch
from numpy.typing import ArrayLike

from fhr.errors import FHRError, SignalError

from .analysis import Analysis
from .batch import nan_where, read_signals
from .bootstrap import counts_with_signal
from .inputs import (
    MIN_LEADERS,
    check_bootstrap,
    check_cumulants,
    check_precision,
    check_scales,
)
from .result import Flag, MultiscaleResult, unusable_flags

__all__ = ["analyze"]

_ESTIMATES = {"log_cumulants", "r_squared", "hurst", "h_min", "eta_p", "zeta", "h", "D"}


def analyze(
    x: "ArrayLike | torch.Tensor",
    *,
    mask: "ArrayLike | torch.Tensor | None" = None,
    fs: float = 4.0,
    wavelet: str = "db3",
    j1: int = 3,
    j2: int = 8,
    p: float = 2.0,
    gamma: float = 0.0,
    n_cumulants: int = 3,
    q: Sequence[float] | None = None,
    n_bootstrap: int = 0,
    confidence: float = 0.95,
    max_gap_fraction: float = 0.5,
    seed: int = 0,
    correct_variance: bool = True,
    require_regularity: bool = True,
    dtype: torch.dtype = torch.float64,
) -> MultiscaleResult:
    r"""Estimate log-cumulants, spectrum and scaling exponents by wavelet p-leaders.

    .. math:: C_m(j) = \mathrm{Cum}_m(\ln L_{j,\cdot}), \quad C_m(j) \approx C_m^0 + c_m \ln 2^j, \quad
        \zeta(q) = \sum_m c_m q^m / m!

    c1 is where the spectrum D(h) has its maximum, c2 <= 0 its width, c3 its asymmetry. Slopes are fitted over the
    scales j1 to j2 with the number of leaders as weight; with db3, scale j covers about 0.5 to 1 fs / 2^j Hz and
    intervals of 2^j / fs seconds. A coefficient weighs by the measured share of its interval, so that what
    lies in a gap has no weight, and a leader whose neighbourhood is missing for more than `max_gap_fraction` does not
    count. Leaders that are zero (flat stretches) have no logarithm and do not count either. The filters of coefficients
    beside a gap reach over it, along a straight line.

    Args:
        x: (..., time) array or tensor; NaN is missing.
        mask: (..., time) or broadcastable, true where a sample was measured; None takes all that are not NaN.
        fs: sampling rate, Hz; for the axes of figures and tables alone.
        wavelet: an orthogonal wavelet of PyWavelets.
        j1: finest scale of the fits; scales 1 and 2 of FHR at 4 Hz hold its quantisation and the monitor's way of
            repeating a beat until the next one, a little of which reaches scale 3.
        j2: coarsest scale.
        p: of the p-leaders; `math.inf` for wavelet leaders.
        gamma: order of fractional integration (by 2^(gamma j) on the coefficients), taken back out of c1, h and zeta.
        n_cumulants: 1 to 4.
        q: moments for zeta, h and D; None for none of them.
        n_bootstrap: replicates of the time-scale block bootstrap; 0 for no intervals.
        confidence: of the intervals.
        max_gap_fraction: of a leader's neighbourhood of three intervals, at least 0 and below 1.
        seed: of the bootstrap.
        correct_variance: take what finite resolution adds out of C_2, C_3, ..., for p up to 2 (see Notes).
        require_regularity: NaN where h_min + gamma <= 0 (leaders) or eta_p + gamma p <= 0 (p-leaders), for which the
            leaders are not defined.
        dtype: of the computation, float64 or float32. The latter is for signals that vary by more than about 1% of
            their level: of 140 bpm with a standard deviation of 0.05 it takes most fine leaders for zero.

    Returns:
        Arrays for arrays, tensors (same device and dtype, differentiable) for tensors. NaN with a reason in `warning`
        where a signal is constant, lacks regularity, or has fewer than 6 leaders at a scale.

    Raises:
        FHRError: an unknown or not orthogonal wavelet, j1 >= j2, p <= 0, or another argument out of its range.
        SignalError: too few samples for j2, no sample at all, a wrong dtype or shape.

    Notes:
        c1 uses the finite-resolution correction of Leonarduzzi et al. (2017). C_2 and C_3 carry one of this package
        (`fhr.multiscale.cumulants.resolution_excess`), since Gaussian signals otherwise read c2 = -0.003 to -0.006.
        Intervals are bootstrap percentiles, widened for the few blocks there are: those of c2 at 95% cover 0.95 to
        0.97 of multifractal walks and cascades, 0.89 to 0.90 of fractional Brownian motions. c1 of a sampled signal is
        biased, by about -0.05 for H = 0.3 and -0.02 for H = 0.5 with j1 = 3, and its interval covers its own mean
        rather than H; a larger j1 helps. Scattered gaps of less than about 2 s raise c1, by 0.04 where they take 28%
        of the samples one by one. See `benchmarks/README.md`. Left out: weights other than the number of leaders, and
        a test of the constancy of c2.

    Source:
        Wendt, Abry, Jaffard 2007, IEEE Signal Process. Mag. 24(4):38-48, doi:10.1109/MSP.2007.4286563; Jaffard,
        Melot, Leonarduzzi, Wendt, Abry et al. 2016, Physica A 448:300-318 and 319-339,
        doi:10.1016/j.physa.2015.12.061; Leonarduzzi, Wendt, Abry, Jaffard, Melot 2017, IEEE Trans. Signal Process.
        65:3359-3368; Wendt and Abry 2007, IEEE Trans. Signal Process. 55:4811-4820, doi:10.1109/TSP.2007.896269.

    Example:
        >>> from fhr.processes import fbm
        >>> result = analyze(fbm(7200, 0.7, size=4, seed=1))
        >>> result.log_cumulants.shape, bool(abs(result.log_cumulants[:, 0].mean() - 0.7) < 0.05)
        ((4, 3), True)
    """
    n_cumulants, n_bootstrap = check_cumulants(n_cumulants, dtype), check_bootstrap(n_bootstrap, confidence, seed)
    signals = read_signals(x, mask)
    check_precision(signals.values.device, dtype)
    back, like, n = signals.back, torch.empty(0, dtype=dtype, device=signals.values.device), signals.values.shape[-1]
    j1, j2 = check_scales(n, fs, wavelet, j1, j2, p, gamma, max_gap_fraction)
    moments = None if q is None else _moments(q, like)
    analysis = Analysis(
        wavelet, j1, j2, float(p), float(gamma), n_cumulants, moments, max_gap_fraction, correct_variance
    )
    counts = counts_with_signal(analysis.cells(n).n, n_bootstrap, seed, like) if n_bootstrap else None
    found = analysis(signals, dtype, counts, confidence)
    if bool(found["empty"].all()):
        raise SignalError(f"x of shape {tuple(np.shape(x))} holds no sample; leave out what has no signal at all")

    flags = _flags(found, analysis)
    unusable = flags & (Flag.EMPTY | Flag.CONSTANT | Flag.FEW_LEADERS) > 0
    undefined = unusable | (flags & Flag.IRREGULAR > 0) if require_regularity else unusable
    found["cumulants"] = torch.where(found["n_j"][:, None] < MIN_LEADERS, torch.nan, found["cumulants"])
    intervals = {}
    for name in _ESTIMATES & set(found):
        hidden = unusable if name in ("hurst", "h_min", "eta_p") else undefined
        found[name] = nan_where(hidden, found[name])
        if n_bootstrap:
            intervals[name] = back(nan_where(hidden, found[f"{name}_interval"]))
    if n_bootstrap:
        intervals["cumulants"] = back(nan_where(unusable, found["cumulants_interval"]))
    return MultiscaleResult(
        **{name: back(found[name]) if name in found else None for name in (*_ESTIMATES, "cumulants", "n_j")},
        flags=back(flags),
        scales=np.arange(j1, j2 + 1),
        q=None if q is None else np.asarray(q, dtype=np.float64),
        fs=fs,
        p=float(p),
        gamma=float(gamma),
        confidence=confidence,
        intervals=intervals,
    )


def _flags(found: dict[str, torch.Tensor], analysis: Analysis) -> torch.Tensor:
    """What is wrong with each signal (batch,), as a sum of `Flag`."""
    flags = unusable_flags(found["n_j"], found["empty"], found["constant"])
    regular = found["h_min"] + analysis.gamma if analysis.p == inf else found["eta_p"] + analysis.gamma * analysis.p
    flags = flags + Flag.IRREGULAR * ((regular <= 0) & (flags == 0))
    names = (_ESTIMATES - {"eta_p"} if analysis.p == inf else _ESTIMATES) & set(found)
    finite = torch.stack([found[name].isfinite().reshape(len(flags), -1).all(-1) for name in names]).all(0)
    flags = flags + Flag.OVERFLOW * (~finite & (flags == 0))
    flags = flags + Flag.FLAT * (found["flat"] & (flags == 0))
    if "hurst_interval" in found:
        flags = flags + Flag.FEW_BLOCKS * (found["hurst_interval"][:, 0].isnan() & (flags == 0))
    return flags


def _moments(q: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    """The moments as a tensor beside the signals.

    Raises:
        FHRError: none, or one that is no number.
    """
    try:
        values = np.asarray(q, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise FHRError(f"q={q!r}; give one or more finite moments, such as [-2, -1, 0, 1, 2], or None")
    return torch.from_numpy(values).to(like)
