"""Bundle of fitted kernel lines: a whole cross-validation of several labels in one small file.

Scaled training records and quantiles of twenty models take some ten megabytes; all of them follow from one table of
features and the names of the records that each model learnt from. The bundle holds these, each coefficient once, and
what the cards of the models share once.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fhr.errors import CheckpointError
from fhr.features import FeatureSet, NormalScores
from fhr.formats.array_archive import pack_arrays, unpack_arrays

from .card import CheckpointCard
from .kernel_line import LIMIT, FittedKernelLine, KernelLine

__all__ = ["Bundle", "BundledLine", "pack_bundle", "read_bundle"]

_ABOUT = "about"
_SHARED = ("network", "pipeline", "features", "learnt_from", "calibrator", "confidence", "ranking", "kinds")
_MOST_BYTES = 2**26


@dataclass(frozen=True, eq=False)
class BundledLine:
    """A fitted kernel line with its card.

    Attributes:
        card: its facts.
        model: the line.
        names: records that it learnt from, in order.
    """

    card: CheckpointCard
    model: FittedKernelLine
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Bundle:
    """Content of a bundle.

    Attributes:
        members: the lines of each label, several of each outer fold.
        digests: SHA-256 of each record of the table, by name.
        about: further facts in plain types.
    """

    members: Mapping[str, Sequence[BundledLine]]
    digests: Mapping[str, str]
    about: Mapping[str, Any]

    @property
    def folds(self) -> dict[str, int]:
        """The outer fold that tested each record, by its digest: the models of that fold have not seen it."""
        found: dict[str, int] = {}
        for lines in self.members.values():
            for line in lines:
                seen = set(line.card.learnt_from)
                found |= {digest: line.card.fold[1] for digest in self.digests.values() if digest not in seen}
        return found


def pack_bundle(
    members: Mapping[str, Sequence[BundledLine]],
    table: pd.DataFrame,
    digests: Mapping[str, str],
    about: Mapping[str, Any],
) -> bytes:
    """Pack lines that were fitted to rows of one table; the same ones give the same bytes.

    Args:
        members: the lines of each label.
        table: one row a record, in float32, of which the lines have their features: `fhr.evaluation.feature_table`.
        digests: SHA-256 of each record, by name.
        about: further facts in plain types.

    Raises:
        CheckpointError: a line that is not what the table gives.
    """
    place = {name: i for i, name in enumerate(table.index)}
    shared: list[Any] = []
    index: dict[str, int] = {}

    def one(value: Any) -> int:
        text = json.dumps(value, sort_keys=True)
        if text not in index:
            index[text] = len(shared)
            shared.append(value)
        return index[text]

    arrays: dict[str, np.ndarray] = {"table": table.to_numpy(dtype=np.float32)}
    known: dict[bytes, str] = {}

    def stored(array: np.ndarray) -> str:
        return known.setdefault(array.dtype.str.encode() + array.tobytes(), f"array_{len(known)}")

    cards: dict[str, list[dict[str, Any]]] = {}
    for label, lines in members.items():
        cards[label] = []
        for line in lines:
            rows = np.array([place[name] for name in line.names], dtype=np.uint16)
            columns = _columns(line.card, table)
            again = _rebuilt(line.model.recipe, table.iloc[rows][columns].to_numpy(), line.model.coefficients, 0.0)
            if not np.array_equal(again.records, line.model.records):
                raise CheckpointError(f"a line of {label}, fold {line.card.fold}, was fitted to another table")
            plain = line.card.to_dict()
            kept = {"rows": rows, "coefficients": line.model.coefficients}
            keys = {name: stored(array) for name, array in kept.items()}
            arrays |= {keys[name]: array for name, array in kept.items()}
            card = {name: one(value) if name in _SHARED else value for name, value in plain.items()}
            cards[label].append({"card": card, "offset": line.model.offset, **keys})
    text = {
        "cards": cards,
        "shared": shared,
        "records": list(table.index),
        "columns": list(table.columns),
        "digests": [digests[name] for name in table.index],
        "about": dict(about),
    }
    raw = json.dumps(text, separators=(",", ":")).encode("ascii")
    return pack_arrays({_ABOUT: np.frombuffer(raw, np.uint8), **arrays}, compressed=True)


def read_bundle(path: str | Path) -> Bundle:
    """Read a bundle of this package: damage is found, and nothing else is guarded against.

    Raises:
        CheckpointError: no such file, or a damaged one.
    """
    try:
        arrays = unpack_arrays(Path(path).read_bytes(), most_bytes=_MOST_BYTES)
        text = json.loads(arrays[_ABOUT].tobytes())
        table = pd.DataFrame(arrays["table"].astype(np.float64), text["records"], text["columns"])
        made: dict[tuple[str, str], FittedKernelLine] = {}
        members: dict[str, list[BundledLine]] = {}
        for label, lines in text["cards"].items():
            members[label] = []
            for line in lines:
                card = CheckpointCard.from_dict(_restored(line["card"], text["shared"]), str(path))
                recipe = KernelLine.from_dict(card.network["init_args"])
                rows, coefficients = arrays[line["rows"]], arrays[line["coefficients"]]
                key = line["rows"], ",".join(recipe.groups)
                if key not in made:  # labels share scaling and records
                    x = table.iloc[rows][_columns(card, table)].to_numpy()
                    made[key] = _rebuilt(recipe, x, coefficients, 0.0)
                like = made[key]
                model = FittedKernelLine(recipe, like.scaling, like.records, coefficients, float(line["offset"]))
                members[label].append(BundledLine(card, model, tuple(table.index[rows])))
        digests = dict(zip(text["records"], text["digests"], strict=True))
        return Bundle(members, digests, text["about"])
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise CheckpointError(
            f"{path}: no bundle of this package, or a damaged one ({error}); install it anew"
        ) from None


def _restored(card: Mapping[str, Any], shared: Sequence[Any]) -> dict[str, Any]:
    return {name: shared[value] if name in _SHARED else value for name, value in card.items()}


def _columns(card: CheckpointCard, table: pd.DataFrame) -> list[str]:
    features = card.features or {}
    names = list(FeatureSet.from_dict(features["set"]).names)
    if missing := [name for name in names if name not in table.columns]:
        raise CheckpointError(f"the table of a bundle has no column {missing[0]}; make the bundle anew")
    return names


def _rebuilt(recipe: KernelLine, x: np.ndarray, coefficients: np.ndarray, offset: float) -> FittedKernelLine:
    scaling = NormalScores.fit(x, limit=LIMIT)
    return FittedKernelLine(recipe, scaling, scaling(x).astype(np.float32), coefficients, offset)
