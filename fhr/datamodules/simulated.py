"""SimulatedDataModule: simulated labours, made in memory."""

from typing import Any

from fhr.datasets import Database
from fhr.simulation import EXPLAINED, simulate

from .base import DatabaseDataModule

__all__ = ["SimulatedDataModule"]


class SimulatedDataModule(DatabaseDataModule):
    """A data module of simulated recordings.

    Args:
        n: number of recordings.
        simulation_seed: which simulated hospital.
        explained: how much of the pH the trace can tell, see `fhr.simulation.simulate`; 0.9 is easy.
        options: see `DatabaseDataModule`.
    """

    def __init__(self, n: int = 500, simulation_seed: int = 1, explained: float = EXPLAINED, **options: Any) -> None:
        super().__init__(**options)
        self.n, self.simulation_seed, self.explained = n, simulation_seed, explained

    def read(self) -> Database:
        """Simulate."""
        recordings = simulate(self.n, seed=self.simulation_seed, explained=self.explained)
        origin = f"simulation of {self.n} labours with seed {self.simulation_seed}, explained {self.explained:g}"
        return Database(recordings, origin=origin)
