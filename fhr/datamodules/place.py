"""The data of one place of a cross-validation, from a database that is in memory."""

from typing import Any

from fhr.datasets import Database, Place
from fhr.errors import DatasetNotFoundError

from .base import DatabaseDataModule

__all__ = ["PlaceDataModule"]


class PlaceDataModule(DatabaseDataModule):
    """Windows of the records of a place; those of one database are prepared once a process.

    Args:
        place: which records, by use, with label, fold, bootstrap and permutation.
        options: see `DatabaseDataModule`; target, repeat, fold, inner, splits, bootstrap and permute are the place's.

    Raises:
        DatasetNotFoundError: a place without recordings.
    """

    def __init__(self, place: Place, **options: Any) -> None:
        super().__init__(target=place.target, **options)
        self.at(place)

    def read(self) -> Database:
        """The database of the place."""
        if self.place is None or self.place.database is None:
            raise DatasetNotFoundError("a place without recordings; make it of a database")
        return self.place.database
