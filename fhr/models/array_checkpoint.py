"""Checkpoints of models that are arrays of numbers, solved in closed form: an `.npz` with the card as JSON text in it.

Torch is not needed to write, read or apply one.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from fhr.datasets import told_of_use
from fhr.errors import CheckpointError, FormatError
from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays
from fhr.formats.files.bounded_json import bounded_json
from fhr.formats.files.regular_file import cut, read_whole, reason, shown
from fhr.formats.files.whole_file import write_whole

from .card import CheckpointCard
from .kernel_line import FittedKernelLine
from .linear_line import FittedLinearLine

__all__ = ["ARRAYS_SUFFIX", "ArrayCheckpoint", "ArrayModel", "holds_arrays", "pack_model", "packed_card"]

ARRAYS_SUFFIX = ".npz"
_CARD = "card"  # the first array: its bytes are the text
_BEGINS, _NAME_AT = b"PK\3\4", 30  # of an archive, and where the name of its first entry stands
_MOST_BYTES = 2**28  # what is learnt from 100,000 records of 300 features takes half of that
_KINDS = "iuf"  # of NumPy's numbers


@runtime_checkable
class ArrayModel(Protocol):
    """Fitted model that takes the features of a window alone, and that arrays of numbers hold all of."""

    @property
    def specification(self) -> dict[str, Any]:
        """`{"class_path": ..., "init_args": {...}}` in plain types."""

    @property
    def n_features(self) -> int:
        """Features of a window."""

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Risk scores (n,) in float64 of features (n, n_features) as they were computed; NaN is missing."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Numbers that were learnt, by name."""


_BUILDERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, np.ndarray]], ArrayModel]] = {
    "fhr.models.KernelLine": FittedKernelLine.from_arrays,
    "fhr.models.FittedLinearLine": FittedLinearLine.from_arrays,
}
"""What makes a model from specification and arrays, by class path; a file can name nothing else."""


@dataclass(frozen=True)
class ArrayCheckpoint:
    """Content of a checkpoint file of arrays.

    Attributes:
        path: of the file.
        card: its facts.
        arrays: of the model, by name.
    """

    path: str
    card: CheckpointCard
    arrays: Mapping[str, np.ndarray]

    @classmethod
    def load(cls, path: str | Path, content: bytes | None = None) -> "ArrayCheckpoint":
        """Load a file. Nothing of it is run, and it unpacks to no more than its own size. A link is followed.

        Args:
            path: of the file.
            content: of a checkpoint that is no file of its own, which `path` then only names.

        Raises:
            CheckpointError: no such file, no archive, one without a card, or a card of another format.
        """
        try:
            whole = Path(os.path.realpath(path))
            raw = read_whole(whole, limit=_MOST_BYTES, kind="checkpoint") if content is None else content
        except FormatError as error:
            raise CheckpointError(f"checkpoint {shown(str(path))} cannot be read: {error}") from None
        if not holds_arrays(raw):
            raise CheckpointError(
                f"{path}: a NumPy archive without the card of a model; give a file that a fit of this package wrote"
            )
        try:
            arrays = unpack_arrays(raw, most_bytes=len(raw))
            plain = _plain(arrays.pop(_CARD))
            if odd := [name for name, array in arrays.items() if array.dtype.kind not in _KINDS or not array.ndim]:
                raise ValueError(f"{cut(odd[0])} is no array of numbers")
        except ValueError as error:
            raise CheckpointError(f"{path}: damaged ({reason(error)}); fetch or fit it again") from None
        return cls(str(path), CheckpointCard.from_dict(plain, str(path)), arrays)

    def model(self) -> ArrayModel:
        """The fitted model.

        Raises:
            CheckpointError: a class that this version does not know, or arrays that no fit makes.
        """
        class_path = self.card.network.get("class_path")
        build = _BUILDERS.get(class_path) if isinstance(class_path, str) else None
        if build is None:
            said = shown(class_path) if isinstance(class_path, str) else f"of the type {type(class_path).__name__}"
            raise CheckpointError(
                f"{self.path}: model class {said} is none of {', '.join(_BUILDERS)}; use the version of "
                "intrapartum-fhr that wrote it"
            )
        told_of_use(lambda: self.card.seen, f"the model {class_path}")
        try:
            return build(self.card.network, self.arrays)
        except CheckpointError as error:
            raise CheckpointError(f"{self.path}: {error}") from None

    def write(self, card: CheckpointCard, out: str | Path) -> Path:
        """Write the arrays with another card, whole or not at all."""
        return write_whole(Path(out), _packed(card, self.arrays))


def pack_model(card: CheckpointCard, model: ArrayModel) -> bytes:
    """The content of a checkpoint file; the same card and model give the same bytes.

    Args:
        card: its facts; `network` becomes the specification of the model.
        model: fitted.
    """
    return _packed(replace(card, network=model.specification), model.arrays())


def holds_arrays(content: bytes) -> bool:
    """Tell a checkpoint of arrays by the first bytes of the file."""
    return content.startswith(_BEGINS) and content.startswith(f"{_CARD}.npy".encode(), _NAME_AT)


def _packed(card: CheckpointCard, arrays: Mapping[str, np.ndarray]) -> bytes:
    # As it is: what is unpacked is then no larger than the file, and numbers get no smaller by compression.
    return pack_arrays({**packed_card(card), **arrays}, compressed=False)


def packed_card(card: CheckpointCard) -> dict[str, np.ndarray]:
    """The card as the first array of a file."""
    text = json.dumps(card.to_dict(), separators=(",", ":")).encode("ascii")
    return {_CARD: np.frombuffer(text, np.uint8)}


def _plain(card: np.ndarray) -> Any:
    """The card in plain types, of a length that its text cannot hide."""
    if card.dtype != np.uint8 or card.ndim != 1:
        raise ValueError(f"a card of {card.shape} {card.dtype}")
    return bounded_json(card.tobytes(), "card")
