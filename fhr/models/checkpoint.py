"""Checkpoints: reading the network and the facts beside it, and writing the file that a training ends with."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from fhr.errors import CheckpointError, FHRError
from fhr.formats.regular_file import reason
from fhr.formats.whole_file import whole_or_not_at_all

from .card import CheckpointCard
from .checkpoint_file import load_checkpoint
from .feature_scale import with_scaling
from .network import Network, with_heritage
from .specification import rebuild

__all__ = ["finish_checkpoint", "read_checkpoint", "recalibrate_checkpoint", "with_ranking"]

_PREFIX = "model."
_MOST_COPIES = 4  # of one storage among the weights: a network may use a weight twice


def read_checkpoint(path: str | Path) -> tuple[CheckpointCard, Network]:
    """Read the facts and the trained network (on the CPU, in evaluation mode) of a checkpoint file.

    Only tensors and plain types are unpickled, and no module outside `fhr.models` is imported unless the environment
    variable `FHR_TRUST` names it. A small file cannot ask for much memory.

    Raises:
        CheckpointError: no such file, not a checkpoint, another format, untrained, or weights that do not fit.
    """
    checkpoint = load_checkpoint(path)
    card = CheckpointCard.of(checkpoint, str(path))
    if card.epochs < 1:
        raise CheckpointError(f"{path}: its weights were never trained; run `fhr fit` to the end of an epoch first")
    try:
        weights = with_scaling(_weights(checkpoint), card.scaling, "")
        network = rebuild(card.network, weights)
        network.load_state_dict(with_heritage(weights, "", card.heritage))
    except FHRError as error:
        raise CheckpointError(f"{path}: {error}") from None
    except RuntimeError as error:
        raise CheckpointError(f"{path}: weights that do not fit the network it names: {reason(error)}") from None
    return card, network.eval()


def finish_checkpoint(
    path: str | Path,
    calibrator: Mapping[str, Any] | None,
    out: str | Path,
    *,
    confidence: Mapping[str, Any] | None = None,
    member: int | None = None,
    target: str | None = None,
    prevalence: float | None = None,
    out_of_fold: bool | None = None,
    ranking: Mapping[str, Any] | None = None,
) -> Path:
    """Write the weights of `path`, and what was learnt beside them, to `out`; the state of the training is left behind.

    Args:
        path: a checkpoint of a training.
        calibrator: in plain types, or None.
        out: the file to write.
        confidence: what the confidence of its predictions rests on, in plain types, or None.
        member: which of the networks that were trained on the same records; None leaves it as it is.
        target: label that the calibrator is of, where the weights learnt none; None leaves it as it is.
        prevalence: of that label among the records that were learnt from; None leaves it as it is.
        out_of_fold: of the cross-validation that the network is of; None leaves it as it is.
        ranking: how well the model ranks, see `CheckpointCard`; None leaves it as it is, an empty one takes it away.

    Raises:
        CheckpointError: as for `read_checkpoint`.
    """
    checkpoint = load_checkpoint(path)
    card = CheckpointCard.of(checkpoint, str(path))
    card = replace(
        card,
        calibrator=None if calibrator is None else dict(calibrator),
        confidence=None if confidence is None else dict(confidence),
        member=card.member if member is None else member,
        target=card.target if target is None else target,
        prevalence=card.prevalence if prevalence is None else prevalence,
        out_of_fold=card.out_of_fold if out_of_fold is None else out_of_fold,
        ranking=card.ranking if ranking is None else dict(ranking) or None,
    )
    return _write(checkpoint, card, path, out)


def recalibrate_checkpoint(
    path: str | Path, recalibration: Mapping[str, Any], births: Iterable[str], out: str | Path
) -> Path:
    """Write the network of `path` to `out` with a recalibration of its probabilities; all else stays as it is.

    Args:
        path: a finished checkpoint.
        recalibration: in plain types, see `fhr.calibration.Recalibration.to_dict`.
        births: SHA-256 of the recordings that it learnt from; they join those that the network learnt from, so that
            nobody takes a test on them for an external one.
        out: the file to write.

    Raises:
        CheckpointError: as for `read_checkpoint`.
    """
    checkpoint = load_checkpoint(path)
    card = CheckpointCard.of(checkpoint, str(path))
    known = dict.fromkeys((*card.learnt_from, *births))
    return _write(checkpoint, replace(card, recalibration=dict(recalibration), learnt_from=tuple(known)), path, out)


def _write(checkpoint: Mapping[str, Any], card: CheckpointCard, path: str | Path, out: str | Path) -> Path:
    """The weights of a checkpoint with another card, whole or not at all."""
    kept = ("state_dict", "epoch", "global_step", "pytorch-lightning_version")
    if lacking := [key for key in kept if key not in checkpoint]:
        raise CheckpointError(f"{path}: incomplete checkpoint ({', '.join(lacking)}); train anew")
    finished = {key: checkpoint[key] for key in kept}
    if isinstance(finished["state_dict"], Mapping):
        finished["state_dict"] = with_heritage(finished["state_dict"], _PREFIX, card.heritage)
    card.write(finished)
    with whole_or_not_at_all(out) as part:
        torch.save(finished, part)
    return Path(out)


def with_ranking(path: str | Path, ranking: Mapping[str, Any]) -> bool:
    """Write into a finished checkpoint how well its model ranks; whether that was news.

    The file is replaced whole or not at all, everything else in it stays.

    Args:
        path: a finished checkpoint.
        ranking: see `CheckpointCard`.

    Raises:
        CheckpointError: as for `read_checkpoint`.
    """
    checkpoint = load_checkpoint(path)
    card = CheckpointCard.of(checkpoint, str(path))
    if card.ranking == dict(ranking):
        return False
    _write(checkpoint, replace(card, ranking=dict(ranking) or None), path, path)
    return True


def _weights(checkpoint: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The weights of the network by name: dense, and no more of them than the file holds."""
    state = checkpoint.get("state_dict")
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
        raise CheckpointError("it holds no weights; train anew")
    weights = {key.removeprefix(_PREFIX): value for key, value in state.items() if key.startswith(_PREFIX)}
    if odd := [key for key, value in weights.items() if not isinstance(value, torch.Tensor) or value.is_complex()]:
        raise CheckpointError(f"weights that do not fit the network it names: {odd[0]} is no tensor of numbers")
    storages = {value.untyped_storage().data_ptr(): value.untyped_storage().nbytes() for value in weights.values()}
    if sum(value.numel() * value.element_size() for value in weights.values()) > _MOST_COPIES * sum(storages.values()):
        raise CheckpointError("its weights claim to be more than the file holds; do not use this file")
    return weights
