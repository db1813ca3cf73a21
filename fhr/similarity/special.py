"""Conformal p-values of being closer than unrelated labours are: `p_special`, matched on signal loss."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError

from .tail import Family, PValues, TailFit, fit_tail, with_tail

__all__ = ["UnrelatedLabours", "finite_medians", "p_special"]

_PARTS = 5  # of the labours by loss, each with a distance of its own that counts as close
_A_PART = 40  # labours at least
_DECILE = 0.1
_NOISE = 1e-6  # relative: distances nearer than that are equal, of a pair computed in one and in the other direction


@dataclass(frozen=True, eq=False)
class UnrelatedLabours:
    """Real labours of a database, each with its distance to the nearest other one: how close unrelated labours come.

    Each labour stands there as a query would: one window of it, chosen as a query's is, against all windows of the
    others. A labour whose nearest distance is NaN or infinite had nothing to be compared with and does not count.

    Attributes:
        nearest: (n,) distance of the window of each labour to the nearest of the others, the query not among them.
        loss: (n,) fraction of each of these windows that is missing.
        typical: (n,) distance of each of these windows to a typical labour, such as the median over the others; None to
            compare distances as they are.
        family: of the tail of their scores.
    """

    nearest: np.ndarray
    loss: np.ndarray
    typical: np.ndarray | None = None
    family: Family = "pareto"

    def __post_init__(self) -> None:
        for name in ("nearest", "loss", "typical"):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, np.asarray(given, dtype=np.float64))
        shapes = [given.shape for given in (self.nearest, self.loss, self.typical) if given is not None]
        if self.nearest.ndim != 1 or len(set(shapes)) > 1:
            raise FHRError(f"nearest distances, loss and typical distances of shapes {shapes}; give (n,) of each")
        _check_distances(self.nearest, "nearest distances")
        _check_loss(self.loss)
        if not self.counted.any():
            raise FHRError(
                f"none of {len(self.nearest)} labours has a distance to another, above 0 where it is typical; a "
                "p-value needs labours to rank among, so compare with more of them, or by another embedding"
            )

    @classmethod
    def among(cls, distances: ArrayLike, loss: ArrayLike, *, relative: bool = False, family: Family = "pareto") -> Self:
        """Labours by the distances between all of them.

        Args:
            distances: (n, n) of the window of each labour to the nearest window of each other one; the diagonal is not
                read. NaN and infinite ones were not comparable.
            loss: (n,) fraction of each window that is missing.
            relative: also take the median of each row as the typical distance.
            family: of the tail.

        Raises:
            FHRError: another shape, fewer than two labours, a negative distance or a loss that is no fraction.
        """
        apart = np.array(distances, dtype=np.float64)
        if apart.ndim != 2 or apart.shape[0] != apart.shape[1] or len(apart) < 2:
            raise FHRError(f"distances of shape {apart.shape}; give (n, n) of two or more labours")
        off = ~np.eye(len(apart), dtype=bool)
        others = np.where(np.isnan(apart), np.inf, apart)[off].reshape(len(apart), -1)
        typical = finite_medians(others) if relative else None
        return cls(others.min(axis=1), np.asarray(loss), typical, family)

    @cached_property
    def counted(self) -> np.ndarray:
        """Labours (n,) that count: those with a nearest distance, and a typical one above 0 where these are used."""
        known = np.isfinite(self.nearest)
        return known if self.typical is None else known & np.isfinite(self.typical) & (self.typical > 0)

    @cached_property
    def tail(self) -> TailFit:
        """Tail of the scores of the labours, among themselves."""
        scores = self._relative / _close(self._relative, self._loss, self._loss)
        return fit_tail(scores, family=self.family)

    @cached_property
    def _relative(self) -> np.ndarray:
        """Nearest distances of those that count, over typical ones."""
        return self.nearest[self.counted] / self._scale

    @cached_property
    def _scale(self) -> np.ndarray:
        return np.ones(self.counted.sum()) if self.typical is None else self.typical[self.counted]

    @cached_property
    def _loss(self) -> np.ndarray:
        return self.loss[self.counted]


def p_special(
    distances: ArrayLike,
    loss: ArrayLike,
    unrelated: UnrelatedLabours,
    *,
    to_queries: ArrayLike | None = None,
    typical: ArrayLike | None = None,
    tail: bool = True,
) -> PValues:
    r"""P-values of matches under the null hypothesis that a query is one more labour, unrelated to all of the database.

    Then query and labours are exchangeable, each with its distance to the nearest other one, :math:`d'_r = \min(d_r,
    d(r, q))` of a labour and :math:`d_q` of the query. A window with gaps is near or far for want of signal, so that
    each is divided by the distance :math:`m` that is close at its loss: lower deciles of up to five parts of the n + 1
    labours by their loss, 40 or more each, and lines between. With scores :math:`s_r = d'_r / m(l_r)`

    .. math:: p = \frac{1 + \#\{r: s_r \le s_q\}}{n + 1}

    and :math:`P(p \le a) \le a` exactly, ties counted against the match. The nearest labour often counts, as its own
    nearest one is now the query: p is then 2 / (n + 1) at least.

    *Several matches.* The second nearest and all further ones are ranked among nearest distances as well, which no
    second nearest distance undercuts more often: their p is conservative. *Beyond ranks*, where p is 2 / (n + 1) or
    less, it is from the tail of their scores (`fit_tail`), if its fit is accepted; below that level it is no longer
    exact. *Of several queries* each p is as said; the rate of false discoveries is held by
    `benjamini_hochberg` over the nearest match of each, since p-values of one calibration set depend positively on each
    other. That is proven where scores are fitted without calibration set and tested, and was measured here.

    On CTU-UHB, 20 and 10 min and an hour of heart rate, the share of p of at most 0.05 is 0.050, 0.045 and 0.050 in the
    thirds of loss; 0.038, 0.041 and 0.067 over medians in place of deciles; 0.008, 0.045 and 0.093 with differences
    from medians in place of ratios; 0.085, 0.027 and 0.034 where loss is not looked at. Of one half of the labours
    among the other half, 0.0091 of p are at most 0.01 and 0.049 at most 0.05 with the tail. Beside typical distances p
    tells copies better whose noise is large, since not all places are then held by labours in which nothing happens:
    with 8 bpm of noise half of the copies have p of at most 0.01 by rank, without a sixth
    (`benchmarks/similarity_nulls.py`).

    Args:
        distances: (q, k) of each query to its matches, of any order; NaN or infinite for none.
        loss: (q,) fraction of each query's window that is missing.
        unrelated: labours of the database, without the query's own.
        to_queries: (q, n) distance of the window of each labour to the query, in the one or the other direction as
            `nearest` is; None where the nearest distances know the query already, since it is in the database. Give it
            otherwise: without it p is too small by up to 1 / (n + 1).
        typical: (q,) distance of each query to a typical labour, where the labours have such distances.
        tail: take p from the tail beyond the ranks.

    Returns:
        P-values (q, k), and where each is from.

    Raises:
        FHRError: shapes that do not go together, a negative distance, a loss that is no fraction, or typical distances
            of the queries alone or of the labours alone.

    Source:
        Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World, doi:10.1007/b106715 (full conformal
        prediction); Bates et al. 2023, Ann. Statist. 51:149, arXiv:2104.08279.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(200, 4))
        >>> apart = np.linalg.norm(x[:, None] - x, axis=2)
        >>> unrelated = UnrelatedLabours.among(apart, np.zeros(200))
        >>> to_query = np.linalg.norm(x - (x[0] + 0.01), axis=1)
        >>> p_special(np.sort(to_query)[None, :2], [0.0], unrelated, to_queries=to_query[None], tail=False).p.round(3)
        array([[0.01 , 0.448]])
    """
    away = np.asarray(distances, dtype=np.float64)
    lost = np.asarray(loss, dtype=np.float64)
    queries, n = len(lost) if lost.ndim else 0, len(unrelated.nearest)
    if lost.ndim != 1 or away.ndim != 2 or len(away) != queries:
        raise FHRError(f"distances of shape {away.shape} and loss of shape {lost.shape}; give (q, k) and (q,)")
    if (typical is None) != (unrelated.typical is None):
        raise FHRError(
            "typical distances of the queries without those of the labours, or these alone; give both or none"
        )
    scale = np.ones(queries) if typical is None else np.asarray(typical, dtype=np.float64)
    back = np.full((queries, n), np.inf) if to_queries is None else np.asarray(to_queries, dtype=np.float64)
    if scale.shape != (queries,) or back.shape != (queries, n):
        raise FHRError(
            f"{queries} queries, {n} labours: typical distances of shape {scale.shape}, distances to the queries of "
            f"shape {back.shape}; give (q,) and (q, n)"
        )
    for given, name in ((away, "distances"), (back, "distances to the queries"), (scale, "typical distances")):
        _check_distances(given, name)
    _check_loss(lost)
    comparable = np.isfinite(away) & (np.isfinite(scale) & (scale > 0))[:, None]
    relative = np.divide(away, scale[:, None], out=np.full(away.shape, np.nan), where=comparable)
    p, scores = np.full(away.shape, np.nan), np.full(away.shape, np.nan)
    for i in np.flatnonzero(comparable.any(axis=1)):
        own = relative[i, comparable[i]]
        p[i, comparable[i]], scores[i, comparable[i]] = _by_rank(own, lost[i], back[i], unrelated)
    if not tail or not comparable.any():
        return PValues(p, np.where(comparable, "rank", ""))
    return with_tail(p, scores, unrelated.tail, least=2)


def _by_rank(
    own: np.ndarray, loss: float, back: np.ndarray, unrelated: UnrelatedLabours
) -> tuple[np.ndarray, np.ndarray]:
    """P-values (k,) of the distances of one query by the ranks of their scores, and these."""
    others = np.fmin(unrelated.nearest, back)[unrelated.counted] / unrelated._scale
    losses = np.append(unrelated._loss, loss)
    close = _close(np.append(others, own.min()), losses, losses)
    scores = own / close[-1]
    n_as_close = np.searchsorted(np.sort(others / close[:-1]), scores * (1 + _NOISE), side="right")
    return (1 + n_as_close) / (len(others) + 1), scores


def _close(distances: np.ndarray, loss: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Distances that count as close at losses: lower deciles of parts by loss, and lines between.

    Equal losses are in one part, and the order of the labours makes no difference: on that the exchangeability of the
    scores rests. Distances of 0, of copies, are left out as long as there are others.
    """
    parts = min(_PARTS, max(len(loss) // _A_PART, 1))
    edges = np.unique(np.quantile(loss, np.arange(1, parts) / parts))
    part = np.searchsorted(edges, loss, side="left")
    knots = []
    for k in np.unique(part):
        some = distances[part == k]
        knots.append((np.median(loss[part == k]), np.quantile(some[some > 0] if some.any() else some, _DECILE)))
    return np.maximum(np.interp(at, *np.transpose(knots)), np.finfo(float).tiny)


def finite_medians(distances: np.ndarray) -> np.ndarray:
    """Medians (q,) of what is finite of distances (q, m); NaN where nothing is."""
    known = (row[np.isfinite(row)] for row in distances)
    return np.array([np.median(row) if len(row) else np.nan for row in known])


def _check_distances(given: np.ndarray, name: str) -> None:
    if (given < 0).any():
        raise FHRError(f"{(given < 0).sum()} of {given.size} {name} are negative; give distances, NaN for none")


def _check_loss(loss: np.ndarray) -> None:
    if not ((loss >= 0) & (loss <= 1)).all():
        raise FHRError(f"loss from {loss.min():g} to {loss.max():g}; give the fraction of each window that is missing")
