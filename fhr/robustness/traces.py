"""Windows as a model reads them, in a clinician's units: what threats change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

from fhr.errors import SignalError
from fhr.preprocessing import Pipeline, Window, last_minutes
from fhr.recording import Recording

__all__ = ["Traces"]


@dataclass(frozen=True, eq=False)
class Traces:
    """Windows of one length, cleaned, at the rate at which a model reads them.

    A sample without a value is NaN, where nothing was measured and no short gap was bridged. An error changes what was
    measured alone.

    Attributes:
        fhr: (n, time), bpm.
        uc: (n, time), units of the channel.
        measured: (n, time), share of each sample that was measured, 0 to 1.
        fs: their rate, Hz.
        names: of the recordings.
        bridged: longest gap that has values, s: where signal is lost, gaps up to it are bridged anew.
        earlier: (n, 3, some time), `fhr`, `uc` and `measured` just before the windows: what a shift moves in; None for
            none.
        delay: (n, time), seconds by which a shift or a warp delayed what stands at each sample; None for not at all.
    """

    fhr: Tensor
    uc: Tensor
    measured: Tensor
    fs: float
    names: tuple[str, ...]
    bridged: float = 0.0
    earlier: Tensor | None = None
    delay: Tensor | None = None

    @classmethod
    def of(cls, windows: Sequence[Window], pipeline: Pipeline, *, earlier: float = 60.0) -> Self:
        """The windows of a pipeline as a network reads them, at its rate: `signal` gives back what was prepared.

        Args:
            windows: prepared.
            pipeline: that prepared them.
            earlier: seconds before the windows that are kept for shifts, missing where the recording had not begun.
        """
        minutes, rows, before = pipeline.n_times / pipeline.fs / 60, [], []
        for window in windows:
            fs = window.recording.fs
            fhr, uc = (last_minutes(x, fs, minutes) for x in (window.recording.fhr, window.recording.uc))
            rows.append((pipeline.read(fhr, fs), pipeline.read(uc, fs), pipeline.measured(fhr, fs)))
            fhr, uc = (_last(x, len(fhr) + round(earlier * fs)) for x in (window.recording.fhr, window.recording.uc))
            longer = (pipeline.read(fhr, fs), pipeline.read(uc, fs), pipeline.measured(fhr, fs))
            before.append(np.stack([x[: -pipeline.n_times] for x in longer]))
        planes, moved_in = (torch.from_numpy(np.stack(x).astype(np.float32)) for x in (rows, before))
        names = tuple(window.recording.name for window in windows)
        return cls(planes[:, 0], planes[:, 1], planes[:, 2], pipeline.fs, names, pipeline.interpolate, moved_in)

    @classmethod
    def of_cleaned(cls, windows: Sequence[Window], minutes: float, *, earlier: float = 60.0) -> Self:
        """The last minutes of cleaned recordings at their own rate, for models that compute statistics of them."""
        rates = sorted({window.recording.fs for window in windows})
        if len(rates) != 1:
            raise SignalError(
                f"recordings at {', '.join(f'{x:g}' for x in rates)} Hz; give those of one rate at a time"
            )
        (fs,) = rates
        n, m = round(minutes * 60 * fs), round(earlier * fs)
        for window in windows:
            last_minutes(window.recording.fhr, fs, minutes)  # refused where too short
        pairs = [[_last(x, m + n) for x in (w.recording.fhr, w.recording.uc)] for w in windows]
        fhr, uc = (torch.from_numpy(np.stack(plane).astype(np.float32)) for plane in zip(*pairs, strict=True))
        planes = torch.stack([fhr, uc, (~torch.isnan(fhr)).to(fhr.dtype)], dim=1)
        names = tuple(window.recording.name for window in windows)
        fhr, uc, measured = planes[..., m:].unbind(1)
        return cls(fhr, uc, measured, fs, names, earlier=planes[..., :m])

    @classmethod
    def joined(cls, parts: "Sequence[Traces]") -> "Traces":
        """Windows of several traces of one length and rate, one after the other."""
        first = parts[0]
        fhr, uc, measured = (torch.cat([getattr(one, x) for one in parts]) for x in ("fhr", "uc", "measured"))
        before = [one.earlier for one in parts if one.earlier is not None]
        moved = any(one.delay is not None for one in parts)
        delays = [torch.zeros_like(one.fhr) if one.delay is None else one.delay for one in parts]
        return Traces(
            fhr,
            uc,
            measured,
            first.fs,
            tuple(name for one in parts for name in one.names),
            first.bridged,
            torch.cat(before) if len(before) == len(parts) else None,
            torch.cat(delays) if moved else None,
        )

    def __len__(self) -> int:
        return len(self.fhr)

    def __getitem__(self, rows: slice | Sequence[int] | np.ndarray | Tensor) -> Self:
        """Some of the windows, in the order of `rows`."""
        at = torch.arange(len(self))[rows]
        names = tuple(self.names[i] for i in at.tolist())
        earlier = None if self.earlier is None else self.earlier[at]
        delay = None if self.delay is None else self.delay[at]
        fhr, uc, measured = self.fhr[at], self.uc[at], self.measured[at]
        return replace(self, fhr=fhr, uc=uc, measured=measured, names=names, earlier=earlier, delay=delay)

    @property
    def seconds(self) -> float:
        """Length of the windows."""
        return self.fhr.shape[-1] / self.fs

    def check_measured(self) -> None:
        """Refuse a window that has nothing to change.

        Raises:
            SignalError: nothing was measured in it.
        """
        some = (self.measured > 0).any(-1).tolist()
        if not all(some):
            name = self.names[some.index(False)]
            raise SignalError(
                f"{name}: nothing was measured in the window, so there is nothing to change; leave it out"
            )

    def repeated(self, times: int) -> Self:
        """Each window `times` times, one after the other."""
        return self[torch.arange(len(self)).repeat_interleave(times)]

    def signal(self, pipeline: Pipeline) -> Tensor:
        """The input (n, channel, time) of a network with this pipeline; differentiable in `fhr` and `uc`."""
        planes = {"mask": self.measured}
        for channel in ("fhr", "uc"):
            offset, scale = pipeline.scaling[channel]
            planes[channel] = torch.nan_to_num((getattr(self, channel) - offset) / scale, nan=0.0)
        return torch.stack([planes[channel] for channel in pipeline.channels], dim=1)

    def recording(self, i: int, like: Recording) -> Recording:
        """Window i as a recording: `like`, a cleaned one of the same rate, with these signals at its end."""
        signals = {}
        for channel in ("fhr", "uc"):
            signals[channel] = getattr(like, channel).copy()
            signals[channel][-self.fhr.shape[-1] :] = getattr(self, channel)[i].detach().numpy()
        signals["fhr"][-self.fhr.shape[-1] :][self.measured[i].numpy() == 0] = np.nan
        return replace(like, **signals)


def _last(signal: np.ndarray, n: int) -> np.ndarray:
    """The last n samples, missing before the first."""
    return np.pad(signal[-n:], (max(n - len(signal), 0), 0), constant_values=np.nan)
