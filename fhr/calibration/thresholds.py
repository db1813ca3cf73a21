"""Thresholds of the probability that a sample of a heart rate is false."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from fhr.errors import CheckpointError, FHRError
from fhr.recording import plain_number, plain_table

__all__ = ["Thresholds"]


@dataclass(frozen=True)
class Thresholds:
    """Least probabilities at which a sample of FHR, or of MHR, is taken for false.

    Raises:
        FHRError: a value that is no probability.
    """

    fhr: float = 0.5
    mhr: float = 0.5

    def __post_init__(self) -> None:
        if not (0 <= self.fhr <= 1 and 0 <= self.mhr <= 1):
            raise FHRError(f"{self}: thresholds are probabilities, 0 to 1")

    def to_dict(self) -> dict[str, float]:
        """Convert to plain types, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, float]) -> "Thresholds":
        """Rebuild the thresholds from what `to_dict` wrote; 0.5 where one is not there.

        Raises:
            CheckpointError: anything else.
        """
        try:
            given = {
                name: plain_number(value, name, low=0, high=1)
                for name, value in plain_table(plain, "thresholds").items()
            }
            return cls(**given)
        except (FHRError, TypeError) as error:
            raise CheckpointError(f"thresholds that no fit makes: {error}; train anew") from None
