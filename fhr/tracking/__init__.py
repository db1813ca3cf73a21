"""MLflow settings, runs, and what a run has to know of its surroundings."""

from .environment import environment, source_state
from .progress import progress, progress_bar
from .spread import check_scheduler, spread
from .store import ensure_store, find_run, has_store, mlflow_client, run_checkpoints, tracking_uri
from .workers import end_with_parent

__all__ = [
    "check_scheduler",
    "end_with_parent",
    "ensure_store",
    "environment",
    "find_run",
    "has_store",
    "mlflow_client",
    "progress",
    "progress_bar",
    "run_checkpoints",
    "source_state",
    "spread",
    "tracking_uri",
]
