"""Search among more windows than are worth comparing one by one: lists of near windows, of which some are compared."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from fhr.compute import stream
from fhr.errors import FHRError
from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays
from fhr.formats.files.whole_file import write_whole

from .distance import Distance
from .hits import Hits, labours_of, nearest_labours

__all__ = ["MANY", "ApproximateSearch"]

MANY = 100_000
"""Windows above which an index on disk is searched by lists, where faiss is installed."""

_log = logging.getLogger(__name__)

_LISTS = 4  # times the square root of the number of windows
_A_LIST = 64  # windows a list that the centres are found with, and that there are at least
_AT_ONCE = 1 << 22  # numbers
_QUERIES, _K = 200, 10  # of the windows that the recall is measured on, and labours of each
_PROBES, _CANDIDATES = 16, 256  # at first, and at least
_MOST_BYTES = 1 << 34


@dataclass(frozen=True, eq=False)
class ApproximateSearch:
    """Windows in lists by the nearest of many centres; the windows of the lists nearest to a query are its candidates.

    An inverted file of faiss (Jegou et al. 2011, doi:10.1109/TPAMI.2010.57; Douze et al. 2024, arXiv:2401.08281) finds
    candidates by Euclidean distance of coordinates kept as bytes, missing ones at the mean; the candidates are then
    compared by the distance itself, on the points as they are. How many lists and candidates are taken is set when it
    is built, by the recall measured on windows of the database. On 10^6 simulated windows of 64 numbers a query takes
    0.3 ms, where all of them take 41 to 137 ms, and the lists 73 MB (`benchmarks/similarity_speed.py`).

    Attributes:
        points: float32 (n, d), may lie in a file.
        distance: between them.
        first: (labours,) row at which each labour begins.
        lists: the inverted file.
        middle: (d,) means of the coordinates.
        probes: lists whose windows are candidates.
        candidates: how many of them are compared.
        recall: share of the 10 nearest labours that it found, over 200 windows beside all other labours.
    """

    points: np.ndarray
    distance: Distance
    first: np.ndarray
    lists: Any
    middle: np.ndarray
    probes: int
    candidates: int
    recall: float

    @classmethod
    def build(cls, points: np.ndarray, distance: Distance, first: np.ndarray, *, recall: float = 0.99) -> Self:
        """Make the lists, and find out how many of them a recall takes.

        Args:
            points: float32 (n, d), the windows of a labour one after another.
            distance: between them.
            first: (labours,) row at which each labour begins.
            recall: share of the nearest labours to be found; measured ones miss half as many at most.

        Raises:
            FHRError: faiss is not installed, less than a thousand windows, a recall that is none, or one that is not
                reached: compare all windows then.
        """
        faiss = _faiss()
        if not 0 < recall < 1:
            raise FHRError(f"recall={recall:g}; give a share below 1, such as 0.99")
        n, d = points.shape
        if n < 1000:
            raise FHRError(f"{n} windows; an approximate search needs 1,000: compare all of them")
        count = 1 << round(np.log2(max(1, min(_LISTS * np.sqrt(n), n / _A_LIST))))
        drawn = np.sort(stream(0, "windows that lists are made of").choice(n, min(n, _A_LIST * count), replace=False))
        sample = np.array(points[drawn])
        known = ~np.isnan(sample)
        middle = np.where(known, sample, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        middle = middle.astype(np.float32)
        lists = faiss.index_factory(d, f"IVF{count},SQ8")
        lists.train(_complete(sample, middle))
        rows = max(1, _AT_ONCE // d)
        for i in range(0, n, rows):
            lists.add(_complete(points[i : i + rows], middle))
        return cls._tuned(points, distance, first, lists, middle, recall)

    @classmethod
    def _tuned(
        cls, points: np.ndarray, distance: Distance, first: np.ndarray, lists: Any, middle: np.ndarray, recall: float
    ) -> Self:
        rows = stream(0, "windows of a recall").choice(len(points), _QUERIES, replace=False)
        queries = np.asarray(points[rows])
        own = [np.array([one]) for one in labours_of(rows, first)]
        exact = nearest_labours(queries, points, distance, first, own, _K).windows
        least, best = 1 - (1 - recall) / 2, 0.0
        candidates = _CANDIDATES
        while candidates <= max(_CANDIDATES, len(points) // 8):
            probes = min(_PROBES, lists.nlist)
            while probes <= lists.nlist:
                search = cls(points, distance, first, lists, middle, probes, candidates, best)
                found = search._nearest(queries, _K, own).windows
                best = max(best, _share_found(exact, found, first))
                if best >= least:
                    return cls(points, distance, first, lists, middle, probes, candidates, best)
                probes *= 2
            candidates *= 4
        raise FHRError(
            f"an approximate search finds {best:.1%} of the nearest labours where recall={recall:g} asks for "
            f"{least:.1%}; compare all windows"
        )

    @classmethod
    def kept(
        cls,
        path: Path,
        checksum: str,
        points: np.ndarray,
        distance: Distance,
        first: np.ndarray,
        *,
        recall: float = 0.99,
    ) -> Self:
        """The search that is kept in a file; built anew, and kept, where there is none, a damaged one, or another's.

        Args:
            path: of the file.
            checksum: of the points, by which the file is known to be theirs.
            points: as of `build`, with the rest.
            distance: between them.
            first: row at which each labour begins.
            recall: share of the nearest labours to be found.

        Raises:
            FHRError: what `build` refuses.
        """
        known = f"{checksum} {distance.name} {points.shape} {recall} {_digest(np.asarray(first, dtype=np.int64))}"
        if path.is_file():
            try:
                return cls._read(path, known, points, distance, first)
            except ValueError as error:
                _log.warning("%s: %s; it is made anew", path, error)
        made = cls.build(points, distance, first, recall=recall)
        try:
            made._write(path, known)
        except OSError as error:
            _log.warning("%s: cannot be written (%s); it is made anew the next time", path, error.strerror)
        return made

    def _write(self, path: Path, known: str) -> None:
        packed = _faiss().serialize_index(self.lists)
        settings = np.array([self.probes, self.candidates, self.recall])
        about = {"of": np.array(known), "sha256": np.array(_digest(packed)), "by": np.array(_faiss().__version__)}
        arrays = {**about, "settings": settings, "middle": self.middle, "lists": packed}
        write_whole(path, pack_arrays(arrays, compressed=False))

    @classmethod
    def _read(cls, path: Path, known: str, points: np.ndarray, distance: Distance, first: np.ndarray) -> Self:
        """The search of a file; ValueError where it is damaged, of other points, or by another version of faiss."""
        faiss = _faiss()
        arrays = unpack_arrays(path.read_bytes(), most_bytes=_MOST_BYTES)
        names = {"of", "sha256", "by", "settings", "middle", "lists"}
        if set(arrays) != names:
            raise ValueError("is no file of lists")
        if str(arrays["of"]) != known:
            raise ValueError("are lists of other windows")
        if str(arrays["by"]) != faiss.__version__:
            raise ValueError(f"are lists by faiss {arrays['by']}")
        # Before faiss sees it: on bytes that it did not write it may crash.
        if str(arrays["sha256"]) != _digest(arrays["lists"]):
            raise ValueError("its checksum does not fit")
        probes, candidates, recall = arrays["settings"].tolist()
        lists = faiss.deserialize_index(arrays["lists"].copy())
        return cls(points, distance, first, lists, arrays["middle"], int(probes), int(candidates), recall)

    def nearest(self, points: np.ndarray, k: int, own: Sequence[np.ndarray] | None = None) -> Hits:
        """The k nearest labours of points (q, d), by the nearest of their windows; see `SimilarityIndex.nearest`.

        Where the candidates hold fewer labours, more of them are taken, all windows in the end.

        Args:
            points: float32 (q, d).
            k: how many.
            own: positions of the labours that are no hits, of each point; None for none.

        Raises:
            FHRError: k below 1, or points of another length.
        """
        if k < 1:
            raise FHRError(f"k={k}; ask for 1 labour or more")
        if points.ndim != 2 or points.shape[1] != self.points.shape[1]:
            raise FHRError(f"points of shape {points.shape}; give (q, {self.points.shape[1]})")
        nobody = [np.empty(0, dtype=int)] * len(points)
        return self._nearest(points, k, list(own or nobody))

    def _nearest(self, points: np.ndarray, k: int, own: list[np.ndarray]) -> Hits:
        k = min(k, len(self.first))
        wider = -(-k // _K)  # the recall is known of 10 labours
        if self.candidates * wider >= len(self.points):
            return nearest_labours(points, self.points, self.distance, self.first, own, k)
        windows, distances = np.full((len(points), k), -1), np.full((len(points), k), np.inf, dtype=np.float32)
        for i, rows in enumerate(self._candidates(points, wider)):
            windows[i], distances[i] = self._among(rows, points[i], k, own[i])
            if np.isfinite(distances[i]).sum() < min(k, len(self.first) - len(np.unique(own[i]))):
                windows[i], distances[i] = self._further(points[i : i + 1], k, own[i], 4 * wider)
        return Hits(windows, distances)

    def _further(self, point: np.ndarray, k: int, own: np.ndarray, wider: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and distances (k,) of the nearest labours of one point (1, d), among ever more windows."""
        while self.candidates * wider < len(self.points):
            windows, distances = self._among(self._candidates(point, wider)[0], point[0], k, own)
            if np.isfinite(distances).sum() >= min(k, len(self.first) - len(np.unique(own))):
                return windows, distances
            wider *= 4
        hits = nearest_labours(point, self.points, self.distance, self.first, [own], k)
        return hits.windows[0], hits.distances[0]

    def _candidates(self, points: np.ndarray, wider: int) -> list[np.ndarray]:
        """Rows, in their order, of windows near each point: so many times more than is set."""
        settings = _faiss().SearchParametersIVF(nprobe=min(self.probes * wider, self.lists.nlist))
        _, found = self.lists.search(_complete(points, self.middle), self.candidates * wider, params=settings)
        return [np.sort(rows[rows >= 0]) for rows in found]

    def _among(self, rows: np.ndarray, point: np.ndarray, k: int, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows and distances (k,) of the nearest labours of one point (d,) among some windows."""
        windows, distances = np.full(k, -1), np.full(k, np.inf, dtype=np.float32)
        labour = labours_of(rows, self.first)
        others = ~np.isin(labour, own)
        rows, labour = rows[others], labour[others]
        if len(rows):
            starts = np.flatnonzero(np.r_[True, labour[1:] != labour[:-1]])
            hits = nearest_labours(point[None], self.points[rows], self.distance, starts, [own[:0]], k)
            n = hits.windows.shape[1]
            windows[:n], distances[:n] = np.where(hits.windows[0] >= 0, rows[hits.windows[0]], -1), hits.distances[0]
        return windows, distances


def _complete(points: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Points without gaps, as faiss takes them."""
    points = np.asarray(points, dtype=np.float32)
    return np.ascontiguousarray(np.where(np.isnan(points), middle, points))


def _share_found(exact: np.ndarray, found: np.ndarray, first: np.ndarray) -> float:
    """Share of the labours of rows (q, k) that others (q, k) hold as well."""
    labours = [np.where(rows >= 0, labours_of(rows, first), -1) for rows in (exact, found)]
    hit = (labours[0][:, :, None] == labours[1][:, None]).any(axis=2) & (labours[0] >= 0)
    return float(hit.sum() / max((labours[0] >= 0).sum(), 1))


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise FHRError(
            "an approximate search needs faiss, which is not installed; pip install 'intrapartum-fhr[similarity]', or "
            "compare all windows"
        ) from None
    return faiss
