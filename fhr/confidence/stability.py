"""Stability of a model's verdicts as a stored fact: the error under which half of them are proven unchanged."""

import json
from dataclasses import asdict, dataclass
from math import floor, isfinite, log10
from typing import Self

from fhr.errors import FHRError

__all__ = ["Stability"]

_LONGEST = 200  # characters


@dataclass(frozen=True)
class Stability:
    """Certified stability of verdicts on held-out births, see `fhr.robustness`.

    Attributes:
        error_rms: the largest error of the heart rate, bpm RMS, under which at least half of the verdicts are proven
            unchanged; 0 where less than half are at any size.
        n: verdicts, of births that the networks which gave them had not seen.

    Raises:
        FHRError: a size below 0 or infinite, or no verdict.
    """

    error_rms: float
    n: int

    def __post_init__(self) -> None:
        sizes = isinstance(self.error_rms, float | int) and isfinite(self.error_rms) and self.error_rms >= 0
        if not sizes or type(self.n) is not int or not self.n > 0:
            raise FHRError(f"a stability of {self.error_rms!r} bpm RMS over {self.n!r} verdicts; give numbers above 0")

    @property
    def words(self) -> str:
        """The fact as a sentence of a card."""
        if not self.error_rms:
            return f"for no size of an error half of its verdicts on {self.n} held-out births are proven unchanged"
        return (
            f"half of its verdicts on {self.n} held-out births are proven unchanged under any error of the cleaned "
            f"heart rate up to {_rounded_down(self.error_rms):g} bpm RMS"
        )

    def to_text(self) -> str:
        """Text for a store, which `from_text` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The stability that `to_text` wrote.

        Raises:
            FHRError: any other text.
        """
        try:
            plain = json.loads(text[:_LONGEST])
            return cls(float(plain["error_rms"]), plain["n"])
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):  # JSON's are of values
            raise FHRError(
                f"{text[:40]!r} is no stability of verdicts; store it anew (`fhr robustness --store`)"
            ) from None


def _rounded_down(size: float) -> float:
    """Two digits, never more than is proven."""
    step = 10.0 ** (floor(log10(size)) - 1)
    return round(floor(size / step) * step, 9)
