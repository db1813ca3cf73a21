"""`similar`: which labours of a database are most like this one, how special that is, and how they ended."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from fhr.compute import whole_number
from fhr.datasets import Target
from fhr.errors import FHRError, SignalError
from fhr.formats import read
from fhr.metrics import FDRMethod, exact_interval, false_discovery_rate_at
from fhr.recording import Outcome, Recording, told_apart

from .elastic import elastic_alignment, rigid_alignment
from .hits import Hits
from .index import SimilarityIndex
from .index_building import Distances
from .labour_windows import LabourWindows
from .match_columns import COLUMNS
from .matches import Matches
from .opening import Among, Given, OpenIndex, open_index
from .special import UnrelatedLabours, p_special
from .surrogate_null import p_surrogate

__all__ = ["TARGETS", "similar"]

TARGETS = ("ph<7.05", "ph<=7.15", "ph<7.20")
"""Labels of which the share among the matches is told."""
_ALIGNED = 200  # nearest labours that are aligned elastically
_OUTCOMES = list(asdict(Outcome()))


def similar(
    query: Recording | str | Path | Sequence[Recording | str | Path],
    among: Among,
    *,
    k: int = 10,
    embedding: Given = None,
    distance: Distances | None = None,
    minutes: float | None = None,
    step: float | None = None,
    end: float | None = None,
    most_loss: float | None = None,
    targets: Sequence[str] = TARGETS,
    elastic: bool = False,
    own: bool = False,
    surrogates: int = 0,
    fdr: FDRMethod = "hochberg",
    seed: int = 0,
    index: str | Path | None = None,
    recursive: bool = False,
    join: bool = False,
    outcomes: str | Path | None = None,
    reading: Mapping[str, Any] | None = None,
) -> Matches:
    """Find the labours of a database that are most like some others.

    Each match has a p-value, `p_special`: the chance that the nearest of unrelated labours is as close. Over several
    queries `q` is the share of unrelated ones among all nearest matches that are as special: nearest by the distance
    that p is of, with `elastic` too, where the first by what is left in bpm may be another labour.

    A query that cannot be compared is left out, and one of which a p-value cannot be told has none, each with the
    reason.

    Args:
        query: recordings, or files of them.
        among: the database: a folder of recordings, a table that `fhr features` wrote, a `Database`, or an index.
        k: matches a query, each of another labour.
        embedding: what is compared: a name of `EMBEDDINGS`, or a function of one's own; None for that of a table or an
            index, else `kernel`.
        distance: a name of `DISTANCES`; None for that of an index, else `euclidean`.
        minutes: length of the windows; None for that of a table or an index, else 20.
        step: minutes from one window of the database to the next; None likewise, else 5.
        end: where the query's window ends, s from the start of the recording; None for its end.
        most_loss: largest share of missing heart rate of a window; None for that of an index, else 0.5.
        targets: labels of which the share among the matches is told.
        elastic: align the 200 nearest by dynamic time warping, and order them by what is left in bpm; else the k
            nearest are shifted, and keep their order.
        own: take windows of the query's own labour for hits as well.
        surrogates: of each query, for `p_surrogate`, where each has three of its own; 0 for none.
        fdr: `hochberg` for the rate of Benjamini and Hochberg, `yekutieli` for that of Benjamini and Yekutieli, see
            `fhr.metrics.false_discovery_rate_at`.
        seed: of what is drawn.
        index: folder that the index is kept in, and taken from when it is of this database and these settings.
        recursive: read the folders within a folder of recordings, too.
        join: tables of uterine activity with the heart rates of the same labours, see `fhr.formats.join`.
        outcomes: a table of the births of a folder of recordings, see `fhr.datasets.RecordingFolder`.
        reading: options of `fhr.read` for a folder of recordings.

    Raises:
        FHRError: no query that can be used, a database that cannot be, or settings that do not fit: those of a table or
            an index are its own. No query whose surrogates say anything, where they are asked for.
    """
    labels = {str(target): Target(target) for target in targets}
    whole_number(k, "k", 1)
    whole_number(surrogates, "surrogates", 0)
    how: dict[str, Any] = {"folder": index, "recursive": recursive, "join": join}
    how |= {"outcomes": outcomes, "reading": reading}
    opened = open_index(among, embedding, distance, minutes=minutes, step=step, most_loss=most_loss, **how)
    compared = opened.index
    if elastic and opened.recordings is None:
        raise FHRError("the recordings of the database are not at hand, and nothing can be aligned; give their folder")
    asked = _asked(query, compared, end)
    nobody = np.empty(0, dtype=int)
    labours = [nobody if own else compared.own(recording) for recording in asked.recordings]
    hits = compared.nearest(asked.points, max(k, _ALIGNED) if elastic else k, labours)
    asked, labours, hits = _with_hits(asked, labours, hits)
    table = _table(asked, compared, hits)
    facts = _facts(asked, compared) | {"elastic": elastic}
    if own:
        facts["warnings"].append("windows of the queries' own labours count as matches: no p-values are told")
    else:
        facts |= _with_p(table, asked, compared, labours, end, fdr, seed, facts["warnings"])
    if surrogates:
        facts |= _with_surrogates(table, asked, compared, labours, surrogates, seed, facts["warnings"])
    windows = None
    if opened.recordings is not None:
        table, windows = _aligned(table, asked, opened, k, elastic)
    ended = _ended(table, asked, compared, labels, labours)
    table = table.drop(columns="query_number")
    return Matches(table, ended, facts, asked.windows, windows, asked.quarantined)


class _Asked(NamedTuple):
    """Queries that can be used: their recordings, windows and points; name, path and reason of each other."""

    recordings: list[Recording]
    windows: LabourWindows
    points: np.ndarray
    left_out: list[tuple[str, str | None, str]]

    @property
    def quarantined(self) -> dict[str, str]:
        """Why queries cannot be used, by name, or by path where several are called alike."""
        names, paths, reasons = zip(*self.left_out, strict=True) if self.left_out else ((), (), ())
        return dict(zip(told_apart(names, paths), reasons, strict=True))

    def only(self, usable: np.ndarray, reason: str) -> "_Asked":
        """Those that are usable (q,), or none; the others are left out for one reason."""
        rows = np.flatnonzero(usable)
        others = [one for i, one in enumerate(self.recordings) if not usable[i]]
        left_out = [(one.name, one.path, f"{one.name}: {reason}") for one in others]
        recordings = [self.recordings[i] for i in rows]
        return _Asked(recordings, self.windows[rows], self.points[rows], self.left_out + left_out)


def _asked(
    query: Recording | str | Path | Sequence[Recording | str | Path], index: SimilarityIndex, end: float | None
) -> _Asked:
    given = [query] if isinstance(query, Recording | str | Path) else list(query)
    if not given:
        raise FHRError("no query; give one recording or more")
    recordings: list[Recording] = []
    taken, left_out = list[LabourWindows](), list[tuple[str, str | None, str]]()
    for one in given:
        try:
            recording = one if isinstance(one, Recording) else read(one)
            if recording.name in {other.name for other in recordings}:
                called = recording.path or recording.name
                raise FHRError(f"{called}: another query has this name; ask about one after the other")
            window = LabourWindows.of(recording, minutes=index.minutes, fs=index.embedding.fs, end=end)
            loss = float(window.loss[0])
            if loss > index.most_loss:
                missing = "all" if loss == 1 else f"{loss:.0%}"
                raise SignalError(
                    f"{recording.name}: {missing} of the heart rate of this window is missing, at most "
                    f"{index.most_loss:.0%} may be; ask about another window (--end), or allow more (--most-loss)"
                )
        except FHRError as error:
            name, path = (one.name, one.path) if isinstance(one, Recording) else (str(one), None)
            left_out.append((name, path, str(error)))
            continue
        recordings.append(recording)
        taken.append(window)
    if recordings:
        windows = LabourWindows.joined(taken)
        points = index.embed(windows)
        by = index.embedding.name
        unlike = f"too little of this window was measured for the embedding {by}; ask about another one"
        asked = _Asked(recordings, windows, points, left_out).only(~np.isnan(points).all(axis=1), unlike)
        recordings, left_out = asked.recordings, asked.left_out
    if not recordings:
        reasons = "; ".join(reason for _, _, reason in left_out)
        raise FHRError(f"none of the {len(given)} queries can be compared: {reasons}")
    return asked


def _with_hits(asked: _Asked, own: list[np.ndarray], hits: Hits) -> tuple[_Asked, list[np.ndarray], Hits]:
    """The queries that can be compared with a labour; the others join those that are left out."""
    found = hits.windows[:, 0] >= 0
    reason = (
        "no other labour of the database can be compared with it; ask about a window with less loss, or among more "
        "labours"
    )
    compared = asked.only(found, reason)
    if not compared.recordings:
        raise FHRError(f"none of the queries can be compared: {'; '.join(compared.quarantined.values())}")
    kept = [labours for labours, some in zip(own, found, strict=True) if some]
    return compared, kept, Hits(hits.windows[found], hits.distances[found])


def _table(asked: _Asked, index: SimilarityIndex, hits: Hits) -> pd.DataFrame:
    """A row a query and match, with all columns; NaN of what is not known yet."""
    query, rank = np.nonzero(hits.windows >= 0)
    rows = hits.windows[query, rank]
    found = index.windows.iloc[rows].reset_index(drop=True)
    known = {
        "query_number": query,
        "query": asked.windows.names[query],
        "query_start_s": asked.windows.start[query],
        "query_end_s": asked.windows.end[query],
        "rank": rank + 1,
        "distance": hits.distances[query, rank].astype(float),
        "unit": index.distance.unit,
        **{name: found[name] for name in ("record", "start_s", "end_s", "to_end_s", "loss")},
        "kind": index.labours.loc[found["record"], "kind"].to_numpy(),
    }
    table = pd.DataFrame({name: known.get(name, np.nan) for name in ("query_number", *COLUMNS)})
    table["p_by"] = ""
    outcomes = index.labours.loc[found["record"], _OUTCOMES].reset_index(drop=True)
    of_queries = [one.path or "" for one in asked.recordings]
    paths = {"path": index.labours.loc[found["record"], "path"].to_numpy(), "query_path": np.take(of_queries, query)}
    return pd.concat([table, outcomes], axis=1).assign(**paths)


def _aligned(
    table: pd.DataFrame, asked: _Asked, opened: OpenIndex, k: int, elastic: bool
) -> tuple[pd.DataFrame, LabourWindows]:
    """The k matches of each query with `rms_bpm` and `lag_s`, and their windows."""
    align = elastic_alignment if elastic else rigid_alignment
    kept, windows = [], []
    for i, (_, rows) in enumerate(table.groupby("query_number")):
        cut = opened.cut(rows["record"], rows["end_s"])
        found = align(asked.windows[i], cut)
        rows = rows.assign(rms_bpm=found.rms_bpm, lag_s=found.lag_s)
        order = np.argsort(found.rms_bpm, kind="stable") if elastic else np.arange(len(rows))  # NaN comes last
        taken = order[:k]
        kept.append(rows.iloc[taken].assign(rank=np.arange(1, len(taken) + 1)))
        windows.append(cut[taken])
    return pd.concat(kept, ignore_index=True), LabourWindows.joined(windows)


def _with_p(
    table: pd.DataFrame,
    asked: _Asked,
    index: SimilarityIndex,
    own: Sequence[np.ndarray],
    end: float | None,
    fdr: FDRMethod,
    seed: int,
    warnings: list[str],
) -> dict[str, Any]:
    """Fill in `p_special`, `p_by` and `q`, and warn of queries without; what is to be known of the null hypothesis."""
    null = index.own_windows("last" if end is None else "any", seed)
    if not len(null.rows):
        raise FHRError(
            f"no labour of {index.origin} has a window at its end with {1 - index.most_loss:.0%} of its heart rate, to "
            "rank among; ask about a window that ends earlier (--end), or allow more loss (--most-loss)"
        )
    loss = index.windows["loss"].to_numpy()[null.rows]
    labour = index.labour_of(null.rows)
    tails = []
    for i, recording in enumerate(asked.recordings):
        others = ~np.isin(labour, own[i])
        if not np.isfinite(null.nearest[others]).any():
            warnings.append(
                f"{recording.name} has no p_special: no labour of {index.origin} but its own can be compared with "
                "another, and there is nothing to rank among; compare with more labours"
            )
            continue
        unrelated = UnrelatedLabours(null.nearest[others], loss[others], null.typical[others])
        rows = (table["query_number"] == i).to_numpy()
        back = None if len(own[i]) else _to_query(recording, index, null.rows[others])[None]
        usual = index.typical(asked.points[i : i + 1], null.rows[others])
        away = table.loc[rows, "distance"].to_numpy()[None]
        found = p_special(away, asked.windows.loss[i : i + 1], unrelated, to_queries=back, typical=usual)
        table.loc[rows, "p_special"], table.loc[rows, "p_by"] = found.p[0], found.by[0]
        tails.append(unrelated.tail)
    family = table.loc[table["rank"] == 1, "p_special"].to_numpy(dtype=float)
    table["q"] = false_discovery_rate_at(family, table["p_special"].to_numpy(dtype=float), method=fdr)
    if not tails:
        return {}
    accepted = sum(tail.accepted for tail in tails)
    return {"n_null": len(null.rows), "fdr": fdr, "tail_accepted": f"{accepted} of {len(tails)}"}


def _to_query(recording: Recording, index: SimilarityIndex, rows: np.ndarray) -> np.ndarray:
    """Distance (m,) of windows of the database to the nearest window of the query's labour."""
    cut = LabourWindows.of(recording, minutes=index.minutes, fs=index.embedding.fs, step=index.step)
    usable = cut.loss <= index.most_loss
    if not usable.any():  # the query's window lies between those
        return np.full(len(rows), np.inf)
    return index.distance.between(np.asarray(index.points[rows]), index.embed(cut[usable])).min(axis=1)


def _with_surrogates(
    table: pd.DataFrame,
    asked: _Asked,
    index: SimilarityIndex,
    own: Sequence[np.ndarray],
    n: int,
    seed: int,
    warnings: list[str],
) -> dict[str, Any]:
    """Fill in `p_surrogate`, one of each query, and warn of queries without; what is to be known of the surrogates.

    Raises:
        FHRError: no query has one, for the reason of the first.
    """
    said: dict[str, Any] = {"n_surrogates": n}
    without: dict[str, FHRError] = {}
    for i, recording in enumerate(asked.recordings):

        def nearest(points: np.ndarray, left_out: np.ndarray = own[i]) -> np.ndarray:
            return index.nearest(points, 1, [left_out] * len(points)).distances[:, 0]

        try:
            found = p_surrogate(asked.windows[i], nearest, index.embedding, index.distance, n=n, seed=seed)
        except FHRError as error:
            without[recording.name] = error
            continue
        table.loc[table["query_number"] == i, "p_surrogate"] = found.p
        said["surrogates"] = found.made_by
    if len(without) == len(asked.recordings):
        raise next(iter(without.values()))
    warnings += [f"{name} has no p_surrogate: {str(why).removeprefix(f'{name}: ')}" for name, why in without.items()]
    return said


def _ended(
    table: pd.DataFrame,
    asked: _Asked,
    index: SimilarityIndex,
    labels: dict[str, Target],
    own: Sequence[np.ndarray],
) -> pd.DataFrame:
    """How the matches of each query ended, beside the database without the query's own labour."""
    rows = []
    for name, target in labels.items():
        of_all = target(index.labours).to_numpy(dtype=float)
        of_matches = target(table[_OUTCOMES])
        for (i, matched), left_out in zip(of_matches.groupby(table["query_number"]), own, strict=True):
            known = matched.dropna()
            interval = exact_interval(float(known.sum()), len(known))
            others = np.delete(of_all, left_out)
            expected = np.nanmean(others) if np.isfinite(others).any() else np.nan
            counts = {"query": asked.windows.names[i], "label": name, "n_with": int(known.sum()), "n_known": len(known)}
            shares = {"share": interval.value, "low": interval.low, "high": interval.high, "expected": expected}
            rows.append(counts | shares)
    return pd.DataFrame(rows, columns=["query", "label", "n_with", "n_known", "share", "low", "high", "expected"])


def _facts(asked: _Asked, index: SimilarityIndex) -> dict[str, Any]:
    return {**index.facts, "warnings": _warnings(asked, index)}


def _warnings(asked: _Asked, index: SimilarityIndex) -> list[str]:
    said = [
        f"{recording.name} is {recording.provenance.kind}, made by {recording.provenance.made_by}"
        for recording in asked.recordings
        if not recording.provenance.is_measured
    ]
    said += index.embedding.notes
    if seen := index.n_learnt_from:
        said.append(
            f"the embedding learnt from {seen} of the {len(index.labours)} labours of the database: how those ended is "
            "no test of it, and not out of fold"
        )
    said += index.made
    if (index.labours["kind"] == "").any():
        said.append("the recordings of the database are not at hand: kinds, outcomes and strips are unknown")
    elif index.labours[_OUTCOMES].isna().all(axis=None):
        said.append("no outcome is known in the database: how the matches ended cannot be told")
    return said
