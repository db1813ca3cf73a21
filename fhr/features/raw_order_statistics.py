"""The order statistics of a recording as it was read, as a recipe that a checkpoint can name."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from fhr.errors import FHRError
from fhr.recording import Recording, plain_names, plain_table

from .robust_statistics import ORDER_STATISTICS, order_statistics

__all__ = ["RawOrderStatistics"]

_KEY = "raw_order_statistics"
_VERSION = 1  # raise it when a statistic of the same name comes to mean another number


@dataclass(frozen=True)
class RawOrderStatistics:
    """A recipe of `order_statistics` of FHR as it was read, not cleaned, which the lines on order statistics take.

    Args:
        names: of `ORDER_STATISTICS`, in the order that they are wanted in.

    Raises:
        FHRError: no name, or another one.
    """

    names: tuple[str, ...] = ORDER_STATISTICS
    minutes: ClassVar[float] = 60.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        if unknown := [name for name in self.names if name not in ORDER_STATISTICS] or not self.names:
            raise FHRError(f"order statistics {unknown}; choose from {', '.join(ORDER_STATISTICS)}")

    def __call__(self, recording: Recording) -> np.ndarray:
        """The statistics of one recording, float64 (len(names),); NaN where a window holds too little signal."""
        found = order_statistics(recording.fhr, fs=recording.fs)
        return found[[ORDER_STATISTICS.index(name) for name in self.names]]

    @property
    def checksum(self) -> str:
        """SHA-256 over `to_dict` and the version of what it means."""
        return hashlib.sha256(json.dumps([self.to_dict(), _VERSION], sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint."""
        return {_KEY: list(self.names)}

    @staticmethod
    def is_meant(plain: Mapping[str, Any]) -> bool:
        """Tell what `to_dict` wrote from what another recipe did."""
        return _KEY in plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Rebuild the recipe from what `to_dict` wrote.

        Raises:
            FHRError: anything else.
        """
        return cls(plain_names(plain_table(plain, "order statistics", _KEY)[_KEY], "order statistics"))
