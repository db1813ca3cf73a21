"""LightningDataModules, thin: what to read, which fold, which batches."""

from .base import DatabaseDataModule
from .ctu_uhb import CTUUHBDataModule
from .false_signals import FalseSignalDataModule
from .members import MembersDataModule
from .place import PlaceDataModule
from .simulated import SimulatedDataModule

__all__ = [
    "CTUUHBDataModule",
    "DatabaseDataModule",
    "FalseSignalDataModule",
    "MembersDataModule",
    "PlaceDataModule",
    "SimulatedDataModule",
]
