"""Joint multifractal analysis of two signals with gaps."""

import numpy as np
import torch
from numpy.typing import ArrayLike

from fhr.errors import SignalError

from .batch import Signals, nan_where, read_signals
from .bivariate_analysis import PairAnalysis
from .bivariate_result import BivariateFlag, BivariateResult
from .bootstrap import Cells, counts_with_signal
from .inputs import (
    MIN_LEADERS,
    check_bootstrap,
    check_cumulants,
    check_precision,
    check_scales,
)
from .result import unusable_flags
from .wavelet_transform import filters

__all__ = ["bivariate"]

_OF_FITS = ("rho_mf", "c20", "c11", "c02", "r_squared")
_OF_LEADERS = ("cumulants", "leader_correlation")
_OF_COEFFICIENTS = ("wavelet_correlation", "coherence")


def bivariate(
    x: "ArrayLike | torch.Tensor",
    y: "ArrayLike | torch.Tensor",
    *,
    mask_x: "ArrayLike | torch.Tensor | None" = None,
    mask_y: "ArrayLike | torch.Tensor | None" = None,
    fs: float = 4.0,
    wavelet: str = "db3",
    j1: int = 3,
    j2: int = 8,
    p: float = 2.0,
    gamma: float = 0.0,
    n_bootstrap: int = 0,
    confidence: float = 0.95,
    max_gap_fraction: float = 0.5,
    seed: int = 0,
    correct_variance: bool = True,
    require_regularity: bool = True,
    dtype: torch.dtype = torch.float64,
) -> BivariateResult:
    r"""Estimate the multifractal correlation, and the wavelet coherence by scale, of two signals.

    .. math:: C_{11}(j) = \mathrm{Cov}(\ln L^x_{j,\cdot}, \ln L^y_{j,\cdot}) \approx C_{11}^0 + c_{11} \ln 2^j, \quad
        \rho_{mf} = \frac{-c_{11}}{\sqrt{c_{20}\, c_{02}}}, \quad
        r(j) = \frac{\sum_k f d^x d^y}{\sqrt{\sum_k f (d^x)^2 \sum_k f (d^y)^2}}

    c20 and c02 are the c2 of the two signals, from C_20(j) = Var ln L^x and C_02(j) = Var ln L^y over the same leaders:
    those that count in both. As c20 and c02 are negative, rho_mf = 1 says that both signals are rough at the same
    times, -1 that one is smooth where the other is rough, and of a signal with itself it is 1. It sees what the
    wavelet correlation r(j) does not: signals that are uncorrelated, and yet burst together. The coherence is r(j)^2;
    f is the smaller of the two measured shares of a coefficient's interval. Scales, slopes and gaps are as in
    `analyze`.

    Args:
        x: (..., time) array or tensor, such as fetal heart rate; NaN is missing.
        y: the same shape and kind, such as uterine activity.
        mask_x: (..., time) or broadcastable, true where x was measured; None takes all that are not NaN.
        mask_y: the same for y.
        fs: sampling rate, Hz; for the axes of figures and tables alone.
        wavelet: an orthogonal wavelet of PyWavelets.
        j1: finest scale of the fits.
        j2: coarsest scale.
        p: of the p-leaders; `math.inf` for wavelet leaders.
        gamma: order of fractional integration of both signals before their leaders; no slope is changed by it.
        n_bootstrap: replicates of the time-scale block bootstrap, common to both signals; 0 for no intervals.
        confidence: of the intervals.
        max_gap_fraction: of a leader's neighbourhood of three intervals, at least 0 and below 1.
        seed: of the bootstrap.
        correct_variance: take what finite resolution adds out of C_20, C_11 and C_02, for p up to 2 (see Notes).
        require_regularity: NaN where h_min + gamma <= 0 (leaders) or eta_p + gamma p <= 0 (p-leaders) for one of the
            signals, so that its leaders are not defined.
        dtype: of the computation; float32 halves the memory.

    Returns:
        Arrays for arrays, tensors (device and dtype of x, differentiable) for tensors. NaN with a reason in `warning`
        where a signal is constant or lacks regularity, or fewer than 6 leaders are common at a scale; rho_mf also
        where c20 or c02 is not negative.

    Raises:
        FHRError: an unknown or not orthogonal wavelet, j1 >= j2, p <= 0, or another argument out of its range.
        SignalError: x and y of different shapes, kinds or devices, too few samples for j2, an infinite sample, no
            pair in which both hold a sample.

    Notes:
        rho_mf lies within -1 and 1 in theory; the estimate, a ratio of slopes, may leave them in short signals, and is
        left as it is. Intervals of correlations are cut there, and replicates for which rho_mf is not defined count as
        the end that -c11 points to. On pairs of multifractal random walks of 2^14 samples intervals of 95 % cover in
        91 to 97 % of cases, those of `leader_correlation` in 85 to 95 %: leaders depend on each other over long times.
        The correction of the cumulants is this package's own (`fhr.multiscale.bivariate_estimates.joint_excess`).
        Without it Gaussian signals read c20 = -0.003 to -0.007, and c11 the same times their coherence. What it leaves
        of a linear correlation of 0.8 between walks of independent volatility is rho_mf = 0.09.
        A bridge over a gap that only one signal has decorrelates what it touches: with a fifth of each missing, r = 0.6
        reads 0.55 to 0.59, at the finest scales for scattered samples, at the coarsest for gaps of their length.
        Left out: joint cumulants of higher order, the bivariate spectrum D(h_x, h_y), phase and lag.

    Source:
        Jaffard, Seuret, Wendt, Leonarduzzi, Roux, Abry 2019, Appl. Comput. Harmon. Anal. 46:653-663,
        doi:10.1016/j.acha.2018.01.004; Wendt, Leonarduzzi, Abry, Roux, Jaffard, Seuret 2018, "Assessing
        cross-dependencies using bivariate multifractal analysis", Proc. IEEE ICASSP, hal-02347891. Wavelet
        correlation: Whitcher, Guttorp, Percival 2000, J. Geophys. Res. 105(D11):14941-14962,
        doi:10.1029/2000JD900110.

    Example:
        >>> from fhr.processes import mrw
        >>> x = mrw(7200, c2=-0.05, seed=1)
        >>> y = mrw(7200, c2=-0.05, seed=2)
        >>> bool(abs(bivariate(x, -2 * x).rho_mf - 1) < 1e-9), bool(bivariate(x, y).coherence[0] < 0.02)
        (True, True)
    """
    check_cumulants(2, dtype)
    n_bootstrap = check_bootstrap(n_bootstrap, confidence, seed)
    first, second = _read_pair(x, y, mask_x, mask_y)
    check_precision(first.values.device, dtype)
    n = first.values.shape[-1]
    j1, j2 = check_scales(n, fs, wavelet, j1, j2, p, gamma, max_gap_fraction)
    cells = Cells(n, len(filters(wavelet)[0]), j1, j2)
    like = torch.empty(0, dtype=dtype, device=first.values.device)
    counts = counts_with_signal(cells.n, n_bootstrap, seed, like) if n_bootstrap else None
    analysis = PairAnalysis(wavelet, j1, j2, float(p), float(gamma), max_gap_fraction, correct_variance)
    found = analysis(first, second, dtype, cells, counts, confidence)
    if bool(found["empty"].all()):
        raise SignalError(
            f"x and y of shape {tuple(np.shape(x))} have no pair in which both hold a sample; leave out pairs of which "
            "one has no signal at all"
        )

    flags = _flags(found)
    unusable = flags & (BivariateFlag.EMPTY | BivariateFlag.CONSTANT | BivariateFlag.FEW_LEADERS) > 0
    undefined = (flags & BivariateFlag.IRREGULAR > 0) & require_regularity
    few = found["n_j"] < MIN_LEADERS
    hidden = {
        **dict.fromkeys(_OF_FITS, unusable | undefined),
        **dict.fromkeys(_OF_LEADERS, few | undefined[:, None]),
        **dict.fromkeys(_OF_COEFFICIENTS, few | found["flat"]),
    }
    hidden["cumulants"] = hidden["cumulants"][:, None]
    intervals = {}
    for name, where in hidden.items():
        found[name] = nan_where(where, found[name])
        if f"{name}_interval" in found:
            intervals[name] = first.back(nan_where(where, found[f"{name}_interval"]))
    return BivariateResult(
        **{name: first.back(found[name]) for name in (*hidden, "n_j", "n_coefficients")},
        flags=first.back(flags),
        scales=np.arange(j1, j2 + 1),
        fs=fs,
        p=float(p),
        gamma=float(gamma),
        confidence=confidence,
        intervals=intervals,
    )


def _read_pair(
    x: "ArrayLike | torch.Tensor",
    y: "ArrayLike | torch.Tensor",
    mask_x: "ArrayLike | torch.Tensor | None",
    mask_y: "ArrayLike | torch.Tensor | None",
) -> tuple[Signals, Signals]:
    """Both signals.

    Raises:
        SignalError: no signals, or of different shapes, kinds or devices.
    """
    first, second = read_signals(x, mask_x, "x"), read_signals(y, mask_y, "y")
    if np.shape(x) != np.shape(y):
        raise SignalError(
            f"x has shape {tuple(np.shape(x))}, y {tuple(np.shape(y))}; give two signals, (..., time), of one shape"
        )
    kinds = ["an array" if one.numpy else f"a tensor on {one.values.device}" for one in (first, second)]
    if kinds[0] != kinds[1]:
        raise SignalError(f"x is {kinds[0]}, y {kinds[1]}; give two arrays, or two tensors on one device")
    return first, second


def _flags(found: dict[str, torch.Tensor]) -> torch.Tensor:
    """What is wrong with each pair (batch,), as a sum of `BivariateFlag`."""
    flags = unusable_flags(found["n_j"], found["empty"], found["constant"])
    sound = flags == 0
    flags = flags + BivariateFlag.IRREGULAR * (found["irregular"] & sound)
    flags = flags + BivariateFlag.MONOFRACTAL * (found["rho_mf"].isnan() & sound)
    if "c11_interval" in found:
        flags = flags + BivariateFlag.FEW_BLOCKS * (found["c11_interval"][:, 0].isnan() & sound)
    return flags
