"""Augmentation of training windows: random changes that leave the label as it is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fhr.errors import FHRError
from fhr.recording import floating

from .pipeline import SCALING

__all__ = ["Augmentation"]


@dataclass(frozen=True)
class Augmentation:
    """Random level, gain, shift and signal loss, drawn anew for each window.

    - the FHR level moves by a normal deviate of `level` bpm,
    - UC, in arbitrary units, is multiplied by exp of a normal deviate of `gain`,
    - the window is rolled in time by up to `shift` min either way,
    - up to `drop_blocks` stretches of up to `drop_minutes` each are made missing, so that loss says less.

    All 0 changes nothing.
    """

    level: float = 4.0
    gain: float = 0.2
    shift: float = 5.0
    drop_blocks: int = 4
    drop_minutes: float = 4.0

    def __post_init__(self) -> None:
        if min(self.level, self.gain, self.shift, self.drop_blocks, self.drop_minutes) < 0:
            raise FHRError(f"{self}: every amount must be 0 or more")

    def __call__(
        self,
        signal: np.ndarray,
        channels: tuple[str, ...],
        fs: float,
        generator: np.random.Generator,
        *,
        scaling: Mapping[str, tuple[float, float]] = SCALING,
    ) -> np.ndarray:
        """Changed copies of `signal` (n, channel, time), each drawn on its own.

        The draws for window i do not depend on the values of the signal.
        """
        signal = floating(signal).copy()
        n, _, n_times = signal.shape
        level = generator.normal(0.0, 1.0, (n,)) * self.level / scaling["fhr"][1]
        gain = np.exp(generator.normal(0.0, 1.0, (n,)) * self.gain)
        shift = np.rint(generator.uniform(-1, 1, (n,)) * self.shift * 60 * fs).astype(int)
        starts = generator.integers(0, n_times, (n, self.drop_blocks))
        lengths = (generator.uniform(0, 1, (n, self.drop_blocks)) * self.drop_minutes * 60 * fs).astype(int)
        blocks = generator.integers(0, self.drop_blocks + 1, (n,))
        column = {channel: i for i, channel in enumerate(channels)}
        uc_offset, uc_scale = scaling["uc"]
        for i in range(n):
            if "fhr" in column:
                # A missing sample is exactly 0 and stays so: a level is moved where there is a value.
                fhr = signal[i, column["fhr"]]
                present = fhr != 0
                if "mask" in column:  # a measured sample may be 0 too
                    present |= signal[i, column["mask"]] > 0
                fhr[present] += level[i]
            if "uc" in column:
                uc = signal[i, column["uc"]]
                uc[uc != 0] += (gain[i] - 1) * (uc[uc != 0] + uc_offset / uc_scale)
            for start, length in zip(starts[i, : blocks[i]], lengths[i, : blocks[i]], strict=True):
                for channel in ("fhr", "mask"):
                    if channel in column:
                        signal[i, column[channel], int(start) : int(start + length)] = 0.0
            if shift[i]:
                signal[i] = np.roll(signal[i], shift[i], axis=-1)
        return signal
