"""`fhr.load`: a predictor from a checkpoint file or an MLflow run."""

from pathlib import Path

import torch

from fhr.models import read_checkpoint
from fhr.tracking import run_checkpoints

from .predictor import Predictor

__all__ = ["load"]


def load(run_id_or_checkpoint: str | Path, *, device: str | torch.device = "cpu") -> Predictor:
    """A ready predictor; the checkpoint says which network it is.

    Args:
        run_id_or_checkpoint: a `.ckpt` file, or an MLflow run id. A run of a whole cross-validation gives the
            average of all its networks.
        device: where the networks run.

    Raises:
        CheckpointError: neither a file nor a run, or a checkpoint that is damaged, untrained or of another format.
    """
    path = Path(run_id_or_checkpoint)
    named = path.is_file() or path.suffix == ".ckpt"
    paths = [path] if named else run_checkpoints(str(run_id_or_checkpoint))
    return Predictor([read_checkpoint(path) for path in paths], device=device)
