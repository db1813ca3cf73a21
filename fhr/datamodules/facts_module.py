"""Bases of the data modules: facts once one is set up, and the shapes of its windows before that."""

import pytorch_lightning as pl

from fhr.errors import SplitError
from fhr.preprocessing import Pipeline
from fhr.tasks import DataFacts

__all__ = ["FactsDataModule", "WindowsDataModule"]


class FactsDataModule(pl.LightningDataModule):
    """A data module with facts, which a derived class keeps in `_facts` at the end of its `setup`."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: DataFacts | None = None

    @property
    def facts(self) -> DataFacts:
        """Facts of the data, after `setup`."""
        if self._facts is None:
            raise SplitError("the data module is not set up yet; call setup() first")
        return self._facts


class WindowsDataModule(FactsDataModule):
    """A data module of the windows of a `Pipeline`, which a derived class makes.

    Attributes:
        pipeline: from recording to window.
    """

    pipeline: Pipeline

    @property
    def n_channels(self) -> int:
        """Channels of a window; known before any data is read."""
        return self.pipeline.n_channels

    @property
    def n_times(self) -> int:
        """Samples of a window; known before any data is read."""
        return self.pipeline.n_times

    @property
    def fs(self) -> float:
        """Sampling rate of a window, Hz; known before any data is read."""
        return self.pipeline.fs
