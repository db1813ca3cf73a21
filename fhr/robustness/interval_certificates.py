"""Certificates of loss, wrong rates and warps: bounds of what a network can be given, carried through to its score.

The network has to sort what it reads, as a `fhr.models.SortedNetwork` does. A threat says within which bounds it leaves
each value and each share that was measured; where it may lie anywhere, places are searched by branch and bound: all
that fit into a stretch are bounded together, and a stretch that fails is halved.
"""

from collections.abc import Callable, Sequence
from math import ceil, inf
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fhr.errors import FHRError
from fhr.models import SortedNetwork
from fhr.models.sorted_network import BoundScores

from .certificates import Certificate
from .loss_changes import LIMITS, MOTHERS
from .reader import NetworkReader
from .threats import Threat, threat_of
from .time_changes import DELAY_ROUNDING
from .traces import Traces

__all__ = ["BOUNDED_BY_INTERVALS", "interval_certificate", "largest_held"]

_RATIO = 1.1  # of two sizes that are told apart
_COARSE, _FINE = 512, 4  # samples that the place of a stretch is known to at first, and at last for short ones
_SHARE = 10  # of the length of long ones
_ROWS = 32  # stretches that are bounded at once
_STEEPEST = 0.45  # slope of a warp in which no more than three nodes lie about a sample


class _Bounds(NamedTuple):
    """What a network can be given: heart rate in bpm and share that was measured, each (row, time), and what remains.

    Attributes:
        lost: samples that may be missing beside, wherever they are.
        crossing: samples by which what is read may be moved across the beginning of a part.
        cost: (1, time), squares of bpm by which what is sorted is from these, see `_stretched`.
    """

    low: Tensor
    high: Tensor
    least: Tensor
    most: Tensor
    lost: float = 0.0
    crossing: int = 0
    cost: Tensor | None = None


def interval_certificate(reader: NetworkReader, traces: Traces, threat: str | Threat, *, largest: float) -> Certificate:
    """The largest sizes of a threat that provably leave the verdicts as they are.

    Args:
        reader: of networks that bound their scores.
        traces: n windows.
        threat: one of `BOUNDED_BY_INTERVALS`, or its name; a warp has a slope.
        largest: size at which the search ends, s.

    Raises:
        FHRError: a threat without such bounds, a size that is not positive, or a network that does not bound its
            scores.
    """
    kind = threat_of(threat)
    if kind.name not in BOUNDED_BY_INTERVALS:
        raise FHRError(f"threat {kind.name!r} has no bounds of single samples; give one of {', '.join(_CHANGES)}")
    if not 0 < largest < inf:
        raise FHRError(f"largest={largest}; give a number of seconds above 0")
    for network in reader.networks:
        if not isinstance(network, SortedNetwork):
            raise FHRError(
                f"no bound is known of {type(network).__name__} where samples are lost or moved; train a "
                "fhr.models.SortedKernel or a fhr.models.LipschitzNet (`--config robust_kernel`, `--config robust`)"
            )
    if reader.predictor.pipeline.channels[-1] != "mask":
        raise FHRError(
            "the networks are not told what is missing, and read it as if it were measured; train them with the mask "
            "channel (`--data.channels '[fhr, mask]'`)"
        )
    change, at_risk = _CHANGES[kind.name], reader.verdicts(traces).at_risk
    networks = [(network, network.bounding()) for network in cast("list[SortedNetwork]", reader.networks)]
    sizes = np.zeros(len(traces))
    for i in range(len(traces)):
        one = traces[[i]]
        values = _valued(one)

        def holds(size: float, values: _Bounds = values, risk: bool = bool(at_risk[i])) -> bool:
            return change(values, size * traces.fs, lambda rows: _hold(reader, networks, rows, risk), kind.slope)

        sizes[i] = largest_held(holds, 1 / traces.fs, largest)
    assumptions = (
        "of the cleaned signal on, at the rate that the model reads; cleaning itself is not bounded",
        _ASSUMED[kind.name].format(slope=kind.slope),
    )
    return Certificate(kind.name, sizes, "bounds of every sample, carried through sorting and score", assumptions)


def largest_held(holds: Callable[[float], bool], least: float, largest: float) -> float:
    """The largest size of a geometric ladder that holds, 0 where the least does not; what holds, holds below."""
    least = min(least, largest)
    ladder = [least * _RATIO**k for k in range(1 + int(np.log(largest / least) / np.log(_RATIO)))]
    ladder = [*ladder, largest] if ladder[-1] < largest else ladder
    low, high = -1, len(ladder)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(ladder[middle]) else (low, middle)
    return ladder[low] if low >= 0 else 0.0


def _valued(one: Traces) -> _Bounds:
    fhr = one.fhr.double()
    return _Bounds(fhr, fhr, one.measured.double(), one.measured.double())


def _hold(
    reader: NetworkReader, networks: Sequence[tuple[SortedNetwork, BoundScores]], rows: _Bounds, at_risk: bool
) -> np.ndarray:
    """Whether the verdict holds for each row (k,), whatever is within its bounds."""
    offset, scale = reader.predictor.pipeline.scaling["fhr"]
    device = reader.predictor.device
    low, high = (torch.nan_to_num((x.to(device) - offset) / scale, nan=0.0) for x in (rows.low, rows.high))
    least, most = rows.least.to(device), rows.most.to(device)
    embedded: dict[object, tuple[Tensor, Tensor, float]] = {}
    pairs = []
    with torch.no_grad():
        for network, bounds_of in networks:
            if network.key not in embedded:
                bounds = network.embedded_bounds(low, high, least, most, rows.lost, rows.crossing)
                embedded[network.key] = (*bounds, _apart(network, rows))
            pairs.append(bounds_of(*embedded[network.key]))
    lowest, highest = (np.stack([pair[k][:, 0].cpu().numpy() for pair in pairs]) for k in (0, 1))
    return reader.stays(at_risk, lowest, highest)


def _apart(network: SortedNetwork, rows: _Bounds) -> float:
    """Distance of the embedding from what the bounds allow, bpm."""
    if rows.cost is None:
        return 0.0
    if network.n_filtered:
        return inf  # filters see the order in time
    return float(network.pool.apart(rows.cost[:, None], rows.least[:, None], rows.crossing).sqrt())


_Held = Callable[[_Bounds], np.ndarray]


def _block_lost(values: _Bounds, samples: float, held: _Held, slope: float) -> bool:
    def lost(inside: Tensor) -> _Bounds:
        return values._replace(least=torch.where(inside, 0.0, values.least))

    return _everywhere(values, samples, held, lost)


def _block_wrong(values: _Bounds, samples: float, held: _Held, slope: float) -> bool:
    x, (low, high) = values.low, LIMITS
    least = torch.where(x / 2 > low, x / 2, MOTHERS[0]).clamp_max(MOTHERS[0]).minimum(x)
    most = torch.where(2 * x < high, 2 * x, MOTHERS[1]).clamp_min(MOTHERS[1]).maximum(x)

    def wrong(inside: Tensor) -> _Bounds:
        changed = inside & (values.most > 0)
        down, up = torch.where(changed, least, x), torch.where(changed, most, x)
        return _Bounds(down, up, torch.where(inside, 0.0, values.least), values.most)

    return _everywhere(values, samples, held, wrong)


def _scattered(values: _Bounds, samples: float, held: _Held, slope: float) -> bool:
    return bool(held(values._replace(lost=float(ceil(samples)))).all())


def _moved(values: _Bounds, samples: float, held: _Held) -> bool:
    """Warps of any slope: each sample takes a value from within reach."""
    reach = ceil(samples)
    valued = ~torch.isnan(values.low)
    low, high = (torch.where(valued, values.low, x) for x in (inf, -inf))
    least, most = torch.where(valued, values.least, 0.0), torch.where(valued, values.most, 0.0)
    low, least = (-_widest(-x, reach) for x in (low, least))
    high, most = (_widest(x, reach) for x in (high, most))
    low, high = (torch.where(torch.isfinite(x), x, torch.nan) for x in (low, high))
    return bool(held(_Bounds(low, high, least, most)).all())


def _stretched(values: _Bounds, samples: float, held: _Held, slope: float) -> bool:
    r"""Warps of a slope s below 1/2: little time is gained or lost anywhere, wherever it is moved to.

    The warp reads the linear interpolation at nodes that are 1 - s to 1 + s apart, so that sample k has a weight of
    1 - s to 1 + 2 s in all that is read (the sum of the hat function about k over the nodes: of two within it 2 minus
    their distance, of a single one 1 - s at least, and a third adds at most 2 s). Were each node the two samples that
    it lies between, in their shares, sorting would see the values of before with these weights. It sees their mean:
    a node at the share u between samples that are d apart costs :math:`u (1 - u) d^2 \le d^2 / 4`, and two nodes
    within one sample no more. Samples beside one without a value may be gone.
    """
    valued = ~torch.isnan(values.low)
    share = torch.where(valued, values.most, 0.0)
    whole = -_widest(-valued.double(), 1)
    steps = torch.nan_to_num(values.low.diff()).square() / 4
    cost = F.pad(torch.maximum(share[:, 1:], share[:, :-1]) * steps, (0, 1))
    slope += DELAY_ROUNDING
    least, most = (1 - slope) * share * whole, (1 + 2 * slope) * share
    return bool(held(_Bounds(values.low, values.high, least, most, cost=cost, crossing=ceil(samples) + 1)).all())


def _warped(values: _Bounds, samples: float, held: _Held, slope: float) -> bool:
    return (slope < _STEEPEST and _stretched(values, samples, held, slope)) or _moved(values, samples, held)


def _widest(x: Tensor, reach: int) -> Tensor:
    """Largest of all samples within reach; beyond the ends there are none, since a warp leaves them where they are."""
    padded = F.pad(x.unsqueeze(1), (reach, reach), value=-inf)
    return F.max_pool1d(padded, 2 * reach + 1, 1).squeeze(1)


def _everywhere(values: _Bounds, samples: float, held: _Held, change: Callable[[Tensor], _Bounds]) -> bool:
    """Whether verdicts hold for stretches of so many samples at every place.

    Each is known to begin within `_COARSE` samples, and where all that they can touch is too much, in half of them.
    """
    n_times, length = values.low.shape[-1], ceil(samples)
    fine = max(_FINE, length // _SHARE)
    at, coarse = torch.arange(n_times), min(_COARSE, max(length, fine))
    places = [(start, coarse) for start in range(0, n_times, coarse)]
    while places:
        some, places = places[:_ROWS], places[_ROWS:]
        begin, wide = (torch.tensor(x)[:, None] for x in zip(*some, strict=True))
        kept = held(change((at >= begin) & (at < begin + wide - 1 + length)))
        for (start, width), holds in zip(some, kept, strict=True):
            if holds:
                continue
            if width <= fine:
                return False
            half = (width + 1) // 2
            places = [(start, half), (start + half, width - half), *places]
    return True


_CHANGES: dict[str, Callable[[_Bounds, float, _Held, float], bool]] = {
    "block_loss": _block_lost,
    "scattered_loss": _scattered,
    "wrong_rate": _block_wrong,
    "warp": _warped,
}
_ASSUMED = {
    "block_loss": "what is lost lies within one stretch of this length, and may be any part of it",
    "scattered_loss": "so many seconds are lost, of any samples",
    "wrong_rate": "within one stretch of this length each sample is right, doubled, halved, between 60 and 110 bpm, or "
    "lost",
    "warp": "no sample is moved by more, no steeper than {slope:g} s a second; both ends stay, and what rests on a "
    "sample without a value has none",
}
BOUNDED_BY_INTERVALS = tuple(_CHANGES)
"""Threats that are bounded sample by sample."""
