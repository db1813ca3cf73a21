"""Frozen pipeline from a `Recording` to a network's input, the same in training and in prediction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FHRError, SignalError
from fhr.recording import Recording, Step, floating, plain_names, plain_number, plain_numbers, plain_table

from .gaps import interpolate_gaps
from .resampling import block_factor, block_mean, last_minutes
from .steps import DEFAULT_STEPS, check_steps, clean, plain_steps
from .window_cut import BEFORE, cut_window

__all__ = ["Pipeline", "Window"]

# Fixed constants (offset, scale): never statistics of the recording, which streaming and certificates forbid.
SCALING = {"fhr": (140.0, 20.0), "uc": (30.0, 30.0)}
CHANNELS = ("fhr", "uc", "mask")
_LEAST, _MOST = 1e-6, 1e6  # Hz and min of a stored pipeline: no time or number of samples overflows


class Window(NamedTuple):
    """A recording ready for a network.

    Attributes:
        signal: float32 (channel, time), scaled; missing samples are 0 where the mask is 0.
        loss: fraction of the window's FHR samples that were missing or removed, before any interpolation.
        recording: the cleaned recording at its own rate, with every step in its history.
    """

    signal: np.ndarray
    loss: float
    recording: Recording


@dataclass(frozen=True)
class Pipeline:
    """Preprocessing of one recording: its window, cleaning, short gaps, block means, fixed scaling.

    The usual window is the last minutes, cut after cleaning. One that ends before the recording does is cut out before
    anything else, see `cut`, so that nothing of what came later can reach the network.

    The mask channel is the fraction of each output sample's block that was measured: interpolated samples have
    a value and mask 0, missing ones value 0 and mask 0.

    Args:
        fs: output rate, Hz; the recording's rate must be a multiple of it.
        minutes: window, counted back from the end.
        channels: which of `fhr`, `uc`, `mask`, in this order.
        steps: cleaning of FHR, by name and parameters.
        interpolate: longest gap of FHR or UC that is bridged, s; 0 for none.
        scaling: offset and scale of `fhr` and `uc`.
        before: what the window ends before: `end`, or `stage2` for the start of the second stage; a recording without
            one is cut before its end.
        withheld: minutes between the window and what it ends before, so that a risk is told so much earlier.

    Raises:
        FHRError: an unknown channel, step or parameter, channels in another order, a negative longest gap, or a rate
            or window that is not positive or holds no sample.
    """

    fs: float = 1.0
    minutes: float = 60.0
    channels: tuple[str, ...] = CHANNELS
    steps: tuple[Step, ...] = DEFAULT_STEPS
    interpolate: float = 15.0
    scaling: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict(SCALING))
    before: str = "end"
    withheld: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.fs < inf and 0 < self.minutes < inf and self.n_times):
            raise FHRError(
                f"pipeline with fs={self.fs} Hz and minutes={self.minutes}; both must be positive, and the window "
                "must hold a sample"
            )
        if not self.interpolate >= 0:
            raise FHRError(f"pipeline with interpolate={self.interpolate} s; give 0 or more")
        if not self.channels or tuple(self.channels) != tuple(c for c in CHANNELS if c in self.channels):
            raise FHRError(f"pipeline channels {self.channels}; choose from {', '.join(CHANNELS)}, in this order")
        check_steps(self.steps)
        if self.before not in BEFORE:
            raise FHRError(f"a window before {self.before!r}; choose from {', '.join(BEFORE)}")
        if not 0 <= self.withheld < inf:
            raise FHRError(f"pipeline with withheld={self.withheld} min; give 0 or more")

    @property
    def is_cut(self) -> bool:
        """True where the window is another than the last minutes, and is cut out before all else."""
        return self.before != "end" or self.withheld > 0

    @property
    def window(self) -> str:
        """The window in words: `the last 60 min`, `the 50 min until 10 min before the end`."""
        if not self.is_cut:
            return f"the last {self.minutes:g} min"
        end = "the second stage (the end, where there was none)" if self.before == "stage2" else "the end"
        lead = f"until {self.withheld:g} min before" if self.withheld else "before"
        return f"the {self.minutes:g} min {lead} {end}"

    @property
    def n_channels(self) -> int:
        """Number of channels of the output."""
        return len(self.channels)

    @property
    def n_times(self) -> int:
        """Number of samples of the output."""
        return round(self.minutes * 60 * self.fs)

    def cut(self, recording: Recording) -> Recording:
        """Cut out all that a prediction may see of a recording: its window where that ends earlier, else the whole.

        Features, typicality and whatever else stands beside the network are computed from this. It can be done twice.

        Raises:
            SignalError: a recording that is too short, or out of which another window was cut.
        """
        if not self.is_cut:
            return recording
        return cut_window(recording, minutes=self.n_times / self.fs / 60, before=self.before, withheld=self.withheld)

    def __call__(self, recording: Recording) -> Window:
        """Prepare one recording.

        Raises:
            SignalError: a rate that does not divide, a recording shorter than the window, or no valid FHR in it.
        """
        recording = self.cut(recording)
        try:
            block_factor(recording.fs, self.fs)  # refused before the work
            cleaned = clean(recording, self.steps)
            minutes = self.n_times / self.fs / 60  # whole output samples
            fhr, uc = (last_minutes(x, recording.fs, minutes) for x in (cleaned.fhr, cleaned.uc))
        except SignalError as error:
            raise SignalError(f"{recording.name}: {error}") from None
        measured = ~np.isnan(fhr)
        if not measured.any():
            raise SignalError(f"{recording.name}: no valid FHR sample in {self.window}; leave the recording out")
        signal = self.input(fhr, uc, recording.fs)
        cleaned = cleaned.after(Step("interpolate_gaps", {"longest": self.interpolate}))
        cleaned = cleaned.after(Step("window", {"minutes": self.minutes, "fs": self.fs}))
        return Window(signal, float(1 - measured.mean()), cleaned)

    def input(self, fhr: np.ndarray, uc: np.ndarray, fs: float) -> np.ndarray:
        """A network's input, float32 (channel, time), of both signals of a window, cleaned.

        Args:
            fhr: (n,), bpm; NaN is missing.
            uc: (n,), units of the UC channel.
            fs: their rate, a multiple of the pipeline's, Hz.

        Raises:
            SignalError: another rate.
        """
        planes = {"fhr": self.plane("fhr", fhr, fs), "uc": self.plane("uc", uc, fs), "mask": self.measured(fhr, fs)}
        return np.stack([planes[c] for c in self.channels])

    def plane(self, channel: str, signal: np.ndarray, fs: float) -> np.ndarray:
        """The channel `fhr` or `uc` of a network's input, float32 (time,), of a cleaned signal.

        Args:
            channel: whose scaling is taken.
            signal: (n,), bpm or units of the UC channel; NaN is missing.
            fs: its rate, a multiple of the pipeline's, Hz.
        """
        offset, scale = self.scaling[channel]
        return np.nan_to_num((self.read(signal, fs) - offset) / scale, nan=0.0).astype(np.float32)

    def read(self, signal: np.ndarray, fs: float) -> np.ndarray:
        """A cleaned signal (n,) at the pipeline's rate, short gaps bridged, in its own units; NaN has no value."""
        bridged = interpolate_gaps(signal, fs, longest=self.interpolate) if self.interpolate else signal
        return block_mean(bridged, block_factor(fs, self.fs))

    def measured(self, fhr: np.ndarray, fs: float) -> np.ndarray:
        """Share of each sample of the output that was measured, (time,), of a cleaned heart rate (n,): the mask."""
        return block_mean((~np.isnan(floating(fhr))).astype(np.float32), block_factor(fs, self.fs))

    def prepare(self, recordings: Iterable[Recording]) -> tuple[list[Window], dict[str, str]]:
        """Prepare many recordings; those that cannot be are returned by name with the reason."""
        windows, unusable = [], {}
        for recording in recordings:
            try:
                windows.append(self(recording))
            except SignalError as error:
                unusable[recording.name] = str(error)
        return windows, unusable

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint."""
        return {
            "fs": self.fs,
            "minutes": self.minutes,
            "channels": list(self.channels),
            "steps": [{"name": step.name, "parameters": dict(step.parameters)} for step in self.steps],
            "interpolate": self.interpolate,
            "scaling": {channel: list(constants) for channel, constants in self.scaling.items()},
            # Left out of the usual window: a version that does not know them refuses the others.
            **({"before": self.before, "withheld": self.withheld} if self.is_cut else {}),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Pipeline":
        """Rebuild the pipeline from what `to_dict` wrote.

        Raises:
            FHRError: anything else.
        """
        names = ["fs", "minutes", "channels", "steps", "interpolate", "scaling"]
        if isinstance(plain, Mapping) and {"before", "withheld"} & set(plain):
            names += ["before", "withheld"]
        given = plain_table(plain, "pipeline", *names)
        scaling = plain_table(given["scaling"], "pipeline scaling", *SCALING)
        pairs = {
            channel: plain_numbers(pair, f"pipeline scaling of {channel}", n=2) for channel, pair in scaling.items()
        }
        if not all(scale for _, scale in pairs.values()):
            raise FHRError("pipeline scaling with a scale of 0; it must be another number")
        return cls(
            fs=plain_number(given["fs"], "pipeline fs", low=_LEAST, high=_MOST),
            minutes=plain_number(given["minutes"], "pipeline minutes", low=_LEAST, high=_MOST),
            channels=plain_names(given["channels"], "pipeline channels"),
            steps=plain_steps(given["steps"]),
            interpolate=plain_number(given["interpolate"], "pipeline interpolate", low=0, infinite=True),
            scaling={channel: (offset, scale) for channel, (offset, scale) in pairs.items()},
            before=given.get("before", "end"),
            withheld=plain_number(given.get("withheld", 0.0), "pipeline withheld", low=0, high=_MOST),
        )
