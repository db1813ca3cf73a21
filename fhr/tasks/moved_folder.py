"""State of a training whose folder was moved since: Lightning's callbacks name their files by whole paths."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["in_this_folder"]

_PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


def in_this_folder(states: Mapping[str, Any], folder: Path) -> None:
    """Let the states of callbacks name the files of a run's folder where it is now.

    The folder of a run has a name of its own, so that one of this name is the same; other folders are left alone.

    Args:
        states: of the callbacks of a checkpoint; changed in place.
        folder: of the run.
    """
    here = os.path.realpath(folder)
    for state in states.values():
        there = state.get("dirpath") if isinstance(state, dict) else None
        if not isinstance(there, str) or there == here or re.split(r"[/\\]", there)[-1] != folder.name:
            continue

        def moved(path: str, there: str = there) -> str:
            return os.path.join(here, path[len(there) + 1 :]) if path.startswith(there) else path

        state["dirpath"] = here
        state |= {key: moved(state[key]) for key in _PATHS if key in state}
        if "best_k_models" in state:
            state["best_k_models"] = {moved(path): score for path, score in state["best_k_models"].items()}
