r"""Bounds of the score of a kernel line over a box of its features, and certificates of its verdicts.

The score is a sum over groups of features, each :math:`f(z) = \sum_i a_i k(z, x_i)` with the Laplacian kernel
:math:`k(z, x) = w \exp(-d \cdot \mathrm{mean}_j |z_j - x_j|)` about the training records. Three bounds hold over a box
about c, and the narrowest is taken, group by group:

- by interval: each kernel lies between those of the farthest and of the nearest point of the box;
- by norm: :math:`|f(z) - f(c)| \le \lVert f \rVert \sqrt{2 w - 2 k(z, c)}`, the norm being
  :math:`\sqrt{a^T K a}` (that of the space whose kernel k is);
- by slope: :math:`f(z) - f(c)` is a sum over j of :math:`z_j - c_j` times a slope among
  :math:`d / J \sum_i a_i k(z, x_i) s_{ij}`, with s -1 where the box is above :math:`x_{ij}`, 1 where it is
  below, and anything between else.

The first grows with the sum of all coefficients, the second with the root of the size of the box; the third, in which
records that pull to either side cancel, is the narrowest of small boxes.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import inf

import numpy as np

from fhr.errors import CheckpointError, FHRError
from fhr.models import FittedKernelLine
from fhr.models.laplacian_ridge import KernelTerm

from .certificates import Certificate
from .feature_bounds import feature_bounds, offset_bounds
from .one_parameter import certified_reach
from .reader import FeatureReader
from .threats import threat_of
from .traces import Traces

__all__ = ["box_of", "kernel_bounds", "kernel_certificate", "score_bounds"]

_HALVINGS = 12
_FLOAT32 = 2.0**-24
_ASSUMED = (
    "the signal is changed after cleaning, which is not done again",
    "features without a known bound may take any value",
)


def kernel_bounds(reader: FeatureReader, traces: Traces, threat: str, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest scores (member, n) of traces that a threat changes by no more than a size.

    Args:
        reader: of kernel lines alone.
        traces: n windows.
        threat: of `fhr.robustness.feature_bounds.BOUNDED`.
        size: bpm or s.

    Raises:
        FHRError: another threat, or a size below 0.
        CheckpointError: a member that is no kernel line, or statistics at another rate than 1 Hz.
        SignalError: a window in which nothing was measured.
    """
    _lines(reader)  # refused before the work
    return _of_features(reader, traces, *feature_bounds(reader, traces, threat, size))


def kernel_certificate(
    reader: FeatureReader, traces: Traces, threat: str, *, largest: float, tolerance: float | None = None
) -> Certificate:
    """Certify verdicts of kernel lines: the largest size at which all scores within bounds give the verdict.

    Found by halving, since bounds widen with the size; an offset, which leaves the features little choice, by one
    stretch of offsets after the other.

    Args:
        reader: of kernel lines alone.
        traces: n windows.
        threat: of `fhr.robustness.feature_bounds.BOUNDED`.
        largest: size that is looked at, bpm or s; of `uc_gain`, any, as nothing depends on it.
        tolerance: of an offset, bpm; None for a thousandth of the largest.

    Raises:
        FHRError: another threat, or a size that is not positive.
        CheckpointError: a member that is no kernel line, or statistics at another rate than 1 Hz.
        SignalError: a window in which nothing was measured.
    """
    if not 0 < largest < inf:
        raise FHRError(f"{threat} of sizes up to {largest}; give a positive number")
    at_risk = reader.verdicts(traces).at_risk
    if threat == "offset":

        def bounds(rows: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return _of_features(reader, traces[rows], *offset_bounds(reader, traces[rows], a, b))

        sizes = certified_reach(reader, at_risk, bounds, largest=largest, tolerance=tolerance or largest / 1000)
        return Certificate(threat, sizes, "branch and bound over the features of the kernel lines", _ASSUMED)
    sizes = np.array([_halved(reader, traces[[i]], at_risk[i], threat, largest) for i in range(len(traces))])
    if threat_of(threat).unit == "s":
        sizes = np.floor(sizes * traces.fs) / traces.fs  # samples are lost whole
    how = "bounds of the features and of the kernel lines over them"
    if threat == "uc_gain":
        return Certificate(threat, np.where(sizes > 0, inf, 0.0), f"{how}, whatever the uterine activity", _ASSUMED)
    return Certificate(threat, sizes, how, _ASSUMED)


def score_bounds(line: FittedKernelLine, low: np.ndarray, high: np.ndarray, centre: np.ndarray) -> tuple[float, float]:
    """Lowest and highest score of a kernel line over a box of normal scores (k,), about a centre in the box."""
    box = tuple(z.astype(np.float32).astype(np.float64) for z in (low, high, centre))
    each = [_of_term(line, term, *(z[list(term.columns)] for z in box)) for term in line.recipe.terms.values()]
    least, most = np.sum(each, axis=0)
    return line.offset + least, line.offset + most


def box_of(line: FittedKernelLine, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Box (n, k) of the normal scores of features between low and high (n, k); all of them where one is infinite.

    Normal scores do not fall where a feature rises.
    """
    limit = np.where(np.isinf(line.scaling.spread), 0.0, line.scaling.limit)
    return (
        np.where(np.isinf(low), -limit, line.scaling(low)),
        np.where(np.isinf(high), limit, line.scaling(high)),
    )


def _of_features(
    reader: FeatureReader, traces: Traces, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    rows, found = reader.features(traces), []
    for line in _lines(reader):
        z = line.scaling(rows)
        least, most = box_of(line, low, high)
        centres = np.clip(z, least, most)
        found.append([score_bounds(line, *box) for box in zip(least, most, centres, strict=True)])
    both = np.array(found)
    return both[..., 0], both[..., 1]


def _halved(reader: FeatureReader, trace: Traces, at_risk: bool, threat: str, largest: float) -> float:
    def stays(size: float) -> bool:
        return bool(reader.stays(at_risk, *kernel_bounds(reader, trace, threat, size))[0])

    if stays(largest):
        return largest
    if not stays(0.0):  # features without a known bound are enough to flip it
        return 0.0
    low, high = 0.0, largest
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if stays(middle) else (low, middle)
    return low


def _lines(reader: FeatureReader) -> Sequence[FittedKernelLine]:
    lines = [model for model in reader.predictor.networks if isinstance(model, FittedKernelLine)]
    if len(lines) < len(reader.predictor.networks):
        raise CheckpointError("bounds are known of kernel lines, and a member is none; smooth its verdicts at random")
    return lines


def _of_term(
    line: FittedKernelLine, term: KernelTerm, low: np.ndarray, high: np.ndarray, centre: np.ndarray
) -> tuple[float, float]:
    """Lowest and highest part of the score that a term gives, over a box of its columns."""
    x, a = line.records[:, term.columns].astype(np.float64), line.coefficients
    if not term.decay:
        slopes = term.weight * (a @ x)
        ends = np.stack([slopes * low, slopes * high])
        slack = 1e-9 * term.weight * float(np.abs(a) @ np.abs(x) @ np.maximum(np.abs(low), np.abs(high)))
        return float(ends.min(axis=0).sum()) - slack, float(ends.max(axis=0).sum()) + slack
    rate = term.decay / len(term.columns)
    below, above = x > high, x < low
    near = np.where(below, x - high, np.where(above, low - x, 0.0)).sum(axis=1)
    far = np.maximum(np.abs(high - x), np.abs(low - x)).sum(axis=1)
    most, least = term.weight * np.exp(-rate * near), term.weight * np.exp(-rate * far)
    at = float(term.weight * np.exp(-rate * np.abs(centre - x).sum(axis=1)) @ a)
    bounds = [(float(_sum_of(a, least, most)), float(_sum_of(a, most, least)))]
    reach = np.maximum(high - centre, centre - low)
    by_norm = _norm(line, term) * np.sqrt(2 * term.weight * -np.expm1(-rate * reach.sum()))
    bounds.append((at - by_norm, at + by_norm))
    # The kernel falls away from a record: its slope is against the side on which the box lies.
    either = np.abs(a * most) @ ~(below | above)
    slope_high = _each(a, least, most) @ below + _each(-a, least, most) @ above + either
    slope_low = -(_each(-a, least, most) @ below + _each(a, least, most) @ above) - either
    rise = np.maximum(slope_high * (high - centre), slope_low * (low - centre))
    fall = np.minimum(slope_low * (high - centre), slope_high * (low - centre))
    bounds.append((at + rate * float(fall.sum()), at + rate * float(rise.sum())))
    # The score is computed from distances in float32: t exp(-t) is 0.4 at most.
    slack = 0.4 * (len(term.columns) + 4) * _FLOAT32 * term.weight * float(np.abs(a).sum())
    lowest, highest = zip(*bounds, strict=True)
    return max(lowest) - slack, min(highest) + slack


def _each(a: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Largest a k of each record (n,), k between least and most."""
    return np.where(a > 0, a * most, a * least)


def _sum_of(a: np.ndarray, of_positive: np.ndarray, of_negative: np.ndarray) -> np.ndarray:
    return np.where(a > 0, a * of_positive, a * of_negative).sum()


@lru_cache(maxsize=128)
def _norm(line: FittedKernelLine, term: KernelTerm) -> float:
    """Norm of the part of the score that a term gives, in the space of its kernel."""
    a = line.coefficients
    square = float(a @ term(line.records, line.records) @ a)
    # The kernel matrix is computed from distances in float32.
    slack = 0.4 * (len(term.columns) + 4) * _FLOAT32 * term.weight * float(np.abs(a).sum()) ** 2
    return float(np.sqrt(max(square, 0.0) + slack))
