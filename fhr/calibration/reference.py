"""References of a prediction: the held-out records of one outer fold, and what is typical of its training records.

It travels in the checkpoint as plain types: scores, labels and quantiles, no name and no signal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.errors import CheckpointError, FHRError
from fhr.metrics.inputs import checked_labels, checked_scores
from fhr.recording import plain_number, plain_numbers, plain_table

from .typicality import MIN_RECORDS, Typicality

__all__ = ["SPECIFICITY", "HeldOut", "Reference", "threshold_at_specificity"]

SPECIFICITY = 0.9
_LARGEST = 1e100  # of a score: squares of larger ones overflow, and float32 ends before


class _Calibrator(Protocol):
    def predict(self, scores: ArrayLike) -> np.ndarray:
        """Probabilities of scores."""


@dataclass(frozen=True)
class HeldOut:
    """The held-out records of one inner fold.

    Attributes:
        scores: risk score of each, mean over the members that were trained on the rest.
        labels: 0 or 1.
        members: how many there were.
    """

    scores: tuple[float, ...]
    labels: tuple[int, ...]
    members: int


@dataclass(frozen=True)
class Reference:
    """Reference of predictions: held-out scores, a threshold, the prevalence, and the typicality of training records.

    Attributes:
        held_out: by inner fold; several of an outer fold of a cross-validation, one of a single fit.
        threshold: the least calibrated probability from which on `SPECIFICITY` of the held-out negatives are below, or
            None where no probability of a held-out record separates that many. A held-out record is scored by one inner
            fold's members, a new one by all of them: `fhr.confidence.OuterFold` has the threshold of their average.
        prevalence: of the label among the held-out records; calibrated probabilities are of births like these.
        typicality: of the training records, or None where these were too few to say.
        between: variance of a score over inner folds, see `averaging`; 0 where it was not measured, as in files of
            earlier versions, so that an average is not stretched.
    """

    held_out: Mapping[int, HeldOut]
    threshold: float | None
    prevalence: float
    typicality: Typicality | None
    between: float = 0.0

    @classmethod
    def of(
        cls,
        held_out: pd.DataFrame,
        labels: pd.Series,
        statistics: pd.DataFrame,
        calibrator: _Calibrator,
        between: float = 0.0,
    ) -> "Reference":
        """Make the reference of one outer fold.

        Args:
            held_out: columns name, inner, member, score: each record once for each member of the inner fold it was held
                out of.
            labels: 0 or 1 by record name; others than the held-out ones may stand in it.
            statistics: of the records that anything was learnt from, by name, see `typical_statistics`.
            calibrator: the one that is applied to the mean score of the members of an inner fold.
            between: see the attribute.

        Raises:
            FHRError: a column that is not there, a record that two inner folds held out or that some member did not
                score, a score that is not finite, or a record without a label.
            OutcomeError: labels that are not 0 or 1.
        """
        if lacking := [c for c in ("name", "inner", "member", "score") if c not in held_out]:
            raise FHRError(f"held-out scores without the columns {lacking}; give name, inner, member and score")
        if len(held_out) == 0:
            raise FHRError("no held-out score; give those of the records that no member was trained on")
        if unlabelled := sorted(set(held_out["name"].tolist()) - set(labels.dropna().index.tolist())):
            raise FHRError(f"{len(unlabelled)} held-out records lack a label: {unlabelled[:3]}; leave them out")
        inner, score = held_out["inner"].to_numpy(), held_out["score"].to_numpy(dtype=float)
        record, names = pd.factorize(held_out["name"], sort=True)
        of_record = np.empty_like(inner, shape=len(names))
        of_record[record] = inner
        if (of_record[record] != inner).any():
            raise FHRError("a record was held out of two inner folds; give one outer fold of one repeat at a time")
        known, member = labels.loc[names].to_numpy(), held_out["member"].to_numpy()
        folds, probabilities = {}, []
        for fold in np.unique(inner):  # numpy's, as pandas' tables take most of the time of a fold of a line
            here = inner == fold
            (rows, row), (members, column) = (np.unique(x[here], return_inverse=True) for x in (record, member))
            cells = row * len(members) + column
            if len(np.unique(cells)) < len(cells):
                raise FHRError(f"inner fold {fold}: a record that a member scored twice; give each score once")
            scores = np.full((len(rows), len(members)), np.nan)
            scores.ravel()[cells] = score[here]
            if np.isnan(scores).any():
                raise FHRError(f"inner fold {fold}: a record that a member gave no score, or NaN; leave it out")
            y = checked_labels(known[rows])
            mean = checked_scores(scores.mean(axis=1), len(y))
            folds[int(fold)] = HeldOut(tuple(mean.tolist()), tuple(map(int, y)), len(members))
            probabilities.append(calibrator.predict(mean))
        y = np.concatenate([fold.labels for fold in folds.values()])
        threshold = threshold_at_specificity(y, np.concatenate(probabilities))
        typicality = Typicality.fit(statistics) if len(statistics) >= MIN_RECORDS else None
        return cls(folds, threshold, float(y.mean()), typicality, between)

    def pooled(self) -> tuple[np.ndarray, np.ndarray]:
        """Pool scores and labels of all held-out records."""
        folds = self.held_out.values()
        return np.concatenate([fold.scores for fold in folds]), np.concatenate([fold.labels for fold in folds])

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint."""
        folds = [
            {"inner": inner, "scores": list(fold.scores), "labels": list(fold.labels), "members": fold.members}
            for inner, fold in self.held_out.items()
        ]
        typicality = self.typicality.to_dict() if self.typicality else None
        return {
            "held_out": folds,
            "threshold": self.threshold,
            "prevalence": self.prevalence,
            "typicality": typicality,
            **({"between": self.between} if self.between else {}),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Reference":
        """Rebuild the reference from what `to_dict` wrote.

        Raises:
            CheckpointError: anything else.
        """
        try:
            known = ("held_out", "threshold", "prevalence", "typicality", "between")
            given = plain_table({"between": 0.0, **plain_table(plain, "reference")}, "reference", *known)
            threshold, typicality = given["threshold"], given["typicality"]
            return cls(
                _held_out(given["held_out"]),
                None if threshold is None else plain_number(threshold, "threshold", low=0, high=1),
                plain_number(given["prevalence"], "prevalence", low=0, high=1),
                None if typicality is None else Typicality.from_dict(typicality),
                plain_number(given["between"], "between", low=0),
            )
        except FHRError as error:
            raise CheckpointError(f"reference of a checkpoint that no fit makes: {error}; train anew") from None


def _held_out(plain: Any) -> dict[int, HeldOut]:
    if not isinstance(plain, list | tuple) or not plain:
        raise FHRError("held_out is no list of inner folds")
    folds = {}
    for one in plain:
        fold = plain_table(one, "an inner fold", "inner", "scores", "labels", "members")
        scores = plain_numbers(fold["scores"], "scores of an inner fold", low=-_LARGEST, high=_LARGEST)
        labels = checked_labels(plain_numbers(fold["labels"], "labels of an inner fold", n=len(scores)))
        inner, members = (
            int(plain_number(fold[key], key, low=low, high=10**6, whole=True))
            for key, low in (("inner", 0), ("members", 1))
        )
        folds[inner] = HeldOut(scores, tuple(labels.tolist()), members)
    if len(folds) != len(plain):
        raise FHRError("held_out names an inner fold twice")
    return folds


def threshold_at_specificity(
    labels: np.ndarray, probabilities: np.ndarray, specificity: float = SPECIFICITY
) -> float | None:
    """Least of the probabilities from which on a fraction `specificity` of the negatives is below, or None.

    The decision "at risk" is then probability >= threshold, as in `fhr.metrics.sensitivity_at_specificity`.

    Example:
        >>> threshold_at_specificity(np.array([0] * 10 + [1]), np.array([*range(10), 8.5]) / 10)
        0.85
    """
    negative = np.sort(probabilities[labels == 0])
    if len(negative) == 0:
        return None
    offered = np.unique(probabilities)
    below = np.searchsorted(negative, offered, side="left") / len(negative)
    enough = below >= specificity - 1e-9
    return float(offered[enough][0]) if enough.any() else None
