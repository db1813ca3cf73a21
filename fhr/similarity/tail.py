"""Tail of null distances, for p-values where ranks run out: n null values alone give none below 1 / (n + 1)."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import stream
from fhr.errors import FHRError

from .tail_laws import LAWS, Law, Parameters, anderson_darling

__all__ = ["Family", "PValues", "TailFit", "fit_tail", "with_tail"]

Family = Literal["pareto", "gumbel"]
"""Laws of a tail: generalised Pareto over a threshold, or Gumbel of all values."""

_FEWEST = 10  # exceedances, of different values
_MOST = 250  # exceedances
_STEP = 10  # fewer exceedances, where so many are not of the law
_LEVEL = 0.05  # of goodness of fit
_DRAWS = 199  # of the bootstrap of goodness of fit
_BEYOND = 100  # times below the least p by rank is the floor


class PValues(NamedTuple):
    """P-values and where each is from.

    Attributes:
        p: of any shape; NaN where there was nothing to compare.
        by: of the same shape: `rank`, or `tail` beyond the ranks; empty where p is NaN.
    """

    p: np.ndarray
    by: np.ndarray


@dataclass(frozen=True)
class TailFit:
    """Lower tail of null values, a law of their logarithms, and how well it fits.

    With y = log(threshold / x), k values below the threshold, scale s and shape c, the chance of a value of at most x
    is

        p(x) = (k + 1) / (n + 1) * (1 + c y / s)^(-1 / c)

    of `pareto`, and 1 - exp(-exp(-(y - m) / s)) of `gumbel`, where the threshold is 1, y = -log(x), and m the shape; no
    p is below the floor, a hundredth of the least p by rank.

    *Logarithms*, since a distance in d dimensions is below a small x with a chance that goes like x^d: the tail of its
    logarithm is exponential, a shape of 0, and the least of many distances is Weibull's, whose logarithm is Gumbel's.
    *The shape* is at least 1 / k. Below 0 it would be an end, estimated from what lies above it, and
    nothing could come below it. At 0 the scale counts as known, though k values gave it; of exponential values with a
    mean of s a new one is above y with the chance (1 + y / (k s))^-k exactly, a shape of 1 / k.

    Under known laws (`benchmarks/similarity_nulls.py tail`; Weibull, normal, gamma, log-normal and uniform, 99 and 400
    null values) p of `pareto` was at most 1 / n in 0.0 to 0.97 times as many cases as that, and at most 0.02 / n in 0.0
    to 0.93 times; of `gumbel`, which accepts few laws but Weibull's, up to 1.1 and 1.3 times; of a generalised Pareto
    law of the distances themselves, with whatever shape, 1.4 to 1.8 and 15 to 55 times.

    Attributes:
        family: `pareto` or `gumbel`.
        n: null values.
        n_exceedances: of these below the threshold; n of `gumbel`.
        threshold: of the values; 1 of `gumbel`.
        scale: of the logarithms.
        shape: of `pareto`; of `gumbel` the location.
        goodness: p of the fit, by Anderson and Darling's statistic of it among those of samples drawn from it and
            fitted anew; NaN where nothing could be fitted.
        reason: for which ranks are all there is; empty where the fit is accepted.
    """

    family: Family
    n: int
    n_exceedances: int
    threshold: float
    scale: float
    shape: float
    goodness: float
    reason: str = ""

    @property
    def accepted(self) -> bool:
        """True where p-values may be taken from the fit."""
        return not self.reason

    @property
    def floor(self) -> float:
        """Least p that is given, 1 / (100 (n + 1))."""
        return 1 / (_BEYOND * (self.n + 1))

    def p(self, values: ArrayLike) -> np.ndarray:
        """P-values of values below the threshold, shaped as they are; above it that of the threshold, NaN of NaN.

        Raises:
            FHRError: the fit was rejected.
        """
        if self.reason:
            raise FHRError(f"no p-values from a tail that was rejected: {self.reason}")
        x = np.asarray(values, dtype=np.float64)
        law, share = LAWS[self.family], 1.0
        with np.errstate(divide="ignore"):
            y = np.log(self.threshold) - np.log(x)
        if law.peaks:
            y, share = np.maximum(y, 0), (self.n_exceedances + 1) / (self.n + 1)
        chance = law.chance(y[None], (np.array([[self.scale]]), np.array([[self.shape]])))
        return np.maximum(share * chance[0].reshape(x.shape), self.floor)


def fit_tail(values: ArrayLike, *, family: Family = "pareto", seed: int = 0) -> TailFit:
    """Fit the lower tail of null values.

    `pareto` takes the lowest quarter of the values, at most 250, and ten fewer until goodness of fit is above 0.05 or
    fewer than ten are left; `gumbel` takes all. With neither the fit is rejected, and says why.

    Args:
        values: (n,) null values, none negative; NaN and infinite ones do not count.
        family: `pareto` or `gumbel`.
        seed: of the draws of the goodness of fit.

    Raises:
        FHRError: another shape, a negative value, or another family.

    Source:
        Knijnenburg et al. 2009, Bioinformatics 25:i161, doi:10.1093/bioinformatics/btp211, for the choice of the
        threshold. Goodness of fit as Choulakian and Stephens 2001, Technometrics 43:478, by bootstrap instead of their
        table, which is of maximum likelihood.

    Example:
        >>> null = np.random.default_rng(0).weibull(8, 400)
        >>> tail = fit_tail(null)
        >>> tail.accepted, bool(1e-4 < tail.p(1e-4 ** (1 / 8)) * 10 < 1e-2)
        (True, True)
    """
    if family not in get_args(Family):
        raise FHRError(f"family={family!r}; choose from {', '.join(map(repr, get_args(Family)))}")
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or (x < 0).any():
        raise FHRError(f"null values of shape {x.shape}, the least {np.nanmin(x, initial=0):g}; give (n,), 0 or above")
    x = np.sort(x[np.isfinite(x)])
    n, law = len(x), LAWS[family]
    nothing = TailFit(family, n, 0, np.nan, np.nan, np.nan, np.nan)
    if n < 4 * _FEWEST:
        return _rejected(nothing, f"{n} null values; a tail is fitted to {4 * _FEWEST} or more")
    if x[0] == 0:
        return _rejected(nothing, "null values of 0, below which there is no tail")
    best = nothing
    for k in range(min(_MOST, n // 4), _FEWEST - 1, -_STEP) if law.peaks else (n,):
        threshold = float(np.sqrt(x[k - 1] * x[k])) if law.peaks else 1.0
        y = np.log(threshold) - np.log(x[:k][::-1])
        if len(np.unique(y)) < _FEWEST or (law.peaks and y[0] <= 0):
            continue  # values that are equal have no tail
        goodness, scale, shape = _fitted(law, y[None], seed)
        if law.peaks:
            shape = max(shape, 1 / k)
        fit = TailFit(family, n, k, threshold, scale, shape, goodness)
        if goodness > _LEVEL:
            return fit
        best = fit
    if np.isnan(best.goodness):
        return _rejected(nothing, f"fewer than {_FEWEST} different null values in the tail")
    return _rejected(best, f"goodness of fit {best.goodness:.3f}, where more than {_LEVEL:g} is asked for")


def with_tail(by_rank: np.ndarray, values: np.ndarray, tail: TailFit, *, least: int = 1) -> PValues:
    """P-values by rank, and from the tail where these are at their least, if its fit is accepted.

    Above it p by rank is exact and stays. One from the tail is no larger, so that p never falls with the value.

    Args:
        by_rank: of any shape; NaN where there is nothing to compare.
        values: of the same shape, that have these p-values.
        tail: of the null values.
        least: in units of 1 / (n + 1), the p by rank from which on the tail is asked.
    """
    by = np.where(np.isnan(by_rank), "", "rank")
    if not tail.accepted:
        return PValues(by_rank, by)
    beyond = by_rank <= (least + 0.5) / (tail.n + 1)
    of_tail = tail.p(np.where(beyond, values, np.nan))
    return PValues(np.where(beyond, np.fmin(of_tail, by_rank), by_rank), np.where(beyond, "tail", by))


def _rejected(fit: TailFit, reason: str) -> TailFit:
    return TailFit(**{**vars(fit), "reason": reason})


def _fitted(law: Law, y: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Goodness of fit, and both parameters, of one sample (1, n)."""
    found: Parameters = law.fit(y)
    statistic = anderson_darling(law.chance(y, found))
    rng = stream(seed, "goodness of fit of a tail", y.shape[1])
    drawn = np.sort(law.value(rng.random((_DRAWS, y.shape[1])), found), axis=1)
    others = anderson_darling(law.chance(drawn, law.fit(drawn)))
    goodness = (1 + (others >= statistic).sum()) / (_DRAWS + 1)
    return float(goodness), float(found[0][0, 0]), float(found[1][0, 0])
