"""`open_index`: the index of whatever a database is given as."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import ArrayLike

from fhr.datasets import Database
from fhr.datasets.database import checksum_line, checksum_of_lines, digest_as_read
from fhr.errors import FHRError
from fhr.features import FeatureSet, read_provenance
from fhr.recording import Recording

from .distance import DISTANCES
from .embedding import Embedding
from .index import SimilarityIndex
from .index_building import Distances, index_of_recordings, index_of_table
from .index_folder import FACTS, described, kept, read_index
from .labour_windows import LabourWindows
from .named_embeddings import EMBEDDINGS, embedding_from, of_feature_set
from .streamed_folder import StreamedFolder

__all__ = ["Among", "Given", "OpenIndex", "Recordings", "has_settings", "open_index"]

Given = str | Embedding | Callable[[LabourWindows], ArrayLike] | None
"""An embedding by name or function; None where nothing is said of it."""


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


Among = str | Path | Database | SimilarityIndex | OpenIndex
"""A database, or what was made of it."""


def open_index(
    among: Among,
    embedding: Given = None,
    distance: Distances | None = None,
    *,
    minutes: float | None = None,
    step: float | None = None,
    most_loss: float | None = None,
    folder: str | Path | None = None,
    recursive: bool = False,
    join: bool = False,
    outcomes: str | Path | None = None,
    reading: Mapping[str, Any] | None = None,
) -> OpenIndex:
    """Make the index of a database, or take the one that is kept.

    What a table or an index has settled is left out, or given as it is there.

    Args:
        among: a folder of recordings, a table that `fhr features` wrote, a `Database`, an index, or the folder of one.
        embedding: a name or function; None for that of a table or an index, else `kernel`.
        distance: a name or function; None for that of an index, else `euclidean`.
        minutes: length of the windows; None for that of a table or an index, else 20.
        step: minutes from one window to the next, infinite for one window a labour; None for that of a table or an
            index, else 5.
        most_loss: largest share of missing heart rate of a window; None for that of an index, else 0.5.
        folder: where the index is kept; what lies there is taken if it is of these recordings and settings. None to
            keep nothing.
        recursive: with the folders within a folder of recordings.
        join: tables of uterine activity with the heart rates of the same labours, see `fhr.formats.join`.
        outcomes: a table of the births of a folder of recordings, see `fhr.datasets.RecordingFolder`.
        reading: options of `fhr.read` for a folder of recordings.

    Raises:
        OutcomeError: a table of outcomes that cannot be used, or is of other recordings.
        FHRError: a folder that holds something else, or the index of another database or of other settings; settings
            that a table or an index has otherwise; whatever `index_of_recordings` and `index_of_table` refuse.
    """
    given = {"minutes": minutes, "step": step, "most_loss": most_loss}
    if outcomes is not None and (isinstance(among, Database) or has_settings(among)):
        raise FHRError(f"{outcomes}: outcomes are joined with a folder of recordings; give that, or leave them out")
    if isinstance(among, SimilarityIndex | OpenIndex):
        opened = among if isinstance(among, OpenIndex) else OpenIndex(among, None)
        _check_not_kept(folder, f"an index of {opened.index.origin} is at hand")
        _check_embedding(embedding, opened.index)
        _check_settings({"distance": distance, **given}, opened.index)
        return opened
    if isinstance(among, str | Path) and Path(among, FACTS).is_file():
        _check_not_kept(folder, f"{among} is an index")
        opened = _alone(Path(among), embedding)
        _check_settings({"distance": distance, **given}, opened.index)
        return opened
    fitted = "euclidean" if distance is None else distance
    loss = 0.5 if most_loss is None else float(most_loss)
    if isinstance(among, str | Path) and Path(among).is_file():
        if embedding is not None:
            raise FHRError(f"{among} is a table, whose features are compared; give a folder for another embedding")
        return _of_table(Path(among), fitted, minutes, step, loss, folder)
    length = 20.0 if minutes is None else float(minutes)
    taken = embedding_from("kernel" if embedding is None else embedding, length)
    _check_minutes(taken, length)
    how: dict[str, Any] = {"recursive": recursive, "join": join, "reading": dict(reading or {})}
    how |= {} if outcomes is None else {"outcomes": str(outcomes)}
    recordings = among if isinstance(among, Database) else StreamedFolder(among, **how)
    quarantined = recordings.quarantined
    origin = among.origin if isinstance(among, Database) else str(among)
    settings = {"minutes": length, "step": 5.0 if step is None else float(step), "most_loss": loss}

    def make(where: Path | None) -> SimilarityIndex:
        known: Mapping[str, Any] = {**settings, "origin": origin, "folder": where, "quarantined": quarantined}
        return index_of_recordings(recordings, taken, fitted, **known)

    if folder is None:
        return OpenIndex(make(None), recordings)
    _check_keepable(fitted)
    facts = {"embedding": taken.identity, "distance": _name(fitted), **settings}
    facts |= {"reading": how} if any(how.values()) else {}
    return OpenIndex(kept(Path(folder), taken, facts, lambda: _checksum(recordings), make), recordings)


def has_settings(among: Among) -> bool:
    """Tell a table or an index, which has its settings already, from a folder of recordings or a database."""
    if isinstance(among, str | Path):
        return Path(among).is_file() or Path(among, FACTS).is_file()
    return isinstance(among, SimilarityIndex | OpenIndex)


def _check_not_kept(folder: str | Path | None, why: str) -> None:
    if folder is not None:
        raise FHRError(f"{why} already; leave out where to keep one (--index {folder})")


def _check_embedding(given: Given, index: SimilarityIndex) -> None:
    if given is not None and embedding_from(given, index.minutes).identity != index.embedding.identity:
        raise FHRError(f"the index of {index.origin} is by {index.embedding.name}; leave out another embedding")


def _check_settings(given: Mapping[str, Any], index: SimilarityIndex) -> None:
    """Refuse settings that an index has otherwise; a function that fits a distance can never be told to be its own."""
    known = {"distance": index.distance.name, "minutes": index.minutes, "step": index.step}
    _check_as(given, known | {"most_loss": index.most_loss}, index.origin)


def _check_as(given: Mapping[str, Any], known: Mapping[str, Any], origin: str) -> None:
    for name, value in given.items():
        if value is not None and value != known[name]:
            shown = _name(value) if callable(value) else value
            raise FHRError(
                f"{name}={shown}: what it is compared with, {origin}, has {name} {known[name]}; leave it out, or give "
                "the folder of recordings"
            )


def _check_minutes(embedding: Embedding, minutes: float) -> None:
    if embedding.minutes not in (None, minutes):
        raise FHRError(
            f"embedding {embedding.name} is of windows of {embedding.minutes:g} min, not {minutes:g}; make it for "
            "windows of that length, or give its own (--window)"
        )


def _of_table(
    path: Path,
    distance: Distances,
    minutes: float | None,
    step: float | None,
    most_loss: float,
    folder: str | Path | None,
) -> OpenIndex:
    provenance = read_provenance(path)
    features = FeatureSet.from_dict(provenance["feature_set"])
    settled = {"minutes": features.minutes, "step": float(provenance["step"])}
    _check_as({"minutes": minutes, "step": step}, settled, str(path))
    recordings = _at_origin(str(provenance["origin"]), provenance.get("reading", {}))

    def make(where: Path | None) -> SimilarityIndex:
        return index_of_table(path, distance, recordings=recordings, most_loss=most_loss, folder=where)

    if folder is None:
        return OpenIndex(make(None), recordings)
    _check_keepable(distance)
    embedding = of_feature_set("features of a table", features)
    facts: dict[str, Any] = {"embedding": embedding.identity, "distance": _name(distance)}
    facts |= {**settled, "most_loss": most_loss}
    facts |= {"features": features.to_dict(), "recordings": str(provenance["origin"])}
    facts |= {"reading": provenance["reading"]} if "reading" in provenance else {}
    checksum = str(provenance["data_checksum"])
    return OpenIndex(kept(Path(folder), embedding, facts, lambda: checksum, make), recordings)


def _at_origin(origin: str, how: Mapping[str, Any]) -> StreamedFolder | None:
    try:
        return StreamedFolder(origin, **how)
    except FHRError:
        return None


def _alone(folder: Path, given: Given) -> OpenIndex:
    """The index of a folder, by itself."""
    facts = described(folder)
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
        raise FHRError(f"{folder}: {FACTS} is no description of an index ({error!r}); make it anew") from None
    if json.loads(json.dumps(embedding.identity)) != facts["embedding"]:
        raise FHRError(f"{folder}: an index by {known!r} of other settings or an older version; make it anew")
    index, of_table = read_index(folder, facts, embedding), "recordings" in facts
    origin = str(facts["recordings"]) if of_table else index.origin
    return OpenIndex(index, _at_origin(origin, facts.get("reading", {})))


def _name(distance: Distances) -> str:
    return distance if isinstance(distance, str) else getattr(distance, "__name__", type(distance).__name__)


def _check_keepable(distance: Distances) -> None:
    if _name(distance) not in DISTANCES:
        raise FHRError(f"distance {_name(distance)!r}: an index of it is not kept; choose {', '.join(DISTANCES)}")


def _checksum(recordings: Iterable[Recording]) -> str:
    return checksum_of_lines({recording.name: checksum_line(recording) for recording in recordings})
