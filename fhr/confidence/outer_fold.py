"""The held-out records of one outer fold turn a new score into a probability, its interval, and p-values for sets."""

import logging
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from fhr.calibration import ClassConditionalConformal, CoverageStatement, CrossConformal, Reference
from fhr.calibration.averaging import averaging
from fhr.calibration.calibration_band import CalibrationBand
from fhr.calibration.calibrator import Calibrator
from fhr.calibration.reference import threshold_at_specificity
from fhr.calibration.ties import rounded
from fhr.errors import CheckpointError, FHRError

__all__ = ["OuterFold"]

_log = logging.getLogger(__name__)


class OuterFold:
    """The networks of one outer fold, and the held-out records of their inner folds.

    One inner fold is split conformal prediction, several are cross-conformal. Networks of one inner fold are averaged,
    as the scores of the reference are, so that a set needs all of them.

    Args:
        reference: of the outer fold.
        inner: inner fold of each network.
        calibrator: that was fitted to the scores of the reference; without it there is no interval.

    Attributes:
        known: scores of the held-out records.
        averaged: map from scores (inner fold, n) to the score (n,) of their average that the calibrator takes.
        threshold: of the decision on the probability of the average, see `_threshold_of_average`; None where there is
            none.

    Raises:
        CheckpointError: an inner fold that the reference does not know.
    """

    def __init__(self, reference: Reference, inner: Sequence[int], calibrator: Calibrator | None = None) -> None:
        self.reference, self.calibrator = reference, calibrator
        self.known, self._labels = reference.pooled()
        self._rows = {k: np.flatnonzero(np.array(inner) == k) for k in sorted(set(inner))}
        if unknown := sorted(set(inner) - set(reference.held_out)):
            raise CheckpointError(
                f"networks of the inner folds {unknown} beside the held-out records of {sorted(reference.held_out)}; "
                "train anew"
            )
        folds = [reference.held_out[k] for k in self._rows]
        held_out = [rounded(fold.scores, self.known) for fold in folds]  # as the new scores are
        self._incomplete = next(
            (
                f"{len(rows)} of the {fold.members} networks of an inner fold are here; load the whole run"
                for rows, fold in zip(self._rows.values(), folds, strict=True)
                if len(rows) != fold.members
            ),
            "",
        )
        once = np.ones(len(self.known))
        self.averaged = averaging(self.known, once, self._labels, reference.between, len(folds))
        self.threshold = self._threshold_of_average()
        self._conformal: ClassConditionalConformal | CrossConformal
        if len(folds) == 1:
            self._conformal = ClassConditionalConformal().fit(held_out[0], folds[0].labels)
        else:
            self._conformal = CrossConformal().fit(held_out, [f.labels for f in folds])

    @property
    def groups(self) -> list[np.ndarray]:
        """The rows of the networks of each inner fold."""
        return list(self._rows.values())

    def by_inner(self, scores: np.ndarray) -> np.ndarray:
        """Mean scores (inner fold, n) of the networks' scores (network, n), rounded, see `fhr.calibration.ties`."""
        return rounded(np.stack([scores[rows].mean(axis=0) for rows in self._rows.values()]), self.known)

    def p_values(self, by_inner: np.ndarray) -> np.ndarray:
        """P-values (n, 2) of records with the scores (inner fold, n)."""
        if isinstance(self._conformal, CrossConformal):
            return self._conformal.p_values(by_inner)
        return self._conformal.p_values(by_inner[0])

    def reach(
        self, by_inner: np.ndarray, shift: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Reach of the 95% band of the calibration curve below and above it, in log-odds, each (n,).

        Args:
            by_inner: scores (inner fold, n), as `by_inner` gives them.
            shift: of probabilities to another prevalence, or None.

        Returns:
            None where there are too few records, or no calibrator.
        """
        return None if self._band is None else self._band.reach(self.averaged(by_inner)[None], shift)

    def statements(self, alpha: float) -> tuple[CoverageStatement, CoverageStatement]:
        """State the coverage of the sets, for label 0 and label 1.

        Raises:
            FHRError: there are too few records for this alpha, or not all networks are here.
        """
        if self._incomplete:
            raise FHRError(self._incomplete)
        return self._conformal.coverage_statement(alpha)

    def _threshold_of_average(self) -> float | None:
        """The least probability of an average from which on `SPECIFICITY` of the negatives is below.

        The threshold of the reference is of single inner folds. An average varies by V / stretch within a class before
        it is stretched, V the variance of single ones, and by V * stretch afterwards: the held-out scores are brought
        there about the mean of their class.
        """
        stretch = float(self.averaged.stretch)
        if stretch == 1 or self.reference.threshold is None or self.calibrator is None:
            return self.reference.threshold
        known, labels = self.known, self._labels
        means = np.where(labels == 1, known[labels == 1].mean(), known[labels == 0].mean())
        averages = self.averaged.stretched(means + (known - means) / np.sqrt(stretch))
        return threshold_at_specificity(labels, self.calibrator.predict(averages))

    @cached_property
    def _band(self) -> CalibrationBand | None:
        if self.calibrator is None:
            return None
        try:
            return CalibrationBand(self.calibrator, self.known, self._labels)
        except FHRError as error:  # too few
            _log.info("no interval: %s", error)
            return None
