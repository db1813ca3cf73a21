"""Certificates by threat: whichever proof there is for the models of a reader."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from fhr.errors import FHRError
from fhr.models import ScatteringNet

from .certificates import Certificate
from .error_certificates import BOUNDED_BY_SLOPE, error_certificate
from .feature_bounds import BOUNDED
from .interval_certificates import interval_certificate
from .kernel_bounds import kernel_certificate
from .one_parameter import enumerated_certificate, offset_certificate, reads_activity, uc_gain_certificate
from .reader import FeatureReader, NetworkReader, Reader
from .threats import Threat, threat_of
from .time_changes import shifted
from .traces import Traces
from .warp_certificate import warp_certificate

__all__ = ["certify"]


def certify(reader: Reader, traces: Traces, threat: str | Threat, *, largest: float | None = None) -> Certificate:
    """The largest sizes of a threat that provably leave the verdicts as they are.

    Args:
        reader: of any model.
        traces: n windows.
        threat: of `THREATS`.
        largest: size at which a search ends; None for the largest usual one.

    Returns:
        Sizes (n,), 0 where nothing is certified, with how they were found and what is assumed.

    Raises:
        FHRError: no proof is known for these models against this threat, which the message says more of; an unknown
            threat or a size that is none.
        SignalError: a window in which nothing was measured.
    """
    kind = threat_of(threat)
    largest = kind.sizes[-1] if largest is None else largest
    kind.check(largest)
    traces.check_measured()
    name = kind.name
    if name == "uc_gain" and (isinstance(reader, NetworkReader) or not reads_activity(reader)):
        return uc_gain_certificate(reader, traces, largest=largest)
    if name == "shift":
        looked_at = enumerated_certificate(reader, traces, name, _shifts(traces, largest))
        return replace(looked_at, assumptions=("shifts are by whole seconds",))
    if isinstance(reader, FeatureReader):
        if name not in BOUNDED:
            raise FHRError(
                f"no bound is known of what {kind.words} does to the statistics of these models; attacks tell how "
                "little may be needed"
            )
        return kernel_certificate(reader, traces, name, largest=largest)
    assert isinstance(reader, NetworkReader)
    if name == "offset":
        return offset_certificate(reader, traces, largest=largest)
    if name in BOUNDED_BY_SLOPE:
        return error_certificate(reader, traces, name)
    if name == "warp" and all(isinstance(network, ScatteringNet) for network in reader.networks):
        # With the edges of gaps: a warp of what the network makes of the window would be another threat.
        return warp_certificate(reader, traces, largest=largest, slope=kind.slope, edges=True)
    return interval_certificate(reader, traces, kind, largest=largest)


def _shifts(traces: Traces, largest: float) -> Iterator[tuple[float, Traces]]:
    """Every shift by whole seconds."""
    if largest < 1:
        raise FHRError(f"shifts of up to {largest} s; they go by whole seconds, give 1 or more")
    for seconds in range(1, 1 + int(largest)):
        yield float(seconds), shifted(traces, torch.full((len(traces),), float(seconds), dtype=torch.float64))
