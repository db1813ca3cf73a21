"""How far to trust what the networks of a predictor say: intervals, sets with their guarantees, decisions.

The networks belong to one outer fold or to several, each with a reference of its own: the records that its networks did
not see.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from fhr.calibration import CoverageStatement, shift_prevalence
from fhr.calibration.conformal import SLACK
from fhr.calibration.outer_fold import OuterFold
from fhr.calibration.reference import Reference
from fhr.errors import FHRError
from fhr.metrics import flip_rate

from .levels import LEVELS

__all__ = ["Confidence", "Judgement"]


class Judgement(NamedTuple):
    """What is said of n records; None where it was not computed.

    Attributes:
        low: (n,) lower end of the Venn-Abers interval.
        high: (n,) upper end.
        decision: bool (n,), at risk or not.
        flip_rate: (n,) probability that two networks disagree on the decision.
        sets: level -> bool (n, 2), which labels the set holds.
        guarantees: level -> what is proven of its sets, or why there are none.
        distance: (n,) p-value of typicality.
        deviation: how the statistics of record i differ most from those of the training records, in words.
    """

    low: np.ndarray | None
    high: np.ndarray | None
    decision: np.ndarray | None
    flip_rate: np.ndarray | None
    sets: Mapping[float, np.ndarray | None]
    guarantees: Mapping[float, str]
    distance: np.ndarray | None
    deviation: Callable[[int], str]


class Confidence:
    """The references of all networks of a predictor.

    With several outer folds (a whole cross-validation: five references, from overlapping records), intervals and
    thresholds are averaged, and a label's p-value is the mean over outer folds. Twice a mean of p-values is a p-value
    however they depend on each other (Vovk and Wang 2020, Biometrika 107:791, doi:10.1093/biomet/asaa027), and
    the cross-conformal p-value is itself such a mean over inner folds, so that the mean over both has the guarantee of
    a single outer fold, that of the weakest of them: about 1 - 2 alpha is proven, about 1 - alpha
    expected. Split conformal p-values (one inner fold) are exact alone, at 1 - alpha, and at 1 - 2 alpha as a mean.

    Args:
        references: of each network; those of one outer fold share one object.
        inner: inner fold of each network, in the same order.
        target: the label, as guarantees name it.

    Attributes:
        guarantees: level -> what is proven of its sets, or why there are none.
    """

    def __init__(self, references: Sequence[Reference], inner: Sequence[int], target: str) -> None:
        self._rows: list[np.ndarray] = []
        self._folds: list[OuterFold] = []
        for reference in dict.fromkeys(map(id, references)):
            rows = np.array([i for i, r in enumerate(references) if id(r) == reference])
            self._rows.append(rows)
            self._folds.append(OuterFold(references[rows[0]], [inner[i] for i in rows]))
        self.guarantees: dict[float, str] = {}
        self._levels: list[float] = []
        for level in LEVELS:
            try:
                self.guarantees[level] = self._guarantee(1 - level, target)
                self._levels.append(level)
            except FHRError as error:
                self.guarantees[level] = f"no set: {error}"

    def judge(
        self,
        scores: np.ndarray,
        probabilities: np.ndarray,
        statistics: np.ndarray,
        *,
        prevalence: float | None = None,
    ) -> Judgement:
        """Everything that is said of n records.

        Args:
            scores: (network, n).
            probabilities: (network, n), calibrated, at the prevalence of the held-out records.
            statistics: (n, 6), see `fhr.calibration.typical_statistics`.
            prevalence: that the interval is shifted to; None for that of the held-out records. Decisions are
                taken at a specificity and sets within a class: neither depends on it.
        """
        each = list(zip(self._folds, self._rows, strict=True))
        ends = []
        for fold, rows in each:
            if (interval := fold.interval(scores[rows])) is not None:
                from_prevalence = fold.reference.prevalence
                ends.append(interval if prevalence is None else shift_prevalence(interval, from_prevalence, prevalence))
        low, high = np.mean(ends, axis=0) if len(ends) == len(each) else (None, None)

        thresholds = np.empty((len(scores), 1))
        for fold, rows in each:
            thresholds[rows] = np.nan if fold.reference.threshold is None else fold.reference.threshold
        decided = not np.isnan(thresholds).any()
        decision = probabilities.mean(axis=0) >= thresholds.mean() if decided else None
        flips = flip_rate(probabilities >= thresholds) if decided and len(scores) > 1 else None

        p = np.mean([fold.p_values(scores[rows]) for fold, rows in each], axis=0)
        sets = {level: p > 1 - level + SLACK if level in self._levels else None for level in LEVELS}

        typical = [fold.reference.typicality for fold in self._folds if fold.reference.typicality is not None]
        distance = None
        if len(typical) == len(each):
            distance = np.mean([typicality.p_values(statistics) for typicality in typical], axis=0)

        def deviation(i: int) -> str:
            return typical[0].deviation(statistics[i])

        return Judgement(low, high, decision, flips, sets, self.guarantees, distance, deviation)

    def _guarantee(self, alpha: float, target: str) -> str:
        said: list[Sequence[CoverageStatement]] = [fold.statements(alpha) for fold in self._folds]
        notes, n = [], len(said)
        if n > 1:
            notes = [f"The p-values are means over {n} outer folds; the records named are those of one of them."]
            # A mean of exact p-values is not exact any more.
            proven = max(0.0, 1 - 2 * alpha)
            said = [[replace(s, n_folds=n, guaranteed=proven) if s.n_folds == 1 else s for s in pair] for pair in said]
        by_label = zip(*said, strict=True)
        weakest = [min(statements, key=lambda s: (s.guaranteed, s.n_calibration)) for statements in by_label]
        return " ".join([*(statement.text(target) for statement in weakest), *notes])
