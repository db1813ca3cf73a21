"""MLflow settings, runs, and what a run has to know of its surroundings."""

from .address import shown_uri, tracking_uri
from .device import check_device, pick_device
from .environment import environment, source_state
from .progress import progress, progress_bar
from .run_folder import folder_tags, new_run_folder, run_folder, run_state
from .run_lock import hold_run, is_held
from .spread import check_scheduler, check_workers, spread
from .store import ask_once, ensure_experiment, ensure_store, find_run, has_store, mlflow_client, run_checkpoints
from .store_errors import store_errors, store_mistake
from .workers import end_with_parent

__all__ = [
    "ask_once",
    "check_device",
    "check_scheduler",
    "check_workers",
    "end_with_parent",
    "ensure_experiment",
    "ensure_store",
    "environment",
    "find_run",
    "folder_tags",
    "has_store",
    "hold_run",
    "is_held",
    "mlflow_client",
    "new_run_folder",
    "pick_device",
    "progress",
    "progress_bar",
    "run_checkpoints",
    "run_folder",
    "run_state",
    "shown_uri",
    "source_state",
    "spread",
    "store_errors",
    "store_mistake",
    "tracking_uri",
]
