"""Networks that learnt pH itself, and serve another label than the one of their cross-validation."""

from collections.abc import Mapping
from typing import Any

from fhr.errors import CheckpointError

__all__ = ["check_other_label"]


def check_other_label(run_id: str, there: Mapping[str, Any], here: Mapping[str, Any], *, learnt_label: bool) -> None:
    """Refuse networks that depend on their label: calibrating them for another one would not be what training gives.

    Args:
        run_id: of the cross-validation that trained them.
        there: its configuration, in plain types, with the class paths of today.
        here: the configuration that the other label is asked for with.
        learnt_label: whether the loss or the weights of the classes take the label.

    Raises:
        CheckpointError: the loss, the classes or the choice of the epoch took the label, or the configurations differ
            in more than it.
    """
    if learnt_label:
        raise CheckpointError(
            f"networks of run {run_id} learnt a label; only those whose loss does without, as PHRegression, and "
            "without class weights serve another one: train anew, without `--networks-of`"
        )
    if any(here[part]["monitor"] != "val/loss" for part in ("early_stopping", "checkpoint")):
        raise CheckpointError(
            f"networks of run {run_id} were stopped by a metric of the label; those by `val/loss` serve another one"
        )
    there, here = _without_label(there), _without_label(here)
    if differing := sorted(key for key in {*there, *here} if there.get(key) != here.get(key)):
        raise CheckpointError(
            f"run {run_id} has another configuration in {', '.join(differing)}; give the same but for the label"
        )


def _without_label(configuration: Mapping[str, Any]) -> dict[str, Any]:
    data = configuration["data"]
    of_data = {key: value for key, value in data["init_args"].items() if key != "target"}
    return {**configuration, "data": {**data, "init_args": of_data}}
