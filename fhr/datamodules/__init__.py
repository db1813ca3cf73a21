"""LightningDataModules: each reads a database, takes a fold and makes batches."""

from .base import DatabaseDataModule
from .ctu_uhb import CTUUHBDataModule
from .false_signals import FalseSignalDataModule
from .members import MembersDataModule
from .simulated import SimulatedDataModule

__all__ = [
    "CTUUHBDataModule",
    "DatabaseDataModule",
    "FalseSignalDataModule",
    "MembersDataModule",
    "SimulatedDataModule",
]
