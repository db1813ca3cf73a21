"""Confidence in the networks of a predictor: the one place that judges births.

The networks belong to one outer fold or to several, each with a reference of its own: the records that its networks did
not see.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fhr.calibration import Calibrator, CoverageStatement, Reference, Typicality, shift_prevalence
from fhr.calibration.conformal import SLACK
from fhr.calibration.ties import snapped
from fhr.errors import FHRError
from fhr.metrics import flip_rate, retraining_spread

from .decision import Decisions, decide
from .judgement import Judgement
from .levels import LEVELS
from .outer_fold import OuterFold

__all__ = ["Confidence"]


class Confidence:
    """Judges births by the scores of some networks, their calibrators and the held-out records behind them.

    With several outer folds (a whole cross-validation: five references, from overlapping records), intervals and
    thresholds are averaged, and a label's p-value is the mean over outer folds. Twice a mean of p-values is a p-value
    however they depend on each other (Vovk and Wang 2020, Biometrika 107:791, doi:10.1093/biomet/asaa027), and
    the cross-conformal p-value is itself such a mean over inner folds, so that the mean over both has the guarantee of
    a single outer fold, that of the weakest of them: about 1 - 2 alpha is proven, about 1 - alpha
    expected. Split conformal p-values (one inner fold) are exact alone, at 1 - alpha, and at 1 - 2 alpha as a mean.

    Args:
        calibrators: of each network; where one has none there is no probability and no decision.
        references: of each network, in the same order; those of one outer fold share one object. Without any, scores
            and probabilities are all that is said.
        inner: inner fold of each network.
        target: the label, as sets and guarantees name it.
        prevalences: of the label among the records behind each calibrator; needed where there is no reference.

    Attributes:
        references: of each network.
        guarantees: level -> what is proven of its sets, or why there are none.
    """

    def __init__(
        self,
        calibrators: Sequence[Calibrator | None],
        references: Sequence[Reference],
        inner: Sequence[int],
        target: str,
        *,
        prevalences: Sequence[float] = (),
    ) -> None:
        known = [calibrator for calibrator in calibrators if calibrator is not None]
        self._calibrators = known if len(known) == len(calibrators) else []
        self._prevalences = [reference.prevalence for reference in references] or list(prevalences)
        self._target, self.references = target, list(references)
        self._folds: list[tuple[OuterFold, np.ndarray]] = []  # with the rows of its networks
        for reference in dict.fromkeys(map(id, references)):
            rows = np.array([i for i, r in enumerate(references) if id(r) == reference])
            self._folds.append((OuterFold(references[rows[0]], [inner[i] for i in rows]), rows))
        self.guarantees: dict[float, str] = {}
        self._levels: list[float] = []
        for level in LEVELS if references else ():
            try:
                self.guarantees[level] = self._guarantee(1 - level)
                self._levels.append(level)
            except FHRError as error:
                self.guarantees[level] = f"no set: {error}"

    def judge(
        self, scores: np.ndarray, statistics: np.ndarray | None = None, *, prevalence: float | None = None
    ) -> Judgement:
        """The judgement of n births.

        Args:
            scores: (network, n), raw.
            statistics: (n, 6), see `fhr.calibration.typical_statistics`; None for no distance.
            prevalence: that probability, interval and spread are shifted to; None for that of the held-out records.
                Decisions are taken at a specificity and sets within a class: neither depends on it.
        """
        probabilities, several = self._probabilities(scores, prevalence), len(scores) > 1
        decided = self._decisions(scores)
        told_for = prevalence
        if prevalence is None and self._prevalences:
            told_for = float(np.mean(self._prevalences))
        low, high = self._interval(scores, prevalence)
        p = self._p_values(scores)
        typical = self._typicalities() if statistics is not None else []

        def deviation(i: int) -> str:
            return typical[0].deviation(np.asarray(statistics)[i])

        return Judgement(
            self._target,
            score=scores.mean(axis=0),
            probability=None if probabilities is None else probabilities.mean(axis=0),
            prevalence=None if probabilities is None else told_for,
            low=low,
            high=high,
            spread=retraining_spread(probabilities) if probabilities is not None and several else None,
            decision=None if decided is None else decided.at_risk,
            flip_rate=flip_rate(decided.by_network) if decided is not None and several else None,
            p_values=p,
            sets=None if p is None else {x: p > 1 - x + SLACK if x in self._levels else None for x in LEVELS},
            guarantees=self.guarantees if self._folds else None,
            distance=np.mean([t.p_values(np.asarray(statistics)) for t in typical], axis=0) if typical else None,
            deviation=deviation if typical else None,
        )

    def _calibrated(self, scores: np.ndarray) -> np.ndarray:
        return np.array([calibrator.predict(row) for calibrator, row in zip(self._calibrators, scores, strict=True)])

    def _probabilities(self, scores: np.ndarray, prevalence: float | None) -> np.ndarray | None:
        """(network, n), shifted to the prevalence."""
        if not self._calibrators:
            return None
        probabilities = self._calibrated(scores)
        if prevalence is None:
            return probabilities
        rows = zip(probabilities, self._prevalences, strict=True)
        return np.stack([shift_prevalence(row, of_fit, prevalence) for row, of_fit in rows])

    def _decisions(self, scores: np.ndarray) -> Decisions | None:
        if not (self._calibrators and self.references):
            return None
        # The threshold is the probability of a held-out score, and a calibrator may be a step there.
        known = (reference.pooled()[0] for reference in self.references)
        tied = np.stack([snapped(row, ordered) for row, ordered in zip(scores, known, strict=True)])
        return decide(self._calibrated(tied), [reference.threshold for reference in self.references])

    def _interval(
        self, scores: np.ndarray, prevalence: float | None
    ) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
        """The ends (n,), means over outer folds; none where one of them has too few records."""
        ends = []
        for fold, rows in self._folds:
            if (interval := fold.interval(scores[rows])) is not None:
                of_fit = fold.reference.prevalence
                ends.append(interval if prevalence is None else shift_prevalence(interval, of_fit, prevalence))
        if not ends or len(ends) < len(self._folds):
            return None, None
        low, high = np.mean(ends, axis=0)
        return low, high

    def _p_values(self, scores: np.ndarray) -> np.ndarray | None:
        """(n, 2), means over outer folds."""
        if not self._folds:
            return None
        return np.asarray(np.mean([fold.p_values(scores[rows]) for fold, rows in self._folds], axis=0))

    def _typicalities(self) -> list[Typicality]:
        """One of each outer fold, or none where one of them lacks it."""
        typical = [t for fold, _ in self._folds if (t := fold.reference.typicality) is not None]
        return typical if len(typical) == len(self._folds) else []

    def _guarantee(self, alpha: float) -> str:
        said: list[Sequence[CoverageStatement]] = [fold.statements(alpha) for fold, _ in self._folds]
        notes, n = [], len(said)
        if n > 1:
            notes = [f"The p-values are means over {n} outer folds; the records named are those of one of them."]
            # A mean of exact p-values is not exact any more.
            proven = max(0.0, 1 - 2 * alpha)
            said = [[replace(s, n_folds=n, guaranteed=proven) if s.n_folds == 1 else s for s in pair] for pair in said]
        by_label = zip(*said, strict=True)
        weakest = [min(statements, key=lambda s: (s.guaranteed, s.n_calibration)) for statements in by_label]
        return " ".join([*(statement.text(self._target) for statement in weakest), *notes])
