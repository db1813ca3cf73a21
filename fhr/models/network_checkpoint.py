"""Checkpoints of networks: the weights as `torch.save` keeps them, with the card beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fhr.errors import CheckpointError, FHRError
from fhr.formats.files.regular_file import reason
from fhr.formats.files.whole_file import whole_or_not_at_all

from .card import CheckpointCard
from .checkpoint_file import load_checkpoint
from .feature_scale import with_scaling
from .network import Network, with_heritage
from .specification import rebuild

__all__ = ["NetworkCheckpoint"]

_PREFIX = "model."
_MOST_COPIES = 4  # of one storage among the weights: a network may use a weight twice
_KEPT = ("state_dict", "epoch", "global_step", "pytorch-lightning_version")  # the state of the training is left behind


@dataclass(frozen=True)
class NetworkCheckpoint:
    """Content of a checkpoint file of a network.

    Attributes:
        path: of the file.
        card: its facts.
        content: what `torch.save` wrote.
    """

    path: str
    card: CheckpointCard
    content: Mapping[str, Any]

    @classmethod
    def load(cls, path: str | Path, content: bytes | None = None) -> "NetworkCheckpoint":
        """Load a file. Only tensors and plain types are unpickled, and a small file cannot ask for much memory.

        Args:
            path: of the file.
            content: of a checkpoint that is no file of its own, which `path` then only names.

        Raises:
            CheckpointError: no such file, not a checkpoint, or another format.
        """
        loaded = load_checkpoint(path, content)
        return cls(str(path), CheckpointCard.of(loaded, str(path)), loaded)

    def model(self) -> Network:
        """The trained network, on the CPU, in evaluation mode.

        Raises:
            CheckpointError: untrained, or weights that do not fit.
        """
        try:
            weights = with_scaling(_weights(self.content), self.card.scaling, "")
            network = rebuild(self.card.network, weights)
            network.load_state_dict(with_heritage(weights, "", self.card.heritage))
        except FHRError as error:
            raise CheckpointError(f"{self.path}: {error}") from None
        except RuntimeError as error:
            raise CheckpointError(
                f"{self.path}: weights that do not fit the network it names: {reason(error)}"
            ) from None
        return network.eval()

    def write(self, card: CheckpointCard, out: str | Path) -> Path:
        """Write the weights with another card, whole or not at all.

        Raises:
            CheckpointError: something is lacking.
        """
        if lacking := [key for key in _KEPT if key not in self.content]:
            raise CheckpointError(f"{self.path}: incomplete checkpoint ({', '.join(lacking)}); train anew")
        finished = {key: self.content[key] for key in _KEPT}
        if isinstance(finished["state_dict"], Mapping):
            finished["state_dict"] = with_heritage(finished["state_dict"], _PREFIX, card.heritage)
        card.write(finished)
        with whole_or_not_at_all(out) as part:
            torch.save(finished, part)
        return Path(out)


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
