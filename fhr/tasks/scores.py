"""Scores of a task for every window of a loader."""

from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from fhr.errors import FHRError

from .single_precision import in_single_precision

__all__ = ["score_windows"]


@torch.inference_mode()
def score_windows(task: pl.LightningModule, loader: DataLoader[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Risk scores (n,) and labels (n,) of all windows of a loader, in its order, computed in single precision.

    Args:
        task: its `predict_step` gives a score for each window, (batch,) or (batch, 1).
        loader: of batches; their attribute `label` gives the labels, which are NaN where there is none.

    Raises:
        FHRError: `predict_step` gives something else.
    """
    training = task.training
    task.eval()
    scores, labels = [np.empty(0)], [np.empty(0, dtype=np.float32)]
    with in_single_precision(task):
        for i, batch in enumerate(loader):
            found = _column(task, task.predict_step(task.transfer_batch_to_device(batch, task.device, 0), i))
            scores.append(found.double().cpu().numpy())
            labels.append(getattr(batch, "label", torch.full(found.shape, torch.nan)).cpu().numpy())
    task.train(training)
    return np.concatenate(scores), np.concatenate(labels)


def _column(task: pl.LightningModule, found: Any) -> torch.Tensor:
    if not isinstance(found, torch.Tensor) or found.ndim not in (1, 2) or found.shape[1:] not in ((), (1,)):
        said = f"shape {tuple(found.shape)}" if isinstance(found, torch.Tensor) else f"type {type(found).__name__}"
        raise FHRError(
            f"{type(task).__name__}.predict_step gives scores of {said}; return a tensor of risk scores (batch,), "
            "the larger, the likelier the label"
        )
    return found if found.ndim == 1 else found[:, 0]
