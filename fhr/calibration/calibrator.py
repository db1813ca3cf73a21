"""Base class of the calibrators of a risk score: sample, scale, and binding to one label and model."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.errors import CheckpointError, FHRError
from fhr.formats.files.regular_file import cut
from fhr.metrics.inputs import checked_labels, checked_scores

from .calibrator_state import checked_state, kind_of, state_table

__all__ = ["Calibrator", "calibrator_from_dict"]

_log = logging.getLogger(__name__)


class Calibrator(ABC):
    """Calibrator of risk scores, fitted on held-out records; its probability is non-decreasing in the score.

    Any risk score does, higher meaning more at risk: logits, minus the predicted pH. The ranking is never reversed:
    where higher scores went with lower risk, a warning in the log says so and the probabilities stay near the
    prevalence.

    A subclass names its `kind`, the `settings` of its constructor (positive numbers), what it learns (`learns`) and
    the least sample it accepts, and writes `_learn`, `_probability` and `_is_sound`.
    """

    kind: ClassVar[str]
    settings: ClassVar[tuple[str, ...]] = ()
    learns: ClassVar[tuple[str, ...]]
    min_records: ClassVar[int] = 20
    min_per_class: ClassVar[int] = 5

    def __init__(self) -> None:
        self._learnt: dict[str, Any] | None = None
        self._made_for: dict[str, Any] = {}

    def fit(self, scores: ArrayLike, labels: ArrayLike) -> Self:
        """Fit on held-out scores; forgets what an earlier fit was bound to.

        Args:
            scores: (n,), finite; of records that the model was not trained on.
            labels: (n,), 0 or 1.

        Returns:
            Itself.

        Raises:
            OutcomeError: labels that are not 0 or 1.
            FHRError: scores of another shape or not finite; fewer records than `check_sample` asks for.
        """
        y = checked_labels(labels)
        s = checked_scores(scores, len(y))
        self.check_sample(y)
        with np.errstate(over="ignore"):  # reported just below
            mean, scale = float(s.mean()), float(s.std())
        if not isfinite(scale):
            raise FHRError(f"scores range from {s.min():.4g} to {s.max():.4g}; rescale them to a usual range")
        if np.ptp(s) == 0 or scale == 0:
            scale = 1.0
        elif (positive := s[y == 1].mean()) < (negative := s[y == 0].mean()):
            _log.warning(
                "higher scores went with lower risk in these %d records (mean score %.4g of the positives, %.4g of the "
                "negatives); the ranking is not reversed: every record gets about the prevalence %.3g",
                len(y),
                positive,
                negative,
                y.mean(),
            )
        self._learnt, self._made_for = {"mean": mean, "scale": scale}, {}
        self._learnt.update(self._learn(s, y))
        return self

    @classmethod
    def check_sample(cls, labels: ArrayLike) -> None:
        """Refuse a sample that is too small to calibrate on; worth asking before a long training.

        Raises:
            OutcomeError: labels that are not 0 or 1.
            FHRError: fewer than `min_records` records, or than `min_per_class` of either class.
        """
        y = checked_labels(labels)
        positives = int(y.sum())
        negatives = len(y) - positives
        if len(y) < cls.min_records or min(positives, negatives) < cls.min_per_class:
            raise FHRError(
                f"{len(y)} records, {positives} positive and {negatives} negative, are too few to calibrate on; give "
                f"at least {cls.min_records} with {cls.min_per_class} of each class, or a commoner label"
            )

    def predict(self, scores: ArrayLike) -> np.ndarray:
        """Probabilities float64 of the same shape as the scores; non-decreasing in the score.

        Raises:
            FHRError: not fitted, or scores that are not finite.
        """
        return self._probability(self._finite(scores))

    __call__ = predict

    def standardize(self, scores: ArrayLike) -> np.ndarray:
        """Standardise scores, (score - mean) / scale: those of several folds, each with its own model, on one scale.

        Mean and scale (standard deviation, 1 for a constant score) are those of the scores of the fit. Ranks pool on
        it. Probabilities of several folds do not: each fold has its own intercept, and one with a flat calibrator
        keeps nothing but its prevalence.

        Raises:
            FHRError: not fitted.
        """
        learnt = self._fitted()
        return (np.asarray(scores, dtype=np.float64) - learnt["mean"]) / learnt["scale"]

    def refitted(
        self, scores: np.ndarray, counts: np.ndarray, events: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Refit a calibrator of this kind and these settings to each of m samples of the same scores.

        Args:
            scores: (n,), finite.
            counts: (m, n), how often sample k holds record i.
            events: (m, n), how many of these are positive.

        Returns:
            The curves: a function from scores (q,), or (m, q) with those of each sample, to probabilities (m, q); NaN
            for a sample of one class.
        """
        settings = {key: getattr(self, key) for key in self.settings}
        fits: list[Calibrator | None] = []
        for count, event in zip(counts, events, strict=True):
            s = np.repeat(np.concatenate([scores, scores]), np.concatenate([event, count - event]))
            y = np.repeat([1, 0], [event.sum(), (count - event).sum()])
            if not 0 < y.sum() < len(y):
                fits.append(None)
                continue
            one = type(self)(**settings)
            one._learnt = {"mean": float(s.mean()), "scale": float(s.std()) or 1.0}
            one._learnt.update(one._learn(s, y))
            fits.append(one)

        def curves(at: np.ndarray) -> np.ndarray:
            rows = np.broadcast_to(at, (len(fits), np.shape(at)[-1]))
            pairs = zip(fits, rows, strict=True)
            return np.stack([np.full(len(row), np.nan) if one is None else one.predict(row) for one, row in pairs])

        return curves

    def bind(self, *, label: str, model: str | Iterable[str] = ()) -> Self:
        """Bind this calibrator to the label and the model that it was fitted for, so that `check` can refuse others.

        Args:
            label: with its inequality, such as `ph<7.05`.
            model: checksum of the model whose scores it was fitted on, or of each of the models; none for any.

        Returns:
            Itself.

        Raises:
            FHRError: not fitted.
        """
        self._fitted()
        self._made_for = {"label": label, "model": [model] if isinstance(model, str) else sorted(model)}
        return self

    def check(self, *, label: str | None = None, model: str | None = None) -> None:
        """Refuse to serve another label or another model; one that is bound to nothing, as in older files, passes.

        Raises:
            CheckpointError: this calibrator was made for something else.
        """
        made_for, models = self._made_for.get("label"), self._made_for.get("model")
        if label is not None and made_for is not None and label != made_for:
            raise CheckpointError(
                f"a calibrator of {cut(made_for)} was given where {label} is predicted; "
                "use the one that was fitted with this model"
            )
        if model is not None and models and model not in models:
            raise CheckpointError(
                f"a calibrator of the model {cut(' or '.join(models))} was given to the model {model}; "
                "scores of another model have another scale: fit a calibrator on this one's held-out scores"
            )

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types: `kind`, settings, mean, scale, what was learnt, and `made_for` where it is bound.

        Raises:
            FHRError: not fitted.
        """
        learnt = self._fitted()
        plain = {"kind": self.kind, **{key: getattr(self, key) for key in self.settings}, **learnt}
        return {**plain, "made_for": dict(self._made_for)} if self._made_for else plain

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Self:
        """Rebuild the calibrator from `to_dict`; a state without a kind is a `ridge_platt`, as in older files.

        Raises:
            CheckpointError: another kind, a missing or unknown key, a value that no fit makes.
        """
        plain = state_table(state)
        kind, made_for = kind_of(plain), plain.pop("made_for", {})
        plain.pop("kind", None)
        if kind != cls.kind:
            raise CheckpointError(
                f"the state of a calibrator of the kind {kind!r} was given to {cls.__name__}, of the kind "
                f"{cls.kind!r}; read it with calibrator_from_dict"
            )
        learnt, bound = checked_state(plain, made_for, settings=cls.settings, learns=cls.learns, is_sound=cls._is_sound)
        calibrator = cls(**{key: learnt.pop(key) for key in cls.settings})
        calibrator._learnt, calibrator._made_for = learnt, bound
        return calibrator

    @abstractmethod
    def _learn(self, scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
        """What `learns` names, as plain types; mean and scale are known already."""

    @abstractmethod
    def _probability(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of finite scores of any shape."""

    @staticmethod
    @abstractmethod
    def _is_sound(state: Mapping[str, Any]) -> bool:
        """Whether `_learn` could have made this; may raise TypeError or ValueError where it could not."""

    def _finite(self, scores: ArrayLike) -> np.ndarray:
        self._fitted()
        s = np.asarray(scores, dtype=np.float64)
        if bad := int((~np.isfinite(s)).sum()):
            raise FHRError(f"{bad} of {s.size} scores are NaN or infinite; leave out the records the model failed on")
        return s

    def _fitted(self) -> dict[str, Any]:
        if self._learnt is None:
            raise FHRError(f"this {type(self).__name__} is not fitted; call fit(scores, labels) or from_dict first")
        return self._learnt


def calibrator_from_dict(plain: Mapping[str, Any]) -> Calibrator:
    """Rebuild a calibrator of any kind from `to_dict`; a state without a kind is a `ridge_platt`, as in older files.

    Raises:
        CheckpointError: an unknown kind, or a state that the class of its kind refuses.

    Example:
        >>> from fhr.calibration import Beta
        >>> fitted = Beta().fit(range(40), [0] * 20 + [1] * 20)
        >>> calibrator_from_dict(fitted.to_dict())(19.5).round(3) == fitted(19.5).round(3)
        np.True_
    """
    kinds = {calibrator.kind: calibrator for calibrator in Calibrator.__subclasses__()}
    kind = kind_of(state_table(plain))
    if kind not in kinds:
        raise CheckpointError(
            f"the calibrator is of the kind {kind!r}; this version knows {', '.join(sorted(kinds))}: "
            "use a version that knows it, or fit the calibrator again"
        )
    return kinds[kind].from_dict(plain)
