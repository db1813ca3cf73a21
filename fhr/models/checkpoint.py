"""What a checkpoint says of itself, in plain types, and how it becomes a network again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from fhr.errors import CheckpointError

from .network import Network, rebuild

__all__ = ["FORMAT", "CheckpointCard", "finish_checkpoint", "read_checkpoint"]

FORMAT = 4
"""Of a checkpoint with what its confidence rests on; 3 of another kind of task than classification, 2 with features, 1
without, as before there were any."""

_KEY = "fhr"
_PREFIX = "model."


@dataclass(frozen=True)
class CheckpointCard:
    """Everything beside the weights that a prediction or a test needs.

    Attributes:
        network: class path and arguments, see `Network.specification`.
        pipeline: the preprocessing, see `fhr.preprocessing.Pipeline.to_dict`.
        target: the label with its inequality.
        prevalence: of the label among the records that were learnt from.
        learnt_from: SHA-256 of every recording that the weights or the calibrator saw.
        data: checksum of the database.
        splits: checksum of the splits.
        fold: repeat, outer fold, inner fold.
        epochs: how many epochs the weights were trained for.
        calibrator: the fitted calibrator, or the thresholds of the samples; None where there is none.
        version: of this package.
        features: what is computed beside the signal: `set`, see `fhr.features.FeatureSet.to_dict`, and its `checksum`,
            which a version that computes otherwise does not have; or None.
        scaling: of the features, see `fhr.features.FeatureScaling.to_dict`, or None.
        kind: of the task: `classification` of windows, or `false_signal`, of samples.
        confidence: what the confidence of a prediction rests on, see `fhr.calibration.Reference.to_dict`, or None.
        member: which of the networks that were trained on the same records.
    """

    network: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    target: str
    prevalence: float
    learnt_from: tuple[str, ...]
    data: str
    splits: str
    fold: tuple[int, int, int]
    epochs: int
    calibrator: Mapping[str, Any] | None
    version: str
    features: Mapping[str, Any] | None = None
    scaling: Mapping[str, Any] | None = None
    kind: str = "classification"
    confidence: Mapping[str, Any] | None = None
    member: int = 0

    @property
    def format(self) -> int:
        """Of the checkpoint: a version that knows nothing of some fields has to refuse one with them."""
        if self.confidence is not None or self.member:
            return 4
        if self.kind != "classification":
            return 3
        return 1 if self.features is None else 2

    @property
    def procedure(self) -> str:
        """SHA-256 of what all networks share that one calibrator serves: how they were made, and their outer fold."""
        made = {name: getattr(self, name) for name in ("network", "pipeline", "features", "data", "splits")}
        return hashlib.sha256(json.dumps([made, self.fold[:2]], sort_keys=True, default=list).encode()).hexdigest()

    def write(self, checkpoint: dict[str, Any]) -> None:
        """Put the card into a checkpoint."""
        plain = asdict(self) | {"format": self.format}
        plain["learnt_from"], plain["fold"] = list(self.learnt_from), list(self.fold)
        if self.features is None:
            del plain["features"], plain["scaling"]
        if self.format < 3:
            del plain["kind"]
        if self.format < 4:
            del plain["confidence"], plain["member"]
        checkpoint[_KEY] = plain

    @classmethod
    def of(cls, checkpoint: Mapping[str, Any], where: str) -> "CheckpointCard":
        """The card of a checkpoint.

        Raises:
            CheckpointError: there is none, or it is of another format.
        """
        plain = checkpoint.get(_KEY) if isinstance(checkpoint, Mapping) else None
        if not isinstance(plain, Mapping) or "format" not in plain:
            raise CheckpointError(f"{where}: no checkpoint of this package; train one with `fhr fit`")
        plain = dict(plain)
        if (form := plain.pop("format")) not in range(1, FORMAT + 1):
            raise CheckpointError(
                f"{where}: checkpoint format {form!r}, this version reads formats 1 to {FORMAT}; "
                f"use the version of intrapartum-fhr that wrote it ({plain.get('version', 'unknown')}) or train anew"
            )
        try:
            plain |= {"learnt_from": tuple(plain["learnt_from"]), "fold": tuple(plain["fold"])}
            card = cls(**plain)
        except (TypeError, KeyError) as error:
            raise CheckpointError(f"{where}: incomplete checkpoint ({error}); train anew") from None
        if card.format != form or (card.scaling is None) != (card.features is None):
            raise CheckpointError(f"{where}: incomplete checkpoint (features or their scaling); train anew")
        return card


def read_checkpoint(path: str | Path) -> tuple[CheckpointCard, Network]:
    """CheckpointCard and trained network (on the CPU, in evaluation mode) of a checkpoint file.

    Only tensors and plain types are unpickled.

    Raises:
        CheckpointError: no such file, not a checkpoint, another format, untrained, or weights that do not fit.
    """
    checkpoint = _load(Path(path))
    card = CheckpointCard.of(checkpoint, str(path))
    if card.epochs < 1:
        raise CheckpointError(f"{path}: its weights were never trained; run `fhr fit` to the end of an epoch first")
    network = rebuild(card.network)
    state = checkpoint.get("state_dict", {})
    weights = {key.removeprefix(_PREFIX): value for key, value in state.items() if key.startswith(_PREFIX)}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{path}: weights that do not fit the network it names: {error}") from None
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
) -> Path:
    """Write the weights of `path` and what was learnt beside them to `out`; the state of the training is left behind.

    Args:
        path: a checkpoint of a training.
        calibrator: in plain types, or None.
        out: the file to write.
        confidence: what the confidence of its predictions rests on, in plain types, or None.
        member: which of the networks that were trained on the same records; None leaves it as it is.
        target: label that the calibrator is of, where the weights learnt none; None leaves it as it is.
        prevalence: of that label among the records that were learnt from; None leaves it as it is.

    Raises:
        CheckpointError: as for `read_checkpoint`.
    """
    checkpoint = _load(Path(path))
    card = CheckpointCard.of(checkpoint, str(path))
    card = replace(
        card,
        calibrator=None if calibrator is None else dict(calibrator),
        confidence=None if confidence is None else dict(confidence),
        member=card.member if member is None else member,
        target=card.target if target is None else target,
        prevalence=card.prevalence if prevalence is None else prevalence,
    )
    finished = {key: checkpoint[key] for key in ("state_dict", "epoch", "global_step", "pytorch-lightning_version")}
    card.write(finished)
    torch.save(finished, out)
    return Path(out)


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CheckpointError(f"checkpoint {path} does not exist; give a .ckpt file or an MLflow run id")
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises almost anything on a damaged file
        with path.open("rb") as file:
            kind = "damaged" if file.read(2) == b"PK" else "not a checkpoint"
        raise CheckpointError(f"{path}: {kind} ({type(error).__name__}); fetch or train it again") from None
    return checkpoint
