"""An index out of recordings, or out of a table of features: one labour after another, at constant memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from fhr.datasets.database import checksum_line, checksum_of_lines, digest_as_read
from fhr.errors import FHRError, SignalError
from fhr.features import FeatureSet, features_in_parts, read_provenance
from fhr.recording import Outcome, Recording

from .distance import DISTANCES, Distance
from .embedding import Embedding
from .index import SimilarityIndex
from .labour_windows import LabourWindows
from .named_embeddings import of_feature_set
from .rows import Rows

__all__ = ["LABOUR_COLUMNS", "WINDOW_COLUMNS", "Distances", "index_of_recordings", "index_of_table"]

Distances = str | Callable[[np.ndarray, Embedding], Distance]
"""One of `DISTANCES`, or a function that fits a distance to vectors (n, d) and their embedding."""

_TO_FIT = 20_000  # windows that a distance is fitted to
_AT_ONCE = 16  # recordings
_NOTHING = {"digest": "", "digest_as_read": "", "kind": "", **asdict(Outcome()), "path": ""}

WINDOW_COLUMNS = ["record", "start_s", "end_s", "to_end_s", "loss"]
"""Of `SimilarityIndex.windows`."""
LABOUR_COLUMNS = list(_NOTHING)
"""Of `SimilarityIndex.labours`."""


class _Labours(NamedTuple):
    """Some labours: vectors (n, d) of their windows, where these lie, and what is known of each labour by name."""

    vectors: np.ndarray
    windows: pd.DataFrame
    about: dict[str, dict[str, Any]]


def index_of_recordings(
    recordings: Iterable[Recording],
    embedding: Embedding,
    distance: Distances = "euclidean",
    *,
    minutes: float = 20.0,
    step: float = 5.0,
    most_loss: float = 0.5,
    origin: str = "recordings",
    folder: Path | None = None,
    quarantined: dict[str, str] | None = None,
) -> SimilarityIndex:
    """Embed every window of recordings.

    Args:
        recordings: of one database, gone through once; a few are held at a time.
        embedding: of the windows.
        distance: between them.
        minutes: length of a window.
        step: minutes from one window to the one before it; infinite for one window a labour, at its end.
        most_loss: largest share of missing heart rate; windows with more are left out.
        origin: where the recordings are from, for messages.
        folder: where the points are written, so that memory holds none of them; None for memory.
        quarantined: recordings that could not be read, with the reason, which may be filled meanwhile; others are
            added.

    Raises:
        FHRError: an unknown distance, settings that cannot be, no labour with a window, a name that stands twice, or
            what the embedding refuses.
    """
    left_out: dict[str, str] = {} if quarantined is None else quarantined
    lines: dict[str, str] = {}

    def parts() -> Iterator[_Labours]:
        for chunk in _chunks(recordings, _AT_ONCE):
            cut: list[LabourWindows] = []
            windows, about = [], {}
            for recording in chunk:
                if recording.name in lines:
                    raise FHRError(f"{origin}: recording {recording.name!r} stands twice; keep one of them")
                lines[recording.name] = checksum_line(recording)
                try:
                    one, table = _windows(recording, embedding.fs, minutes, step, most_loss)
                except SignalError as error:
                    left_out[recording.name] = str(error)
                    continue
                cut.append(one)
                windows.append(table)
                about[recording.name] = _about(recording)
            if cut:
                yield _Labours(embedding(LabourWindows.joined(cut)), pd.concat(windows), about)

    given = (minutes, step, most_loss)
    return _assembled(parts(), embedding, distance, folder, given, origin, left_out, lambda: checksum_of_lines(lines))


def index_of_table(
    path: str | Path,
    distance: Distances = "euclidean",
    *,
    recordings: Iterable[Recording] | None = None,
    most_loss: float = 0.5,
    folder: Path | None = None,
) -> SimilarityIndex:
    """Take the features of a table that `fhr features` wrote as vectors; each of its groups is a block.

    Args:
        path: the table, read some thousand rows at a time.
        distance: between the windows.
        recordings: that the table was computed from, for the outcomes; None where they are not at hand.
        most_loss: largest share of missing heart rate; windows with more are left out.
        folder: where the points are written; None for memory.

    Raises:
        FormatError: no such table, or a damaged one.
        FHRError: recordings that are not those of the table, a table with covariates, or as `index_of_recordings`.
    """
    provenance = read_provenance(path)
    features = FeatureSet.from_dict(provenance["feature_set"])
    if features.covariates:
        raise FHRError(f"{path}: holds covariates of the birth, {', '.join(features.covariates)}; compare signals")
    embedding = of_feature_set("features of a table", features)
    known: dict[str, dict[str, Any]] | None = None
    checksum = str(provenance["data_checksum"])
    if recordings is not None:
        known, lines = {}, {}
        for recording in recordings:
            known[recording.name], lines[recording.name] = _about(recording), checksum_line(recording)
        if checksum_of_lines(lines) != checksum:
            raise FHRError(
                f"{path}: was computed from other recordings (another checksum) than those of {len(known)} that are "
                "given; compute it anew with `fhr features`, or give its own"
            )

    def parts() -> Iterator[_Labours]:
        for rows in features_in_parts(path):
            usable = rows[rows["loss"] <= most_loss]
            if len(usable):
                names = usable["record"].unique()
                paths = dict(zip(usable["record"], usable.get("path", [""] * len(usable)), strict=True))
                about = {name: {**_NOTHING, "path": paths[name]} if known is None else known[name] for name in names}
                yield _Labours(usable[list(features.names)].to_numpy(np.float32), usable[WINDOW_COLUMNS], about)

    left_out = {str(name): str(why) for name, why in dict(provenance["quarantined"]).items()}
    given = (features.minutes, float(provenance["step"]), most_loss)
    return _assembled(parts(), embedding, distance, folder, given, str(path), left_out, lambda: checksum)


def _assembled(
    parts: Iterable[_Labours],
    embedding: Embedding,
    distance: Distances,
    folder: Path | None,
    given: tuple[float, float, float],
    origin: str,
    left_out: dict[str, str],
    checksum: Callable[[], str],
) -> SimilarityIndex:
    minutes, _, most_loss = given
    fit = DISTANCES[distance].fit if isinstance(distance, str) and distance in DISTANCES else distance
    if isinstance(fit, str):
        raise FHRError(f"distance {distance!r} is not known; choose from {', '.join(sorted(DISTANCES))}")
    if not 0 <= most_loss < 1:
        raise FHRError(f"most_loss={most_loss:g}; give a share of 0 or more, below 1")
    vectors, windows, labours = Rows(folder), [], dict[str, dict[str, Any]]()
    for part in parts:
        vectors.append(part.vectors)
        windows.append(part.windows)
        labours |= part.about
    if not labours:
        first = next(iter(left_out.items()), None)
        why = "" if first is None else f"; the first, {first[0]}: {first[1]}"
        raise FHRError(f"{origin}: no labour with a window of {minutes:g} min with {1 - most_loss:.0%} of FHR{why}")
    fitted = fit(vectors.sample(_TO_FIT), embedding)
    table = pd.DataFrame.from_dict(labours, orient="index").rename_axis("record")
    placed = pd.concat(windows, ignore_index=True)
    points = vectors.changed(fitted.scale)
    index = SimilarityIndex(embedding, fitted, *given, points, placed, table, origin, checksum(), left_out)
    return replace(index, last=index.own_windows())


def _chunks(recordings: Iterable[Recording], size: int) -> Iterator[list[Recording]]:
    chunk: list[Recording] = []
    for recording in recordings:
        chunk.append(recording)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _windows(
    recording: Recording, fs: float, minutes: float, step: float, most_loss: float
) -> tuple[LabourWindows, pd.DataFrame]:
    cut = LabourWindows.of(recording, minutes=minutes, fs=fs, step=step)
    usable = cut.loss <= most_loss
    if not usable.any():
        raise SignalError(f"{recording.name}: no window of {minutes:g} min with {1 - most_loss:.0%} of its heart rate")
    known = (recording.name, cut.start, cut.end, recording.duration - cut.end, cut.loss)
    table = pd.DataFrame(dict(zip(WINDOW_COLUMNS, known, strict=True)))
    return cut[usable], table[usable]


def _about(recording: Recording) -> dict[str, Any]:
    digests = {"digest": recording.digest, "digest_as_read": digest_as_read(recording)}
    return {**digests, "kind": recording.provenance.kind, **asdict(recording.outcome), "path": recording.path or ""}
