"""`RunLogger`: MLflow's logger for work on a run that goes on after the trainer has ended."""

from pytorch_lightning.loggers import MLFlowLogger
from pytorch_lightning.utilities import rank_zero_only

__all__ = ["RunLogger"]


class RunLogger(MLFlowLogger):
    """A logger that calls no run finished: a fit still has to bring its files, and a test leaves the status as it is.

    Lightning's own does as the trainer ends, so that a kill after it would leave a finished run that lacks the rest.
    """

    @rank_zero_only
    def finalize(self, status: str = "success") -> None:
        """End the run only where the trainer has failed."""
        if status == "failed":
            super().finalize(status)
