"""Certificates of warps of time: how many seconds of delay, gained no faster than a slope, leave the verdict."""

from math import inf

import numpy as np

from fhr.errors import FHRError
from fhr.models import ScatteringNet

from .certificates import Certificate
from .deformation import ROUNDING, WarpedWindow
from .interval_certificates import largest_held
from .reader import NetworkReader
from .time_changes import SLOPE
from .traces import Traces

__all__ = ["warp_certificate"]


def warp_certificate(
    reader: NetworkReader, traces: Traces, *, slope: float = SLOPE, largest: float = 60.0, edges: bool = False
) -> Certificate:
    """The largest delays of a smooth warp that provably leave the verdicts as they are.

    The verdict does not fall where a score rises, so that it stays while it is the same with the scores of all networks
    at their lowest and at their highest (`warp_bounds`).

    Args:
        reader: of scattering networks.
        traces: n windows.
        slope: of the warps, seconds of delay gained in a second.
        largest: delay at which the search ends, s. A warp of this slope that leaves both ends of the window reaches
            half their distance times the slope.
        edges: as of `warp_bounds`: False warps what the networks see of the heart rate with its taper, True the window
            itself, which with many gaps certifies nothing.

    Raises:
        FHRError: another network, a slope out of its range, or a largest delay that is not positive.
    """
    if not 0 < largest < inf:
        raise FHRError(f"largest={largest}; give a number of seconds above 0")
    networks = [network for network in reader.networks if isinstance(network, ScatteringNet)]
    if len(networks) < len(reader.networks):
        raise FHRError("warps are bounded of scattering networks alone; give a run of fhr.models.ScatteringNet")
    scores = reader.scores(traces)
    at_risk = reader.decide(scores).at_risk
    signal = traces.signal(reader.predictor.pipeline)
    sizes = np.zeros(len(traces))
    # Networks of one specification differ by their weights alone, and share all else.
    groups: dict[str, list[int]] = {}
    for k, network in enumerate(networks):
        groups.setdefault(str(network.specification), []).append(k)
    weights = [network.weights().detach().double().cpu().numpy()[0] for network in networks]
    for i in range(len(traces)):
        windows = [
            (members, WarpedWindow(networks[members[0]], signal[i], slope, edges=edges)) for members in groups.values()
        ]

        def holds(seconds: float, windows: list[tuple[list[int], WarpedWindow]] = windows, i: int = i) -> bool:
            low, high = scores[:, [i]].copy(), scores[:, [i]].copy()
            for members, window in windows:
                down, up = window.moves(np.stack([weights[k] for k in members]), seconds)
                low[members, 0] -= down
                high[members, 0] += up
            rounding = ROUNDING * np.maximum(np.abs(scores[:, [i]]), 1)
            return bool(reader.stays(at_risk[i], low - rounding, high + rounding)[0])

        sizes[i] = largest_held(holds, 1 / traces.fs, largest)
    assumptions = (
        "of the cleaned signal on, at the rate that the model reads; cleaning itself is not bounded",
        f"the delay changes by at most {slope:g} s in a second, and both ends of the window stay",
        "heart rate and mask are warped together, by linear interpolation"
        if edges
        else "what the networks see of the heart rate is warped with the taper that leaves out gaps, by linear "
        "interpolation; edges of gaps do not jump to whole samples",
    )
    return Certificate("warp", sizes, "exchange of the warp with each wavelet, bounded for this signal", assumptions)
