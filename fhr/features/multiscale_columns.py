"""The columns of a window's wavelet p-leader analysis, `fhr.multiscale.analyze`, in the order of the table."""

from typing import Any

import numpy as np

from .column import Column

__all__ = ["MULTISCALE", "MULTISCALE_COLUMNS", "multiscale_features"]

MULTISCALE: dict[str, Any] = {"wavelet": "db3", "j1": 3, "j2": 8, "p": 2.0, "gamma": 0.0, "max_gap_fraction": 0.5}
"""What can be set of `fhr.multiscale.analyze`, and its values here. The number of cumulants is that of the columns."""

# The number of leaders is left out: in windows of one length it is signal loss again.
MULTISCALE_COLUMNS = (
    Column("c1", "1", "first log-cumulant: the most frequent Hölder exponent"),
    Column("c2", "1", "second log-cumulant: the width of the multifractal spectrum; 0 or less but for its error"),
    Column("c3", "1", "third log-cumulant: the asymmetry of the multifractal spectrum"),
    Column("hurst", "1", "half the slope of the wavelet spectrum"),
    Column("h_min", "1", "smallest Hölder exponent, from the largest wavelet coefficients"),
    Column("eta_p", "1", "wavelet scaling exponent at p; p-leaders are defined where it is above 0"),
    Column("r_squared_1", "1", "R squared of the line that gives c1"),
    Column("r_squared_2", "1", "R squared of the line that gives c2; near 0 for a flat one, however well fitted"),
)


def multiscale_features(fhr: np.ndarray, *, fs: float, device: str = "cpu", **parameters: Any) -> np.ndarray:
    """Compute `MULTISCALE_COLUMNS` of each window: (window, time), NaN is missing -> float64 (window, column).

    Args:
        fhr: bpm.
        fs: sampling rate, Hz.
        device: of torch, where they are computed, in float64.
        **parameters: of `MULTISCALE`, passed on to `fhr.multiscale.analyze`.
    """
    import torch

    from fhr.multiscale import analyze

    features = np.full((len(fhr), len(MULTISCALE_COLUMNS)), np.nan)
    some = ~np.isnan(fhr).all(axis=-1)  # `analyze` refuses a batch without a sample
    if some.any():
        x = torch.from_numpy(fhr[some]).to(device) if device != "cpu" else fhr[some]
        found = analyze(x, fs=fs, n_cumulants=3, **parameters)
        single = (found.hurst[:, None], found.h_min[:, None], found.eta_p[:, None])
        parts = (found.log_cumulants, *single, found.r_squared[:, :2])  # a frame would take as long as the estimates
        features[some] = torch.cat([torch.as_tensor(part) for part in parts], dim=-1).cpu()
    return features
