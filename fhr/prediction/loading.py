"""`fhr.load`: a predictor from a checkpoint file, an MLflow run, or a run that was exported into one file."""

import logging
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from fhr.compute import pick_device
from fhr.confidence import Abstention, Stability
from fhr.errors import CheckpointError, FHRError
from fhr.formats import RunFile, is_run_file
from fhr.models import is_checkpoint, read_checkpoint
from fhr.tracking import CHECKPOINT_SUFFIXES, checkpoint_files, find_run, run_checkpoints

from .predictor import Predictor

if TYPE_CHECKING:
    import torch

    from .false_signal import FalseSignalPredictor

__all__ = ["STABILITY", "checkpoint_contents", "checkpoint_paths", "checksum_of", "load", "model_checksum"]

STABILITY = "stability"
"""Tag of a run that says how stable its verdicts are, see `fhr.confidence.Stability`."""
_log = logging.getLogger(__name__)


def load(
    run_id_or_checkpoint: str | Path,
    *,
    device: "str | torch.device" = "cpu",
    prevalence: float | None = None,
    abstention: Abstention | None = None,
) -> "Predictor | FalseSignalPredictor":
    """A ready predictor; the checkpoint says of which kind and with which model.

    Torch is imported where a network is to run, and not for a model that is arrays of numbers.

    Args:
        run_id_or_checkpoint: a checkpoint file (`.ckpt` of a network, `.npz` of arrays), a folder of them, an MLflow
            run id, or a file of `fhr export` (`.fhrrun`), which is read as it is. A folder, or a run of a whole
            cross-validation, gives the average of all its models.
        device: where networks run: `cpu`, `cuda`, `cuda:N`, `mps`, or `auto` for the first of cuda, mps and cpu
            that works; or a torch device.
        prevalence: of the label among the births to predict; the probabilities of a classification are shifted to it
            from that of the training data. None leaves them.
        abstention: when a classification should not be relied on; None for the usual limits.

    Returns:
        `Predictor` of a classification, `FalseSignalPredictor` of a false-signal network; each refuses what only the
        other can do with a `CheckpointError`.

    Raises:
        CheckpointError: neither a file, a folder with checkpoints nor a run, a checkpoint that is damaged, untrained or
            of another format, or a prevalence or abstention for a false-signal network.
        FHRError: a prevalence that is not between 0 and 1, a device that is not here, or an exported run that was cut
            or edited.
    """
    device = pick_device(device) if isinstance(device, str) else device
    members = [read_checkpoint(path, content) for path, content in _checkpoints(run_id_or_checkpoint)]
    _log.info("%s: %d models, on %s", run_id_or_checkpoint, len(members), device)
    if members[0][0].kind == "pretraining":
        raise CheckpointError(
            f"{run_id_or_checkpoint}: weights of a pretraining, which predict nothing; begin a training with them "
            "(`fhr fit --model.init_args.weights FILE`)"
        )
    if members[0][0].kind == "false_signal":
        from .false_signal import FalseSignalPredictor  # torch

        if prevalence is not None or abstention is not None:
            raise CheckpointError("a false-signal network gives no risk; leave prevalence and abstention out")
        return FalseSignalPredictor(members, name=str(run_id_or_checkpoint), device=device)
    return Predictor(
        members,
        device=device,
        prevalence=prevalence,
        abstention=abstention or Abstention(),
        stability=_stability(run_id_or_checkpoint),
    )


def checkpoint_contents(given: str | Path) -> Iterator[tuple[Path, bytes]]:
    """Path and content of each checkpoint that `load` takes; within an exported run the path is no file.

    Raises:
        FHRError: as for `load`.
    """
    for path, content in _checkpoints(given):
        yield path, path.read_bytes() if content is None else content


def _checkpoints(given: str | Path) -> Iterator[tuple[Path, bytes | None]]:
    """Path of each checkpoint, and its content where it is no file of its own."""
    if not is_run_file(given):
        yield from ((path, None) for path in checkpoint_paths(given))
        return
    with RunFile(given) as exported:
        if not (found := exported.checkpoints()):
            raise CheckpointError(
                f"{given}: run {exported.run.run_id} holds no finished checkpoint; export a run that trained one"
            )
        for run, name in found:
            yield Path(given, run.run_id, name), exported.read(run, name)


def checkpoint_paths(given: str | Path) -> list[Path]:
    """List the checkpoint files of a file, a folder of checkpoints or an MLflow run id.

    Raises:
        CheckpointError: a folder without a checkpoint; neither a file, a folder nor a run; an exported run, which
            `checkpoint_contents` reads.
        TrackingError: a store of runs that cannot be read.
    """
    path = Path(given)
    if is_run_file(path):
        raise CheckpointError(f"{path}: an exported run has no checkpoint files; read it with `checkpoint_contents`")
    if path.is_file() or path.suffix in CHECKPOINT_SUFFIXES:
        return [path]
    if _is_run(given):
        return run_checkpoints(str(given))
    if not (paths := [file for file in checkpoint_files(path) if is_checkpoint(file)]):
        raise CheckpointError(
            f"{given}: a folder without a .ckpt file, and without an .npz file of a model; give one that holds "
            "checkpoints, or a run id"
        )
    return paths


def model_checksum(given: str | Path) -> str:
    """Checksum of the checkpoints of a model, in their order.

    Raises:
        FHRError: as for `load`.
    """
    return checksum_of(content for _, content in checkpoint_contents(given))


def checksum_of(contents: Iterable[bytes]) -> str:
    """Checksum of the contents of the checkpoints of a model, in their order."""
    return sha256("".join(sha256(content).hexdigest() for content in contents).encode()).hexdigest()


def _is_run(given: str | Path) -> bool:
    """Whether something that is no checkpoint file would be the id of a run."""
    path = Path(given)
    return not str(given) or not (path.is_dir() or path.is_file() or path.suffix in CHECKPOINT_SUFFIXES)


def _stability(given: str | Path) -> Stability | None:
    """What the run says of the stability of its verdicts; what cannot be read is left out, and told."""
    if is_run_file(given):
        with RunFile(given) as exported:
            tags = exported.run.tags
    else:
        run = find_run(str(given)) if _is_run(given) else None
        tags = {} if run is None else run.data.tags
    if STABILITY not in tags:
        return None
    try:
        return Stability.from_text(tags[STABILITY])
    except FHRError as error:
        _log.warning("%s: %s", given, error)
        return None
