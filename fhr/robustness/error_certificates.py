"""Certificates of errors of the heart rate, from how far each network's score can move at most."""

from collections.abc import Callable
from math import inf

import numpy as np
import torch

from fhr.errors import FHRError
from fhr.models import Network, validity

from .certificates import FLOAT32, Certificate, rounding_of
from .lipschitz_bound import lipschitz_bound
from .reader import NetworkReader
from .traces import Traces

__all__ = ["BOUNDED_BY_SLOPE", "error_certificate", "member_slopes", "members_moved", "with_bridged"]

BOUNDED_BY_SLOPE = {"error_rms": 1.0, "error_peak": 1.0, "offset": 1.0, "quantisation": 2.0}
"""Threats that move no sample by more than their size, and that size for an error of 1 bpm."""
_OF_BRIDGED = ("offset", "quantisation")
_HALVINGS = 40
MOST = 250.0  # bpm, which is more than any heart rate


def member_slopes(reader: NetworkReader, traces: Traces) -> np.ndarray:
    """Most that the score of each network moves per bpm RMS of an error (member, n), at the masks of the traces.

    It is what a network says of itself by a method `slope` (`fhr.models.LipschitzNet`), else the computed bound of its
    layers (`lipschitz_bound`), which is loose. It holds from any signal on.

    Raises:
        FHRError: a network with layers without a known bound, which the message names.
    """
    signal = traces.signal(reader.predictor.pipeline)
    with torch.no_grad():
        return np.stack([_slope(network, signal, reader) for network in reader.networks])


def members_moved(reader: NetworkReader, traces: Traces) -> Callable[[np.ndarray], np.ndarray]:
    """Most that the scores (member, n) move by errors of so many bpm RMS (n,) over the measured samples.

    It is what a network says of itself by a method `moving` (`fhr.models.SortedKernel`), which may depend on the
    signal, else its slope, see `member_slopes`.

    Raises:
        FHRError: a network with layers without a known bound, which the message names.
    """
    signal = traces.signal(reader.predictor.pipeline)
    each = [_moved(network, signal, reader) for network in reader.networks]
    return lambda rms: np.stack([one(rms) for one in each])


def error_certificate(reader: NetworkReader, traces: Traces, threat: str = "error_rms") -> Certificate:
    """The largest errors that provably leave the verdicts as they are.

    The verdict does not fall where a score rises, so that it stays while it is the same with all scores at their lowest
    and at their highest. RMS is of the samples with a mask above 0, on which alone an error lies; an error of a peak,
    an offset, or half a step of quantisation has an RMS of no more.

    Args:
        reader: of networks.
        traces: n windows.
        threat: one of `BOUNDED_BY_SLOPE`.

    Raises:
        FHRError: another threat, or a network without a known bound.
    """
    if threat not in BOUNDED_BY_SLOPE:
        raise FHRError(f"threat {threat!r} is no error of the heart rate; give one of {', '.join(BOUNDED_BY_SLOPE)}")
    scores, moved = reader.scores(traces), members_moved(reader, traces)
    wider = with_bridged(traces) if threat in _OF_BRIDGED else np.ones(len(traces))
    at_risk, rounding = reader.decide(scores).at_risk, rounding_of(scores)

    def holds(rms: np.ndarray) -> np.ndarray:
        reach = moved(rms * wider) + rounding
        return reader.stays(at_risk, scores - reach, scores + reach)

    low, high = np.zeros(len(traces)), np.full(len(traces), MOST)
    stays, never = holds(high), ~holds(low)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        held = holds(middle)
        low, high = np.where(held, middle, low), np.where(held, high, middle)
    sizes = BOUNDED_BY_SLOPE[threat] * np.where(stays, inf, np.where(never, 0.0, low))
    own = all(hasattr(network, "slope") for network in reader.networks)
    assumptions = (
        "of the cleaned signal on, at the rate that the model reads; cleaning itself is not bounded",
        "bridged gaps change with the others" if threat in _OF_BRIDGED else "bridged gaps keep their values",
        FLOAT32,
    )
    how = "what the networks are built to move by at most" if own else "Lipschitz bounds of the networks' layers"
    return Certificate(threat, sizes, how, assumptions)


def with_bridged(traces: Traces) -> np.ndarray:
    """RMS (n,) over the measured samples, whose a slope is, of 1 bpm at all samples with a value, bridged ones too."""
    valued, measured = (~torch.isnan(traces.fhr)).sum(-1), (traces.measured > 0).sum(-1)
    return np.asarray((valued / measured.clamp(min=1)).sqrt().double().cpu().numpy())


def _moved(network: Network, signal: torch.Tensor, reader: NetworkReader) -> Callable[[np.ndarray], np.ndarray]:
    device = reader.predictor.device
    with torch.no_grad():
        if (own := getattr(network, "moving", None)) is not None:
            moving = own(signal.to(device))
            return lambda rms: np.asarray(moving(torch.from_numpy(rms).to(device)).double().cpu().numpy())
        slope = _slope(network, signal, reader)
    return lambda rms: slope * rms


def _slope(network: Network, signal: torch.Tensor, reader: NetworkReader) -> np.ndarray:
    """Score per bpm RMS (n,)."""
    if (own := getattr(network, "slope", None)) is not None:
        found: torch.Tensor = own(signal.to(reader.predictor.device))
        return found.double().cpu().numpy()
    measured = validity(signal).sum((1, 2)).double()
    (_, scale), channel = reader.predictor.pipeline.scaling["fhr"], reader.predictor.pipeline.channels.index("fhr")
    mask = signal[:, -1] if signal.shape[1] > 1 else validity(signal)[:, 0]
    bound = lipschitz_bound(network, mask, [channel])[:, 0].double()
    return (bound * measured.sqrt() / scale).numpy()
