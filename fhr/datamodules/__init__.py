"""LightningDataModules: each reads a database, takes a fold and makes batches.

The folder `datamodules` at the root of a clone is a link to this one.
"""

if __name__ == "datamodules":  # imported through the link: no class may exist twice
    from fhr.deprecation import stand_in

    stand_in("datamodules", "fhr.datamodules")

from .bank import BankDataModule, Sampler
from .base import DatabaseDataModule
from .ctu_uhb import CTUUHBDataModule
from .facts_module import FactsDataModule, WindowsDataModule
from .false_signals import FalseSignalDataModule
from .members import MembersDataModule
from .place import PlaceDataModule
from .pretraining import PretrainingDataModule
from .simulated import SimulatedDataModule

__all__ = [
    "BankDataModule",
    "CTUUHBDataModule",
    "DatabaseDataModule",
    "FactsDataModule",
    "FalseSignalDataModule",
    "MembersDataModule",
    "PlaceDataModule",
    "PretrainingDataModule",
    "Sampler",
    "SimulatedDataModule",
    "WindowsDataModule",
]
