"""Kinds beyond spectra and amplitudes: the labours among sets of surrogates, one of each."""

import numpy as np

from fhr.compute import progress, whole_number
from fhr.errors import FHRError, SignalError
from fhr.similarity import OpenIndex, surrogates_of
from fhr.synthesis import IAAFT

from .methods import Method
from .number import KindsTest, among_alike
from .points import FEWEST, Points

__all__ = ["beyond_surrogates", "check_surrogates"]


def beyond_surrogates(
    opened: OpenIndex, points: Points, method: Method, *, n: int = 8, n_sets: int = 199, seed: int = 0
) -> tuple[KindsTest, int]:
    """Test whether labours are more of kinds than signals of the same spectra and amplitudes are.

    Kinds that differ in their spectrum or in the amplitudes of their heart rate are kinds of surrogates too, and are
    not claimed by this test: it is beside the one of `number_of_kinds`, and does not replace it.

    Args:
        opened: the index, and its recordings.
        points: of it, one window a labour.
        method: that splits.
        n: surrogates of each window.
        n_sets: sets of surrogates, one of each labour.
        seed: of what is drawn.

    Returns:
        The test, and of how many windows: those that have surrogates.

    Raises:
        FHRError: fewer than two surrogates, no recordings at hand, several windows a labour, an embedding of amplitudes
            alone, which a surrogate keeps, or fewer than 20 labours with surrogates.
    """
    check_surrogates(opened, points, n)
    index = opened.index
    windows = index.windows.iloc[points.rows]
    made, has = [], []
    for i, (record, end) in enumerate(
        progress(list(zip(windows["record"], windows["end_s"], strict=True)), description="surrogates")
    ):
        cut = opened.cut([record], [end])
        try:
            surrogates = surrogates_of(cut, IAAFT(), n=n, seed=seed + i)
        except SignalError:
            continue
        made.append(points.project(index.embed(surrogates)))
        has.append(i)
    alike = np.stack(made, axis=1) if made else np.empty((n, 0, points.values.shape[1]))
    known = np.isfinite(alike).all(axis=(0, 2))
    rows = np.array(has, dtype=int)[known]
    if len(rows) < FEWEST:
        raise FHRError(f"{len(rows)} labours with surrogates; the test takes {FEWEST} or more")
    return among_alike(points.values[rows], alike[:, known], method, n_sets=n_sets, seed=seed), len(rows)


def check_surrogates(opened: OpenIndex, points: Points, n: int) -> None:
    """Refuse what `beyond_surrogates` cannot test, before the work.

    Raises:
        FHRError: fewer than two surrogates, or as `beyond_surrogates`.
    """
    whole_number(n, "surrogates", 2)
    index = opened.index
    if opened.recordings is None:
        raise FHRError("the recordings are not at hand, and nothing can stand for them; give their folder")
    if index.embedding.amplitudes_alone:
        raise FHRError(
            f"embedding {index.embedding.name}: tells of amplitudes alone, which surrogates keep; take another one"
        )
    if not points.one_row_each:
        raise FHRError("several windows a labour; surrogates stand for one window of each")
