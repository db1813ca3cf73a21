"""An index on disk: written once, checked by checksum, and read with its points where they lie."""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import fhr
from fhr.errors import FHRError
from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays
from fhr.formats.files.regular_file import read_whole

from .approximate_search import MANY, ApproximateSearch
from .distance import DISTANCES
from .embedding import Embedding
from .index import OwnWindows, SimilarityIndex
from .index_building import LABOUR_COLUMNS, WINDOW_COLUMNS

__all__ = ["FACTS", "described", "kept", "read_index"]

FACTS = "index.json"
"""The description of an index, in its folder."""
_FILES = ("points.f32", "windows.parquet", "labours.parquet", "distance.npz", "last.npz")
_LISTS = "lists.npz"
_log = logging.getLogger(__name__)


class _DamagedError(FHRError):
    """An index that cannot be read, and has to be made anew."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder}: the index is damaged ({reason}); make it anew")
        self.reason = reason


def kept(
    folder: Path,
    embedding: Embedding,
    facts: Mapping[str, Any],
    checksum: Callable[[], str],
    make: Callable[[Path], SimilarityIndex],
) -> SimilarityIndex:
    """Read the index that is kept in a folder; it is made where there is none, and anew in place of a damaged one.

    It is made in a folder beside, and put in its place when all is written: several processes may do so at once, and
    the first one's stays.

    Args:
        folder: of the index.
        embedding: of its windows.
        facts: settings that it must have, in plain types.
        checksum: of the recordings that it must be of.
        make: the index, with its points in a folder.

    Raises:
        FHRError: an index of another database, of other settings or another version; a folder of something else, or one
            that cannot be written.
    """
    if (folder / FACTS).is_file():
        try:
            return _taken(folder, _wanted(facts, checksum()), embedding)
        except _DamagedError as damage:
            _check_replaceable(folder, damage)
            _log.warning("%s: the index is damaged (%s); it is made anew", folder, damage.reason)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FHRError(f"{folder}: is there, and holds no index; name another folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as room:
            draft = Path(room, "made")
            draft.mkdir()
            made = make(draft)
            _write(draft, made, facts)
            try:
                os.replace(draft, folder)
            except OSError:  # something lies there: the damaged one, or that of a process that was quicker
                try:
                    return _taken(folder, _wanted(facts, made.checksum), embedding)
                except _DamagedError:
                    os.replace(folder, Path(room, "before"))
                    os.replace(draft, folder)
    except OSError as error:
        raise FHRError(f"{folder}: the index cannot be written ({error.strerror}); choose another folder") from None
    return read_index(folder, described(folder), embedding)


def _wanted(facts: Mapping[str, Any], checksum: str) -> dict[str, Any]:
    wanted: dict[str, Any] = json.loads(json.dumps({**facts, "made_by": fhr.__version__, "data_checksum": checksum}))
    return wanted


def _taken(folder: Path, wanted: Mapping[str, Any], embedding: Embedding) -> SimilarityIndex:
    found = described(folder)
    if other := [name for name, value in wanted.items() if found.get(name) != value]:
        whole = {"data_checksum": "another database", "made_by": f"version {found.get('made_by')} of this package"}
        what = whole.get(", ".join(other), f"other settings ({', '.join(other)})")
        raise FHRError(f"{folder}: holds an index of {what}; name another folder, or remove it")
    return read_index(folder, found, embedding)


def _check_replaceable(folder: Path, damage: _DamagedError) -> None:
    """Refuse to replace a folder that holds what no index has, or nothing but a file of its name."""
    names = {path.name for path in folder.iterdir()}
    if (others := names - {FACTS, _LISTS, f"{_LISTS}.part", *_FILES}) or not names & {*_FILES}:
        why = f"holds {min(others)}, which is no part of one" if others else f"holds nothing of one but {FACTS}"
        raise FHRError(f"{damage}: {folder} {why}; name another folder")


def _write(folder: Path, index: SimilarityIndex, facts: Mapping[str, Any]) -> None:
    index.windows.to_parquet(folder / "windows.parquet", index=False)
    index.labours.to_parquet(folder / "labours.parquet")
    (folder / "distance.npz").write_bytes(pack_arrays(index.distance.arrays(), compressed=False))
    (folder / "last.npz").write_bytes(pack_arrays(index.own_windows()._asdict(), compressed=False))
    digests = {name: _digest(folder / name) for name in _FILES}
    rest = {"shape": list(index.points.shape), "origin": index.origin, "quarantined": index.quarantined}
    rest |= {"data_checksum": index.checksum, "made_by": fhr.__version__, "files": digests}
    (folder / FACTS).write_text(json.dumps({**facts, **rest}, indent=1), encoding="utf-8")


def described(folder: Path) -> dict[str, Any]:
    """Read the description of an index.

    Raises:
        FHRError: none, one that cannot be read, or something else.
    """
    try:
        facts = json.loads(read_whole(folder / FACTS, limit=1 << 26, kind="description of an index"))
    except (FHRError, ValueError, RecursionError) as error:
        raise _DamagedError(folder, f"{FACTS} cannot be read: {error}") from None
    if not isinstance(facts, dict) or not isinstance(facts.get("files"), dict):
        raise _DamagedError(folder, f"{FACTS} is no description of an index")
    return facts


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_index(folder: Path, facts: Mapping[str, Any], embedding: Embedding) -> SimilarityIndex:
    """Read an index, as `described`, whose windows are embedded by `embedding`.

    Raises:
        FHRError: files that are missing, damaged, or of another version.
    """
    for name in _FILES:
        if not (folder / name).is_file():
            raise _DamagedError(folder, f"{name} is missing")
        if facts["files"].get(name) != _digest(folder / name):
            raise _DamagedError(folder, f"the checksum of {name} does not fit")
    try:
        index = _read(folder, facts, embedding)
    except (KeyError, TypeError, ValueError) as error:
        versions = f"or of another version: {facts.get('made_by')}, here {fhr.__version__}"
        raise _DamagedError(folder, f"{versions}: {error!r}") from None
    return replace(index, lists=_lists(folder, facts, index)) if len(index.points) > MANY else index


def _read(folder: Path, facts: Mapping[str, Any], embedding: Embedding) -> SimilarityIndex:
    of_distance, of_last = (
        unpack_arrays((folder / f"{name}.npz").read_bytes(), most_bytes=1 << 30) for name in ("distance", "last")
    )
    distance = DISTANCES[facts["distance"]].of_arrays(of_distance)
    windows, labours = (pd.read_parquet(folder / f"{name}.parquet") for name in ("windows", "labours"))
    windows, labours = windows[WINDOW_COLUMNS], labours[LABOUR_COLUMNS]
    points = np.memmap(folder / "points.f32", np.float32, "r").reshape(facts["shape"])
    if points.ndim != 2 or len(points) != len(windows):
        raise ValueError(f"points of shape {points.shape} for {len(windows)} windows")
    minutes, most_loss = (float(facts[name]) for name in ("minutes", "most_loss"))
    step = float(facts["step"])
    origin, checksum, left_out = str(facts["origin"]), str(facts["data_checksum"]), dict(facts["quarantined"])
    last = OwnWindows(of_last["rows"], of_last["nearest"], of_last["typical"])
    given = (minutes, step, most_loss, points, windows, labours, origin, checksum, left_out, last)
    return SimilarityIndex(embedding, distance, *given)


def _lists(folder: Path, facts: Mapping[str, Any], index: SimilarityIndex) -> ApproximateSearch | None:
    """Lists of the windows, beside them; None where there can be none, and all windows are compared."""
    checksum = str(facts["files"]["points.f32"])
    try:
        return ApproximateSearch.kept(folder / _LISTS, checksum, index.points, index.distance, index.first)
    except FHRError as error:
        _log.warning("%s: all %d windows are compared: %s", folder, len(index.points), error)
        return None
