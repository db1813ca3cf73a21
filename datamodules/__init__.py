"""LightningDataModules, thin: what to read, which fold, which batches."""

from .base import DatabaseDataModule
from .ctu_uhb import CTUUHBDataModule
from .simulated import SimulatedDataModule

__all__ = ["CTUUHBDataModule", "DatabaseDataModule", "SimulatedDataModule"]
