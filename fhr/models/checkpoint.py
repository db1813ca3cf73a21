"""Checkpoints: reading a model and the facts beside it, and writing the file that a fit ends with.

A file holds a network (`.ckpt`) or the arrays of a model that was solved in closed form (`.npz`); torch is imported for
the first kind only.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fhr.errors import CheckpointError, FHRError
from fhr.formats.files.regular_file import open_regular
from fhr.recording import plain_table

from .array_checkpoint import ARRAYS_SUFFIX, ArrayCheckpoint, ArrayModel, holds_arrays
from .card import CheckpointCard
from .fusion import Fusion, Scale, check_part, is_fusion, part_contents

if TYPE_CHECKING:
    from .network import Network
    from .network_checkpoint import NetworkCheckpoint

__all__ = [
    "checkpoint_suffix",
    "finish_checkpoint",
    "is_checkpoint",
    "read_checkpoint",
    "recalibrate_checkpoint",
    "with_ranking",
]

_NETWORK_SUFFIX = ".ckpt"
_HEAD = 64  # bytes of a file that tell its kind


def read_checkpoint(
    path: str | Path, content: bytes | None = None
) -> "tuple[CheckpointCard, Network | ArrayModel | Fusion]":
    """Read the facts and the fitted model of a checkpoint file; a network is on the CPU, in evaluation mode.

    Only tensors, arrays and plain types are loaded, and no module outside `fhr.models` is imported unless the
    environment variable `FHR_TRUST` names it. A small file cannot ask for much memory.

    Args:
        path: of the file.
        content: of a checkpoint that is no file of its own, such as one within an exported run; `path` names it.

    Raises:
        CheckpointError: no such file, not a checkpoint, another format, untrained, or weights that do not fit.
    """
    stored = _stored(path, content)
    _check_trained(stored)
    if isinstance(stored, ArrayCheckpoint) and is_fusion(stored.card.network):
        return stored.card, _fusion(stored)
    return stored.card, stored.model()


def _fusion(stored: ArrayCheckpoint) -> Fusion:
    """The models of a fusion, each read as a checkpoint of its own."""
    try:
        given = plain_table(stored.card.network, "specification", "class_path", "init_args")
        scale, parts = Scale.from_dict(given["init_args"]), []
        for i, content in enumerate(part_contents(stored, len(scale.weights))):
            part = _stored(f"{stored.path}, part{i}", content)
            if is_fusion(part.card.network):
                raise CheckpointError(f"part{i} of the fusion is another fusion; train anew")
            _check_trained(part)
            check_part(stored.card, part.card, i)
            parts.append((part.card, part.model()))
    except FHRError as error:
        raise CheckpointError(str(error) if stored.path in str(error) else f"{stored.path}: {error}") from None
    return Fusion(tuple(parts), scale)


def _check_trained(stored: "NetworkCheckpoint | ArrayCheckpoint") -> None:
    if stored.card.epochs < 1:
        raise CheckpointError(
            f"{stored.path}: its weights were never trained; run `fhr fit` to the end of an epoch first"
        )


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
    """Write the model of `path`, and what was learnt beside them, to `out`; the state of the training is left behind.

    Args:
        path: a checkpoint of a training.
        calibrator: in plain types, or None.
        out: the file to write.
        confidence: what the confidence of its predictions rests on, in plain types, or None.
        member: which of the networks that were trained on the same records; None leaves it as it is.
        target: label that the calibrator is of, where the model learnt none; None leaves it as it is.
        prevalence: of that label among the records that were learnt from; None leaves it as it is.
        out_of_fold: of the cross-validation that the network is of; None leaves it as it is.
        ranking: how well the model ranks, see `CheckpointCard`; None leaves it as it is, an empty one takes it away.

    Raises:
        CheckpointError: as for `read_checkpoint`.
    """
    stored = _stored(path)
    card = stored.card
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
    return stored.write(card, out)


def recalibrate_checkpoint(
    path: str | Path,
    recalibration: Mapping[str, Any],
    births: Iterable[str],
    out: str | Path,
    *,
    content: bytes | None = None,
) -> Path:
    """Write the model of `path` to `out` with a recalibration of its probabilities; all else stays as it is.

    Args:
        path: a finished checkpoint.
        recalibration: in plain types, see `fhr.calibration.Recalibration.to_dict`.
        births: SHA-256 of the recordings that it learnt from; they join those that the network learnt from, so that
            nobody takes a test on them for an external one.
        out: the file to write.
        content: of a checkpoint that is no file of its own, which `path` then only names.

    Raises:
        CheckpointError: as for `read_checkpoint`.
    """
    stored = _stored(path, content)
    known = dict.fromkeys((*stored.card.learnt_from, *births))
    card = replace(stored.card, recalibration=dict(recalibration), learnt_from=tuple(known))
    return stored.write(card, out)


def with_ranking(path: str | Path, ranking: Mapping[str, Any]) -> bool:
    """Write into a finished checkpoint how well its model ranks; whether that was news.

    The file is replaced whole or not at all, everything else in it stays.

    Args:
        path: a finished checkpoint.
        ranking: see `CheckpointCard`.

    Raises:
        CheckpointError: as for `read_checkpoint`.
    """
    stored = _stored(path)
    if stored.card.ranking == dict(ranking):
        return False
    stored.write(replace(stored.card, ranking=dict(ranking) or None), path)
    return True


def checkpoint_suffix(content: bytes) -> str:
    """The suffix of a file with this content: `.npz` for arrays, `.ckpt` for a network."""
    return ARRAYS_SUFFIX if holds_arrays(content) else _NETWORK_SUFFIX


def is_checkpoint(path: str | Path) -> bool:
    """Tell a checkpoint by the name of the file, or, where that is `.npz` as of recordings, by its first bytes."""
    suffix = Path(path).suffix
    return suffix == _NETWORK_SUFFIX or (suffix == ARRAYS_SUFFIX and holds_arrays(_head(path)))


def _stored(path: str | Path, content: bytes | None = None) -> "NetworkCheckpoint | ArrayCheckpoint":
    """The content of a file of either kind, read from it or given."""
    if Path(path).suffix == ARRAYS_SUFFIX or holds_arrays(_head(path) if content is None else content):
        return ArrayCheckpoint.load(path, content)
    from .network_checkpoint import NetworkCheckpoint  # torch

    return NetworkCheckpoint.load(path, content)


def _head(path: str | Path) -> bytes:
    """The first bytes; none of what cannot be read, which its reader says better."""
    try:
        with open_regular(Path(os.path.realpath(path))) as file:
            return file.read(_HEAD) or b""
    except (OSError, ValueError):
        return b""
