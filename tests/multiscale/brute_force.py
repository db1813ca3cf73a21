"""Wavelet leaders from their definition: one coefficient, one sum over its neighbourhood at a time."""

from math import inf

import numpy as np
import pywt


def wavelet_filters(wavelet, scales):
    """The wavelet of each scale 1 to `scales` as samples: what is correlated with the signal, L1 normalised."""
    found = pywt.Wavelet(wavelet)
    low, high = np.array(found.dec_lo)[::-1] / np.sqrt(2), np.array(found.dec_hi)[::-1] / np.sqrt(2)
    smooth, filters = np.ones(1), []
    for j in range(1, scales + 1):
        step = 2 ** (j - 1)

        def spread(taps, step=step):
            wide = np.zeros((len(taps) - 1) * step + 1)
            wide[::step] = taps
            return wide

        filters.append(np.convolve(smooth, spread(high)))
        smooth = np.convolve(smooth, spread(low))
    return filters


def coefficients(x, wavelet, scales):
    """d[j][k], border-free."""
    found = {}
    for j, taps in enumerate(wavelet_filters(wavelet, scales), start=1):
        n = (len(x) - len(taps)) // 2**j + 1
        found[j] = np.array([x[2**j * k : 2**j * k + len(taps)] @ taps for k in range(n)])
    return found


def descendants(j, k, below, first):
    """The intervals of scale `below` inside interval k of scale j; scale 0 are the samples."""
    intervals = [k]
    for _ in range(j - below):
        intervals = [child for i in intervals for child in (2 * i + first, 2 * i + first + 1)]
    return intervals


def leaders(x, present, wavelet, *, p, gamma=0.0, j1, j2, max_gap_fraction=0.5):
    """Leader of each interior interval of scales j1 to j2, NaN where too much is missing; `x` has no gaps left."""
    first = pywt.Wavelet(wavelet).dec_len // 2 - 1
    d = coefficients(x, wavelet, j2)
    share = {
        j: np.array([np.mean([present[t] for t in descendants(j, k, 0, first)]) for k in range(len(d[j]))]) for j in d
    }
    found = {}
    for j in range(j1, j2 + 1):
        found[j] = np.full(len(d[j]) - 2, np.nan)
        for k in range(1, len(d[j]) - 1):
            if share[j][k - 1 : k + 2].mean() < 1 - max_gap_fraction - 1e-9:
                continue
            terms = [
                (2.0 ** (below - j), share[below][i], abs(d[below][i]) * 2 ** (gamma * below))
                for below in range(1, j + 1)
                for neighbour in (k - 1, k, k + 1)
                for i in descendants(j, neighbour, below, first)
            ]
            if p == inf:
                found[j][k - 1] = max(size for _, f, size in terms if f >= 0.5)
            else:
                total = sum(weight * f * size**p for weight, f, size in terms)
                found[j][k - 1] = (3 * total / share[j][k - 1 : k + 2].sum()) ** (1 / p)
    return found


def slope(y, n, j1):
    """Weighted least squares by numpy's own fit, over scales."""
    return np.polyfit(np.arange(j1, j1 + len(y)), y, 1, w=np.sqrt(n))[0]
