"""Loggers of trainings: MLflow's, and one for work on a run that goes on after the trainer has ended."""

from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import MLFlowLogger
from pytorch_lightning.utilities import rank_zero_only

from fhr.tracking import ensure_store, folder_tags, tracking_uri

__all__ = ["RunLogger", "run_logger"]


class RunLogger(MLFlowLogger):
    """A logger that calls no run finished: a fit still has to bring its files, and a test leaves the status as it is.

    Lightning's own does as the trainer ends, so that a kill after it would leave a finished run that lacks the rest.
    """

    @rank_zero_only
    def finalize(self, status: str = "success") -> None:
        """End the run only where the trainer has failed."""
        if status == "failed":
            super().finalize(status)


def run_logger(run_id: str | None, folder: Path | None, **named: Any) -> MLFlowLogger:
    """Make the logger of a training or a test, in the store of runs.

    Args:
        run_id: of a run that goes on; None for a new one.
        folder: of what a tracked fit has not finished; None for other work.
        named: `experiment_name` and `run_name` of a new run; one that goes on stays where it is, under its name.
    """
    kind = MLFlowLogger if folder is None and run_id is None else RunLogger
    return kind(
        **named,
        tracking_uri=tracking_uri(),
        artifact_location=ensure_store(),
        run_id=run_id,
        tags=None if folder is None else folder_tags(folder),
    )
