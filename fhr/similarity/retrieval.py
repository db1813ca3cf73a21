"""`similar`: which labours of a database are most like this one, how special that is, and how they ended."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.datasets import Target
from fhr.errors import FHRError, SignalError
from fhr.formats import read
from fhr.metrics import exact_interval
from fhr.recording import Outcome, Recording

from .embedding import Embedding
from .hits import Hits
from .index import SimilarityIndex
from .index_building import Distances
from .index_folder import Among, OpenIndex, Recordings, open_index
from .labour_windows import LabourWindows
from .matches import COLUMNS, Matches

__all__ = ["TARGETS", "similar"]

TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20")
"""Labels of which the share among the matches is told."""
_SHOWN = 4.0  # Hz of signals that are drawn and aligned
_OUTCOMES = list(asdict(Outcome()))


def similar(
    query: Recording | str | Path | Sequence[Recording | str | Path],
    among: Among | OpenIndex,
    *,
    k: int = 10,
    embedding: str | Embedding | Callable[[LabourWindows], ArrayLike] | None = None,
    distance: Distances = "euclidean",
    minutes: float = 20.0,
    step: float = 5.0,
    end: float | None = None,
    most_loss: float = 0.5,
    targets: Sequence[str] = TARGETS,
    own: bool = False,
    index: str | Path | None = None,
) -> Matches:
    """Find the labours of a database that are most like some others.

    Args:
        query: recordings, or files of them.
        among: the database: a folder of recordings, a table that `fhr features` wrote, a `Database`, or an index.
        k: matches a query, each of another labour.
        embedding: what is compared: a name of `EMBEDDINGS`, or a function of one's own; None for that of a table or an
            index, else `kernel`.
        distance: a name of `DISTANCES`.
        minutes: length of the windows.
        step: minutes from one window of the database to the next.
        end: where the query's window ends, s from the start of the recording; None for its end.
        most_loss: largest share of missing heart rate of a window.
        targets: labels of which the share among the matches is told.
        own: take windows of the query's own labour for hits as well.
        index: folder that the index is kept in, and taken from when it is of this database and these settings.

    Raises:
        FHRError: no query that can be used, a database that cannot be, or settings that do not fit.
    """
    labels = {str(target): Target(target) for target in targets}
    if k < 1:
        raise FHRError(f"k={k}; ask for 1 match or more")
    settings: dict[str, Any] = {"minutes": minutes, "step": step, "most_loss": most_loss, "folder": index}
    opened = among if isinstance(among, OpenIndex) else open_index(among, embedding, distance, **settings)
    compared = opened.index
    asked = _asked(query, compared, end)
    nobody = np.empty(0, dtype=int)
    labours = [nobody if own else compared.own(recording) for recording in asked.recordings]
    hits = compared.nearest(asked.points, k, labours)
    table = _table(asked, compared, hits)
    windows = None if opened.recordings is None else _windows(table, opened.recordings, compared.minutes)
    facts = _facts(asked, compared)
    return Matches(table, _ended(table, compared, labels, labours), facts, asked.shown, windows, asked.quarantined)


class _Asked(NamedTuple):
    """Queries that can be used: their recordings, windows as drawn and points, and why others cannot."""

    recordings: list[Recording]
    shown: LabourWindows
    points: np.ndarray
    quarantined: dict[str, str]


def _asked(
    query: Recording | str | Path | Sequence[Recording | str | Path], index: SimilarityIndex, end: float | None
) -> _Asked:
    given = [query] if isinstance(query, Recording | str | Path) else list(query)
    recordings, shown, taken, quarantined = [], [], [], dict[str, str]()
    for one in given:
        try:
            recording = one if isinstance(one, Recording) else read(one)
            window = LabourWindows.of(recording, minutes=index.minutes, fs=index.embedding.fs, end=end)
            loss = float(window.loss[0])
            if loss > index.most_loss:
                missing = "all" if loss == 1 else f"{loss:.0%}"
                raise SignalError(
                    f"{recording.name}: {missing} of the heart rate of this window is missing, at most "
                    f"{index.most_loss:.0%} may be; ask about another window (--end), or allow more (--most-loss)"
                )
            shown.append(LabourWindows.of(recording, minutes=index.minutes, fs=_shown_at(recording), end=end))
        except FHRError as error:
            quarantined[one.name if isinstance(one, Recording) else str(one)] = str(error)
            continue
        recordings.append(recording)
        taken.append(window)
    if not recordings:
        raise FHRError(f"none of the {len(given)} queries can be compared: {'; '.join(quarantined.values())}")
    points = index.embed(LabourWindows.joined(taken))
    return _Asked(recordings, LabourWindows.joined(shown), points, quarantined)


def _shown_at(recording: Recording) -> float:
    return _SHOWN if recording.fs >= _SHOWN else recording.fs


def _table(asked: _Asked, index: SimilarityIndex, hits: Hits) -> pd.DataFrame:
    """A row a query and match, with all columns; NaN of what is not known yet."""
    query, rank = np.nonzero(hits.windows >= 0)
    rows = hits.windows[query, rank]
    found = index.windows.iloc[rows].reset_index(drop=True)
    known = {
        "query": asked.shown.names[query],
        "query_start_s": asked.shown.start[query],
        "query_end_s": asked.shown.end[query],
        "rank": rank + 1,
        "distance": hits.distances[query, rank].astype(float),
        "unit": index.distance.unit,
        **{name: found[name] for name in ("record", "start_s", "end_s", "to_end_s", "loss")},
        "kind": index.labours.loc[found["record"], "kind"].to_numpy(),
    }
    table = pd.DataFrame({name: known.get(name, np.nan) for name in COLUMNS})
    outcomes = index.labours.loc[found["record"], _OUTCOMES].reset_index(drop=True)
    return pd.concat([table, outcomes], axis=1)


def _ended(
    table: pd.DataFrame, index: SimilarityIndex, labels: dict[str, Target], own: Sequence[np.ndarray]
) -> pd.DataFrame:
    """How the matches of each query ended, beside the database without the query's own labour."""
    rows = []
    for name, target in labels.items():
        of_all = target(index.labours).to_numpy(dtype=float)
        of_matches = target(table[_OUTCOMES])
        for (query, matched), left_out in zip(of_matches.groupby(table["query"], sort=False), own, strict=True):
            known = matched.dropna()
            interval = exact_interval(float(known.sum()), len(known))
            others = np.delete(of_all, left_out)
            expected = np.nanmean(others) if np.isfinite(others).any() else np.nan
            counts = {"query": query, "label": name, "n_with": int(known.sum()), "n_known": len(known)}
            shares = {"share": interval.value, "low": interval.low, "high": interval.high, "expected": expected}
            rows.append(counts | shares)
    return pd.DataFrame(rows)


def _windows(table: pd.DataFrame, recordings: Recordings, minutes: float) -> LabourWindows:
    cut = []
    for record, end in zip(table["record"], table["end_s"], strict=True):
        recording = recordings[record]
        cut.append(LabourWindows.of(recording, minutes=minutes, fs=_shown_at(recording), end=end))
    return LabourWindows.joined(cut)


def _facts(asked: _Asked, index: SimilarityIndex) -> dict[str, Any]:
    return {
        "embedding": index.embedding.name,
        "distance": index.distance.name,
        "unit": index.distance.unit,
        "minutes": index.minutes,
        "step": index.step,
        "database": index.origin,
        "data_checksum": index.checksum,
        "n_labours": len(index.labours),
        "n_windows": len(index.windows),
        "n_left_out": len(index.quarantined),
        "warnings": _warnings(asked, index),
    }


def _warnings(asked: _Asked, index: SimilarityIndex) -> list[str]:
    said = [
        f"{recording.name} is {recording.provenance.kind}, made by {recording.provenance.made_by}"
        for recording in asked.recordings
        if not recording.provenance.is_measured
    ]
    kinds = index.labours["kind"].value_counts()
    made = {kind: n for kind, n in kinds.items() if kind not in ("measured", "")}
    if made:
        counts = ", ".join(f"{n} {kind}" for kind, n in made.items())
        said.append(f"of the {len(index.labours)} labours of the database {counts}: no evidence about fetuses")
    if "" in kinds.index:
        said.append("the recordings of the database are not at hand: kinds, outcomes and strips are unknown")
    elif index.labours[_OUTCOMES].isna().all(axis=None):
        said.append("no outcome is known in the database: how the matches ended cannot be told")
    return said
