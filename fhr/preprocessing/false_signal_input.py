"""Input of a false-signal network: both heart rates at 4 Hz, sample by sample."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fhr.errors import FHRError, SignalError
from fhr.recording import Recording, floating, plain_number, plain_table

__all__ = ["FalseSignalInput", "hold"]


@dataclass(frozen=True)
class FalseSignalInput:
    """Input in two steps: `rates` holds values on a common grid, `encode` makes channels of them.

    Rates are FHR and MHR in bpm, NaN where missing; all that is random in a training happens between the two steps.
    Channels are scaled FHR, where it is measured, scaled MHR, where that is measured; a missing sample is 0 in both of
    its channels. The constants are fixed: nothing is learnt from the whole recording. UC, the stage of labour and
    the sensor are left out.

    Args:
        fs: of rates and channels, Hz; 4 Hz is that of the published recordings.
        offset: bpm, subtracted from both rates.
        scale: bpm of one unit of a scaled rate.

    Raises:
        FHRError: a rate outside 1 to 8 Hz, or a scale that is not positive.
    """

    fs: float = 4.0
    offset: float = 140.0
    scale: float = 40.0

    def __post_init__(self) -> None:
        if not (1 <= self.fs <= 8 and self.scale > 0):
            raise FHRError(f"{self}: fs must be 1 to 8 Hz, and the scale positive")

    @property
    def n_channels(self) -> int:
        """Number of channels of `encode`."""
        return 4

    def rates(self, recording: Recording) -> np.ndarray:
        """Resample FHR and MHR of a recording.

        Returns:
            float32 (2, round(n * `fs` / recording.fs)), bpm, see `hold`; MHR is NaN throughout where there is none.

        Raises:
            SignalError: a recording sampled at less than 1 or more than 8 Hz.
        """
        mhr = recording.mhr if recording.mhr is not None else np.full(len(recording), np.nan, dtype=np.float32)
        try:
            return hold(np.stack([recording.fhr, mhr]), recording.fs, self.fs)
        except SignalError as error:
            raise SignalError(f"{recording.name}: {error}") from None

    def encode(self, rates: np.ndarray) -> np.ndarray:
        """Encode rates as channels of a network.

        Args:
            rates: (..., 2, time), bpm.

        Returns:
            float32 (..., n_channels, time), finite everywhere.
        """
        rates = floating(rates)
        measured = ~np.isnan(rates)
        scaled = np.where(measured, (rates - self.offset) / self.scale, 0)
        pairs = np.stack([scaled, measured], axis=-2, dtype=np.float32)  # (..., rate, value and mask, time)
        return pairs.reshape(*rates.shape[:-2], self.n_channels, rates.shape[-1])

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "FalseSignalInput":
        """Rebuild the input from what `to_dict` wrote.

        Raises:
            FHRError: anything else.
        """
        given = plain_table(plain, "input", "fs", "offset", "scale")
        return cls(**{name: plain_number(value, f"input {name}") for name, value in given.items()})


def hold(signal: np.ndarray, given: float, wanted: float, *, n: int | None = None) -> np.ndarray:
    """Resample by holding each value until the next: sample k is the newest at time k / `wanted`.

    Nothing is invented and no gap is bridged; at a lower rate samples between are passed over.

    Args:
        signal: (..., n_given), not empty.
        given: its sampling rate, 1 to 8 Hz.
        wanted: 1 to 8 Hz.
        n: samples of the result; None for round(n_given * wanted / given). Beyond the end, the last sample is held.

    Returns:
        (..., n), a copy.

    Raises:
        SignalError: a rate outside 1 to 8 Hz.

    Example:
        >>> hold(np.array([140, 141, 142]), 1.0, 2.0)
        array([140., 140., 141., 141., 142., 142.])
    """
    signal = floating(signal)
    for rate in (given, wanted):
        if not 1 <= rate <= 8:
            raise SignalError(f"sampled at {rate:g} Hz; false signals are looked for at 1 to 8 Hz, resample first")
    n_given = signal.shape[-1]
    n = round(n_given * wanted / given) if n is None else n
    index = np.floor(np.arange(n) * (given / wanted) + 1e-6).astype(np.int64)
    return signal[..., np.minimum(index, n_given - 1)]
