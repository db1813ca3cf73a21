"""MLflow settings and runs, the versions, source and device of a run, and the source that computed numbers."""

from fhr.deprecation import moved

from .address import shown_uri, tracking_uri, tracking_variable_kept
from .checkpoint_files import CHECKPOINT_SUFFIXES, checkpoint_files
from .computing_source import made_by, made_otherwise, short_key
from .folder_of_run import folder_tags, new_run_folder, run_folder, run_state
from .kept_run import KeptRun, kept_runs
from .moved_store import Move, store_moves
from .run_files import RunFiles
from .run_lock import hold_run, is_held
from .run_metrics import METRICS_FILE, headline, metrics_table, run_metrics
from .run_status import mark_stopped, status_kept
from .runs_page import HEADLINE, give_columns, runs_page
from .search import search_runs
from .store import (
    ask_once,
    check_store,
    ensure_experiment,
    ensure_store,
    find_run,
    has_store,
    mlflow_client,
    run_checkpoints,
)
from .store_mistakes import store_errors, store_mistake
from .surroundings import environment, source_state
from .training_run import TrainingRun

__all__ = [
    "CHECKPOINT_SUFFIXES",
    "HEADLINE",
    "METRICS_FILE",
    "KeptRun",
    "Move",
    "RunFiles",
    "TrainingRun",
    "ask_once",
    "check_store",
    "checkpoint_files",
    "ensure_experiment",
    "ensure_store",
    "environment",
    "find_run",
    "folder_tags",
    "give_columns",
    "has_store",
    "headline",
    "hold_run",
    "is_held",
    "kept_runs",
    "made_by",
    "made_otherwise",
    "mark_stopped",
    "metrics_table",
    "mlflow_client",
    "new_run_folder",
    "run_checkpoints",
    "run_folder",
    "run_metrics",
    "run_state",
    "runs_page",
    "search_runs",
    "short_key",
    "shown_uri",
    "source_state",
    "status_kept",
    "store_errors",
    "store_mistake",
    "store_moves",
    "tracking_uri",
    "tracking_variable_kept",
]

__getattr__ = moved(
    "fhr.tracking",
    dict.fromkeys(
        (
            "check_device",
            "check_scheduler",
            "check_workers",
            "end_with_parent",
            "pick_device",
            "progress",
            "progress_bar",
            "spread",
        ),
        "fhr.compute",
    ),
)
