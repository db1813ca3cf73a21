"""P-values against surrogates of the query itself: `p_surrogate`."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import seed_of, whole_number
from fhr.errors import FHRError, SignalError
from fhr.synthesis import IAAFT, Surrogate

from .distance import Distance
from .embedding import Embedding
from .labour_windows import LabourWindows
from .tail import Family, TailFit, fit_tail, with_tail

__all__ = ["SurrogateNull", "p_surrogate", "surrogates_of"]

_APART = 0.05  # of the nearest distance: nearer surrogates are as near to the database as the query, whatever it is


@dataclass(frozen=True, eq=False)
class SurrogateNull:
    """Distances of the surrogates of a query to a database, and the p-value of the query among them.

    Attributes:
        p: of the query's nearest distance, beside those of its surrogates.
        by: `rank`, or `tail` beyond the ranks.
        nearest: (n,) distance of each surrogate to the nearest labour.
        ratio: of the query's nearest distance and the mean of some of its surrogates; the distance itself where they
            have none of their own.
        ratios: (n,) the same of each surrogate and its own surrogates.
        apart: median distance of the surrogates to the query.
        tail: of the ratios.
        made_by: the surrogates, in words.
    """

    p: float
    by: str
    nearest: np.ndarray
    ratio: float
    ratios: np.ndarray
    apart: float
    tail: TailFit
    made_by: str

    @property
    def by_rank(self) -> float:
        """P-value by the rank of the ratio alone."""
        return float((1 + (self.ratios <= self.ratio).sum()) / (len(self.ratios) + 1))


def p_surrogate(
    query: LabourWindows,
    nearest: Callable[[np.ndarray], ArrayLike],
    embedding: Embedding,
    distance: Distance,
    *,
    surrogate: Surrogate | None = None,
    n: int = 99,
    each: int = 3,
    seed: int = 0,
    family: Family = "pareto",
) -> SurrogateNull:
    r"""P-value of a query's nearest distance among those of its surrogates to the same database.

    With d(x) the distance of a window x to the nearest labour, and :math:`S_1 \dots S_m` surrogates of x,

    .. math:: r(x) = \frac{d(x)}{\frac{1}{m} \sum_j d(S_j(x))}, \quad p = \frac{1 + \#\{s: r(s) \le r(q)\}}{n + 1}

    over n surrogates s of the query q.

    The null hypothesis is that the query is one more surrogate: a signal of its spectrum and, of `IAAFT`, its
    amplitudes. A small p says that the database holds something like it in what the surrogates lack, events and their
    order. It does not say that the match is closer than another real labour would be: real labours have events,
    surrogates none, and so real labours are nearer to each other than to surrogates. That is `p_special`.

    *Beside surrogates of their own*, since a surrogate's surrogates are not quite its like. Gaps are filled, and
    `IAAFT` meets the spectrum within an error alone: their distances lie around another place than it was drawn around.
    By the distances themselves (`each=0`) a query that is a surrogate has a small p too often, except with random
    phases and no gaps. The ratio of the query and that of each surrogate are made alike, and bear the same errors: a
    double bootstrap, whose inner one gives a mean alone. Of surrogates of CTU-UHB with random phases, by log-leaders,
    the share with p of at most 0.05 is 0.051, by the distances 0.072 (`benchmarks/similarity_validity.py surrogate`).

    No surrogate as near: p is from the tail of their ratios, if its fit is accepted (`fit_tail`).

    An embedding is refused for which this null says nothing, as the surrogates have the query's own vector, or nearly
    so: one of the amplitudes alone beside surrogates that keep them, and one where the surrogates lie within a
    twentieth of the nearest distance from the query, so that they are as near to the database, whatever it holds.

    Args:
        query: one window.
        nearest: distances (n,) of points (n, d) to the nearest labour of the database, without the query's own.
        embedding: of the windows.
        distance: fitted to the database.
        surrogate: generator of the surrogates; None for `IAAFT()`.
        n: surrogates.
        each: surrogates of the query, and of each of these, beside which their distances are taken; 0 for none. They
            are (n + 1) times as many.
        seed: of the surrogates.
        family: of the tail.

    Raises:
        FHRError: several windows, an embedding that is refused, n below 1 or each below 0.
        SignalError: a query without surrogates, or that has no distance to the database.

    Source:
        Theiler et al. 1992, Physica D 58:77, doi:10.1016/0167-2789(92)90102-S; a statistic beside its own bootstrap:
        Beran 1988, J. Am. Statist. Assoc. 83:687, doi:10.1080/01621459.1988.10478649.
    """
    maker, each = IAAFT() if surrogate is None else surrogate, whole_number(each, "each", 0)
    if len(query) != 1:
        raise FHRError(f"{len(query)} windows; surrogates are made of one query at a time")
    if embedding.amplitudes_alone and maker.keeps_amplitudes:
        raise FHRError(
            f"embedding {embedding.name} reads the amplitudes alone, and {maker.title} keeps them: all surrogates have "
            "the query's vector, and no p-value; compare another embedding, or take surrogates of the phases alone"
        )
    made = surrogates_of(query, maker, n=n, seed=seed)
    own, points = (distance.scale(embedding(windows)) for windows in (query, made))
    of_query = float(np.asarray(nearest(own), dtype=np.float64)[0])
    of_made = np.asarray(nearest(points), dtype=np.float64)
    if not np.isfinite(of_query):
        raise SignalError(
            f"{query.names[0]}: no labour of the database can be compared with it; take a window of less loss"
        )
    apart = float(np.median(distance.between(own, points)[0]))
    scale = max(of_query, float(np.median(of_made)))
    if apart <= _APART * scale:
        raise FHRError(
            f"embedding {embedding.name}: the surrogates ({maker.title}) lie {apart:.3g} from the query, beside a "
            f"nearest distance of {scale:.3g}: they are as near to the database as the query, whatever it holds; "
            "compare an embedding that tells them from it"
        )

    def distances(windows: LabourWindows) -> np.ndarray:
        return np.asarray(nearest(distance.scale(embedding(windows))), dtype=np.float64)

    both = np.append(of_query, of_made)
    if each:
        with np.errstate(invalid="ignore", divide="ignore"):  # a surrogate without distance has no ratio
            both /= _usual(LabourWindows.joined([query, made]), distances, maker, each, seed)
    ratio, ratios = float(both[0]), both[1:]
    tail = fit_tail(ratios, family=family)
    null = SurrogateNull(np.nan, "rank", of_made, ratio, ratios, apart, tail, maker.title)
    found = with_tail(np.array(null.by_rank), np.array(ratio), tail)
    return replace(null, p=float(found.p), by=str(found.by))


def _usual(
    windows: LabourWindows, distances: Callable[[LabourWindows], np.ndarray], maker: Surrogate, each: int, seed: int
) -> np.ndarray:
    """Mean distance (n,) of so many surrogates of each window."""
    seeds = [seed_of(seed, "surrogates beside a surrogate", i) for i in range(len(windows))]
    made = (surrogates_of(windows[[i]], maker, n=each, seed=one) for i, one in enumerate(seeds))
    return np.array([distances(some).mean() for some in made])


def surrogates_of(query: LabourWindows, surrogate: Surrogate, *, n: int, seed: int = 0) -> LabourWindows:
    """Surrogates of one window, as windows (n) of the same name, times and gaps.

    Args:
        query: one window.
        surrogate: that makes them.
        n: how many.
        seed: of all.

    Raises:
        SignalError: a window without surrogates, see `Surrogate.of_window`.
    """
    rows = np.zeros(n, dtype=int)
    try:
        made = surrogate.of_window(query.signal[0], query.fs, n=n, seed=seed_of(seed, "surrogates of a query"))
    except SignalError as error:
        raise SignalError(f"{query.names[0]}: {error}") from None
    return replace(query[rows], signal=made.astype(np.float32))
