"""Labours for tests of similarity: a rate that wanders, contractions, a gap; quick to make, and unlike each other."""

import numpy as np

from fhr.recording import Outcome, Recording


def labour(name: str, seed: int, minutes: float = 40, fs: float = 4.0, gap: bool = True) -> Recording:
    """A labour whose heart rate wanders around a level of its own."""
    rng = np.random.default_rng(seed)
    n = round(minutes * 60 * fs)
    walk = np.cumsum(rng.normal(size=n)) / np.sqrt(fs * 60)
    fhr = 140 + rng.normal(scale=8) + 5 * walk - np.linspace(0, 5 * walk[-1], n) + rng.normal(size=n)
    time = np.arange(n) / fs
    uc = 20 + 30 * np.maximum(0, np.sin(2 * np.pi * time / rng.uniform(150, 240))) ** 3
    if gap:
        start = rng.integers(n - 400)
        fhr[start : start + 200] = np.nan
    outcome = Outcome(ph=round(float(rng.normal(7.2, 0.1)), 2), apgar1=float(rng.integers(4, 10)))
    return Recording(name=name, fhr=fhr.astype(np.float32), uc=uc.astype(np.float32), fs=fs, outcome=outcome)


def labours(n: int, **given) -> list[Recording]:
    """So many of them, L000 and on."""
    return [labour(f"L{i:03d}", i, **given) for i in range(n)]
