"""Single precision: a network that was trained in another one scores as it will when it is loaded."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytorch_lightning as pl
import torch

__all__ = ["in_single_precision"]


@contextmanager
def in_single_precision(task: pl.LightningModule) -> Iterator[None]:
    """Let a module of double or half precision compute in single precision for the length of the block.

    So does `fhr.load`, whatever precision trained: a calibrator has to be of the scores that it will be given. The
    weights are restored afterwards, bit for bit.
    """
    precision = next((one.dtype for one in task.parameters() if one.is_floating_point()), torch.float32)
    if precision is torch.float32:
        yield
        return
    with torch.inference_mode(False):  # whose tensors no training could go on with
        kept = {name: value.clone() for name, value in task.state_dict().items()}
        task.float()
    try:
        yield
    finally:
        with torch.inference_mode(False):
            task.to(precision)
            task.load_state_dict(kept)
