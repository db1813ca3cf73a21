"""A metric that is learnt: a projection of vectors after which windows of one labour lie close."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from math import isfinite
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import pick_device, whole_number
from fhr.errors import FHRError
from fhr.features import NormalScores

from .embedding import Embedding
from .labour_windows import LabourWindows
from .window_pairs import WindowPair, rows_of_pairs

__all__ = ["FittedMetric", "LearnedMetric"]

_SCORES = ("quantiles", "median", "centre", "spread", "limit")


@dataclass(frozen=True, eq=False)
class FittedMetric:
    r"""A linear projection of normal scores to a sphere, :math:`p = \sqrt{k}\, W^T z / |W^T z|`.

    The root mean square of the difference of two points, `Euclidean`'s distance, is the chord of a sphere of radius 1:
    from 0 to 2, and 1.41 for unrelated directions.

    Attributes:
        scores: normal scores over the windows that it was fitted to.
        projection: W, (d, k).
        fitted_to: labours that it was fitted to, sorted; it says nothing new of these.
    """

    scores: NormalScores
    projection: np.ndarray
    fitted_to: tuple[str, ...]

    def __call__(self, vectors: ArrayLike) -> np.ndarray:
        """Points, float32 (n, k), of vectors (n, d); NaN takes the median, a vector of NaN alone has no point but NaN.

        Raises:
            FHRError: another number of coordinates than was fitted.
        """
        vectors = np.asarray(vectors)
        z = self.scores(vectors)
        points = z @ self.projection
        length = np.linalg.norm(points, axis=1, keepdims=True)
        # What has no direction, such as a window of values that never vary, stays in the centre of the sphere.
        points *= np.sqrt(points.shape[1]) / np.where(length > 0, length, 1)
        points[np.isnan(vectors).all(axis=1)] = np.nan
        return points.astype(np.float32)

    def of(self, embedding: Embedding) -> Embedding:
        """An embedding whose vectors are brought to this metric, for `similar` and `SimilarityIndex`.

        Args:
            embedding: the one whose vectors it was fitted to.
        """
        digest = sha256(b"".join(np.ascontiguousarray(one).tobytes() for one in self.to_dict().values())).hexdigest()
        settings = (*embedding.settings, ("of", embedding.name), ("metric", digest[:16]))
        function = partial(_points, embedding=embedding, metric=self)
        return replace(
            embedding,
            function=function,
            name=f"{embedding.name}_learned",
            unit="radius",
            blocks=(),
            settings=settings,
            learnt_from=embedding.learnt_from | frozenset(self.fitted_to),
        )

    def to_dict(self) -> dict[str, np.ndarray]:
        """Everything as arrays by name, for a file without pickles."""
        return {**self.scores.arrays(), "projection": self.projection, "fitted_to": np.array(self.fitted_to, dtype=str)}

    @classmethod
    def from_dict(cls, arrays: Mapping[str, Any]) -> Self:
        """The metric that gave these arrays.

        Raises:
            FHRError: arrays that are missing, that do not fit together, or that are not numbers.
        """
        names = (*_SCORES, "projection", "fitted_to")
        if missing := sorted(set(names) - set(arrays)):
            raise FHRError(f"a learned metric without {', '.join(missing)}; give what `to_dict` gave")
        numbers = {name: np.asarray(arrays[name]) for name in names[:-1]}
        d = numbers["median"].size
        fits = numbers["projection"].ndim == 2 and numbers["projection"].shape[0] == d and numbers["limit"].size == 1
        fits &= numbers["quantiles"].ndim == 2 and numbers["quantiles"].shape[1:] == (d,)
        fits &= all(numbers[name].shape == (d,) for name in ("median", "centre", "spread"))
        for name, array in numbers.items():
            if array.dtype.kind != "f" or not array.size or np.isnan(array).any() or not fits:
                raise FHRError(
                    f"a learned metric whose {name} is {array.dtype} of shape {array.shape}, NaN, or fits the others "
                    "not; give what `to_dict` gave"
                )
        scores = NormalScores.of_arrays({**numbers, "limit": numbers["limit"].reshape(())})
        return cls(scores, numbers["projection"], tuple(np.asarray(arrays["fitted_to"]).astype(str).tolist()))


def _points(windows: LabourWindows, embedding: Embedding, metric: FittedMetric) -> np.ndarray:
    return metric(embedding(windows))


@dataclass(frozen=True)
class LearnedMetric:
    r"""Settings of a metric that is learnt from labours: similar is what belongs to one labour.

    Vectors are brought to normal scores and projected linearly to a sphere. Three terms shape the projection, with c
    the cosine of two points and T the temperature:

    - *windows of one labour attract*: of two windows drawn of every labour, the one is found by the other among those
      of all labours, cross-entropy of softmax(c / T) (InfoNCE, van den Oord et al. 2018, arXiv:1807.03748; in both
      directions);
    - *distance tells the pH*: squared error, in standard deviations, of the mean pH of the windows of other labours,
      weighted by softmax(c / T) (metric learning for kernel regression, Weinberger and Tesauro 2007, PMLR 2:612); what
      has no pH neither gives nor costs;
    - *pairs that a reader named*: log-loss of sigmoid(c / T), weighted. Labours that a reader called the same, or of
      which the reader was unsure, do not repel each other in the first term.

    The projection begins at the principal axes of the normal scores. What it learns is what tells these labours apart,
    which may be a sensor or its gaps: show it on other labours, beside the unlearned metric and one that was fitted to
    permuted labours. The defaults were chosen on labours of CTU-UHB. Hidden layers are left out, and were not tried.

    Args:
        n_outputs: coordinates of a point, at most as many as vectors have; a few of many begin where they may not find
            what matters.
        epochs: of pairs drawn of every labour.
        learning_rate: of Adam.
        temperature: T.
        weight_ph: of the second term.
        weight_pairs: of the third.
        seed: of the windows that are drawn.

    Raises:
        FHRError: a setting that is out of its range.

    Example:
        >>> labour = np.repeat(np.arange(30.0), 2)
        >>> other = np.random.default_rng(0).normal(size=60)
        >>> metric = LearnedMetric(n_outputs=1).fit(np.stack([other, labour], axis=1), labour.astype(str))
        >>> bool(abs(metric.projection[1, 0]) > abs(metric.projection[0, 0]))
        True
    """

    n_outputs: int = 32
    epochs: int = 60
    learning_rate: float = 0.01
    temperature: float = 0.1
    weight_ph: float = 1.0
    weight_pairs: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("n_outputs", 1), ("epochs", 1), ("seed", 0)):
            whole_number(getattr(self, name), name, least)
        for name in ("learning_rate", "temperature", "weight_ph", "weight_pairs"):
            value, may_be_0 = getattr(self, name), name.startswith("weight")
            if not (isfinite(value) and (value > 0 or (may_be_0 and value == 0))):
                raise FHRError(f"{name}={value}; give a {'number of 0 or more' if may_be_0 else 'positive number'}")

    def fit(
        self,
        vectors: ArrayLike,
        labours: ArrayLike,
        ph: ArrayLike | None = None,
        pairs: Iterable[WindowPair] = (),
        *,
        starts: ArrayLike | None = None,
        device: str = "cpu",
    ) -> FittedMetric:
        """Fit to windows, which should be those of training labours alone; the same seed gives the same metric.

        Args:
            vectors: (n, d); NaN is missing and takes the median, as in normal scores.
            labours: (n,) name of the labour of each.
            ph: (n,) of its labour; NaN is unknown.
            pairs: that a reader named.
            starts: (n,) of the windows, s from the start of their recording, for pairs.
            device: `cpu`, `cuda` and so on, see `fhr.compute.pick_device`.

        Raises:
            FHRError: one labour; no labour with two windows, unless two labours have a pH or pairs are given; values
                that are infinite, a window without any; or pairs that name no windows or contradict each other.
        """
        given = np.asarray(vectors, dtype=np.float64)
        if given.ndim != 2 or not given.size:
            raise FHRError(f"vectors of shape {given.shape}; a metric is learnt from (n, d)")
        names = _of_each(labours, "labours", len(given)).astype(str)
        acidity = np.full(len(given), np.nan) if ph is None else _of_each(ph, "ph", len(given)).astype(float)
        begins = None if starts is None else _of_each(starts, "starts", len(given)).astype(float)
        useless = np.isinf(given).any(axis=1) | np.isnan(given).all(axis=1)
        if useless.any():
            row = int(np.flatnonzero(useless)[0])
            raise FHRError(
                f"{useless.sum()} of {len(given)} vectors have infinite values or none at all, the first of labour "
                f"{names[row]}; leave those windows out"
            )
        if np.isinf(acidity).any():
            raise FHRError(f"ph of labour {names[np.isinf(acidity)][0]} is infinite; give NaN where it is unknown")
        found = rows_of_pairs(pairs, names, begins)
        known, counts = np.unique(names, return_counts=True)
        if len(known) < 2:
            raise FHRError(f"all {len(names)} windows are of labour {known[0]}; a metric is learnt from two or more")
        if counts.max() < 2 and len(np.unique(names[np.isfinite(acidity)])) < 2 and not len(found.rows):
            raise FHRError(
                f"{len(known)} labours of one window each, without pH or pairs; nothing says which are alike, so give "
                "two windows of each"
            )
        from .metric_training import trained_projection

        scores, z = NormalScores.fit_to(given)
        projection = trained_projection(z, names, acidity, found, device=pick_device(device), **asdict(self))
        return FittedMetric(scores, projection, tuple(known.tolist()))


def _of_each(values: ArrayLike, name: str, n: int) -> np.ndarray:
    array = np.asarray(values)
    if array.shape != (n,):
        raise FHRError(f"{name} of shape {array.shape} for {n} vectors; give one for each")
    return array
