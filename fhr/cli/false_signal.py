"""The run of a false-signal network that a verb is given, and morphology without what it takes for false."""

from typing import TYPE_CHECKING

from fhr.errors import CheckpointError

if TYPE_CHECKING:
    from fhr.morphology import Morphology
    from fhr.prediction import FalseSignalPredictor, FalseSignalProbability
    from fhr.recording import Recording

__all__ = ["analyze_true", "checksum_of_model", "load_false_signal"]


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


def analyze_true(
    recording: "Recording",
    predictor: "FalseSignalPredictor | None",
    found: "FalseSignalProbability | None" = None,
) -> "Morphology":
    """The morphology of a recording without what the network takes for false, in either rate; by rules alone without.

    Args:
        recording: as it was read.
        predictor: the network, or None.
        found: what it says of the recording, if it was asked.

    Raises:
        SignalError: as `fhr.morphology.analyze`.
    """
    from fhr.morphology import analyze
    from fhr.preprocessing import remove_false_signal

    if predictor is None:
        return analyze(recording)
    found = found or predictor.false_signal_probability(recording)
    used = predictor.thresholds
    judged = remove_false_signal(recording, None, found.mhr, mhr_threshold=used.mhr, run=predictor.name)
    return analyze(judged, false_signal=found.fhr, threshold=used.fhr)


def checksum_of_model(model: str | None) -> str:
    """Checksum of the checkpoints of a run that was given; empty without one.

    Raises:
        CheckpointError: no such run.
    """
    if model is None:
        return ""
    from fhr.prediction import model_checksum

    return model_checksum(model)
