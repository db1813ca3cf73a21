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


@pytest.fixture(scope="session")
def labour():
    """Windows of FHR and UC, both (n, samples): a random walk with decelerations, after contractions 3 min apart."""

    def make(n: int = 2, *, minutes: float = 60.0, fs: float = 4.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        t = np.arange(round(minutes * 60 * fs)) / fs
        walk = rng.normal(size=(n, len(t))).cumsum(axis=-1) / np.sqrt(fs)
        slow = np.stack([np.convolve(np.pad(row, round(60 * fs), "edge"), window_of(fs), "valid") for row in walk])
        since = (t + rng.uniform(0, 180, size=(n, 1))) % 180
        falls = -rng.uniform(20, 40, size=(n, 1)) * np.exp(-(((since - 115) / 14) ** 2))
        fhr = (
            140 + 2 * (walk - slow[:, : len(t)]) + rng.normal(size=walk.shape) / 2 + falls
        )  # near its level, as heart rate is
        uc = 12 + 40 * np.exp(-(((since - 80) / 22) ** 2)) + rng.normal(size=walk.shape) / 2
        return np.round(4 * np.clip(fhr, 55, 205)) / 4, uc

    def window_of(fs: float) -> np.ndarray:
        n = 2 * round(60 * fs) + 1
        return np.full(n, 1 / n)

    return make
