"""Datasets of marked recordings: crops that are drawn anew in every epoch, and whole recordings in order."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from fhr.compute import stream
from fhr.preprocessing import FalseSignalAugmentation, FalseSignalInput
from fhr.tasks import SampleBatch

__all__ = ["Crops", "Marked", "WholeRecordings"]


class Marked(NamedTuple):
    """The heart rates of one recording and what is marked in them.

    Attributes:
        name: of the recording.
        rates: float32 (2, time), FHR and MHR in bpm, NaN where missing.
        marks: float32 (2, time), 1 false, 0 true, NaN not marked.
        group: `doppler`, `doppler_without_mhr` or `scalp`.
    """

    name: str
    rates: np.ndarray
    marks: np.ndarray
    group: str


class Crops(Dataset[SampleBatch]):
    """A dataset of crops of one length from the marked part of each recording; it gives whole batches.

    The marked part is tiled, and every tile moves by up to half of its length, within the recording. A recording that
    is shorter than a crop stands at a random place in it, missing samples around it. A crop depends only on seed,
    epoch and its own index.

    Args:
        recordings: each with a marked sample.
        n_times: samples of a crop.
        encoding: of rates.
        augmentation: of each crop, or None.
        seed: of places and augmentation.
    """

    def __init__(
        self,
        recordings: Sequence[Marked],
        n_times: int,
        *,
        encoding: FalseSignalInput,
        augmentation: FalseSignalAugmentation | None,
        seed: int,
    ) -> None:
        self.recordings, self.n_times = recordings, n_times
        self.encoding, self.augmentation, self.seed = encoding, augmentation, seed
        self.epoch = 0
        self._tiles: list[tuple[int, float]] = []  # recording, middle of the tile in samples
        for i, recording in enumerate(recordings):
            marked = np.flatnonzero(~np.isnan(recording.marks).all(axis=0))
            first, n = marked[0], marked[-1] + 1 - marked[0]
            n_tiles = ceil(n / n_times)
            self._tiles += [(i, first + (k + 0.5) * n / n_tiles) for k in range(n_tiles)]

    def __len__(self) -> int:
        return len(self._tiles)

    def __getitem__(self, index: int) -> SampleBatch:
        """A batch of one."""
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> SampleBatch:
        """One batch."""
        crops = [self._crop(index) for index in indices]
        rates, marks = (np.stack(both) for both in zip(*crops, strict=True))
        names = tuple(self.recordings[self._tiles[index][0]].name for index in indices)
        return _batch(rates, marks, self.encoding, names, "mixed")

    def _crop(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        i, middle = self._tiles[index]
        recording, n = self.recordings[i], self.n_times
        generator = stream(self.seed, "crops of recordings", self.epoch, index)
        spare = recording.rates.shape[-1] - n
        if spare > 0:
            start = int(np.clip(middle - n / 2 + generator.uniform(-0.5, 0.5) * n, 0, spare))
            rates, marks = (x[:, start : start + n] for x in (recording.rates, recording.marks))
        else:
            rates, marks = np.full((2, 2, n), np.nan, dtype=np.float32)
            start = int(generator.integers(1 - spare))
            for whole, part in ((rates, recording.rates), (marks, recording.marks)):
                whole[:, start : start + part.shape[-1]] = part
        if self.augmentation is not None:
            rates, marks = self.augmentation(rates, marks, self.encoding.fs, generator)
        return rates, marks


class WholeRecordings(Dataset[SampleBatch]):
    """A dataset of whole recordings, one a batch."""

    def __init__(self, recordings: Sequence[Marked], *, encoding: FalseSignalInput) -> None:
        self.recordings, self.encoding = recordings, encoding

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: int) -> SampleBatch:
        """A batch of one."""
        name, rates, marks, group = self.recordings[index]
        return _batch(rates[None], marks[None], self.encoding, (name,), group)


def _batch(
    rates: np.ndarray, marks: np.ndarray, encoding: FalseSignalInput, names: tuple[str, ...], group: str
) -> SampleBatch:
    used = ~np.isnan(marks) & ~np.isnan(rates)
    arrays = (encoding.encode(rates), np.where(used, marks, 0), used)
    signal, target, weight = (torch.from_numpy(x.astype(np.float32)) for x in arrays)
    return SampleBatch(signal, target, weight, names, group)
