"""TruthWindows: windows with the truth behind them, of which parts are hidden and crops taken anew in every epoch."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from fhr.compute import stream
from fhr.losses import TruthLoss
from fhr.preprocessing import Pipeline
from fhr.simulation import TRUTH_SIGNALS
from fhr.tasks import TruthBatch

__all__ = ["TruthWindows"]


class TruthWindows(Dataset[TruthBatch]):
    """A dataset of prepared windows with their truth; it gives whole batches.

    In each window some stretches of the heart rate are hidden, as if they had been lost; the last row of the truth is
    the heart rate that was recorded there, without known artefacts. Stretches and crops depend on seed, epoch and the
    batch's first window alone.

    Args:
        signal: (n, channel, time), as `pipeline` prepares it.
        truth: (n, 5, time), see `truth_of_labour`; NaN where nobody knows it, as of recordings.
        ph: (n,), NaN where unknown.
        pipeline: what prepared `signal`.
        hidden: stretches a window.
        stretch: shortest and longest, s.
        crop: samples of a crop; None for whole windows.
        seed: of stretches and crops.
    """

    def __init__(
        self,
        signal: np.ndarray,
        truth: np.ndarray,
        ph: np.ndarray,
        *,
        pipeline: Pipeline,
        hidden: int,
        stretch: tuple[float, float],
        crop: int | None = None,
        seed: int = 0,
    ) -> None:
        self.signal, self.truth, self.ph = signal, truth, torch.tensor(ph, dtype=torch.float32)
        self.pipeline, self.hidden, self.stretch = pipeline, hidden, stretch
        self.crop, self.seed = crop, seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.signal)

    def __getitem__(self, index: int) -> TruthBatch:
        """A batch of one."""
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> TruthBatch:
        """One batch."""
        rows = np.asarray(indices)
        generator = stream(self.seed, "hidden stretches", self.epoch, int(rows[0]))
        n = self.signal.shape[-1] if self.crop is None else self.crop
        signal = np.empty((len(rows), self.signal.shape[1], n), dtype=np.float32)
        truth = np.empty((len(rows), len(TruthLoss.targets), n), dtype=np.float32)
        for k, row in enumerate(rows):
            start = generator.integers(self.signal.shape[-1] - n + 1)
            signal[k] = self.signal[row, :, start : start + n]
            truth[k, : len(TRUTH_SIGNALS)] = self.truth[row, :, start : start + n]
        self._hide(signal, truth, generator)
        return TruthBatch(torch.from_numpy(signal), torch.from_numpy(truth), self.ph[rows])

    def _hide(self, signal: np.ndarray, truth: np.ndarray, generator: np.random.Generator) -> None:
        n = signal.shape[-1]
        shape = (len(signal), self.hidden, 1)
        length = np.rint(generator.uniform(*self.stretch, shape) * self.pipeline.fs)
        start = np.floor(generator.random(shape) * (n - length + 1))
        time = np.arange(n)
        gone = ((start <= time) & (time < start + length)).any(axis=1)
        fhr, mask = (signal[:, self.pipeline.channels.index(name)] for name in ("fhr", "mask"))
        artefact = truth[:, TruthLoss.targets.index("artefact")]
        shown = gone & (mask >= 0.5) & ~(artefact > 0)  # also where nobody knows of artefacts
        truth[:, TruthLoss.targets.index("hidden")] = np.where(shown, fhr, np.nan)
        artefact[gone] = np.nan
        fhr[gone] = mask[gone] = 0.0
