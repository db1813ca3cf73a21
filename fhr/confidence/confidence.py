"""Confidence in the networks of a predictor: the one place that judges births.

The networks belong to one outer fold or to several, each with a reference of its own: the records that its networks did
not see.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from scipy.special import expit

from fhr.calibration import Calibrator, CoverageStatement, Reference, Typicality, shift_prevalence
from fhr.calibration.conformal import SLACK
from fhr.calibration.ties import rounded, score_decimals, significant
from fhr.errors import FHRError
from fhr.metrics import flip_rate_of_average, retraining_spread
from fhr.metrics.cox import log_odds

from .decision import Threshold
from .judgement import Judgement
from .levels import LEVELS
from .model_facts import ModelFacts
from .outer_fold import OuterFold

__all__ = ["Confidence"]


class Confidence:
    """Judges births by the scores of some networks, their calibrators and the held-out records behind them.

    Members of one inner fold (retrainings on the same records) are averaged first and calibrated then, as the held-out
    scores were that the calibrator knows; their average over inner folds is calibrated as an average, see
    `fhr.calibration.averaging`. Probabilities of outer folds are averaged.

    Scores are rounded before they are calibrated, ranked or compared, see `fhr.calibration.ties`, and what is said is
    rounded to four significant digits, so that an answer does not depend on what a recording is predicted beside, nor
    on the processor.

    With several outer folds (a whole cross-validation: five references, from overlapping records), the reach of
    intervals (in log-odds) and thresholds are averaged, and a label's p-value is the mean over outer folds. The
    bootstraps of the folds are not: they share most of their records, and with these what they do not know. Twice a
    mean of p-values is a p-value however they depend on each other (Vovk and Wang 2020, Biometrika 107:791,
    doi:10.1093/biomet/asaa027), and the cross-conformal p-value is itself such a mean over inner folds, so that the
    mean over both has the guarantee of a single outer fold, that of the weakest of them: about 1 - 2 alpha is proven,
    about 1 - alpha expected. Split conformal p-values (one inner fold) are exact alone, at 1 - alpha, and at
    1 - 2 alpha as a mean.

    Args:
        calibrators: of each network; where one has none there is no probability and no decision.
        references: of each network, in the same order; those of one outer fold share one object. Without any, scores
            and probabilities are all that is said.
        inner: inner fold of each network.
        target: the label, as sets and guarantees name it.
        prevalences: of the label among the records behind each calibrator; needed where there is no reference.
        model: what is known of the model; the span of its calibrators is found here.

    Attributes:
        references: of each network.
        guarantees: level -> what is proven of its sets, or why there are none.
        model: what is known of the model, with what was found here.
    """

    def __init__(
        self,
        calibrators: Sequence[Calibrator | None],
        references: Sequence[Reference],
        inner: Sequence[int],
        target: str,
        *,
        prevalences: Sequence[float] = (),
        model: ModelFacts | None = None,
    ) -> None:
        known = [calibrator for calibrator in calibrators if calibrator is not None]
        self._calibrators = known if len(known) == len(calibrators) else []
        self._prevalences = [reference.prevalence for reference in references] or list(prevalences)
        self._target, self.references = target, list(references)
        self._folds: list[tuple[OuterFold, np.ndarray]] = []  # with the rows of its networks
        for reference in dict.fromkeys(map(id, references)):
            rows = np.array([i for i, r in enumerate(references) if id(r) == reference])
            calibrator = self._calibrators[rows[0]] if self._calibrators else None
            self._folds.append((OuterFold(references[rows[0]], [inner[i] for i in rows], calibrator), rows))
        # The rows of the networks of each inner fold; without references nobody knows which belong together.
        self._groups = [rows[group] for fold, rows in self._folds for group in fold.groups]
        self._groups = self._groups or [np.array([i]) for i in range(len(calibrators))]
        members = {int(i): len(group) for group in self._groups for i in group}
        outer = {int(i): k for k, (_, rows) in enumerate(self._folds) for i in rows}
        self._strata = [(outer.get(i), inner[i] if members[i] > 1 else None) for i in range(len(calibrators))]
        # The scores beside which those of a network are rounded: the held-out ones, or those that are usual.
        held_out = {int(i): fold.known for fold, rows in self._folds for i in rows}
        self._known = [held_out.get(i, self._usual_scores(i)) for i in range(len(calibrators))]
        self._decimals = max((score_decimals(known) for known in self._known if known is not None), default=None)
        thresholds = [fold.threshold for fold, _ in self._folds for _ in fold.groups]
        self._threshold = Threshold.mean(thresholds) if self._calibrators else None
        self.model = model if model is None else replace(model, span=self._span(), unchecked=self._unchecked(model))
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
            statistics: (n, k), see `fhr.calibration.typical_statistics`; None for no distance.
            prevalence: that probability, interval and spread are shifted to; None for that of the held-out records.
                Decisions are taken at a specificity and sets within a class: neither depends on it.
        """
        by_inner = self._by_inner(scores)
        exact = self._probability(by_inner)
        shifted = exact if prevalence is None else self._probability(by_inner, prevalence)
        probability = None if shifted is None else _told(shifted)
        known = self._rounded(scores) if len(scores) > 1 and self._calibrators else None
        told_for = prevalence
        if prevalence is None and self._prevalences:
            told_for = float(np.mean(self._prevalences))
        low, high = self._interval(probability, by_inner, prevalence)
        decision, flips = self._decision(exact, known)
        p = self._p_values(by_inner)
        typical = self._typicalities() if statistics is not None else []

        def deviation(i: int) -> str:
            return typical[0].deviation(np.asarray(statistics)[i])

        return Judgement(
            self._target,
            score=self._mean_score(by_inner),
            probability=probability,
            prevalence=None if probability is None else told_for,
            low=low,
            high=high,
            spread=None if known is None else significant(self._spread(known, prevalence), 3),
            decision=decision,
            flip_rate=flips,
            p_values=p,
            sets=None if p is None else {x: p > 1 - x + SLACK if x in self._levels else None for x in LEVELS},
            guarantees=self.guarantees if self._folds else None,
            distance=_mean([t.p_values(np.asarray(statistics)) for t in typical]) if typical else None,
            deviation=deviation if typical else None,
            model=self.model,
            least_distance=float(np.mean([t.least for t in typical])) if typical else None,
        )

    def decide(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Probabilities (n,) and decisions (n,) of `judge`, without the rest of it; None where it takes no decision.

        Neither falls where a score rises: what bounds the scores bounds the decision.

        Args:
            scores: (network, n), raw.
        """
        probability = self._probability(self._by_inner(scores))
        if probability is None or self._threshold is None:
            return None
        return probability, self._threshold.reached_by(probability)

    @property
    def threshold(self) -> Threshold | None:
        """The threshold of its decisions; None where it takes none."""
        return self._threshold

    def _span(self) -> float | None:
        """Largest difference of two probabilities of held-out records, mean over outer folds."""
        if not self._calibrators or not self._folds:
            return None
        spans = [np.ptp(fold.calibrator.predict(fold.known)) for fold, _ in self._folds if fold.calibrator is not None]
        return float(np.mean(spans))

    def _unchecked(self, model: ModelFacts) -> tuple[str, ...]:
        """Channels of the model whose statistics the typicality of some outer fold lacks."""
        typical = self._typicalities()
        checked = set.intersection(*(set(one.channels) for one in typical)) if typical else set(model.unchecked)
        return tuple(channel for channel in model.unchecked if channel not in checked)

    def _usual_scores(self, i: int) -> np.ndarray | None:
        """Scores three standard deviations around the mean of a calibrator's fit; None without one."""
        if not self._calibrators:
            return None
        start, step = self._calibrators[i].standardize([0.0, 1.0])
        return np.asarray((np.array([-3.0, 0.0, 3.0]) - start) / (step - start))

    def _by_inner(self, scores: np.ndarray) -> np.ndarray:
        """Rounded scores (inner fold, n), each the mean of its members."""
        if self._folds:
            return np.concatenate([fold.by_inner(scores[rows]) for fold, rows in self._folds])
        return self._rounded(scores)

    def _rounded(self, scores: np.ndarray) -> np.ndarray:
        """Scores (network, n), each rounded beside what its own calibrator knows."""
        pairs = zip(scores, self._known, strict=True)
        return np.stack([significant(row, 5) if known is None else rounded(row, known) for row, known in pairs])

    def _mean_score(self, by_inner: np.ndarray) -> np.ndarray:
        mean = by_inner.mean(axis=0)
        if self._decimals is None:
            return significant(mean, 5)
        # A mean of rounded scores often lies halfway between two of them; a hundredth of a unit decides.
        return np.asarray(np.round(mean + 0.0123 * 10.0**-self._decimals, self._decimals))

    def _probability(self, by_inner: np.ndarray, prevalence: float | None = None) -> np.ndarray | None:
        """(n,), the mean over outer folds of the probability of each average over inner folds."""
        if not self._calibrators:
            return None
        firsts, averages = [group[0] for group in self._groups], by_inner  # without references each by itself
        if self._folds:
            firsts = [rows[0] for _, rows in self._folds]
            averages = np.stack([fold.averaged(rows) for fold, rows in self._fold_rows(by_inner)])
        each = np.stack([self._calibrators[i].predict(row) for i, row in zip(firsts, averages, strict=True)])
        of_fit = [self._prevalences[i] for i in firsts] if prevalence is not None else []
        return np.asarray(_shifted(each, of_fit, prevalence).mean(axis=0))

    def _fold_rows(self, by_inner: np.ndarray) -> Iterator[tuple[OuterFold, np.ndarray]]:
        """Each outer fold with the rows of its inner folds."""
        ends = np.cumsum([len(fold.groups) for fold, _ in self._folds])[:-1]
        for (fold, _), rows in zip(self._folds, np.split(by_inner, ends), strict=True):
            yield fold, rows

    def _calibrated(self, known: np.ndarray) -> np.ndarray:
        """Probabilities (network, n) of rounded scores, each by its own calibrator."""
        return np.stack([calibrator.predict(row) for calibrator, row in zip(self._calibrators, known, strict=True)])

    def _spread(self, known: np.ndarray, prevalence: float | None) -> np.ndarray:
        """Standard deviation (n,) of the probabilities that each network would give by itself."""
        return retraining_spread(_shifted(self._calibrated(known), self._prevalences, prevalence))

    def _decision(
        self, probability: np.ndarray | None, known: np.ndarray | None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Decisions (n,) and their flip rate; the latter needs several networks."""
        if probability is None or self._threshold is None:
            return None, None
        decision = self._threshold.reached_by(probability)
        if known is None:
            return decision, None
        parts = known.copy()  # each network as a part of an average
        for fold, rows in self._folds:
            parts[rows] = fold.averaged.stretched(known[rows])
        each, least = self._calibrated(parts), self._threshold.least
        return decision, flip_rate_of_average(each, least, average=probability, strata=self._strata)

    def _interval(
        self, probability: np.ndarray | None, by_inner: np.ndarray, prevalence: float | None
    ) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
        """The ends (n,), always around the probability; none where an outer fold has too few records."""
        if probability is None or not self._folds:
            return None, None
        reaches = []
        for fold, rows in self._fold_rows(by_inner):
            of_fit = fold.reference.prevalence
            shift: Callable[[np.ndarray], np.ndarray] | None = None
            if prevalence is not None:
                shift = partial(_shifted_one, of_fit=of_fit, prevalence=prevalence)
            if (reach := fold.reach(rows, shift)) is None:
                return None, None
            reaches.append(reach)
        below, above = np.mean(reaches, axis=0)
        odds = log_odds(probability, 1e-15)
        low, high = _told(expit(odds - below)), _told(expit(odds + above))
        return np.minimum(low, probability), np.maximum(high, probability)

    def _p_values(self, by_inner: np.ndarray) -> np.ndarray | None:
        """(n, 2), means over outer folds."""
        if not self._folds:
            return None
        return _mean([fold.p_values(rows) for fold, rows in self._fold_rows(by_inner)])

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


def _shifted(each: np.ndarray, of_fit: Sequence[float], prevalence: float | None) -> np.ndarray:
    """Rows of probabilities, each shifted from the prevalence of its fit."""
    if prevalence is None:
        return each
    return np.stack([shift_prevalence(row, of, prevalence) for row, of in zip(each, of_fit, strict=True)])


def _shifted_one(row: np.ndarray, *, of_fit: float, prevalence: float) -> np.ndarray:
    return shift_prevalence(row, of_fit, prevalence)


def _told(probability: np.ndarray) -> np.ndarray:
    """To four significant digits of the rarer outcome, so that none becomes certain."""
    return np.where(probability < 0.5, significant(probability), np.round(1 - significant(1 - probability), 15))


def _mean(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The mean over parts, without the last digits, in which the order of summation shows."""
    return np.asarray(np.round(np.mean(parts, axis=0), 12))
