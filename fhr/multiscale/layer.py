"""Log-cumulants as a layer of a network or a term of a loss."""

from typing import Literal

import torch
from torch import nn

from fhr.errors import FHRError

from .inputs import check_cumulants, check_scales
from .leader_analysis import analyze

__all__ = ["LogCumulants"]


class LogCumulants(nn.Module):
    """Log-cumulants of each signal, or their curves over scales, differentiable with respect to the signal.

    A thin layer over `analyze`, without parameters to learn. Where `analyze` gives NaN, for instance for a signal
    that is lost for the most part, so does this layer, and for p >= 1 the gradient of that signal is 0. A batch without
    any sample is an error, as there.

    Args:
        output: `slopes` for c1, c2, ...; `curves` for the cumulants C_m(j) of the log-leaders at each scale.
        wavelet: see `analyze`, as all that follow.
        j1: finest scale.
        j2: coarsest scale.
        p: of the p-leaders.
        gamma: fractional integration.
        n_cumulants: 1 to 4.
        max_gap_fraction: of a leader's neighbourhood.
        dtype: of the computation; the output has the input's.

    Shape:
        (..., time) to (..., n_cumulants) or (..., n_cumulants, j2 - j1 + 1).

    Raises:
        FHRError: another output, or an argument that `analyze` refuses.

    Example:
        >>> layer = LogCumulants(j1=2, j2=5)
        >>> layer(torch.randn(4, 2000).cumsum(-1)).shape
        torch.Size([4, 3])
    """

    def __init__(
        self,
        output: Literal["slopes", "curves"] = "slopes",
        *,
        wavelet: str = "db3",
        j1: int = 3,
        j2: int = 8,
        p: float = 2.0,
        gamma: float = 0.0,
        n_cumulants: int = 3,
        max_gap_fraction: float = 0.5,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        if output not in ("slopes", "curves"):
            raise FHRError(f"output={output!r}; give 'slopes' or 'curves'")
        check_cumulants(n_cumulants, dtype)
        check_scales(2**40, 1.0, wavelet, j1, j2, p, gamma, max_gap_fraction)
        self.output, self.wavelet, self.j1, self.j2, self.p, self.gamma = output, wavelet, j1, j2, p, gamma
        self.n_cumulants, self.max_gap_fraction, self.dtype = n_cumulants, max_gap_fraction, dtype

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Log-cumulants or curves of `x` (..., time), measured where `mask` (..., time) is true or x is not NaN."""
        result = analyze(
            x,
            mask=mask,
            wavelet=self.wavelet,
            j1=self.j1,
            j2=self.j2,
            p=self.p,
            gamma=self.gamma,
            n_cumulants=self.n_cumulants,
            max_gap_fraction=self.max_gap_fraction,
            dtype=self.dtype,
        )
        found: torch.Tensor = result.log_cumulants if self.output == "slopes" else result.cumulants
        return found
