"""Result of a multiscale analysis."""

from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any

import numpy as np
import pandas as pd
import torch

from .inputs import MIN_LEADERS
from .tables import estimate_columns, texts

__all__ = ["Flag", "MultiscaleResult", "unusable_flags"]


class Flag(IntFlag):
    """Reasons for estimates of a signal that are NaN or doubtful."""

    EMPTY = 1
    CONSTANT = 2
    FEW_LEADERS = 4
    IRREGULAR = 8
    FEW_BLOCKS = 16
    OVERFLOW = 64
    FLAT = 128


def unusable_flags(n_j: torch.Tensor, empty: torch.Tensor, constant: torch.Tensor) -> torch.Tensor:
    """Flag each signal (batch,) with n_j leaders (batch, scale): EMPTY, else CONSTANT, else FEW_LEADERS, else 0."""
    few = (n_j < MIN_LEADERS).any(-1) & ~empty & ~constant
    return Flag.EMPTY * empty + Flag.CONSTANT * (constant & ~empty) + Flag.FEW_LEADERS * few


_REASON = {
    Flag.EMPTY: "no sample",
    Flag.CONSTANT: "the signal is constant where it was measured, or as smooth as a polynomial",
    Flag.FEW_LEADERS: "fewer than 6 leaders at a scale; use a longer signal or a smaller j2",
    Flag.IRREGULAR: "the leaders are not defined (h_min + gamma <= 0, or eta_p + gamma p <= 0); use a larger gamma",
    Flag.FEW_BLOCKS: "too few blocks for intervals; use a longer signal or a smaller j2",
    Flag.OVERFLOW: "an estimate is beyond the numbers of its dtype; rescale the signal, or use a smaller p or q",
    Flag.FLAT: "most leaders of the finest scale are zero; mark stretches of one value as missing where they are gaps",
}


@dataclass(frozen=True)
class MultiscaleResult:
    """Estimates of a batch of signals; ... is the shape of the batch.

    Attributes:
        log_cumulants: (..., n_cumulants), c1, c2, c3: slopes of C_m(j) over ln 2^j.
        cumulants: (..., n_cumulants, n_scales), C_m(j) of the log-leaders (natural logarithm).
        n_j: (..., n_scales), number of leaders.
        r_squared: (..., n_cumulants), of the fitted lines; near 0 for a flat curve, however well it is fitted.
        hurst: (...), half the slope of the wavelet spectrum log2 <|d|^2>.
        h_min: (...), smallest Hoelder exponent, the slope of log2 max |d|.
        eta_p: (...), slope of log2 <|d|^p>, before integration; NaN for leaders.
        zeta: (..., n_q), scaling exponents; None without q.
        h: (..., n_q), Hoelder exponents of the spectrum; None without q.
        D: (..., n_q), spectrum at h; None without q.
        intervals: by name of an estimate, (..., 2) after the estimate's own shape; empty without bootstrap.
        flags: (...), integers, see `Flag`.
        scales: (n_scales,), j1 to j2.
        q: (n_q,) or None.
        fs: Hz.
        p: of the p-leaders.
        gamma: fractional integration; the cumulants are those of the integrated signal, all else is without it.
        confidence: of the intervals.
    """

    log_cumulants: Any
    cumulants: Any
    n_j: Any
    r_squared: Any
    hurst: Any
    h_min: Any
    eta_p: Any
    zeta: Any
    h: Any
    D: Any
    flags: Any
    scales: np.ndarray
    q: np.ndarray | None
    fs: float
    p: float
    gamma: float
    confidence: float
    intervals: dict[str, Any] = field(default_factory=dict)

    @property
    def warning(self) -> np.ndarray:
        """Warnings as texts (...), empty for a signal without any."""
        return texts(self.flags, Flag, _REASON)

    def to_frame(self) -> pd.DataFrame:
        """Tabulate the estimates, one row a signal, in the order of the flattened batch.

        Columns: c1, c2, ..., hurst, h_min, eta_p, r_squared_1, ..., n_leaders (of all scales), zeta_Q, h_Q, D_Q for
        each q, NAME_low and NAME_high for each interval of these, and warning.
        """
        n_cumulants = self.log_cumulants.shape[-1]
        names = {
            "log_cumulants": [f"c{m}" for m in range(1, n_cumulants + 1)],
            "hurst": ["hurst"],
            "h_min": ["h_min"],
            "eta_p": ["eta_p"],
            "r_squared": [f"r_squared_{m}" for m in range(1, n_cumulants + 1)],
        }
        if self.q is not None:
            names |= {name: [f"{name}_{q:g}" for q in self.q] for name in ("zeta", "h", "D")}
        return pd.DataFrame(estimate_columns(self, names)).assign(warning=self.warning.reshape(-1))
