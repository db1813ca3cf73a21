"""Noise of a measured pH: how likely the true one is below a threshold."""

import torch

from fhr.errors import FHRError

__all__ = ["NOISE_OF_PH", "checked_noise", "checked_threshold", "probability_below"]

NOISE_OF_PH = 0.02
"""SD of the measurement: laboratories have to be within 0.04 of the true pH (42 CFR 493.931), taken as two SD."""


def probability_below(threshold: float, ph: torch.Tensor, noise: float) -> torch.Tensor:
    r"""Probability that the true pH is below a threshold, :math:`\Phi((c - \mathrm{pH}) / \sigma)`; NaN stays NaN.

    Args:
        threshold: c.
        ph: as measured, any shape.
        noise: SD of the measurement; 0 for 1 below the threshold, else 0.
    """
    if noise:
        return torch.special.ndtr((threshold - ph) / noise)
    return torch.where(torch.isnan(ph), ph, (ph < threshold).to(ph.dtype))


def checked_noise(noise: float) -> float:
    """The SD itself.

    Raises:
        FHRError: it is below 0 or not finite.
    """
    if not 0 <= noise < float("inf"):
        raise FHRError(f"noise={noise}; give the SD of the measurement of pH, 0 or more")
    return float(noise)


def checked_threshold(threshold: float) -> float:
    """The threshold itself.

    Raises:
        FHRError: it is no pH of blood.
    """
    if not 6 < threshold < 8:
        raise FHRError(f"a threshold of {threshold}; give a pH, such as 7.05")
    return float(threshold)
