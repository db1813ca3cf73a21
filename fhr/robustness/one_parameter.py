"""Certificates of changes that one number describes: an offset, a gain, a shift, a step of quantisation.

Of a continuous one, stretches of sizes are bounded one after the other, from no change on; a discrete one is looked at
size by size.
"""

from collections.abc import Callable, Iterable
from math import inf, log
from typing import TypeAlias

import numpy as np
import torch

from fhr.errors import FHRError
from fhr.models import ArrayModel

from .certificates import FLOAT32, Certificate, rounding_of
from .error_certificates import member_slopes, with_bridged
from .lipschitz_bound import lipschitz_bound
from .reader import NetworkReader, Reader
from .sensor_changes import with_gain, with_offset
from .traces import Traces

__all__ = [
    "WITHOUT_ACTIVITY",
    "ScoreBounds",
    "certified_reach",
    "enumerated_certificate",
    "offset_certificate",
    "reads_activity",
    "uc_gain_certificate",
]

ScoreBounds: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Lowest and highest scores (member, m) of m rows of the traces, each anywhere between two sizes of a change (m,)."""

WITHOUT_ACTIVITY = frozenset(
    {
        "multiscale",
        "scalar",
        "scattering",
        "order_statistics",
        "signal_loss",
        "wide_quantiles",
        "band_amplitudes",
        "modulation",
        "capacities",
    }
)
"""Groups of features that are computed without uterine activity."""
_SHARE = 1 / 64  # of the largest size: first step along a change
_GROWS = 2.0
_ASSUMED = ("of the cleaned signal on, at the rate that the model reads", FLOAT32)


def certified_reach(
    reader: Reader, at_risk: np.ndarray, bounds: ScoreBounds, *, largest: float, tolerance: float
) -> np.ndarray:
    """Largest size (n,) up to which a change, in both directions, provably leaves the verdicts as they are.

    From no change on, stretches of sizes are certified whose bounds all give the verdict. A stretch grows while that
    succeeds and is halved where it does not, down to the tolerance: with bounds that become exact as a stretch becomes
    short, the reach ends that near to the first size at which the verdict flips, or is left open.

    Args:
        reader: that decides.
        at_risk: bool (n,), verdicts without a change.
        bounds: of the scores.
        largest: size at which the search ends.
        tolerance: shortest stretch.

    Raises:
        FHRError: sizes that are not positive, or a tolerance above the largest.
    """
    if not 0 < tolerance <= largest < inf:
        raise FHRError(f"sizes up to {largest} with a tolerance of {tolerance}; give positive ones, the tolerance less")
    row, way = np.tile(np.arange(len(at_risk)), 2), np.repeat([1.0, -1.0], len(at_risk))
    reached, step = np.zeros(len(row)), np.full(len(row), max(largest * _SHARE, tolerance))
    while (some := np.flatnonzero((reached < largest) & (step >= tolerance))).size:
        end = np.minimum(reached[some] + step[some], largest)
        a, b = way[some] * reached[some], way[some] * end
        low, high = bounds(row[some], np.minimum(a, b), np.maximum(a, b))
        stays = reader.stays(at_risk[row[some]], low, high)
        reached[some] = np.where(stays, end, reached[some])
        step[some] *= np.where(stays, _GROWS, 0.5)
    return np.asarray(reached.reshape(2, -1).min(axis=0))


def offset_certificate(
    reader: NetworkReader, traces: Traces, *, largest: float = 40.0, tolerance: float = 0.05
) -> Certificate:
    """Certify an offset of the heart rate, the same at all samples that have a value, by the slopes of the networks.

    Looks at many offsets, each of which tells of those near to it, reach farther than one look at none
    (`error_certificate`).

    Args:
        reader: of networks of known slope, see `member_slopes`.
        traces: n windows.
        largest: bpm.
        tolerance: bpm.

    Raises:
        FHRError: a network without a known bound, or sizes that are not positive.
    """
    bounds = _by_slope(reader, traces, with_offset, member_slopes(reader, traces) * with_bridged(traces))
    at_risk = reader.verdicts(traces).at_risk
    sizes = certified_reach(reader, at_risk, bounds, largest=largest, tolerance=tolerance)
    return Certificate("offset", sizes, "branch and bound by the slopes of the networks", _ASSUMED)


def uc_gain_certificate(
    reader: Reader, traces: Traces, *, largest: float = 4.0, tolerance: float = 0.01
) -> Certificate:
    r"""Certify a gain of uterine activity, a factor g or 1/g: by construction, or by the slopes of the networks.

    With :math:`u = \log g`, the scaled channel moves by at most :math:`g \lVert x \rVert / 30` a unit of u.

    Args:
        reader: of any model that reads no uterine activity, or of networks of known bound (`lipschitz_bound`).
        traces: n windows.
        largest: factor, above 1.
        tolerance: of the logarithm of the factor.

    Returns:
        Certificate of factors, above 1; 0 where nothing is certified.

    Raises:
        FHRError: a model of features of uterine activity, a network without a known bound, or sizes that are not
            positive.
    """
    if not reads_activity(reader):
        forever = np.full(len(traces), inf)
        return Certificate("uc_gain", forever, "by construction: the model reads no uterine activity", ())
    if not isinstance(reader, NetworkReader):
        raise FHRError(
            "the model reads features of uterine activity, which have no slope; see `kernel_certificate`, or smooth "
            "its verdicts at random"
        )
    if not largest > 1:
        raise FHRError(f"factors up to {largest}; give one above 1")
    pipeline, mask = reader.predictor.pipeline, traces.signal(reader.predictor.pipeline)[:, -1]
    constants = [lipschitz_bound(one, mask, [pipeline.channels.index("uc")])[:, 0] for one in reader.networks]
    norms = torch.nan_to_num(traces.uc).double().norm(dim=-1) / abs(pipeline.scaling["uc"][1])
    slopes = largest * (torch.stack(constants).cpu() * norms.cpu()).numpy()
    bounds = _by_slope(reader, traces, lambda some, size: with_gain(some, size.exp()), slopes)
    at_risk = reader.verdicts(traces).at_risk
    reach = certified_reach(reader, at_risk, bounds, largest=log(largest), tolerance=tolerance)
    sizes = np.where(reach > 0, np.exp(reach), 0.0)
    return Certificate("uc_gain", sizes, "branch and bound by the slopes of the networks", _ASSUMED)


def enumerated_certificate(
    reader: Reader, traces: Traces, threat: str, changes: Iterable[tuple[float, Traces]]
) -> Certificate:
    """Certify a change of which there are but so many, by a look at each: whole samples of a shift, steps of a grid.

    Args:
        reader: of any model.
        traces: n windows.
        threat: name of the change.
        changes: size and all windows so changed, in ascending order of size; several of one size are all looked at.

    Returns:
        Certificate with the largest size (n,) up to which no change that was given flips the verdict.

    Raises:
        FHRError: no change, sizes that do not ascend or are not positive, or another number of windows.
    """
    at_risk, last = reader.verdicts(traces).at_risk, 0.0
    sizes, flipped = np.zeros(len(traces)), np.zeros(len(traces), dtype=bool)
    before = sizes.copy()  # of the sizes that are wholly looked at
    for size, changed in changes:
        if not max(last, 0) <= size < inf or size == 0 or len(changed) != len(traces):
            raise FHRError(
                f"{threat} of size {size} after {last}, of {len(changed)} windows beside {len(traces)}; give all of "
                "them, in ascending positive sizes"
            )
        if size > last:
            before = sizes.copy()
        flips = reader.verdicts(changed).at_risk != at_risk
        sizes = np.where(flipped, sizes, np.where(flips, before, size))
        flipped |= flips
        last = size
    if not last:
        raise FHRError(f"{threat}: no change to look at; give some")
    return Certificate(
        threat, sizes, f"every change up to {last:g} was looked at", ("no other changes up to this size exist",)
    )


def reads_activity(reader: Reader) -> bool:
    """Tell whether a model of the reader is given uterine activity, or features that are computed from it.

    A network whose `reads_activity` is False leaves its channel aside.
    """
    predictor = reader.predictor
    if predictor.features is not None and not WITHOUT_ACTIVITY.issuperset(predictor.features.groups):
        return True
    networks = [model for model in predictor.networks if not isinstance(model, ArrayModel)]
    return "uc" in predictor.pipeline.channels and any(getattr(one, "reads_activity", True) for one in networks)


def _by_slope(
    reader: Reader, traces: Traces, changed: Callable[[Traces, torch.Tensor], Traces], slopes: np.ndarray
) -> ScoreBounds:
    """Bounds about the score in the middle of two sizes, from slopes (member, n)."""

    def bounds(rows: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = reader.scores(changed(traces[rows], torch.from_numpy((a + b) / 2)))
        reach = slopes[:, rows] * (b - a) / 2 + rounding_of(scores)
        return scores - reach, scores + reach

    return bounds
