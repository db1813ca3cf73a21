"""Indices beside their own values among real records: by how much a synthetic set is worse than another real one."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import stream
from fhr.errors import FHRError

from .real_units import checked_rows, filled

__all__ = ["AgainstReal", "Chosen", "Indices", "against_real", "each_time"]

Chosen = Callable[[np.ndarray], Mapping[str, float]]
"""Takes positions (m,) of rows in a pool, gives numbers by name, each larger the worse these rows are."""

Indices = Callable[[np.ndarray, np.ndarray], Chosen]
"""Takes real rows (n, d) and a pool (N, d), and prepares what all splits share."""


def each_time(indices: Callable[[np.ndarray, np.ndarray], Mapping[str, float]]) -> Indices:
    """Indices that prepare nothing: a function of real and synthetic rows, computed anew for each split."""
    return lambda real, pool: lambda chosen: indices(real, pool[chosen])


class AgainstReal(NamedTuple):
    """An index of synthetic rows beside its reference.

    Attributes:
        value: index of the held-out and the synthetic rows.
        p: (1 + number of splits with an index at least as large) / (1 + splits); NaN where there is no value.
        z: standard deviations of the reference by which the value is above its mean; NaN where it does not vary.
        usual: median of the reference.
    """

    value: float
    p: float
    z: float
    usual: float


def against_real(
    indices: Indices,
    training: ArrayLike,
    held_out: ArrayLike,
    synthetic: ArrayLike,
    *,
    n_splits: int = 999,
    seed: int = 0,
) -> dict[str, AgainstReal]:
    """Compare synthetic with held-out rows, and rank the indices among those of training with held-out rows.

    Each split draws, without replacement, as many rows as there are synthetic ones and compares them with the same
    held-out rows. Copies of training rows gain nothing: they are as far from the held-out rows as the training rows.

    The rows are drawn from the training and the synthetic rows together. If the synthetic ones are as good as new real
    ones, whatever the held-out rows are, each choice of m rows is as likely to be the synthetic one as any other, and
    the p-value is exact: at most a fraction a of good generators has p <= a, whatever the index. Splits of the training
    rows alone overlap and vary less than new rows would: 100 of 242 rows of CTU-UHB gave alarm at p <= 0.05 for 9 to
    19% of sets of new real rows in place of 5% (`benchmarks/fidelity.py`). An embedding or scaling is to be fitted to
    neither set, to the held-out rows, or to training and synthetic rows together, not to the training rows alone.

    Args:
        indices: such as `fidelity_indices`; a function of real and synthetic rows goes through `each_time`.
        training: (N, d) real rows that the generator was fitted to; NaN takes the held-out rows' median.
        held_out: (n, d) real rows that it has not seen.
        synthetic: (m, d), m at most N.
        n_splits: at least 200; after Holm over k indices the smallest p-value is k / (1 + n_splits).
        seed: of the draws.

    Returns:
        `AgainstReal` by the name of the index.

    Raises:
        FHRError: rows as `in_real_units`, more synthetic than training rows, fewer than 200 splits, or whatever the
            indices refuse.

    Source:
        Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39, doi:10.2202/1544-6115.1585.
    """
    if n_splits < 200:
        raise FHRError(f"n_splits={n_splits}; give at least 200, 999 for several indices at once")
    real = checked_rows(held_out, "held-out")
    known = filled(checked_rows(training, "training"), real, "training")
    new = filled(checked_rows(synthetic, "synthetic"), real, "synthetic")
    real, m = filled(real, real, "held-out"), len(new)
    if m > len(known):
        raise FHRError(
            f"{m} synthetic and {len(known)} training rows; splits of equal size need as many training rows: hand in "
            f"{len(known)} synthetic rows at most"
        )
    pool, generator = np.concatenate([known, new]), stream(seed, "splits of real records")
    of = indices(real, pool)
    observed = of(np.arange(len(known), len(pool)))
    drawn = (of(generator.permutation(len(pool))[:m]) for _ in range(n_splits))
    reference = np.array([[split[name] for name in observed] for split in drawn])
    return {
        name: _beside(value, of_splits) for (name, value), of_splits in zip(observed.items(), reference.T, strict=True)
    }


def _beside(value: float, reference: np.ndarray) -> AgainstReal:
    known = reference[np.isfinite(reference)]
    if not np.isfinite(value) or len(known) < 2:
        return AgainstReal(value, np.nan, np.nan, np.nan)
    # equal but for rounding is as large, and so is what could not be computed
    below = int((known < value - 1e-9 * max(abs(value), 1e-9)).sum())
    spread = float(known.std(ddof=1))
    z = (value - float(known.mean())) / spread if spread > 0 else np.nan
    return AgainstReal(value, (1 + len(reference) - below) / (1 + len(reference)), z, float(np.median(known)))
