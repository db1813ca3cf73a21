"""Result of a joint analysis of two signals."""

from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any

import numpy as np
import pandas as pd

from .result import Flag
from .tables import estimate_columns, texts

__all__ = ["BivariateFlag", "BivariateResult"]


class BivariateFlag(IntFlag):
    """Reasons for estimates of a pair that are NaN or doubtful; values shared with `Flag` mean the same."""

    EMPTY = Flag.EMPTY
    CONSTANT = Flag.CONSTANT
    FEW_LEADERS = Flag.FEW_LEADERS
    IRREGULAR = Flag.IRREGULAR
    FEW_BLOCKS = Flag.FEW_BLOCKS
    MONOFRACTAL = 32


_REASON = {
    BivariateFlag.EMPTY: "a signal has no sample",
    BivariateFlag.CONSTANT: "a signal is constant where it was measured, or as smooth as a polynomial",
    BivariateFlag.FEW_LEADERS: "fewer than 6 common leaders at a scale; use longer signals or a smaller j2",
    BivariateFlag.IRREGULAR: (
        "the leaders of a signal are not defined (h_min + gamma <= 0, or eta_p + gamma p <= 0); use a larger gamma"
    ),
    BivariateFlag.FEW_BLOCKS: "too few blocks for intervals; use longer signals or a smaller j2",
    BivariateFlag.MONOFRACTAL: "c20 or c02 is not negative: without multifractality rho_mf is not defined",
}


@dataclass(frozen=True)
class BivariateResult:
    """Estimates of a batch of pairs; ... is the shape of the batch.

    Attributes:
        rho_mf: (...), multifractal correlation -c11 / sqrt(c20 c02).
        c20: (...), slope of C_20(j) over ln 2^j, c2 of the first signal at the common leaders.
        c11: (...), slope of C_11(j).
        c02: (...), slope of C_02(j).
        r_squared: (..., 3), of the lines of c20, c11, c02.
        cumulants: (..., 3, n_scales), C_20(j), C_11(j), C_02(j) as they are fitted.
        leader_correlation: (..., n_scales), Pearson's of the log-leaders, -1 to 1; of the leaders as they are, without
            the correction for finite resolution.
        wavelet_correlation: (..., n_scales), of the coefficients, -1 to 1.
        coherence: (..., n_scales), its square, 0 to 1; about 1 / n_coefficients between independent signals.
        n_j: (..., n_scales), number of common leaders.
        n_coefficients: (..., n_scales), effective number of common coefficients, (sum f)^2 / sum f^2.
        flags: (...), integers, see `BivariateFlag`.
        scales: (n_scales,), j1 to j2.
        fs: Hz.
        p: of the p-leaders.
        gamma: fractional integration of the signals that the cumulants are of.
        confidence: of the intervals.
        intervals: by name of an estimate (rho_mf, c20, c11, c02, leader_correlation, wavelet_correlation, coherence),
            (..., 2) after the estimate's own shape; empty without bootstrap.
    """

    rho_mf: Any
    c20: Any
    c11: Any
    c02: Any
    r_squared: Any
    cumulants: Any
    leader_correlation: Any
    wavelet_correlation: Any
    coherence: Any
    n_j: Any
    n_coefficients: Any
    flags: Any
    scales: np.ndarray
    fs: float
    p: float
    gamma: float
    confidence: float
    intervals: dict[str, Any] = field(default_factory=dict)

    @property
    def warning(self) -> np.ndarray:
        """Warnings as texts (...), empty for a pair without any."""
        return texts(self.flags, BivariateFlag, _REASON)

    def to_frame(self) -> pd.DataFrame:
        """Tabulate the estimates, one row a pair, in the order of the flattened batch.

        Columns: rho_mf, c20, c11, c02, r_squared_20, r_squared_11, r_squared_02, then leader_correlation_J,
        wavelet_correlation_J and coherence_J for each scale J, NAME_low and NAME_high for each interval of these,
        n_leaders (of all scales), and warning.
        """
        names = {name: [name] for name in ("rho_mf", "c20", "c11", "c02")}
        names["r_squared"] = [f"r_squared_{order}" for order in ("20", "11", "02")]
        for name in ("leader_correlation", "wavelet_correlation", "coherence"):
            names[name] = [f"{name}_{j}" for j in self.scales]
        return pd.DataFrame(estimate_columns(self, names)).assign(warning=self.warning.reshape(-1))
