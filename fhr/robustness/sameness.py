"""Equality of traces, by window: what a threat may not change has to be the same."""

import torch
from torch import Tensor

from .traces import Traces

__all__ = ["same", "same_traces"]


def same(a: Tensor, b: Tensor, at: Tensor | None = None) -> Tensor:
    """Equality of signals (n, time), missing samples included, bool (n,); with `at` (n, time) there alone."""
    equal = (a == b) | (torch.isnan(a) & torch.isnan(b))
    return (equal if at is None else equal | ~at).all(-1)


def same_traces(a: Traces, b: Traces) -> Tensor:
    """Equality of windows in heart rate, uterine activity and what was measured, bool (n,)."""
    return same(a.fhr, b.fhr) & same(a.uc, b.uc) & same(a.measured, b.measured)
