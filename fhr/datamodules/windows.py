"""WindowDataset: prepared windows in memory, in whole batches."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from fhr.compute import stream
from fhr.preprocessing import Augmentation, Pipeline
from fhr.tasks import Batch

__all__ = ["WindowDataset"]


class WindowDataset(Dataset[Batch]):
    """A dataset of prepared windows with their labels; it gives whole batches.

    Args:
        signal: (n, channel, time).
        label: (n,), 0 or 1.
        ph: (n,), NaN where unknown.
        weight: (n,), of each record in the loss.
        features: (n, n_features), unscaled, NaN where missing; the augmentation leaves them.
        pipeline: what prepared `signal`.
        bdecf: (n,), mmol/l, NaN where unknown; None for unknown of all.
        offset: (n,), a score that the network's is added to; None for 0.
        augmentation: applied to each batch, or None.
        seed: of the augmentation.
    """

    def __init__(
        self,
        signal: np.ndarray,
        label: np.ndarray,
        ph: np.ndarray,
        weight: np.ndarray,
        features: np.ndarray,
        *,
        pipeline: Pipeline,
        bdecf: np.ndarray | None = None,
        offset: np.ndarray | None = None,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        self.signal = signal
        given = {"label": label, "ph": ph, "weight": weight}
        given["bdecf"] = np.full(len(label), np.nan) if bdecf is None else bdecf
        given["offset"] = np.zeros(len(label)) if offset is None else offset
        self.columns = {name: torch.tensor(column, dtype=torch.float32) for name, column in given.items()}
        self.features = torch.tensor(features)  # in double precision as computed: a spread may be small beside a centre
        self.pipeline, self.augmentation, self.seed = pipeline, augmentation, seed
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.signal)

    def __getitem__(self, index: int) -> Batch:
        """A batch of one."""
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        """One batch; the augmentation depends on seed, epoch and the batch's first record alone."""
        rows = np.asarray(indices)
        signal = self.signal[rows]
        if self.augmentation is not None:
            generator = stream(self.seed, "augmentation of windows", self.epoch, int(rows[0]))
            signal = self.augmentation(
                signal, self.pipeline.channels, self.pipeline.fs, generator, scaling=self.pipeline.scaling
            )
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Batch(torch.from_numpy(signal), features=self.features[rows], **columns)
