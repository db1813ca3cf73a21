"""A made-up labour with something of every layer, so that what is drawn can be counted."""

import numpy as np
import pandas as pd
import pytest

from fhr.morphology import Category, Criterion, Morphology
from fhr.recording import Recording

FS = 4.0
MINUTES = 90


@pytest.fixture(scope="session")
def labour() -> Recording:
    """90 min: gaps, one sample alone, values beyond the paper on both sides, MHR, a second stage."""
    n = int(MINUTES * 60 * FS)
    t = np.arange(n) / FS
    fhr = 140 + 8 * np.sin(2 * np.pi * t / 20)
    fhr[n - 4000 : n - 3000] = np.nan
    fhr[n - 3500] = 130  # alone
    fhr[n - 2000 : n - 1990] = 225
    fhr[n - 1000 : n - 900] = 40
    uc = 20 + 40 * np.maximum(0, np.sin(2 * np.pi * t / 240))
    uc[n - 1200 : n - 1160] = 120
    return Recording("labour", fhr, uc, FS, mhr=np.full(n, 85.0), stage2_start=80 * 60.0)


@pytest.fixture(scope="session")
def labour_morphology(labour) -> Morphology:
    """Two events of each kind in the last 30 min, one of each before."""
    end = labour.duration
    return Morphology(
        name=labour.name,
        fs=FS,
        baseline=np.full(len(labour), 140, dtype=np.float32),
        accelerations=events([end - 4000, end - 1500, end - 300]),
        decelerations=events([end - 3800, end - 1400, end - 1350]).assign(
            kind=["early", "variable", "prolonged"], contraction=-1, lag_s=np.nan
        ),
        contractions=events([end - 3700, end - 1300, end - 200]),
        uncertain=pd.DataFrame(
            {
                "channel": ["fhr", "uc"],
                "start_s": [end - 1000, end - 600],
                "end_s": [end - 750, end - 500],
                "reason": ["signal loss", "signal loss"],
            }
        ),
        segments=pd.DataFrame(),
        variation={},
        sinusoidal=pd.DataFrame({"start_s": [end - 900], "end_s": [end - 200]}),
        figo=Category(
            "FIGO 2015",
            "suspicious",
            end - 3600,
            end,
            (Criterion("reduced variability", "suspicious", 4.0, "below 5 bpm", "FIGO"),),
        ),
        nichd=Category("NICHD 2008", "II", end - 3600, end),
    )


def events(start: list[float]) -> pd.DataFrame:
    """Events of 40 s."""
    s = np.array(start)
    return pd.DataFrame(
        {"start_s": s, "end_s": s + 40, "peak_s": s + 20, "amplitude": 20.0, "area": 400.0, "loss": 0.0}
    )
