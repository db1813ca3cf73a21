"""MLflow settings, runs, and what a run has to know of its surroundings."""

from .environment import environment, source_state
from .progress import progress, progress_bar
from .store import ensure_store, mlflow_client, run_checkpoints, tracking_uri
from .workers import end_with_parent

__all__ = [
    "end_with_parent",
    "ensure_store",
    "environment",
    "mlflow_client",
    "progress",
    "progress_bar",
    "run_checkpoints",
    "source_state",
    "tracking_uri",
]
