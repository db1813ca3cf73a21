"""A window as whole steps, counted back from its end."""

import torch
from torch.nn import functional as F

from .trunk import validity

__all__ = ["whole_steps"]


def whole_steps(signal: torch.Tensor, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Signals without the mask, 0 where nothing was measured, and their mask, of a whole number of steps.

    What the first step lacks is missing.

    Args:
        signal: (batch, channel, time); the last channel is the mask where there is more than one.
        step: samples.

    Returns:
        (batch, channel - 1 or 1, time) and (batch, 1, time), 1 where something was measured.
    """
    lacking = (-signal.shape[-1] % step, 0)
    mask = F.pad(validity(signal), lacking)
    return F.pad(signal[:, :-1] if signal.shape[1] > 1 else signal, lacking) * mask, mask
