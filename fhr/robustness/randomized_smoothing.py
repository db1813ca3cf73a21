r"""Verdicts of a model under Gaussian errors, with a radius within which they provably stay: randomized smoothing.

The smoothed verdict is the one that the model gives most often when Gaussian errors are added to the measured heart
rate. It is certified for any model at all, and it is another model than the one that was smoothed: how often the two
verdicts differ has to be told beside the certificate.
"""

from dataclasses import dataclass, replace
from math import inf

import numpy as np
import torch
from scipy.linalg import orth
from scipy.special import betaincinv, ndtri

from fhr.compute import stream
from fhr.errors import FHRError, SignalError

from .certificates import Certificate
from .reader import Reader
from .traces import Traces

__all__ = ["SmoothedVerdicts", "slow_errors", "smoothed_verdicts"]

_AT_ONCE = 64  # looks


@dataclass(frozen=True, eq=False)
class SmoothedVerdicts:
    """Verdicts that a model gives most often under Gaussian errors, and how large an error provably leaves them.

    Attributes:
        at_risk: bool (n,), the verdict of the smoothed model.
        share: (n,) of the looks that gave it.
        least: (n,) lower confidence bound of its probability under the errors.
        dimensions: (n,) of the errors: the measured samples that the model reads, or fewer where the errors are slow.
        sizes: (n,) certified bpm RMS over the measured samples; 0 where it cannot be told, and the smoothed model
            abstains.
        sigma: RMS of the added errors, bpm.
        period: shortest period of the errors that are spoken of, s; 0 for any error.
        looks: that each window took.
        alpha: probability that the certificate of a window is wrong.
    """

    at_risk: np.ndarray
    share: np.ndarray
    least: np.ndarray
    dimensions: np.ndarray
    sizes: np.ndarray
    sigma: float
    period: float
    looks: int
    alpha: float

    @property
    def abstains(self) -> np.ndarray:
        """Flags (n,) of verdicts that cannot be told from the looks."""
        return self.sizes == 0

    @property
    def certificate(self) -> Certificate:
        """Certificate of the smoothed verdicts."""
        slow = f"the error is a sum of cosines over the window with periods of {self.period:g} s or more"
        return Certificate(
            "slow_error_rms" if self.period else "error_rms",
            self.sizes,
            f"randomized smoothing by errors of {self.sigma:g} bpm RMS, {self.looks} looks",
            (
                "the verdict is that of the smoothed model, by majority under random errors, not that of the model",
                f"it holds with probability {1 - self.alpha:g} for each window, over the draws",
                "drawn numbers are Gaussian and sums exact, as far as floating point tells",
                *([slow] if self.period else []),
            ),
        )


def smoothed_verdicts(
    reader: Reader,
    traces: Traces,
    *,
    sigma: float,
    period: float = 0.0,
    looks: int = 1000,
    alpha: float = 0.001,
    seed: int = 0,
) -> SmoothedVerdicts:
    r"""Smooth verdicts by Gaussian errors of the measured heart rate, and certify them.

    The errors lie in a space of d dimensions: the k measured samples (of a model that reads means of blocks, these
    means), or the sums of slow cosines on them (`slow_errors`). Each coordinate of an orthonormal basis is Gaussian
    with standard deviation :math:`\sigma \sqrt{k/d}`, so that the error is :math:`\sigma` bpm RMS whatever the space.
    Where the verdict that most looks give has a probability of at least :math:`p > 1/2`, no error of the space with an
    l2 norm below :math:`\sigma \sqrt{k/d}\, \Phi^{-1}(p)` changes that majority (Neyman and Pearson), which is

    .. math:: R = \sigma\, \Phi^{-1}(p) / \sqrt{d}

    in bpm RMS. The bound p is that of Clopper and Pearson, two-sided at alpha, since the verdict is chosen by the same
    looks. R falls with the root of d: of any error in an hour at 1 Hz (d = 3600) a twentieth of sigma or so is
    certified, of a drift (d = 7 with periods of 20 min or more) about all of sigma. Errors outside the space are not
    certified at all.

    It costs `looks` looks at each window, all of them alike; each window gets the same draws, so that what is said of
    it does not depend on what stands beside it. Smoothing the score by its median (Chiang et al. 2020,
    arXiv:2007.03730) gives the same decisions and radii, since a decision does not fall where the score rises.

    Args:
        reader: of any model.
        traces: n windows.
        sigma: RMS of the errors, bpm.
        period: shortest period of the errors, s; 0 for any error, inf for one that is the same throughout.
        looks: at each window.
        alpha: probability that the certificate of a window is wrong.
        seed: of the errors.

    Raises:
        FHRError: sigma that is not positive, a period below 0, no look, or alpha that is not between 0 and 1.
        SignalError: a window in which nothing was measured.

    Source:
        Cohen, Rosenfeld and Kolter 2019, arXiv:1902.02918.
    """
    if not 0 < sigma < inf:
        raise FHRError(f"errors of {sigma} bpm RMS; give sigma as a positive number")
    if not 0 < alpha < 1:
        raise FHRError(f"alpha={alpha}; give the probability of a wrong certificate, between 0 and 1")
    if looks < 1 or int(looks) != looks:
        raise FHRError(f"{looks} looks; give a whole number of at least 1")
    at_risk, dimensions = np.empty(len(traces)), np.empty(len(traces))
    for i in range(len(traces)):
        measured = (traces.measured[i] > 0).cpu().numpy()
        if not measured.any():
            raise SignalError(f"{traces.names[i]}: nothing was measured that could err; leave the window out")
        errors = _Slow(slow_errors(measured, traces.fs, period)) if period else _Any(measured, reader.block(traces))
        dimensions[i], scale = errors.dimensions, sigma * np.sqrt(measured.sum() / errors.dimensions)
        at_risk[i] = _at_risk(reader, traces[[i]], measured, errors, scale, looks, seed)
    chosen = np.maximum(at_risk, looks - at_risk)
    least = betaincinv(chosen, looks - chosen + 1, alpha / 2)
    sizes = sigma * np.maximum(ndtri(least), 0.0) / np.sqrt(dimensions)
    return SmoothedVerdicts(
        2 * at_risk > looks, chosen / looks, least, dimensions.astype(int), sizes, sigma, period, looks, alpha
    )


def slow_errors(measured: np.ndarray, fs: float, period: float) -> np.ndarray:
    """Orthonormal basis (k, d) of slow errors at the k measured samples.

    They are sums of a constant and of cosines over the window, of whole numbers of half periods, with periods of at
    least `period`: d - 1 is twice the length of the window in periods, less where too little was measured to tell
    them apart.

    Args:
        measured: bool (time,).
        fs: sampling rate, Hz.
        period: s; inf for the constant alone.

    Raises:
        FHRError: a period that is not positive.
    """
    if not period > 0:
        raise FHRError(f"errors with periods of at least {period} s; give a positive number, or 0 for any error")
    n = len(measured)
    halves = np.arange(min(int(2 * n / fs / period), n - 1) + 1)
    at = (np.flatnonzero(measured) + 0.5) / n
    basis: np.ndarray = orth(np.cos(np.pi * at[:, None] * halves))
    return basis


class _Slow:
    """Errors (n, k) of the coordinates (n, d) in an orthonormal basis (k, d)."""

    def __init__(self, basis: np.ndarray) -> None:
        self.basis, self.dimensions = basis, basis.shape[1]

    def __call__(self, coordinates: np.ndarray) -> np.ndarray:
        return np.asarray(coordinates @ self.basis.T)


class _Any:
    """Errors (n, k), each the same throughout a block, of their coordinates (n, d) in the orthonormal basis of these.

    A model that reads means of blocks takes any error for its mean in each block, whose norm is no larger.
    """

    def __init__(self, measured: np.ndarray, block: int) -> None:
        of = (np.flatnonzero(measured) - len(measured)) // block  # counted back from the end, as means are
        _, self._place, self._count = np.unique(of, return_inverse=True, return_counts=True)
        self.dimensions = len(self._count)

    def __call__(self, coordinates: np.ndarray) -> np.ndarray:
        return np.asarray((coordinates / np.sqrt(self._count))[:, self._place])


def _at_risk(
    reader: Reader,
    trace: Traces,
    measured: np.ndarray,
    errors: _Slow | _Any,
    scale: float,
    looks: int,
    seed: int,
) -> int:
    """Looks at one window, each with an error of its own, whose verdict is "at risk"."""
    rng, found = stream(seed, "errors of smoothed verdicts"), 0
    for start in range(0, looks, _AT_ONCE):
        n = min(_AT_ONCE, looks - start)
        error = np.zeros((n, len(measured)))
        error[:, measured] = scale * errors(rng.standard_normal((n, errors.dimensions)))
        looked = trace.repeated(n)
        added = torch.from_numpy(error).to(looked.fhr)
        found += int(reader.verdicts(replace(looked, fhr=looked.fhr + added)).at_risk.sum())
    return found
