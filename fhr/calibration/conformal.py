"""Class-conditional conformal sets: the outcomes that a risk score cannot rule out, with a guarantee for each class.

A set that is right for 90% of all births may be wrong for most of the few that matter. Calibrating each class by itself
gives the guarantee to births with the outcome and to births without it, whatever the prevalence, the model or its
calibration: records need only be exchangeable within their class.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from fhr.compute import stream
from fhr.errors import CheckpointError, FHRError
from fhr.metrics.inputs import checked_labels, checked_scores
from fhr.recording import plain_numbers, plain_table

from .coverage import SLACK, CoverageStatement, check_records, ranks_left_out

__all__ = ["SLACK", "ClassConditionalConformal"]


class ClassConditionalConformal:
    """Conformal p-values by class: p_y(s) = (1 + #{records of class y at least as strange as s}) / (n_y + 1).

    A low score is strange for class 1, a high score for class 0. The set at `alpha` holds the classes with p_y > alpha:
    {0}, {1}, both (the score does not tell) or none (it is unlike either class). Over calibration samples and new
    records of class y, P(set holds y) >= 1 - alpha; ties only raise it.

    Only the ranks of scores within a class enter, so any risk score does: logits, minus the predicted pH,
    probabilities. What is asked for is exchangeability within the class: another prevalence is harmless, another
    hospital's births or sensors are not.

    Source:
        Vovk 2012, ACML, PMLR 25:475 (arXiv:1209.2673): label-conditional validity, and the coverage given the
        calibration sample; Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World, chapter 4.

    Example:
        >>> scores, labels = list(range(20)), [0] * 10 + [1] * 10
        >>> conformal = ClassConditionalConformal().fit(scores, labels)
        >>> conformal.sets([3, 9.5, 12], alpha=0.1).tolist()
        [[True, False], [False, False], [False, True]]
    """

    def __init__(self) -> None:
        self._classes: tuple[np.ndarray, np.ndarray] | None = None

    def fit(self, scores: ArrayLike, labels: ArrayLike) -> "ClassConditionalConformal":
        """Keep the scores of each class.

        Args:
            scores: (n,), finite; of records that the model was not trained on.
            labels: (n,), 0 or 1.

        Returns:
            Itself.

        Raises:
            OutcomeError: labels that are not 0 or 1.
            FHRError: scores of another shape or not finite.
        """
        y = checked_labels(labels)
        s = checked_scores(scores, len(y))
        self._classes = np.sort(s[y == 0]), np.sort(s[y == 1])
        return self

    @property
    def n_calibration(self) -> tuple[int, int]:
        """Numbers of calibration records of class 0 and of class 1."""
        negatives, positives = self._fitted()
        return len(negatives), len(positives)

    def at_least_as_strange(self, scores: ArrayLike) -> np.ndarray:
        """Count the calibration records of each class that are at least as strange as each score, int (n, 2).

        Raises:
            FHRError: not fitted, or scores of another shape or not finite.
        """
        negatives, positives = self._fitted()
        s = checked_scores(scores, np.size(scores))
        above = len(negatives) - np.searchsorted(negatives, s, side="left")
        return np.stack([above, np.searchsorted(positives, s, side="right")], axis=1)

    def p_values(self, scores: ArrayLike, *, seed: int | None = None) -> np.ndarray:
        """P-value of each score for each class: how well they go together.

        Args:
            scores: (n,), finite.
            seed: smooth the p-values: records exactly as strange, the new one among them, count with a uniform
                random weight, one for each p-value. They are then uniform even with ties, where the plain ones are
                conservative.

        Returns:
            (n, 2), in (0, 1]; the columns are class 0 and class 1.

        Raises:
            FHRError: not fitted, or scores of another shape or not finite.
        """
        n_y = np.array(self.n_calibration)
        at_least = self.at_least_as_strange(scores)
        if seed is None:
            return (1 + at_least) / (n_y + 1)
        negatives, positives = self._fitted()
        s = np.asarray(scores, dtype=np.float64)
        above = len(negatives) - np.searchsorted(negatives, s, side="right")
        more = np.stack([above, np.searchsorted(positives, s, side="left")], axis=1)
        weight = 1 - stream(seed, "ties of p-values").random(more.shape)  # (0, 1]
        return (more + weight * (1 + at_least - more)) / (n_y + 1)

    def sets(self, scores: ArrayLike, alpha: float, *, seed: int | None = None) -> np.ndarray:
        """Sets of classes that each score cannot rule out, bool (n, 2).

        Args:
            scores: (n,), finite.
            alpha: share of misses allowed in each class, in (0, 1).
            seed: smooth the p-values, as in `p_values`.

        Raises:
            FHRError: not fitted; alpha out of range; too few calibration records of a class for this alpha, where every
                set would hold it; scores of another shape or not finite.
        """
        check_records(self.n_calibration, alpha)
        return self.p_values(scores, seed=seed) > alpha + SLACK

    def coverage_statement(self, alpha: float) -> tuple[CoverageStatement, CoverageStatement]:
        """State the coverage of the sets at `alpha` for class 0 and class 1.

        Given the calibration sample, the coverage of class y is distributed over such samples as Beta(n_y + 1 - l, l),
        l = floor(alpha (n_y + 1)), if scores have no ties, and is larger if they have.

        Raises:
            FHRError: as `sets`.
        """
        check_records(self.n_calibration, alpha)
        first, second = (_split_statement(label, alpha, n) for label, n in enumerate(self.n_calibration))
        return first, second

    def to_dict(self) -> dict[str, Any]:
        """Convert to the sorted scores of each class, as plain floats.

        Raises:
            FHRError: not fitted.
        """
        negatives, positives = self._fitted()
        return {"negatives": negatives.tolist(), "positives": positives.tolist()}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> "ClassConditionalConformal":
        """Rebuild the predictor from what `to_dict` wrote.

        Raises:
            CheckpointError: other keys, or scores that are not finite numbers.
        """
        try:
            plain = plain_table(state, "conformal state", "negatives", "positives")
            negatives, positives = (plain_numbers(plain[key], f"conformal {key}") for key in ("negatives", "positives"))
        except FHRError as error:
            raise CheckpointError(f"{error}; fit the predictor again") from None
        if not (values := negatives + positives):
            raise CheckpointError("conformal state holds no score; fit the predictor again")
        return cls().fit(values, [0] * len(negatives) + [1] * len(positives))

    def _fitted(self) -> tuple[np.ndarray, np.ndarray]:
        if self._classes is None:
            raise FHRError("this ClassConditionalConformal is not fitted; call fit(scores, labels) or from_dict first")
        return self._classes


def _split_statement(label: int, alpha: float, n: int) -> CoverageStatement:
    left_out = ranks_left_out(alpha, n)
    coverage = n + 1 - left_out, left_out  # parameters of its Beta distribution
    return CoverageStatement(
        label=label,
        alpha=alpha,
        n_calibration=n,
        n_folds=1,
        guaranteed=1 - alpha,
        expected=1 - left_out / (n + 1),
        low=float(betaincinv(*coverage, 0.05)),
        high=float(betaincinv(*coverage, 0.95)),
    )
