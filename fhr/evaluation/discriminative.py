"""Classifiers as indices of fidelity: is a synthetic row told from a real one, and can one learn from it what is real.

Both go into `fhr.metrics.against_real`, so that they are read beside the same classifiers on real rows: an AUROC of 0.5
is what no classifier has, and neither has a real set of this size.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import FHRError
from fhr.metrics import Chosen, Indices, auroc, in_real_units
from fhr.metrics.inputs import checked_labels
from fhr.models.laplacian_ridge import KernelTerm, kernel, solve

__all__ = ["discriminative_scores", "train_on_synthetic"]

_FOLDS = 5
_PENALTY = 1.0


def discriminative_scores(real: np.ndarray, pool: np.ndarray) -> Chosen:
    r"""Cross-validated AUROC of a linear and of a kernel classifier of real against synthetic rows.

    Ridge regression on the label, +1 and -1, with a linear and with a Laplacian kernel K of rows in units of the real
    ones (`fhr.metrics.in_real_units`), plus a constant. Five folds; the residuals of fold f by a fit on the others are
    :math:`(A_{ff})^{-1} (A t)_f` with :math:`A = (K + \lambda I)^{-1}`, exactly.

    Power at p <= 0.05 of the linear and of the kernel classifier with 100 records of CTU-UHB, 15 draws
    (`benchmarks/fidelity.py`), on signs of coupling and asymmetry: no lag 1.00, 0.80 (with 30 records, 40 draws 0.53,
    0.27); mirrored FHR 1.00, 1.00; reversed in blocks 1.00, 1.00; on order statistics: no loss and loss twice 1.00,
    1.00; shrunk 0.20, 0.93; half of the records, each twice 0.13, 0.07; memorised 0.00. Shifts of single columns it
    finds better than `fhr.metrics.mmd2`, modes that are missing it does not.

    Args:
        real: (n, d), n of at least 5; NaN takes the column's real median.
        pool: (N, d).

    Returns:
        `linear_auroc` and `kernel_auroc` of chosen rows of the pool, at least 5; larger is easier to tell.

    Raises:
        FHRError: as `in_real_units`, or fewer than 5 chosen rows.

    Source:
        Lopez-Paz and Oquab 2017, arXiv:1610.06545; the score of time series: Yoon et al. 2019, NeurIPS (TimeGAN).
    """
    x, y = in_real_units(real, pool, least=_FOLDS)
    rows, n = np.concatenate([x, y]), len(x)
    grams = {name: 1 + kernel([term], rows, rows) for name, term in _terms(x.shape[1]).items()}

    def of(chosen: np.ndarray) -> dict[str, float]:
        if len(chosen) < _FOLDS:
            raise FHRError(f"{len(chosen)} synthetic rows; a cross-validation in {_FOLDS} folds needs as many")
        positions = np.concatenate([np.arange(n), n + chosen])
        synthetic = np.arange(len(positions)) >= n
        fold = np.concatenate([np.arange(n), np.arange(len(chosen))]) % _FOLDS
        return {
            f"{name}_auroc": auroc(synthetic, _cross_validated(gram[np.ix_(positions, positions)], synthetic, fold))
            for name, gram in grams.items()
        }

    return of


def train_on_synthetic(training: ArrayLike, held_out: ArrayLike, synthetic: ArrayLike) -> Indices:
    """Train on synthetic, test on real: AUROC on the held-out rows that a fit to synthetic rows loses.

    Kernel ridge on the label, as in `discriminative_scores`. Beside it stand fits to as many training rows, drawn at
    random. Hand in synthetic rows of the prevalence that the training rows have: a fit to other numbers of a class is
    another fit.

    Args:
        training: (N,) labels of the training rows, 0 or 1.
        held_out: (n,) labels of the held-out rows, both classes.
        synthetic: (m,) labels that the synthetic rows were made for.

    Returns:
        Indices for `against_real` of rows in the same order: `lost_auroc`, 1 - AUROC; NaN of rows of one class.

    Raises:
        OutcomeError: labels that are not 0 or 1.
        FHRError: held-out labels of one class, or, when it is used, labels for other numbers of rows.

    Source:
        Esteban, Hyland and Raetsch 2017, arXiv:1706.02633.
    """
    of_held_out = checked_labels(held_out)
    of_pool = np.concatenate([checked_labels(training), checked_labels(synthetic)])
    if len(set(of_held_out)) < 2:
        raise FHRError("held-out labels of one class; an AUROC needs both")

    def indices(real: np.ndarray, pool: np.ndarray) -> Chosen:
        if (len(real), len(pool)) != (len(of_held_out), len(of_pool)):
            raise FHRError(
                f"{len(of_held_out)} held-out and {len(of_pool)} other labels for {len(real)} and {len(pool)} rows; "
                "give the labels of the same rows"
            )
        x, y = in_real_units(real, pool)
        term = _terms(x.shape[1])["kernel"]
        among, to_real = kernel([term], y, y), kernel([term], x, y)

        def of(chosen: np.ndarray) -> Mapping[str, float]:
            if len(set(of_pool[chosen])) < 2:
                return {"lost_auroc": np.nan}
            fitted = solve(among[np.ix_(chosen, chosen)], of_pool[chosen].astype(np.float64), _PENALTY)
            return {"lost_auroc": 1 - auroc(of_held_out, to_real[:, chosen] @ fitted.weights)}

        return of

    return indices


def _terms(d: int) -> dict[str, KernelTerm]:
    columns = tuple(range(d))
    return {"linear": KernelTerm(columns, 1 / d, decay=0.0), "kernel": KernelTerm(columns)}


def _cross_validated(gram: np.ndarray, synthetic: np.ndarray, fold: np.ndarray) -> np.ndarray:
    target = np.where(synthetic, 1.0, -1.0)
    inverse = np.linalg.inv(gram + _PENALTY * np.eye(len(gram)))
    residual, scores = inverse @ target, np.empty(len(gram))
    for f in range(_FOLDS):
        held = fold == f
        scores[held] = target[held] - np.linalg.solve(inverse[np.ix_(held, held)], residual[held])
    return scores
