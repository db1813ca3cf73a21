"""Threats by name: what may change in a trace, and how large a change is, in a clinician's unit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf

from torch import Tensor

from fhr.errors import FHRError

from .loss_changes import size_of_block, size_of_scattered, size_of_wrong_rate
from .sensor_changes import peak_of_error, rms_of_error, size_of_gain, size_of_offset, size_of_step
from .time_changes import SLOPE, size_of_shift, size_of_warp
from .traces import Traces

__all__ = ["THREATS", "Threat", "threat_of", "warp_threat"]


@dataclass(frozen=True)
class Threat:
    """One kind of change.

    Attributes:
        name: in `THREATS`.
        unit: of its size.
        words: the kind and its size in words.
        sizes: usual ones, from small to large.
        size_of: sizes float64 (n,) of a change, of the traces before and after it; infinite where something else was
            changed, too.
        nothing: the size of no change.
        slope: largest slope of a warp, seconds of delay a second; 0 of the others.
    """

    name: str
    unit: str
    words: str
    sizes: tuple[float, ...]
    size_of: Callable[[Traces, Traces], Tensor]
    nothing: float = 0.0
    slope: float = 0.0

    def check(self, size: float) -> None:
        """Refuse a size that is none.

        Raises:
            FHRError: one that is no larger than that of no change, or infinite.
        """
        if not self.nothing < size < inf:
            least = "above 0" if self.nothing == 0 else f"above {self.nothing:g}, which changes nothing"
            raise FHRError(f"size {size} of {self.name} ({self.words}); give a finite number {least}")


def warp_threat(slope: float) -> Threat:
    """Warps of another largest slope, seconds of delay a second.

    Raises:
        FHRError: a slope that is not between 0 and 1, with which time would turn back.
    """
    if not 0 < slope < 1:
        raise FHRError(f"warps of slope {slope}; give a number between 0 and 1, such as {SLOPE}")
    words = f"smooth warp of time, s of delay at most, {slope:.2g} s gained or lost a second"
    return Threat("warp", "s", words, (0.5, 1.0, 2.0, 5.0, 10.0), partial(size_of_warp, slope=slope), slope=slope)


_ALL = (
    Threat("error_rms", "bpm", "additive error, bpm RMS", (0.5, 1.0, 2.0, 5.0, 10.0), rms_of_error),
    Threat("error_peak", "bpm", "additive error, bpm at most", (1.0, 2.0, 5.0, 10.0, 20.0), peak_of_error),
    Threat("offset", "bpm", "offset of the baseline, bpm", (1.0, 2.0, 5.0, 10.0, 20.0), size_of_offset),
    Threat("uc_gain", "x", "gain of uterine activity, up or down", (1.1, 1.25, 1.5, 2.0, 4.0), size_of_gain, 1),
    Threat("shift", "s", "end of the window, whole s earlier", (1.0, 5.0, 15.0, 30.0, 60.0), size_of_shift),
    warp_threat(SLOPE),
    Threat("block_loss", "s", "one block of signal lost, s", (15.0, 60.0, 180.0, 600.0, 1200.0), size_of_block),
    Threat("scattered_loss", "s", "scattered signal lost, s in all", (15.0, 60.0, 180.0, 600.0), size_of_scattered),
    Threat(
        "wrong_rate", "s", "one stretch doubled, halved or maternal, s", (10.0, 30.0, 60.0, 180.0, 600.0),
        size_of_wrong_rate,
    ),
    Threat("quantisation", "bpm", "rounding of the heart rate, bpm a step", (0.5, 1.0, 2.0, 5.0, 10.0), size_of_step),
)  # fmt: skip

THREATS: Mapping[str, Threat] = {one.name: one for one in _ALL}
"""Kinds of change by name."""


def threat_of(name: "str | Threat") -> Threat:
    """The threat of a name; a threat is its own.

    Raises:
        FHRError: no such threat.
    """
    if isinstance(name, Threat):
        return name
    if name not in THREATS:
        raise FHRError(f"threat {name!r} is not known; choose from {', '.join(THREATS)}")
    return THREATS[name]
