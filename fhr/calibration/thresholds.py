"""From which probability on a sample of a heart rate is taken for false."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from fhr.errors import FHRError

__all__ = ["Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """Probabilities from which on a sample of FHR, or of MHR, is taken for false.

    Raises:
        FHRError: a value that is no probability.
    """

    fhr: float = 0.5
    mhr: float = 0.5

    def __post_init__(self) -> None:
        if not (0 <= self.fhr <= 1 and 0 <= self.mhr <= 1):
            raise FHRError(f"{self}: thresholds are probabilities, 0 to 1")

    def to_dict(self) -> dict[str, float]:
        """Plain types, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, float]) -> "Thresholds":
        """The thresholds that `to_dict` wrote."""
        return cls(**plain)
