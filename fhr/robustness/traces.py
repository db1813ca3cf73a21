"""Windows as a model reads them, in a clinician's units: what threats change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor

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
    """

    fhr: Tensor
    uc: Tensor
    measured: Tensor
    fs: float
    names: tuple[str, ...]

    @classmethod
    def of(cls, windows: Sequence[Window], pipeline: Pipeline) -> Self:
        """The windows of a pipeline as a network reads them, at its rate: `signal` gives back what was prepared."""
        minutes, rows = pipeline.n_times / pipeline.fs / 60, []
        for window in windows:
            one = window.recording
            fhr, uc = (last_minutes(x, one.fs, minutes) for x in (one.fhr, one.uc))
            rows.append((pipeline.read(fhr, one.fs), pipeline.read(uc, one.fs), pipeline.measured(fhr, one.fs)))
        planes = [torch.from_numpy(np.stack(plane).astype(np.float32)) for plane in zip(*rows, strict=True)]
        return cls(*planes, pipeline.fs, tuple(window.recording.name for window in windows))

    @classmethod
    def of_cleaned(cls, windows: Sequence[Window], minutes: float) -> Self:
        """The last minutes of cleaned recordings at their own rate, for models that compute statistics of them."""
        (fs,) = {window.recording.fs for window in windows}
        pairs = [[last_minutes(x, fs, minutes) for x in (w.recording.fhr, w.recording.uc)] for w in windows]
        fhr, uc = (torch.from_numpy(np.stack(plane).astype(np.float32)) for plane in zip(*pairs, strict=True))
        names = tuple(window.recording.name for window in windows)
        return cls(fhr, uc, (~torch.isnan(fhr)).to(fhr.dtype), fs, names)

    def __len__(self) -> int:
        return len(self.fhr)

    def __getitem__(self, rows: slice | Sequence[int] | np.ndarray | Tensor) -> Self:
        """Some of the windows, in the order of `rows`."""
        at = torch.arange(len(self))[rows]
        names = tuple(self.names[i] for i in at.tolist())
        return replace(self, fhr=self.fhr[at], uc=self.uc[at], measured=self.measured[at], names=names)

    @property
    def seconds(self) -> float:
        """Length of the windows."""
        return self.fhr.shape[-1] / self.fs

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
