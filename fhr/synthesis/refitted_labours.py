"""`SimulatedLabours`: the simulator as a generator, refitted to the training records."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pandas as pd

from fhr.compute import stream
from fhr.errors import FHRError
from fhr.simulation import simulate_recording

from .bank import Bank
from .birth_table import birth_table
from .generator import LOCAL, Drawn, FittedGenerator, Generator
from .refitted import Refitted
from .training_windows import TrainingWindows, last_window

__all__ = ["SimulatedLabours"]

_SHORTEST = 65  # min
_MOST = 100_000  # labours


@dataclass(frozen=True, kw_only=True)
class SimulatedLabours(Generator):
    """Labours of the simulator, weighted until they go with pH and label as those of the training records do.

    See `Bank`: how labours look in general stays as the simulator was tuned, and what of it goes with the outcome is
    learnt from the training records.

    Args:
        labours: of the bank.
        seed: of the simulator.
        folder: keeps the features of the bank, which take 0.05 s a labour to make; None keeps nothing.

    Raises:
        FHRError: no labour, or a negative seed.
    """

    labours: int = 2000
    seed: int = 0
    folder: str | None = field(default=None, metadata={LOCAL: True})

    kind: ClassVar[str] = "simulated"
    keeps: ClassVar[str] = (
        "no signal of anybody; means of order statistics and morphology, and their products with label and pH"
    )
    destroys: ClassVar[str] = "whatever the simulator does not know"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.labours <= _MOST or self.seed < 0:
            raise FHRError(f"labours={self.labours} with seed={self.seed}; give 1 to {_MOST}, with a seed of 0 or more")
        if self.minutes > _SHORTEST:
            raise FHRError(
                f"minutes={self.minutes:g}; the simulator's labours are recorded for {_SHORTEST} min or longer"
            )

    def prepare(self, windows: TrainingWindows) -> Refitted:
        """Simulate the bank, or read it from `folder`, and refit it.

        Raises:
            FHRError: a record without label, one class only, or signals that are not at 4 Hz.
        """
        if windows.fs != simulate_recording(0, seed=self.seed).fs:
            raise FHRError(f"training records at {windows.fs:g} Hz; the simulator's labours are at 4 Hz")
        bank = Bank.simulate(self.labours, seed=self.seed, folder=self.folder)
        births = birth_table(windows.recordings())
        labels = pd.Series(windows.labels, births.index)
        outcomes = dict(zip(windows.names, windows.outcomes, strict=True))
        return bank.refit(births, labels, fitted_to=births.index.tolist(), outcomes=outcomes)

    def draw(self, fitted: FittedGenerator, rows: np.ndarray, seed: int, first: int) -> Drawn:
        """Draw a labour by the weights that go with the outcome of each row, and simulate it again."""
        law: Refitted = fitted.prepared
        cumulated = np.cumsum(law.weights[law.which[rows]], axis=1)
        at = np.array([stream(seed, "labours of a generator", first + i).random() for i in range(len(rows))])
        at *= cumulated[:, -1]
        labours = np.minimum((cumulated < at[:, None]).sum(axis=1), len(law.names) - 1)
        made = [last_window(simulate_recording(labour, seed=self.seed), self.minutes) for labour in labours.tolist()]
        return Drawn(np.stack([signals for signals, _ in made]), np.array([stage2_start for _, stage2_start in made]))
