"""Distances below which kinds of records cannot be told apart, whatever divides them.

Two things have to be seen. The directions between the centres have to stand out from those that n records in d
dimensions show by chance, and along them two kinds have to look other than a single one that is longer there.
"""

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

__all__ = ["least_separation", "separation_words", "shape_separation", "spectral_separation"]

_LEVEL = 0.05  # chance of a test to see two kinds where there is one
_POWER = 0.5  # kinds that are missed more often than found are not told apart
_HALVINGS = 60  # to the last bits of a share of variance
_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def least_separation(n: ArrayLike, d: ArrayLike, kinds: ArrayLike = 2) -> np.ndarray:
    r"""Distance of centres below which spherical kinds of equal weight cannot be told apart: the larger of two bounds.

    Below `spectral_separation` no known method places records better than chance. Below `shape_separation` no test
    knows two kinds from one long one more often than every other time, though a method that is told their number may
    place records better than chance. The shape rules in few dimensions (two kinds and 442 records: below 142), the
    spectrum in more. Neither bound promises that kinds beyond it are found.

    Args:
        n: records, of any shape; windows of one labour count once.
        d: dimensions of about equal spread; all three broadcast. Axes along which an embedding hardly varies do not
            count.
        kinds: at least 2.

    Returns:
        Distance of two centres, in standard deviations of a kind along the line between them; of the shape that the
        arguments broadcast to.

    Raises:
        FHRError: numbers that are not whole, no dimension, fewer than two kinds, fewer records than kinds, or shapes
            that do not broadcast.

    Example:
        >>> least_separation(442, [10, 500]).round(2)
        array([1.5 , 2.06])
    """
    return np.maximum(spectral_separation(n, d, kinds), shape_separation(n, kinds))


def spectral_separation(n: ArrayLike, d: ArrayLike, kinds: ArrayLike = 2) -> np.ndarray:
    r"""Distance of centres below which their directions are lost among those of chance.

    .. math:: \Delta = \sqrt{2 K}\,(d / n)^{1/4}

    K centres at distance :math:`\Delta` from each other add :math:`\Delta^2 / 2K` to the variance along K - 1
    directions. Principal axes turn there only if that exceeds :math:`\sqrt{d / n}` times the variance of a kind (Baik,
    Ben Arous and Péché). Message passing has the same limit for centres of independent Gaussian coordinates, which lie
    at :math:`\Delta^2 = 2 \rho`: :math:`\rho > K \sqrt{d / n}` (Lesieur et al.). Up to :math:`4 + 2 \sqrt{n / d}`
    kinds nothing at all recovers anything below it; of more kinds something could be recovered, by no method that is
    known. All of it holds for large n and d and spherical kinds of known spread; finite data cross the limit smoothly.

    Args:
        n: records, of any shape.
        d: dimensions; all three broadcast.
        kinds: K, at least 2.

    Returns:
        Distance, in standard deviations of a kind.

    Raises:
        FHRError: as `least_separation`.

    Source:
        Lesieur, De Bacco, Banks, Krzakala, Moore and Zdeborová 2016, arXiv:1610.02918, by methods of statistical
        physics; Baik, Ben Arous and Péché 2005, doi:10.1214/009117905000000233; proven bounds: Banks, Moore, Vershynin,
        Verzelen and Xu 2018, doi:10.1109/TIT.2018.2810020.

    Example:
        >>> spectral_separation(400, [4, 100]).round(2)
        array([0.63, 1.41])
    """
    records, dimensions, number = _counts(n, d, kinds)
    return np.sqrt(2 * number) * (dimensions / records) ** 0.25


def shape_separation(n: ArrayLike, kinds: ArrayLike = 2) -> np.ndarray:
    r"""Distance up to which no test knows two of K kinds from a single one of their mean and covariance.

    A larger variance along the line between two kinds is no evidence, since one kind may be long. What is left is the
    shape: with :math:`s = \Delta^2 / (4 + \Delta^2)`, the share of the variance that lies between the centres, the
    excess kurtosis is :math:`-2 s^2`, and the mixture diverges from the single Gaussian kind by (Mehler's formula)

    .. math:: \chi^2(s) = \frac{e^{s / (1 + s)} + e^{-s / (1 - s)}}{2 \sqrt{1 - s^2}} - 1 = s^4 / 6 + O(s^6)

    By Cauchy and Schwarz a test of n records that errs with chance a has at most the power

    .. math:: a + \sqrt{a (1 - a) \left((1 + 2 \chi^2(s) / K)^n - 1\right)}

    even if it knows the line, the distance and which records are of the other K - 2 kinds. The bound is where this is
    one half at a = .05. It holds at any n and d and wherever the other kinds lie. The best test of two kinds has power
    .36 to .38 there. For very many records it is :math:`2.67\,(K / 2n)^{1/8}`: more records help little.

    Left out: unequal weights, which show in the skewness; kinds that are not Gaussian; and what it costs to look for
    the line where no variance points to it, for known methods as many records as the square of d (Davis, Díaz and Wang
    2021). Two equal kinds have two modes only from a distance of 2 (Behboodian 1970).

    Args:
        n: records, of any shape.
        kinds: K, at least 2; both broadcast.

    Returns:
        Distance, in standard deviations of a kind along the line.

    Raises:
        FHRError: as `least_separation`.

    Source:
        Derived here; Davis, Díaz and Wang 2021, arXiv:2110.01602; Behboodian 1970, doi:10.2307/1267357.

    Example:
        >>> shape_separation([100, 442, 2000]).round(2)
        array([1.97, 1.5 , 1.17])
    """
    records, _, number = _counts(n, 1, kinds)
    allowed = np.log1p((_POWER - _LEVEL) ** 2 / (_LEVEL * (1 - _LEVEL)))
    wanted = number / 2 * np.expm1(allowed / records)
    low, high = np.zeros_like(wanted), np.ones_like(wanted)
    for _ in range(_HALVINGS):
        share = (low + high) / 2
        below = _divergence(share) < wanted
        low, high = np.where(below, share, low), np.where(below, high, share)
    return np.asarray(2 * np.sqrt(low / (1 - low)))[()]


def separation_words(n: int, d: int, kinds: int = 2) -> str:
    """Sentence that states `least_separation` beside a result, and which of its bounds it is.

    Args:
        n: records.
        d: dimensions.
        kinds: at least 2.

    Raises:
        FHRError: as `least_separation`.

    Example:
        >>> separation_words(442, 10)
        'with 442 records in 10 dimensions, two kinds closer than 1.50 standard deviations cannot be told apart: \
together they have the shape of one'
    """
    spectral, shape = spectral_separation(n, d, kinds), shape_separation(n, kinds)
    number = _WORDS[kinds - 2] if kinds - 2 < len(_WORDS) else str(kinds)
    why = "two of them together have the shape of one" if kinds > 2 else "together they have the shape of one"
    if spectral > shape:
        why = "what divides them is lost among differences by chance"
    return (
        f"with {n} records in {d} dimension{'s' if d > 1 else ''}, {number} kinds closer than "
        f"{max(spectral, shape):.2f} standard deviations cannot be told apart: {why}"
    )


def _divergence(share: np.ndarray) -> np.ndarray:
    """Chi-squared of two kinds from one of their covariance, by the share (0 to 1) of the variance between them."""
    raised = np.exp(share / (1 + share)) + np.exp(-share / (1 - share))
    return np.asarray(raised / (2 * np.sqrt(1 - share**2)) - 1)


def _counts(n: ArrayLike, d: ArrayLike, kinds: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    given = {"n": (n, 2), "d": (d, 1), "kinds": (kinds, 2)}
    for name, (value, least) in given.items():
        array = np.asarray(value)
        if array.dtype.kind not in "iu" or (array < least).any():
            raise FHRError(f"{name}={value!r}; give whole numbers of at least {least}")
    try:
        records, dimensions, number = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v, _ in given.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {np.shape(value)}" for name, (value, _) in given.items())
        raise FHRError(f"shapes {shapes} do not broadcast; give shapes that do, or single numbers") from error
    if (few := records < number).any():
        raise FHRError(
            f"{records[few][0]:.0f} records and {number[few][0]:.0f} kinds; give at least as many records as kinds"
        )
    return records, dimensions, number
