"""The kernel line: ridge regression on groups of features, each a Laplacian kernel, fitted in closed form.

What a line on order statistics is to this field, with the shapes of several statistics taken together: it needs no
stochastic optimiser, no second look at the data, and no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from fhr.errors import CheckpointError, FHRError
from fhr.features import NormalScores
from fhr.features.covariates import COVARIATE_GROUP
from fhr.recording import plain_names, plain_number, plain_table

from .laplacian_ridge import KernelTerm, kernel, solve
from .learning_target import learning_target

__all__ = ["LIMIT", "WEIGHTS", "FittedKernelLine", "KernelLine"]

WEIGHTS: Mapping[str, float] = {
    "order_statistics": 1.0,
    "wide_quantiles": 0.3,
    "band_amplitudes": 0.3,
    "modulation": 0.3,
    "capacities": 0.3,
    "event_statistics": 0.3,
    COVARIATE_GROUP: 0.03,
}
"""Weight of the kernel of each group."""
_WITH = {"signal_loss": "order_statistics"}  # a group that shares the kernel of another one
_FEWEST = 20  # records of known pH
_PLAIN = ("label", "groups", "weights", "penalty", "decay")
_ARRAYS = ("quantiles", "median", "centre", "spread", "records", "coefficients", "offset")
LIMIT = 3.0
"""Largest normal score."""
_MOST = 1e6


@dataclass(frozen=True)
class KernelLine:
    r"""Recipe of the kernel line.

    .. math:: K = \sum_g w_g \exp(-d \cdot \mathrm{mean}_{j \in g} |z_j - z'_j|) + w_c \sum_{j \in c} z_j z'_j

    with g the groups of features, c the covariates, z normal scores over the training records (`NormalScores`); ridge
    regression of `learning_target` with a constant, see `fhr.models.laplacian_ridge.solve`. The score is the predicted
    target: larger is riskier.

    Weights, decay and penalty were chosen on the records of CTU-UHB by plain cross-validation, among a few hundred
    variants, in the neighbourhood of a flat optimum (a decay of 0.3 to 1 and a penalty of 1 to 4 differ by 0.003 in
    AUROC); what was learnt since is learnt in training folds.

    Args:
        label: with its inequality.
        groups: the group of each feature, see `fhr.features.FeatureSet.column_groups`.
        weights: of the kernel of each group; a group without one is not used. `signal_loss` shares the kernel of the
            order statistics.
        penalty: lambda, above 0.
        decay: d, above 0.

    Raises:
        FHRError: a penalty, decay or weight that is not positive, or no group with a weight.
    """

    label: str
    groups: tuple[str, ...]
    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    penalty: float = 2.2
    decay: float = 0.6

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", tuple(self.groups))
        for name, value in {"penalty": self.penalty, "decay": self.decay, **self.weights}.items():
            if not 0 < value < _MOST:
                raise FHRError(f"kernel line with {name}={value}; give a positive number")
        if not self.terms:
            raise FHRError(
                f"kernel line on the groups {', '.join(dict.fromkeys(self.groups))}; give features of one of "
                f"{', '.join(self.weights)}"
            )

    @cached_property
    def terms(self) -> dict[str, KernelTerm]:
        """The kernel of each group that has features and a weight."""
        own = [_WITH.get(group, group) for group in self.groups]
        return {
            group: KernelTerm(
                tuple(j for j, of in enumerate(own) if of == group),
                weight,
                0.0 if group == COVARIATE_GROUP else self.decay,
            )
            for group, weight in self.weights.items()
            if group in own
        }

    def fit(
        self, features: np.ndarray, outcomes: pd.DataFrame, sample_weights: np.ndarray | None = None
    ) -> "FittedKernelLine":
        """Fit to records of known pH, which should be those of the training fold alone.

        Args:
            features: (n, k), NaN is missing.
            outcomes: one row a record, columns of `fhr.recording.Outcome`; records of unknown pH are left out.
            sample_weights: (n,) of the squared errors, see `fhr.models.laplacian_ridge.solve`; with a mean of 1 the
                penalty weighs as without. Normal scores and learning target are those of the records, each once. None
                for no weights.

        Raises:
            FHRError: another number of features than groups, fewer than 20 records of known pH, one pH for all, or
                weights of another number, below 0, not finite or all 0.
        """
        x = np.asarray(features, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != len(self.groups) or len(x) != len(outcomes):
            raise FHRError(
                f"features of shape {x.shape} with {len(outcomes)} outcomes; give (n, {len(self.groups)}) and as many "
                "outcomes as rows"
            )
        known = outcomes["ph"].notna().to_numpy()
        weights = None if sample_weights is None else _checked_weights(sample_weights, known)
        if known.sum() < _FEWEST:
            raise FHRError(f"{known.sum()} training records of known pH; the kernel line needs {_FEWEST}")
        target = learning_target(outcomes[known], self.label)
        if not np.ptp(target):
            raise FHRError(f"all {known.sum()} training records have one outcome; there is nothing to learn")
        scaling, scaled = NormalScores.fit_to(x[known], limit=LIMIT)
        records = scaled.astype(np.float32)  # as they are kept
        solution = solve(kernel(list(self.terms.values()), records, records), target, self.penalty, weights)
        return FittedKernelLine(
            self, scaling, records, solution.weights, float(solution.offset), solution.leave_one_out
        )

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint."""
        return {
            "label": self.label,
            "groups": list(self.groups),
            "weights": dict(self.weights),
            "penalty": self.penalty,
            "decay": self.decay,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Rebuild the recipe from what `to_dict` wrote.

        Raises:
            FHRError: anything else.
        """
        given = plain_table(plain, "kernel line", *_PLAIN)
        (label,) = plain_names([given["label"]], "label")
        weights = {
            name: plain_number(value, f"weight of {name}", low=0, high=_MOST)
            for name, value in plain_table(given["weights"], "weights").items()
        }
        return cls(
            label,
            plain_names(given["groups"], "groups"),
            weights,
            plain_number(given["penalty"], "penalty", low=0, high=_MOST),
            plain_number(given["decay"], "decay", low=0, high=_MOST),
        )


@dataclass(frozen=True, eq=False)
class FittedKernelLine:
    """A kernel line with what it learnt: the scaled training records and the coefficient of each.

    Attributes:
        recipe: it was made by.
        scaling: of the features.
        records: float32 (n, k), normal scores of the training records.
        coefficients: (n,) of the training records.
        offset: of the score.
        leave_one_out: (n,) score of each training record by all others; None of one that was read from a file.
    """

    recipe: KernelLine
    scaling: NormalScores
    records: np.ndarray
    coefficients: np.ndarray
    offset: float
    leave_one_out: np.ndarray | None = None

    @property
    def n_features(self) -> int:
        """Features of a record."""
        return len(self.recipe.groups)

    @property
    def specification(self) -> dict[str, Any]:
        """Class path and arguments in plain types, for a checkpoint."""
        return {"class_path": "fhr.models.KernelLine", "init_args": self.recipe.to_dict()}

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Risk scores (n,) of features (n, k) as they were computed; NaN is missing.

        Raises:
            FHRError: another number of features.
        """
        scaled = self.scaling(features).astype(np.float32)
        each = [self._each(term, scaled) for term in self.recipe.terms.values()]
        return np.asarray(self.offset + np.sum(each, axis=0))

    def by_feature(self, features: np.ndarray, *, steps: int = 32) -> np.ndarray:
        r"""Contribution of each feature to the score (n, k): integrated gradients from the median birth to this one.

        .. math:: (z_j - m_j) \int_0^1 \partial_j f(m + u (z - m))\, du

        with z the normal scores of this birth and m those of the median one. Together they are the difference of the
        score from that of a birth with every feature at its median, as far as the sum over `steps` points is the
        integral, and those of a group the difference of its kernel's part. A feature that nothing else moves with is
        credited with all that it does alone; where several say the same the credit is shared, and none of it is a
        cause. A missing feature, which takes the median, is credited with nothing.

        Args:
            features: (n, k), NaN is missing.
            steps: points of the integral, the middles of equal parts.

        Source:
            Sundararajan et al. 2017, arXiv:1703.01365.
        """
        found = np.zeros((len(features), self.n_features))
        (usual,) = self.scaling(np.full((1, self.n_features), np.nan))  # not 0 where many births share a value
        for row, beyond in zip(found, self.scaling(features) - usual, strict=True):
            for u in (np.arange(steps) + 0.5) / steps:
                row += self._gradient(usual + u * beyond)
            row *= beyond / steps
        return found

    def _gradient(self, z: np.ndarray) -> np.ndarray:
        slope = np.zeros(self.n_features)
        for term in self.recipe.terms.values():
            columns = list(term.columns)
            x = self.records[:, columns].astype(np.float64)
            if not term.decay:
                slope[columns] += term.weight * (self.coefficients @ x)
                continue
            away = z[columns] - x
            near = term.weight * np.exp(-term.decay * np.abs(away).mean(axis=1)) * self.coefficients
            slope[columns] -= term.decay / len(columns) * (near @ np.sign(away))
        return slope

    def _each(self, term: KernelTerm, scaled: np.ndarray) -> np.ndarray:
        return np.asarray(term(scaled, self.records) @ self.coefficients)

    def arrays(self) -> dict[str, np.ndarray]:
        """The numbers that a file keeps; the recipe goes beside them."""
        scaling = {name: getattr(self.scaling, name) for name in _ARRAYS[:4]}
        learnt = {"records": self.records, "coefficients": self.coefficients, "offset": np.array([self.offset])}
        return scaling | learnt

    @classmethod
    def from_arrays(cls, specification: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Self:
        """Rebuild a fitted line from `specification` and `arrays`.

        Raises:
            CheckpointError: what no fit makes.
        """
        try:
            given = plain_table(specification, "specification", "class_path", "init_args")
            recipe = KernelLine.from_dict(given["init_args"])
            k = len(recipe.groups)
            found = {name: _array(arrays, name) for name in _ARRAYS}
            n, q = len(found["records"]), len(found["quantiles"])
            shapes = {"quantiles": (q, k), "records": (n, k), "coefficients": (n,), "offset": (1,)}
            for name, array in found.items():
                if array.shape != shapes.get(name, (k,)):
                    raise FHRError(f"{name} of shape {array.shape} for {n} records of {k} features")
            if q < 2 or not n or (np.diff(found["quantiles"], axis=0) < 0).any() or not (found["spread"] > 0).all():
                raise FHRError("quantiles that do not ascend, a spread that is not positive, or no record")
            scaling = NormalScores(**{name: found[name] for name in _ARRAYS[:4]}, limit=LIMIT)
            return cls(recipe, scaling, found["records"], found["coefficients"], float(found["offset"][0]))
        except CheckpointError:
            raise
        except FHRError as error:
            raise CheckpointError(f"a kernel line that no fit makes: {error}; train anew") from None


def _checked_weights(given: np.ndarray, known: np.ndarray) -> np.ndarray:
    weights = np.asarray(given, dtype=np.float64)
    if weights.shape != known.shape or not np.isfinite(weights).all() or (weights < 0).any():
        raise FHRError(
            f"sample weights of shape {weights.shape} for {len(known)} records; give each a finite one, none below 0"
        )
    if not weights[known].any():
        raise FHRError(f"the sample weights of all {known.sum()} records of known pH are 0; give some above")
    return weights[known]


def _array(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in arrays:
        raise FHRError(f"no {name}")
    array = arrays[name]
    dtype = np.float32 if name == "records" else np.float64
    # A spread is infinite where a feature did not vary.
    known = array.dtype == dtype and array.ndim and not np.isnan(array).any()
    if not known or not (np.isfinite(array).all() or name == "spread"):
        raise FHRError(f"{name} of {array.dtype} {array.shape}, or with values that are not finite")
    return array
