"""The judgement of n births at once, as arrays, and the prediction for one of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .abstention import Abstention
from .model_facts import ModelFacts
from .prediction import Prediction

__all__ = ["Judgement"]


class Judgement(NamedTuple):
    """All that networks and their held-out records say of n births; None where it was not computed.

    Attributes:
        target: the label.
        score: (n,) mean risk score over the networks.
        probability: (n,) calibrated probability of the average over the networks; mean over outer folds.
        prevalence: of the label among the births that probability and interval are for.
        low: (n,) lower end of the 95% interval of the calibration curve, around the probability.
        high: (n,) upper end.
        spread: (n,) standard deviation of the probability over the networks.
        decision: bool (n,), at risk or not.
        flip_rate: (n,) probability that two averages of as many networks disagree on the decision.
        p_values: (n, 2), how well each birth goes with label 0 and with label 1.
        sets: level -> bool (n, 2), which labels the set holds.
        guarantees: level -> what is proven of its sets, or why there are none.
        distance: (n,) p-value of typicality.
        least_distance: that so many training records allow.
        model: how well the model ranks and what it learnt from.
        deviation: how the statistics of record i differ most from those of the training records, in words.
    """

    target: str
    score: np.ndarray
    probability: np.ndarray | None = None
    prevalence: float | None = None
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    spread: np.ndarray | None = None
    decision: np.ndarray | None = None
    flip_rate: np.ndarray | None = None
    p_values: np.ndarray | None = None
    sets: Mapping[float, np.ndarray | None] | None = None
    guarantees: Mapping[float, str] | None = None
    distance: np.ndarray | None = None
    deviation: Callable[[int], str] | None = None
    model: ModelFacts | None = None
    least_distance: float | None = None

    def prediction(
        self,
        i: int,
        *,
        name: str,
        loss: float,
        warnings: Sequence[str] = (),
        abstention: Abstention | None = None,
        minutes: float | None = None,
        kind: str = "measured",
        path: str | None = None,
    ) -> Prediction:
        """The prediction for birth i.

        Args:
            i: 0 to n - 1.
            name: of its recording.
            loss: fraction of its signal that was missing.
            warnings: what to know of its recording; those of the model come before them, and one of typicality after
                them where it is unlike the training records.
            abstention: when not to rely on it; None for the usual limits.
            minutes: length of the window that `loss` is of.
            kind: of its recording, see `fhr.recording.Provenance`.
            path: where its recording was read from.
        """
        limits, distance = abstention or Abstention(), _at(self.distance, i)
        said = (*(() if self.model is None else self.model.warnings()), *warnings)
        if self.deviation is not None and limits.is_unlike(distance, self.least_distance):
            said += (f"unlike the training records: {self.deviation(i)}",)
        prediction = Prediction(
            name=name,
            target=self.target,
            probability=_at(self.probability, i),
            score=float(self.score[i]),
            loss=loss,
            warnings=said,
            low=_at(self.low, i),
            high=_at(self.high, i),
            prevalence=self.prevalence,
            decision=None if self.decision is None else bool(self.decision[i]),
            spread=_at(self.spread, i),
            flip_rate=_at(self.flip_rate, i),
            sets=None if self.sets is None else {level: self._held(held, i) for level, held in self.sets.items()},
            guarantees=self.guarantees,
            distance=distance,
            minutes=minutes,
            kind=kind,
            model=self.model,
            least_distance=self.least_distance,
            path=path,
        )
        if self.sets is None:  # no held-out records: nothing speaks for or against the answer
            return prediction
        reasons = tuple(limits.reasons(prediction))
        return replace(prediction, abstain=bool(reasons), reasons=reasons)

    def _held(self, sets: np.ndarray | None, i: int) -> tuple[str, ...] | None:
        words = (f"not {self.target}", self.target)
        return None if sets is None else tuple(word for word, holds in zip(words, sets[i], strict=True) if holds)


def _at(values: np.ndarray | None, i: int) -> float | None:
    return None if values is None else float(values[i])
