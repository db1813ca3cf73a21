"""P-values against surrogates of the query itself: `p_surrogate`."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import seed_of
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
        p: of the query's nearest distance.
        by: `rank`, or `tail` beyond the ranks.
        nearest: (n,) distance of each surrogate to the nearest labour.
        apart: median distance of the surrogates to the query.
        tail: of the nearest distances.
        made_by: the surrogates, in words.
    """

    p: float
    by: str
    nearest: np.ndarray
    apart: float
    tail: TailFit
    made_by: str


def p_surrogate(
    query: LabourWindows,
    nearest: Callable[[np.ndarray], ArrayLike],
    embedding: Embedding,
    distance: Distance,
    *,
    surrogate: Surrogate | None = None,
    n: int = 99,
    seed: int = 0,
    family: Family = "pareto",
) -> SurrogateNull:
    r"""P-value of a query's nearest distance among those of its surrogates to the same database.

    .. math:: p = \frac{1 + \#\{s: d_s \le d_q\}}{n + 1}

    The null hypothesis is that the query is one more surrogate: a signal of its spectrum and, of `IAAFT`, its
    amplitudes. A small p says that the database holds something like it in what the surrogates lack, events and their
    order. It does not say that the match is closer than another real labour would be: real labours have events,
    surrogates none, and so real labours are nearer to each other than to surrogates. That is `p_special`.

    No surrogate as near: p is from the tail of their distances, if its fit is accepted (`fit_tail`).

    Surrogates of a surrogate are not quite its like: iterations and filled gaps leave traces. On CTU-UHB 0.01 of p were
    at most 0.05 where surrogates asked with the kernel groups, 0.15 with log-leaders, which read fine scales
    (`benchmarks/similarity_validity.py surrogate`); with `PhaseRandomization` 0.09, of windows without gaps 0.05.

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
        seed: of the surrogates.
        family: of the tail.

    Raises:
        FHRError: several windows, an embedding that is refused, or n below 1.
        SignalError: a query without surrogates, or that has no distance to the database.

    Source:
        Theiler et al. 1992, Physica D 58:77, doi:10.1016/0167-2789(92)90102-S.
    """
    maker = IAAFT() if surrogate is None else surrogate
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
    by_rank = np.array((1 + (of_made <= of_query).sum()) / (len(of_made) + 1))
    tail = fit_tail(of_made, family=family)
    found = with_tail(by_rank, np.array(of_query), tail)
    return SurrogateNull(float(found.p), str(found.by), of_made, apart, tail, maker.title)


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
