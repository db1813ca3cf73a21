"""Scores of a task for every window of a loader."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from fhr.errors import FHRError

__all__ = ["score_windows"]


@torch.inference_mode()
def score_windows(task: pl.LightningModule, loader: DataLoader[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n,) and labels (n,) of all windows of a loader, in its order.

    Args:
        task: its `predict_step` gives one score for each window, (batch,).
        loader: of batches; their attribute `label` gives the labels, which are NaN where there is none.

    Raises:
        FHRError: `predict_step` gives something else.
    """
    training = task.training
    task.eval()
    scores, labels = [], []
    for i, batch in enumerate(loader):
        found = task.predict_step(task.transfer_batch_to_device(batch, task.device, 0), i)
        if not isinstance(found, torch.Tensor) or found.ndim != 1:
            said = f"shape {tuple(found.shape)}" if isinstance(found, torch.Tensor) else f"type {type(found).__name__}"
            raise FHRError(f"{type(task).__name__}.predict_step gives scores of {said}; return a tensor (batch,)")
        scores.append(found.cpu())
        labels.append(getattr(batch, "label", torch.full(found.shape, torch.nan)).cpu())
    task.train(training)
    return torch.cat(scores).double().numpy(), torch.cat(labels).numpy()
