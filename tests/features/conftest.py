import numpy as np
import pytest


@pytest.fixture
def with_gaps():
    """Signals with bursts of missing samples, like those of a lost transducer: short gaps, and a few long ones."""

    def remove(signals: np.ndarray, *, fraction: float = 0.25, seed: int = 0) -> np.ndarray:
        signals = np.array(signals, dtype=float)
        rng = np.random.default_rng(seed)
        for row in signals.reshape(-1, signals.shape[-1]):
            while np.isnan(row).mean() < fraction:
                start = rng.integers(len(row))
                row[start : start + round(10 * np.exp(rng.normal()))] = np.nan
        return signals

    return remove
