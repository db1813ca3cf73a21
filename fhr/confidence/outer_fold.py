"""The held-out records of one outer fold turn a new score into an interval, and into p-values for conformal sets."""

import logging
from collections.abc import Sequence

import numpy as np

from fhr.calibration import ClassConditionalConformal, CoverageStatement, CrossConformal, Reference, VennAbers
from fhr.calibration.ties import snapped
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

    Raises:
        CheckpointError: an inner fold that the reference does not know.
    """

    def __init__(self, reference: Reference, inner: Sequence[int]) -> None:
        self.reference = reference
        self._known, _ = reference.pooled()
        self._rows = {k: np.flatnonzero(np.array(inner) == k) for k in sorted(set(inner))}
        if unknown := sorted(set(inner) - set(reference.held_out)):
            raise CheckpointError(
                f"networks of the inner folds {unknown} beside the held-out records of {sorted(reference.held_out)}; "
                "train anew"
            )
        folds = [reference.held_out[k] for k in self._rows]
        self.incomplete = next(
            (
                f"{len(rows)} of the {fold.members} networks of an inner fold are here; load the whole run"
                for rows, fold in zip(self._rows.values(), folds, strict=True)
                if len(rows) != fold.members
            ),
            "",
        )
        self._conformal: ClassConditionalConformal | CrossConformal
        if len(folds) == 1:
            self._conformal = ClassConditionalConformal().fit(folds[0].scores, folds[0].labels)
        else:
            self._conformal = CrossConformal().fit([f.scores for f in folds], [f.labels for f in folds])
        self._venn_abers: VennAbers | None = None
        try:
            self._venn_abers = VennAbers().fit(*reference.pooled())
        except FHRError as error:  # too few
            _log.info("no Venn-Abers interval: %s", error)

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """P-values (n, 2) of records with the scores (network, n)."""
        by_inner = self._by_inner(scores)
        if isinstance(self._conformal, CrossConformal):
            return self._conformal.p_values(by_inner)
        return self._conformal.p_values(by_inner[0])

    def interval(self, scores: np.ndarray) -> np.ndarray | None:
        """Ends (2, n) of the interval, mean over inner folds."""
        if self._venn_abers is None:
            return None
        return np.mean([self._venn_abers.interval(row) for row in self._by_inner(scores)], axis=0)

    def statements(self, alpha: float) -> tuple[CoverageStatement, CoverageStatement]:
        """State the coverage of the sets, for label 0 and label 1.

        Raises:
            FHRError: there are too few records for this alpha, or not all networks are here.
        """
        if self.incomplete:
            raise FHRError(self.incomplete)
        return self._conformal.coverage_statement(alpha)

    def _by_inner(self, scores: np.ndarray) -> np.ndarray:
        means = np.stack([scores[rows].mean(axis=0) for rows in self._rows.values()])
        return snapped(means, self._known)
