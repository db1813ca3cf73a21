"""Morlet wavelets for scattering: their frequencies, widths and Fourier transforms.

Frequencies are in cycles a sample throughout. The parameters are those of the transform's usual implementations, so
that coefficients compare across papers.
"""

import math
from typing import NamedTuple

import numpy as np

__all__ = ["Morlet", "gaussian_spectrum", "morlet_family", "morlet_spectrum"]

WIDTH_AT_1 = 0.1  # of the low-pass filter at J = 0; at J it is WIDTH_AT_1 / 2^J
OVERLAP = math.sqrt(0.5)  # amplitude at which neighbouring wavelets cross
HALF_BAND = 5.0  # in widths: a wavelet is taken to end that far from its centre when its output is subsampled


class Morlet(NamedTuple):
    """One wavelet: centre and width of its Gaussian in cycles a sample; its output is kept every 2^j samples."""

    xi: float
    sigma: float
    j: int


def morlet_family(scale: int, per_octave: int) -> tuple[Morlet, ...]:
    r"""The wavelets that cover the frequencies above a low-pass filter of scale 2^J, from high to low.

    Centres fall geometrically, :math:`\xi_k = \xi_0 2^{-k/Q}` with :math:`\xi_0 = \max(1 / (1 + 2^{3/Q}), 0.35)` and
    widths in proportion, :math:`\sigma = \xi \frac{1 - 2^{-1/Q}}{1 + 2^{-1/Q}} / \sqrt{2 \ln(1/r)}`, so that neighbours
    cross at the amplitude :math:`r = \sqrt{1/2}`. Once :math:`\sigma` is as small as the low-pass filter's
    :math:`0.1 / 2^J`, the last Q - 1 centres fall linearly to 0 at that width.

    Args:
        scale: J, the binary logarithm of the longest scale in samples, at least 0.
        per_octave: Q, at least 1.

    Source:
        Anden and Mallat 2014, IEEE Trans. Signal Process. 62:4114-4128, doi:10.1109/TSP.2014.2326991; the centre of the
        first wavelet and r from Lostanlen 2017, Convolutional operators in the time-frequency domain, PhD thesis.

    >>> [round(wavelet.xi, 4) for wavelet in morlet_family(3, 1)]
    [0.35, 0.175, 0.0875, 0.0437]
    """
    ratio = 2 ** (-1 / per_octave)
    narrowest = WIDTH_AT_1 / 2**scale
    xi = max(1 / (1 + 2 ** (3 / per_octave)), 0.35)
    sigma = xi * (1 - ratio) / (1 + ratio) / math.sqrt(2 * math.log(1 / OVERLAP))
    family = []
    if sigma > narrowest:
        family.append((xi, sigma))
        while sigma > narrowest / ratio:
            xi, sigma = xi * ratio, sigma * ratio
            family.append((xi, sigma))
    else:
        xi = sigma
    family += [(xi * (1 - k / per_octave), narrowest) for k in range(1, per_octave)]
    return tuple(Morlet(xi, sigma, _subsampling(xi + HALF_BAND * sigma)) for xi, sigma in family)


def _subsampling(highest: float) -> int:
    """The largest j for which a band that ends at the given frequency survives one sample in 2^j."""
    return math.floor(-math.log2(min(highest, 0.5))) - 1


def gaussian_spectrum(n: int, sigma: float) -> np.ndarray:
    """Fourier transform, at the frequencies of `numpy.fft.fftfreq(n)`, of a Gaussian low-pass filter that sums to 1."""
    low = _periodised(n, 0.0, sigma)
    return low / np.abs(np.fft.ifft(low)).sum()


def morlet_spectrum(n: int, xi: float, sigma: float) -> np.ndarray:
    r"""Fourier transform of :math:`g_\sigma(t) (e^{2 \pi i \xi t} - \kappa)`, with zero mean and sum of moduli 1.

    Real, float64 (n,), at the frequencies of `numpy.fft.fftfreq(n)`.
    """
    gabor, low = _periodised(n, xi, sigma), _periodised(n, 0.0, sigma)
    morlet = gabor - gabor[0] / low[0] * low
    return morlet / np.abs(np.fft.ifft(morlet)).sum()


def _periodised(n: int, xi: float, sigma: float) -> np.ndarray:
    """A Gaussian around xi in frequency, summed over the periods that it reaches: sampling in time does that."""
    periods = np.arange(-5, 6)[:, None]
    return np.exp(-((np.fft.fftfreq(n) + periods - xi) ** 2) / (2 * sigma**2)).sum(axis=0)
