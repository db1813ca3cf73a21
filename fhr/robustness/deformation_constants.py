r"""Stability of `Scattering1d` under warps of time: a constant for all signals, from the filters of the bank.

For a signal in continuous time, :math:`x_\tau(t) = x(t - \tau(t))` with :math:`|\tau| \le Z` and :math:`|\tau'| \le s`,
let :math:`s' = s / (1 - s)`. Written as integrals over where samples come from, the warp exchanged with a filter has
the kernel :math:`\psi(r - \eta)(1 + \eta') - \psi(r)` with :math:`|\eta'| \le s', |\eta| \le s' |r|`, and by Schur's
lemma the norm

.. math:: c(\psi) \le (1 - s)^{-1/2} s' \int \bigl(\sup |\psi| + |r| \sup |\psi'|\bigr) dr,

suprema over lags within :math:`s' |r|`. The modulus commutes with a warp, so that :math:`U_\tau`, the warped signal's
modulus, is within :math:`c(\psi_1) \|x\|` of the warped :math:`U`, and that of the second order within
:math:`c(\psi_2) \|U\| + c(\psi_1) \|x\|`. The average of a warped U differs from that of U by a kernel whose
integrals over the two places are at most :math:`Z \|\phi'\|_1 + s'` and :math:`2 Z \|\phi'\|_1 + (1 + s) s'`, a delay
in units of the average and a change of density; its norm is at most the root of their product.

Source: Mallat 2012, Comm. Pure Appl. Math. 65:1331-1398, doi:10.1002/cpa.21413, theorem 2.12, where the constants are
left open. Left out: interpolation between samples, which adds an error that does not vanish with the warp.
"""

from math import pi, sqrt

import numpy as np

from fhr.errors import FHRError
from fhr.multiscale import Scattering1d
from fhr.multiscale.morlet import WIDTH_AT_1, Morlet, morlet_spectrum

from .commutator import Envelope

__all__ = ["deformation_bound", "exchange_constant"]


def exchange_constant(wavelet: Morlet, length: int, slope: float) -> float:
    """Bound c of the norm of a warp exchanged with a wavelet; near 0 it grows in proportion to the slope.

    Args:
        wavelet: in cycles a sample.
        length: of the circle, samples, many times the wavelet's.
        slope: s, at least 0 and below 1/2.
    """
    steep = slope / (1 - slope)
    kappa = float(np.exp(-((wavelet.xi / wavelet.sigma) ** 2) / 2))
    height = float(morlet_spectrum(length, wavelet.xi, wavelet.sigma).mean()) / (1 - kappa)
    envelope = Envelope(wavelet.xi, wavelet.sigma, height, kappa, length)
    kernel = envelope(0, 0.0, steep) + np.abs(envelope.lags) * envelope(1, 0.0, steep)
    return float(steep / sqrt(1 - slope) * kernel.sum())


def deformation_bound(layer: Scattering1d, seconds: float, slope: float) -> float:
    r"""A constant C with :math:`\|S x_\tau - S x\| \le C \|x\|` for all complete x in continuous time.

    Args:
        layer: of a known length.
        seconds: Z, largest delay, s, at least 0.
        slope: s, largest change of the delay in a second, at least 0 and below 1/2.

    Raises:
        FHRError: sizes out of their range, or a layer whose length is not known.
    """
    if not (seconds >= 0 and 0 <= slope < 0.5):
        raise FHRError(f"seconds={seconds} and slope={slope}; give numbers from 0 on, and a slope below 0.5")
    bank = layer.bank
    first, *others = bank.families
    second = others[0] if others else ()
    bounds = [largest for _, largest in bank.frame_bound()]
    padding = (bank.length - bank.n_samples + 1) // 2
    copies = np.bincount(np.pad(np.arange(bank.n_samples), padding, "reflect")).max()
    one = {wavelet: exchange_constant(wavelet, bank.length, slope) for wavelet in first}
    two = {wavelet: exchange_constant(wavelet, bank.length, slope) for wavelet in second}
    exchanged = sum(c**2 for c in one.values())
    # (a + b)^2 summed over pairs is at most the square of the sum of the roots of both sums.
    pairs = sqrt(sum(one[a] ** 2 for a in first for b in second if a.j < b.j))
    pairs += sqrt(bounds[0] * sum(c**2 for c in two.values()))
    energy = bounds[0] * max([1.0, *bounds[1:]])  # of all that is averaged
    steep = slope / (1 - slope)
    delay = 2 * sqrt(2 * pi) * WIDTH_AT_1 / 2**layer.J * seconds * layer.fs
    moved = sqrt((delay + steep) * (2 * delay + (1 + slope) * steep))
    return sqrt(2.0**-layer.J * copies) * (sqrt(exchanged + (pairs**2 if second else 0.0)) + sqrt(1 + energy) * moved)
