"""Scores of a network in training for every window of a loader."""

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from .batch import Batch

__all__ = ["score_windows"]


@torch.inference_mode()
def score_windows(task: pl.LightningModule, loader: DataLoader[Batch]) -> tuple[np.ndarray, np.ndarray]:
    """Risk scores (n,) and labels (n,) of all windows of `loader`, in its order."""
    training = task.training
    task.eval()
    scores, labels = [], []
    for batch in loader:
        scores.append(task(batch.signal.to(task.device), batch.features.to(task.device)).cpu())
        labels.append(batch.label)
    task.train(training)
    return torch.cat(scores).numpy().astype(float), torch.cat(labels).numpy()
