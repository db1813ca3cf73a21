"""The run of a false-signal network that a verb is given."""

from typing import TYPE_CHECKING

from fhr.errors import CheckpointError

if TYPE_CHECKING:
    from fhr.prediction import FalseSignalPredictor

__all__ = ["load_false_signal"]


def load_false_signal(model: str, device: str = "cpu") -> "FalseSignalPredictor":
    """The predictor of an MLflow run or a checkpoint file, on a device as `--device` names it.

    Raises:
        CheckpointError: as `fhr.load`, or a network of another kind.
        FHRError: a device that is not here.
    """
    from fhr.prediction import FalseSignalPredictor, load

    predictor = load(model, device=device)
    if not isinstance(predictor, FalseSignalPredictor):
        raise CheckpointError(
            f"--run {model} is a network of {predictor.target} and says nothing of single samples; give a run of "
            "`--config false_signal`"
        )
    return predictor
