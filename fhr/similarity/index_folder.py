"""An index on disk: written once, checked by checksum, and opened with its points where they lie."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

import fhr
from fhr.datasets import Database
from fhr.datasets.database import checksum_line, checksum_of_lines, digest_as_read
from fhr.errors import FHRError
from fhr.features import FeatureSet, read_provenance
from fhr.formats.array_archive import pack_arrays, unpack_arrays
from fhr.formats.regular_file import read_whole
from fhr.recording import Recording

from .approximate_search import MANY, ApproximateSearch
from .distance import DISTANCES
from .embedding import Embedding
from .index import OwnWindows, SimilarityIndex
from .index_building import LABOUR_COLUMNS, WINDOW_COLUMNS, Distances, index_of_recordings, index_of_table
from .labour_windows import LabourWindows
from .named_embeddings import EMBEDDINGS, embedding_from, of_feature_set
from .recording_folder import RecordingFolder

__all__ = ["Among", "OpenIndex", "open_index"]

Among = str | Path | Database | SimilarityIndex
_FACTS = "index.json"
_FILES = ("points.f32", "windows.parquet", "labours.parquet", "distance.npz", "last.npz")
_LISTS = "lists.npz"
_log = logging.getLogger(__name__)


class Recordings(Protocol):
    """Whatever gives a recording by its name."""

    def __getitem__(self, name: str, /) -> Recording: ...


@dataclass(frozen=True, eq=False)
class OpenIndex:
    """An index, and the recordings that it was made of, where they are at hand."""

    index: SimilarityIndex
    recordings: Recordings | None

    def recording(self, name: str) -> Recording:
        """The recording of a labour, as it was when the index was made.

        Raises:
            FHRError: recordings that are not at hand, or that changed since.
        """
        if self.recordings is None:
            raise FHRError(f"the recordings of {self.index.origin} are not at hand; give their folder")
        recording, known = self.recordings[name], self.index.labours.loc[name]
        if recording.digest != known["digest"] and digest_as_read(recording) != known["digest_as_read"]:
            raise FHRError(f"{name}: is another one than when the index was made; make the index anew")
        return recording

    def cut(self, records: Iterable[str], ends: Iterable[float]) -> LabourWindows:
        """Windows of recordings, each by its name and where it ends, s from the start of the recording.

        Raises:
            FHRError: as `recording`.
        """
        minutes, fs = self.index.minutes, self.index.embedding.fs
        return LabourWindows.joined(
            LabourWindows.of(self.recording(record), end=end, minutes=minutes, fs=fs)
            for record, end in zip(records, ends, strict=True)
        )


def open_index(
    among: Among,
    embedding: str | Embedding | Callable[[LabourWindows], ArrayLike] | None = None,
    distance: Distances = "euclidean",
    *,
    minutes: float = 20.0,
    step: float | None = 5.0,
    most_loss: float = 0.5,
    folder: str | Path | None = None,
) -> OpenIndex:
    """Make the index of a database, or take the one that is kept.

    Args:
        among: a folder of recordings, a table that `fhr features` wrote, a `Database`, an index, or the folder of one.
        embedding: a name or function; None for that of a table or an index, else `kernel`.
        distance: a name or function.
        minutes: length of the windows.
        step: minutes from one window to the next; None for one window a labour, at its end.
        most_loss: largest share of missing heart rate of a window.
        folder: where the index is kept; what lies there is taken if it is of these recordings and settings. None to
            keep nothing.

    Raises:
        FHRError: a folder that holds something else, or the index of another database or of other settings; whatever
            `index_of_recordings` and `index_of_table` refuse.
    """
    if isinstance(among, SimilarityIndex):
        if folder is not None:
            raise FHRError(f"an index of {among.origin} is at hand already; leave out where to keep one ({folder})")
        if embedding is not None and embedding_from(embedding, among.minutes).identity != among.embedding.identity:
            raise FHRError(f"the index of {among.origin} is by {among.embedding.name}; leave out another embedding")
        return OpenIndex(among, None)
    if isinstance(among, str | Path) and Path(among, _FACTS).is_file():
        if folder is not None:
            raise FHRError(f"{among} is an index already; leave out where to keep one (--index {folder})")
        return _alone(Path(among), embedding)
    if isinstance(among, str | Path) and Path(among).is_file():
        if embedding is not None:
            raise FHRError(f"{among} is a table, whose features are compared; give a folder for another embedding")
        return _of_table(Path(among), distance, most_loss, folder)
    taken = embedding_from("kernel" if embedding is None else embedding, minutes)
    _check_minutes(taken, minutes)
    recordings = among if isinstance(among, Database) else RecordingFolder(among)
    quarantined = recordings.quarantined
    origin = among.origin if isinstance(among, Database) else str(among)
    settings = {"minutes": float(minutes), "step": None if step is None else float(step), "most_loss": float(most_loss)}

    def make(where: Path | None) -> SimilarityIndex:
        given: Mapping[str, Any] = {**settings, "origin": origin, "folder": where, "quarantined": quarantined}
        return index_of_recordings(recordings, taken, distance, **given)

    if folder is None:
        return OpenIndex(make(None), recordings)
    _check_keepable(distance)
    facts = {"embedding": taken.identity, "distance": _name(distance), **settings}
    return OpenIndex(_kept(Path(folder), taken, facts, lambda: _checksum(recordings), make), recordings)


def _check_minutes(embedding: Embedding, minutes: float) -> None:
    if embedding.minutes not in (None, minutes):
        raise FHRError(
            f"embedding {embedding.name} is of windows of {embedding.minutes:g} min, not {minutes:g}; make it for "
            "windows of that length, or give its own (--window)"
        )


def _of_table(path: Path, distance: Distances, most_loss: float, folder: str | Path | None) -> OpenIndex:
    provenance = read_provenance(path)
    recordings = _at_origin(str(provenance["origin"]), records=True)

    def make(where: Path | None) -> SimilarityIndex:
        return index_of_table(path, distance, recordings=recordings, most_loss=most_loss, folder=where)

    if folder is None:
        return OpenIndex(make(None), recordings)
    _check_keepable(distance)
    features = FeatureSet.from_dict(provenance["feature_set"])
    embedding = of_feature_set("features of a table", features)
    facts: dict[str, Any] = {"embedding": embedding.identity, "distance": _name(distance)}
    facts |= {"minutes": features.minutes, "step": float(provenance["step"]), "most_loss": float(most_loss)}
    facts |= {"features": features.to_dict(), "recordings": str(provenance["origin"])}
    checksum = str(provenance["data_checksum"])
    return OpenIndex(_kept(Path(folder), embedding, facts, lambda: checksum, make), recordings)


def _at_origin(origin: str, *, records: bool) -> RecordingFolder | None:
    try:
        return RecordingFolder(origin, records=records)
    except FHRError:
        return None


def _kept(
    folder: Path,
    embedding: Embedding,
    facts: dict[str, Any],
    checksum: Callable[[], str],
    make: Callable[[Path], SimilarityIndex],
) -> SimilarityIndex:
    """The index in a folder, if it is this one; made anew where there is none, or a damaged one."""
    if (folder / _FACTS).is_file():
        wanted = json.loads(json.dumps({**facts, "made_by": fhr.__version__, "data_checksum": checksum()}))
        found = _facts(folder)
        if other := [name for name, value in wanted.items() if found.get(name) != value]:
            whole = {"data_checksum": "another database", "made_by": f"version {found.get('made_by')} of this package"}
            what = whole.get(", ".join(other), f"other settings ({', '.join(other)})")
            raise FHRError(f"{folder}: holds an index of {what}; name another folder, or remove it")
        if (damage := _damaged(folder, found)) is None:
            return _opened(folder, found, embedding)
        _log.warning("%s: the index is damaged (%s); it is made anew", folder, damage)
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FHRError(f"{folder}: is there, and holds no index; name another folder")
    draft = folder.with_name(f"{folder.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        made = make(draft)
        _write(draft, made, facts)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(draft, folder)
    except OSError as error:
        raise FHRError(f"{folder}: the index cannot be written ({error.strerror}); choose another folder") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return _opened(folder, _facts(folder), embedding)


def _write(folder: Path, index: SimilarityIndex, facts: Mapping[str, Any]) -> None:
    index.windows.to_parquet(folder / "windows.parquet", index=False)
    index.labours.to_parquet(folder / "labours.parquet")
    (folder / "distance.npz").write_bytes(pack_arrays(index.distance.arrays(), compressed=False))
    (folder / "last.npz").write_bytes(pack_arrays(index.own_windows()._asdict(), compressed=False))
    digests = {name: _digest(folder / name) for name in _FILES}
    rest = {"shape": list(index.points.shape), "origin": index.origin, "quarantined": index.quarantined}
    rest |= {"data_checksum": index.checksum, "made_by": fhr.__version__, "files": digests}
    (folder / _FACTS).write_text(json.dumps({**facts, **rest}, indent=1), encoding="utf-8")


def _alone(folder: Path, given: str | Embedding | Callable[[LabourWindows], ArrayLike] | None) -> OpenIndex:
    """The index of a folder, by itself."""
    facts = _facts(folder)
    if (damage := _damaged(folder, facts)) is not None:
        raise FHRError(f"{folder}: the index is damaged ({damage}); make it anew")
    try:
        known = facts["embedding"]["name"]
        if "features" in facts:
            if given is not None:
                raise FHRError(f"{folder}: an index of a table, whose features are compared; leave the embedding out")
            embedding = of_feature_set(known, FeatureSet.from_dict(facts["features"]))
        elif given is None and known not in EMBEDDINGS:
            raise FHRError(f"{folder}: an index by {known!r}, a function of somebody's own; give that function")
        else:
            embedding = embedding_from(known if given is None else given, facts["minutes"])
        _check_minutes(embedding, facts["minutes"])
    except (KeyError, TypeError) as error:
        raise FHRError(f"{folder}: {_FACTS} is no description of an index ({error!r}); make it anew") from None
    if json.loads(json.dumps(embedding.identity)) != facts["embedding"]:
        raise FHRError(f"{folder}: an index by {known!r} of other settings or an older version; make it anew")
    index, of_table = _opened(folder, facts, embedding), "recordings" in facts
    return OpenIndex(index, _at_origin(str(facts["recordings"]) if of_table else index.origin, records=of_table))


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads(read_whole(folder / _FACTS, limit=1 << 26, kind="description of an index"))
    except ValueError as error:
        raise FHRError(f"{folder / _FACTS}: cannot be read ({error}); remove the folder") from None
    if not isinstance(facts, dict) or not isinstance(facts.get("files"), dict):
        raise FHRError(f"{folder / _FACTS}: is no description of an index; remove the folder")
    return facts


def _damaged(folder: Path, facts: Mapping[str, Any]) -> str | None:
    """What is wrong with the files of an index; None for nothing."""
    for name in _FILES:
        if not (folder / name).is_file():
            return f"{name} is missing"
        if facts["files"].get(name) != _digest(folder / name):
            return f"the checksum of {name} does not fit"
    return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(folder: Path, facts: Mapping[str, Any], embedding: Embedding) -> SimilarityIndex:
    try:
        index = _read(folder, facts, embedding)
    except (KeyError, TypeError, ValueError) as error:
        raise FHRError(
            f"{folder}: an index of another version ({facts.get('made_by')}, here {fhr.__version__}), or a damaged one "
            f"({error!r}); remove the folder, and make it anew"
        ) from None
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
    step = None if facts["step"] is None else float(facts["step"])
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


def _name(distance: Distances) -> str:
    return distance if isinstance(distance, str) else getattr(distance, "__name__", type(distance).__name__)


def _check_keepable(distance: Distances) -> None:
    if _name(distance) not in DISTANCES:
        raise FHRError(f"distance {_name(distance)!r}: an index of it is not kept; choose {', '.join(DISTANCES)}")


def _checksum(recordings: Iterable[Recording]) -> str:
    return checksum_of_lines({recording.name: checksum_line(recording) for recording in recordings})
