"""Bundle of fitted kernel lines: a whole cross-validation of several labels in one small file.

Scaled training records and quantiles of twenty models take some ten megabytes; all of them follow from one table of
features and the names of the records that each model learnt from. The bundle holds these, each coefficient once, and
what the cards of the models share once.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fhr.errors import CheckpointError
from fhr.features import FeatureSet, NormalScores
from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays

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
    """Content of a bundle; a line is built when it is first asked for.

    Attributes:
        table: features of the records that the lines learnt from, one row a record.
        digests: SHA-256 of each record of the table, by name.
        about: further facts in plain types.
    """

    table: pd.DataFrame
    digests: Mapping[str, str]
    about: Mapping[str, Any]
    _path: str
    _arrays: Mapping[str, np.ndarray]
    _stored: Mapping[str, Sequence[Mapping[str, Any]]]
    _shared: Sequence[Any]
    _cards: dict[str, CheckpointCard] = field(default_factory=dict)
    _recipes: dict[int, KernelLine] = field(default_factory=dict)
    _scaled: dict[tuple[str, int], tuple[NormalScores, np.ndarray]] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in order."""
        return tuple(self._stored)

    @cached_property
    def folds(self) -> dict[str, int]:
        """The outer fold that tested each record, by its digest: no model of that fold has seen it, of any label."""
        seen: dict[int, set[str]] = {}
        with _refusing_damage(self._path):
            parts = {(s["card"]["fold"][1], s["card"]["learnt_from"]) for of in self._stored.values() for s in of}
            for fold, learnt in sorted(parts):
                seen.setdefault(fold, set()).update(self._shared[learnt])
        tested = {digest: [k for k, known in seen.items() if digest not in known] for digest in self.digests.values()}
        return {digest: folds[0] for digest, folds in tested.items() if folds}

    def lines(self, label: str, fold: int | None = None) -> list[BundledLine]:
        """The lines of a label, in order.

        Args:
            label: one of `labels`.
            fold: outer fold; None for the lines of all.

        Raises:
            CheckpointError: what no `pack_bundle` makes.
        """
        with _refusing_damage(self._path):
            return [self._line(one) for one in self._stored[label] if fold in (None, one["card"]["fold"][1])]

    def _line(self, stored: Mapping[str, Any]) -> BundledLine:
        card, recipe = self._card(stored["card"]), self._recipe(stored["card"]["network"])
        rows, coefficients = self._arrays[stored["rows"]], self._arrays[stored["coefficients"]]
        key = stored["rows"], stored["card"]["features"]
        if key not in self._scaled:  # labels share scaling and records
            self._scaled[key] = _normal_scores(self.table.iloc[rows][_columns(card, self.table)].to_numpy())
        model = FittedKernelLine(recipe, *self._scaled[key], coefficients, float(stored["offset"]))
        return BundledLine(card, model, tuple(self.table.index[rows]))

    def _card(self, stored: Mapping[str, Any]) -> CheckpointCard:
        """The card; those that differ in the inner fold alone are checked once."""
        key = json.dumps({**stored, "fold": stored["fold"][:2]}, sort_keys=True)
        if key not in self._cards:
            plain = {name: self._shared[value] if name in _SHARED else value for name, value in stored.items()}
            self._cards[key] = CheckpointCard.from_dict(plain, self._path)
        return replace(self._cards[key], fold=tuple(stored["fold"]))

    def _recipe(self, network: int) -> KernelLine:
        if network not in self._recipes:
            self._recipes[network] = KernelLine.from_dict(self._shared[network]["init_args"])
        return self._recipes[network]


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
            _, records = _normal_scores(table.iloc[rows][columns].to_numpy())
            if not np.array_equal(records, line.model.records):
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
    with _refusing_damage(path):
        arrays = unpack_arrays(Path(path).read_bytes(), most_bytes=_MOST_BYTES)
        text = json.loads(arrays[_ABOUT].tobytes())
        table = pd.DataFrame(arrays["table"].astype(np.float64), text["records"], text["columns"])
        digests = dict(zip(text["records"], text["digests"], strict=True))
        return Bundle(table, digests, text["about"], str(path), arrays, text["cards"], text["shared"])


@contextmanager
def _refusing_damage(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise CheckpointError(
            f"{path}: no bundle of this package, or a damaged one ({error}); install it anew"
        ) from None


def _columns(card: CheckpointCard, table: pd.DataFrame) -> list[str]:
    features = card.features or {}
    names = list(FeatureSet.from_dict(features["set"]).names)
    if missing := [name for name in names if name not in table.columns]:
        raise CheckpointError(f"the table of a bundle has no column {missing[0]}; make the bundle anew")
    return names


def _normal_scores(x: np.ndarray) -> tuple[NormalScores, np.ndarray]:
    scaling, records = NormalScores.fit_to(x, limit=LIMIT)
    return scaling, records.astype(np.float32)
