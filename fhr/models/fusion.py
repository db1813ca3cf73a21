"""Fusion of models of several families: the checkpoint of each, and how their scores become one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fhr.errors import CheckpointError
from fhr.formats.archives.array_archive import pack_arrays
from fhr.recording import plain_numbers, plain_table

from .array_checkpoint import ArrayCheckpoint, ArrayModel, packed_card
from .card import CheckpointCard

if TYPE_CHECKING:
    from .network import Network

__all__ = ["FUSION", "Fusion", "Scale", "pack_fusion"]

FUSION = "fhr.models.Fusion"
"""Class path of a fusion in the card of its checkpoint."""

_SHARED = ("pipeline", "target", "data", "splits", "fold", "member", "kind")
_MOST_PARTS, _MOST = 64, 1e12


@dataclass(frozen=True)
class Scale:
    """One score of those of several families: the sum of weight (score - centre) / spread.

    Attributes:
        centre: of each family.
        spread: of each family, above 0.
        weights: of each family, not below 0.
    """

    centre: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """One score (n,) of those of the families (family, n)."""
        centre, spread, weights = (np.array(x)[:, None] for x in (self.centre, self.spread, self.weights))
        return np.asarray(((scores - centre) / spread * weights).sum(axis=0))

    def to_dict(self) -> dict[str, list[float]]:
        """Convert to plain types, for a checkpoint."""
        return {"centre": list(self.centre), "spread": list(self.spread), "weights": list(self.weights)}

    @classmethod
    def from_dict(cls, plain: Any) -> "Scale":
        """Rebuild it from what `to_dict` wrote.

        Raises:
            FHRError: anything else.
        """
        given = plain_table(plain, "fusion", "centre", "spread", "weights")
        weights = plain_numbers(given["weights"], "weights", low=0, high=1)
        n = len(weights)
        if not 0 < n <= _MOST_PARTS:
            raise CheckpointError(f"a fusion of {n} models; it has 1 to {_MOST_PARTS}: train anew")
        centre = plain_numbers(given["centre"], "centre", n=n, low=-_MOST, high=_MOST)
        return cls(centre, plain_numbers(given["spread"], "spread", n=n, low=1 / _MOST, high=_MOST), weights)


@dataclass(frozen=True, eq=False)
class Fusion:
    """One model of each of several families, of one inner fold, whose scores are made one.

    Attributes:
        parts: card and model of each family, see `read_checkpoint`.
        scale: of the outer fold.
    """

    parts: "tuple[tuple[CheckpointCard, Network | ArrayModel], ...]"
    scale: Scale


def pack_fusion(parts: Sequence[tuple[CheckpointCard, bytes]], scale: Scale) -> bytes:
    """The content of the checkpoint of a fusion.

    Args:
        parts: card and checkpoint of each family, all of one label and one inner fold.
        scale: of the outer fold.

    Raises:
        CheckpointError: parts that do not belong together.
    """
    cards = [card for card, _ in parts]
    made = next((card for card in cards if card.kinds is not None), cards[0])
    fused = replace(
        cards[0],
        network={"class_path": FUSION, "init_args": scale.to_dict()},
        features=None,
        scaling=None,
        calibrator=None,
        confidence=None,
        ranking=None,
        learnt_from=tuple(sorted({digest for card in cards for digest in card.learnt_from})),
        kinds=made.kinds,
        made_by=tuple(dict.fromkeys(maker for card in cards for maker in card.made_by)),
        fitted_to=tuple(dict.fromkeys(name for card in cards for name in card.fitted_to)),
    )
    for i, card in enumerate(cards):
        check_part(fused, card, i)
    contents = {_name(i): np.frombuffer(content, np.uint8) for i, (_, content) in enumerate(parts)}
    return pack_arrays({**packed_card(fused), **contents}, compressed=False)


def part_contents(stored: ArrayCheckpoint, n: int) -> list[bytes]:
    """The checkpoints of the parts of a fusion.

    Raises:
        CheckpointError: one is missing, or something stands beside them.
    """
    wanted = [_name(i) for i in range(n)]
    for name in wanted:
        array = stored.arrays.get(name)
        if array is None or array.dtype != np.uint8 or array.ndim != 1:
            raise CheckpointError(f"{stored.path}: {name} of {n} of the fusion is missing; fetch or fit it again")
    if strange := sorted(set(stored.arrays) - set(wanted)):
        raise CheckpointError(f"{stored.path}: a fusion of {n} parts with {len(strange)} arrays more; train anew")
    return [stored.arrays[name].tobytes() for name in wanted]


def check_part(fused: CheckpointCard, part: CheckpointCard, i: int) -> None:
    """Refuse a part of a fusion that is of another fold, label, preprocessing or data than its card says.

    Raises:
        CheckpointError: it is one.
    """
    other = [name for name in _SHARED if getattr(fused, name) != getattr(part, name)]
    if not set(part.learnt_from) <= set(fused.learnt_from) or not set(part.fitted_to) <= set(fused.fitted_to):
        other.append("learnt_from")
    if other:
        words = ", ".join(name.replace("_", " ") for name in other)
        raise CheckpointError(f"{_name(i)} of the fusion is of another {words} than it; train anew")


def is_fusion(network: Mapping[str, Any]) -> bool:
    """Tell a fusion by the specification in the card."""
    return network.get("class_path") == FUSION


def _name(i: int) -> str:
    return f"part{i}"
