"""Cross-conformal prediction over folds: class-conditional sets that calibrate on every record.

With few positives, one held-out fold is too small to calibrate on. Each of K models is calibrated on the fold that it
did not see, and the ranks are added up. The price is a weaker proof.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import CheckpointError, FHRError

from .conformal import ClassConditionalConformal
from .coverage import SLACK, CoverageStatement, check_records, ranks_left_out

__all__ = ["CrossConformal"]


class CrossConformal:
    """P-values p_y = (1 + sum over folds k of #{i in fold k of class y at least as strange to model k}) / (n_y + 1).

    At least as strange as the new record is to the same model k: scores of two models are never compared, so they need
    no common scale. n_y counts class y over all folds. Members of one fold (retrainings on the same records) are
    averaged before.

    Proven for each class: P(set holds y) >= 1 - 2 alpha - 2 (1 - alpha) (K - 1) / (n_y + K), by way of the weighted
    mean of the K valid p-values, which is one up to a factor 2; folds may differ in size. Observed: about 1 - alpha.
    The distance is real: models that disagree wildly can miss twice as often. A guarantee of 1 - alpha takes
    `ClassConditionalConformal` on records that no model saw.

    Left out: the other term of the CV+ bound, (1 - K / n) / (K + 1) in place of 2 (K - 1) / (n + K), which asks for
    folds of one size and helps only where folds are tiny; and p-values that are proven at 1 - alpha, twice the mean
    over folds, whose sets are larger.

    Source:
        Vovk 2015, Ann. Math. Artif. Intell. 74:9, doi:10.1007/s10472-013-9368-4; bound: Vovk and Wang 2020, Biometrika
        107:791 (the factor 2), Barber et al. 2021, Ann. Statist. 49:486, doi:10.1214/20-AOS1965 (CV+), written so in
        Gasparin and Ramdas 2025, arXiv:2503.01495.

    Example:
        >>> scores, labels = list(range(20)), [0] * 10 + [1] * 10
        >>> conformal = CrossConformal().fit([scores, scores], [labels, labels])
        >>> conformal.sets([[3, 9.5, 12], [4, 9, 13]], alpha=0.1).tolist()
        [[True, False], [False, False], [False, True]]
    """

    def __init__(self) -> None:
        self._folds: tuple[ClassConditionalConformal, ...] | None = None

    def fit(self, scores_per_fold: Sequence[ArrayLike], labels_per_fold: Sequence[ArrayLike]) -> "CrossConformal":
        """Keep the held-out scores of each fold.

        Args:
            scores_per_fold: K arrays (n_k,), finite; fold k scored by the model that did not see it.
            labels_per_fold: K arrays (n_k,), 0 or 1.

        Returns:
            Itself.

        Raises:
            OutcomeError: labels that are not 0 or 1.
            FHRError: fewer than two folds, as many folds of scores as of labels not given, scores of another shape or
                not finite.
        """
        if len(scores_per_fold) != len(labels_per_fold) or len(scores_per_fold) < 2:
            raise FHRError(
                f"{len(scores_per_fold)} folds of scores beside {len(labels_per_fold)} of labels; give as many of "
                "each, two at least, or one held-out fold to ClassConditionalConformal"
            )
        self._folds = tuple(
            ClassConditionalConformal().fit(s, y) for s, y in zip(scores_per_fold, labels_per_fold, strict=True)
        )
        return self

    @property
    def n_calibration(self) -> tuple[int, int]:
        """Numbers of calibration records of class 0 and of class 1, over all folds."""
        sizes = [fold.n_calibration for fold in self._fitted()]
        return sum(n for n, _ in sizes), sum(n for _, n in sizes)

    def p_values(self, scores: ArrayLike) -> np.ndarray:
        """P-value of each record for each class: how well they go together.

        Args:
            scores: (K, n), finite; row k by the model that did not see fold k, in the order of `fit`.

        Returns:
            (n, 2), in (0, 1]; the columns are class 0 and class 1.

        Raises:
            FHRError: not fitted, or scores of another shape or not finite.
        """
        folds, rows = self._fitted(), np.asarray(scores)
        if rows.ndim != 2 or len(rows) != len(folds):
            raise FHRError(
                f"scores have shape {rows.shape} beside {len(folds)} folds; give ({len(folds)}, n), one row a model"
            )
        strange = np.sum([fold.at_least_as_strange(row) for fold, row in zip(folds, rows, strict=True)], axis=0)
        return (1 + strange) / (np.array(self.n_calibration) + 1)

    def sets(self, scores: ArrayLike, alpha: float) -> np.ndarray:
        """Sets of classes with a p-value above alpha, bool (n, 2).

        Args:
            scores: (K, n), finite.
            alpha: share of misses in each class, in (0, 1); see the class on what is proven of it.

        Raises:
            FHRError: not fitted; alpha out of range; too few calibration records of a class for this alpha, where every
                set would hold it; scores of another shape or not finite.
        """
        check_records(self.n_calibration, alpha)
        return self.p_values(scores) > alpha + SLACK

    def coverage_statement(self, alpha: float) -> tuple[CoverageStatement, CoverageStatement]:
        """State the coverage of the sets at `alpha` for class 0 and class 1.

        The bound may be as low as 0, which is no promise at all. No distribution of the coverage given the calibration
        sample is known: `low` and `high` are NaN.

        Raises:
            FHRError: as `sets`.
        """
        check_records(self.n_calibration, alpha)
        k = len(self._fitted())
        first, second = (
            CoverageStatement(
                label=label,
                alpha=alpha,
                n_calibration=n,
                n_folds=k,
                guaranteed=max(0.0, 1 - 2 * alpha - 2 * (1 - alpha) * (k - 1) / (n + k)),
                expected=1 - ranks_left_out(alpha, n) / (n + 1),
                low=np.nan,
                high=np.nan,
            )
            for label, n in enumerate(self.n_calibration)
        )
        return first, second

    def to_dict(self) -> dict[str, Any]:
        """Convert to the sorted scores of each class in each fold, as plain floats.

        Raises:
            FHRError: not fitted.
        """
        return {"folds": [fold.to_dict() for fold in self._fitted()]}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "CrossConformal":
        """Rebuild the predictor from what `to_dict` wrote.

        Raises:
            CheckpointError: other keys, fewer than two folds, or scores that are not finite numbers.
        """
        folds = state.get("folds") if isinstance(state, Mapping) else None
        if not isinstance(folds, list | tuple) or len(folds) < 2 or len(state) > 1:
            raise CheckpointError(
                "cross-conformal state is no table of folds; it must have folds, two at least: fit the predictor again"
            )
        conformal = cls()
        conformal._folds = tuple(ClassConditionalConformal.from_dict(fold) for fold in folds)
        return conformal

    def _fitted(self) -> tuple[ClassConditionalConformal, ...]:
        if self._folds is None:
            raise FHRError("this CrossConformal is not fitted; call fit(scores_per_fold, labels_per_fold) or from_dict")
        return self._folds
