"""Simulated labours, made in memory."""

from typing import Any

from fhr.datasets import Database
from fhr.simulation import simulate

from .base import DatabaseDataModule

__all__ = ["SimulatedDataModule"]


class SimulatedDataModule(DatabaseDataModule):
    """Windows of simulated recordings.

    Args:
        n: number of recordings.
        simulation_seed: which simulated hospital.
        options: see `DatabaseDataModule`.
    """

    def __init__(self, n: int = 500, simulation_seed: int = 1, **options: Any) -> None:
        super().__init__(**options)
        self.n, self.simulation_seed = n, simulation_seed

    def read(self) -> Database:
        """Simulate."""
        recordings = simulate(self.n, seed=self.simulation_seed)
        return Database(recordings, origin=f"simulation of {self.n} labours with seed {self.simulation_seed}")
