r"""Error of exchanging a warp and a convolution with a wavelet: bounded for one signal, and for all.

A warp of samples x by delays :math:`\tau`, by linear interpolation, reads :math:`\hat x` at the nodes
:math:`y_j = j - \tau_j`, with :math:`|\tau_{j+1} - \tau_j| \le s < 1/2`, so that neighbouring nodes lie
:math:`1 - s` to :math:`1 + s` apart. Two facts carry all that follows.

*Mass.* :math:`\Lambda` being the hat function, :math:`1 - s \le \sum_j \Lambda(y_j - k) \le 1 + 2 s` for every k: of
two nodes within the hat the sum is 2 minus their distance; a single one lies within s of k; with a third it is at most
1 + 2 s.
Hence :math:`\sum_j q(y_j) \le (1 + 2 s) \sum_k q_k` wherever q(v) is at most the linear interpolation of
:math:`q_k \ge 0`.

*Exchange.* Let :math:`W(v) = \int \psi(v - w) \hat y(w) dw`, which at whole v is a sum over samples with the filter
:math:`\psi * \Lambda`. With u = w + :math:`\sigma(w)` the place that w is moved to, :math:`v = y_i` and
:math:`\eta(w) = \sigma(w) - \sigma(v)`, where :math:`|\eta'| \le s' = s / (1 - s)`,

.. math:: \int \psi(i - u) \, \hat y(u - \tau(u)) \, du = \int \psi(v - w - \eta) (1 + \eta') \hat y(w) \, dw
    = W(v) + \int (\eta \psi(v - w))' \, \hat y \, dw + R,

    |R| \le s'^2 \int \bigl(\tfrac12 r^2 \sup |\psi''| + |r| \sup |\psi'|\bigr) |\hat y| .

The first-order term is, by parts twice, :math:`\int \eta'(w') T(w') dw'` with T the part of :math:`\int \psi(v - w)
\hat y'(w) dw` that lies beyond w' seen from v: at most :math:`s' A(v)`, :math:`A = \int |T|`, and about so large for
some warp.
The sum over samples differs from the integral only where the warped signal bends within a step, by 0 to :math:`\tfrac18
(1 + s)` times :math:`\psi \Delta^2 y`; half of that is common to all bends, whose sum is small, and the rest at most
:math:`\tfrac1{16} (1 + s) \sum |\psi| |\Delta^2 y|`.

Suprema are over all places that a lag can be moved to (`Envelope`); what is computed at whole samples bounds, linearly
interpolated, what happens between them.

Source: after Mallat 2012, Comm. Pure Appl. Math. 65:1331-1398, doi:10.1002/cpa.21413, appendix; the form for one signal
is our own.
"""

from math import comb, pi, sqrt
from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter1d

__all__ = ["Envelope", "Exchanged", "exchange", "gaussian_envelope"]

_HERMITE = ((1,), (0, 1), (1, 0, 1), (0, 3, 0, 1), (3, 0, 6, 0, 1))  # moduli of the coefficients, by degree
_FAR = 8.0  # standard deviations, from which on sums are bounded by moduli
_FINE = 16.0  # steps a standard deviation at which A is computed


class Envelope:
    """Bounds of a Morlet wavelet, or of a Gaussian, and of its derivatives, on a circle.

    Args:
        xi: centre, cycles a sample; 0 for a Gaussian.
        sigma: width in frequency, cycles a sample.
        height: of the Gaussian in time.
        kappa: weight of the Gaussian that is taken off, so that the mean is 0; 0 for a Gaussian.
        length: of the circle, samples.
    """

    def __init__(self, xi: float, sigma: float, height: float, kappa: float, length: int) -> None:
        self.xi, self.width, self.height, self.kappa = xi, 1 / (2 * pi * sigma), height, kappa
        self.length = length
        self.lags = np.fft.fftfreq(length, 1 / length)

    def __call__(self, order: int, reach: float = 0.0, slope: float = 0.0) -> np.ndarray:
        r"""Bounds (length,) of :math:`|\psi^{(order)}|` within reach + slope (\|r\| + reach) of each lag r."""
        found = np.zeros(self.length)
        for turn in (-1, 0, 1):
            lag = np.abs(self.lags + turn * self.length)
            room = reach + slope * (lag + reach)
            near, far = np.maximum(lag - room, 0) / self.width, (lag + room) / self.width
            wave = sum(
                comb(order, m) * (2 * pi * self.xi) ** (order - m) * _polynomial(m, far) / self.width**m
                for m in range(order + 1)
            )
            flat = self.kappa * _polynomial(order, far) / self.width**order
            found += self.height * np.exp(-(near**2) / 2) * (wave + flat)
        return found

    def distance(self, reach: float, slope: float) -> np.ndarray:
        """Largest distance (length,) from 0 within reach + slope (|r| + reach) of each lag."""
        lag = np.abs(self.lags)
        return lag + reach + slope * (lag + reach)


def _polynomial(degree: int, x: np.ndarray) -> np.ndarray:
    return np.polynomial.polynomial.polyval(x, _HERMITE[degree])


class Exchanged(NamedTuple):
    """W of one wavelet and signal at whole samples, and how far the warped coefficient may be from it.

    Attributes:
        modulus: (n,), at the samples of the window.
        above: (n,): no warped modulus is above the interpolated `modulus` by more than this, interpolated.
        below: (n,): nor below by more than this.
    """

    modulus: np.ndarray
    above: np.ndarray
    below: np.ndarray


def exchange(
    y: np.ndarray,
    unsmooth: np.ndarray,
    spectrum: np.ndarray,
    envelope: Envelope,
    slope: float,
    n_times: int,
) -> Exchanged:
    r"""Warped coefficient of one wavelet against W at the place that it is read from.

    Args:
        y: (length,) smoothed signal on the circle.
        unsmooth: (length,) bound of what smoothing after the warp does otherwise than before it, at the same places.
        spectrum: (length,) of :math:`\psi` itself, without the interpolation.
        envelope: of :math:`\psi`.
        slope: s, of the warp.
        n_times: samples of the window, the first of the circle.
    """
    length = len(y)
    steep = slope / (1 - slope)
    frequency = np.fft.fftfreq(length)
    seen = np.fft.fft(y) * spectrum * np.sinc(frequency) ** 2
    # W and its first two derivatives at whole samples.
    w, first, second = (np.fft.ifft(seen * (2j * pi * frequency) ** n) for n in range(3))
    reach = 3.0  # samples: the hats that a lag is spread over, and the place between two samples
    m0, m1, m2, _, m4 = (envelope(order, reach, steep) for order in range(5))
    r = envelope.distance(reach, steep)
    step = max(1, int(envelope.width / _FINE))
    far = min(length // 2 - 1, int(_FAR * envelope.width) + 1)
    # A is known at every `step`-th sample, from where lags are off by as much.
    wide0, wide2, distance = envelope(0, reach + step), envelope(2, reach + step), envelope.distance(reach + step, 0)
    coarse = step**2 / 8 * distance * wide2 + (distance + far) * wide0 * (np.abs(envelope.lags) >= far - step - 1)
    bends = np.roll(y, -1) - 2 * y + np.roll(y, 1)
    together = _nearby(np.abs(np.fft.ifft(np.fft.fft(bends) * spectrum)), 1)
    error = (
        _convolved((1 + 2 * slope) * m0, unsmooth)
        + (1 + slope) / 16 * (together + _convolved(m0 + steep * r * m1 + m2 / 8, np.abs(bends)))
        + _convolved(steep**2 * (0.5 * r**2 * m2 + r * m1) + m4 / 64, np.abs(y))
        + _convolved(steep * (m1 / 12 + coarse), np.abs(np.roll(y, -1) - y))
    )
    at = np.arange(0, n_times - 1 + step, step)
    kernel = np.fft.ifft(spectrum * np.sinc(frequency) * np.exp(1j * pi * frequency))
    steepest = np.interp(np.arange(n_times), at, _steepest(np.roll(y, -1) - y, kernel, at, far))
    # Between two of these the side of a place changes, and with it T, by W' over half a step at most.
    inner = (error + steep * step / 2 * _nearby(np.abs(first), step))[:n_times] + steep * steepest
    modulus = np.abs(w)
    bend = _nearby(np.abs(second), 1)[:n_times] / 8
    ahead = np.clip((w * np.roll(w, -1).conj()).real / np.maximum(modulus * np.roll(modulus, -1), 1e-300), -1, 1)
    turned = 1 - np.sqrt((1 + np.minimum(ahead, np.roll(ahead, 1))) / 2)  # lost by interpolating what turns
    inner += bend
    return Exchanged(modulus[:n_times], inner, inner + (turned * modulus)[:n_times])


def _steepest(rise: np.ndarray, kernel: np.ndarray, at: np.ndarray, far: int) -> np.ndarray:
    """A (k,): the integral of |T| over both sides of the samples `at`, up to `far` samples away."""
    length = len(rise)
    lag = np.arange(far)
    total = np.zeros(len(at))
    for cells, weights in ((at[:, None] + lag, kernel[-lag - 1]), (at[:, None] - 1 - lag, kernel[lag])):
        beyond = np.cumsum((rise[cells % length] * weights)[:, ::-1], axis=1)
        size = np.abs(beyond)
        total += size.sum(1) - size[:, -1] / 2  # trapezoids; beyond the farthest there is nothing
    return total


def _convolved(kernel: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Circular convolution of two arrays that are nowhere negative, with a slack for rounding."""
    found = np.fft.irfft(np.fft.rfft(kernel) * np.fft.rfft(values), len(values))
    return found + 1e-12 * kernel.sum() * values.max()


def _nearby(values: np.ndarray, reach: int) -> np.ndarray:
    return np.asarray(maximum_filter1d(values, 2 * reach + 1, mode="wrap"))


def gaussian_envelope(sigma: float, length: int) -> Envelope:
    """Envelope of the Gaussian low-pass filter of this width in frequency that sums to 1."""
    return Envelope(0.0, sigma, sqrt(2 * pi) * sigma, 0.0, length)
