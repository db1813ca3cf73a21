"""`SimilarityIndex`: the windows of a database as points, with what is needed to compare a labour with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from fhr.compute import stream
from fhr.errors import FHRError
from fhr.recording import Recording, other_digest

from .approximate_search import ApproximateSearch
from .distance import Distance
from .embedding import Embedding
from .hits import Hits, labours_of, nearest_labours
from .labour_windows import LabourWindows
from .special import finite_medians

__all__ = ["OwnWindows", "SimilarityIndex"]

_CALIBRATION = 1_000  # labours whose nearest distance is computed


class OwnWindows(NamedTuple):
    """A window of each of some labours, which stands for a query of theirs, beside all other labours.

    Attributes:
        rows: (m,) of the windows.
        nearest: (m,) distance of each to the nearest window of another labour.
        typical: (m,) median distance of each to the others among these.
    """

    rows: np.ndarray
    nearest: np.ndarray
    typical: np.ndarray


@dataclass(frozen=True, eq=False)
class SimilarityIndex:
    """Windows of a database, embedded and scaled, in the order of the labours and from the last window back.

    Attributes:
        embedding: of the windows.
        distance: between them, fitted to them.
        minutes: length of a window.
        step: minutes from one window to the one before it; infinite for one window a labour, at its end.
        most_loss: largest share of missing heart rate of a window.
        points: float32 (n, d), see `Distance.scale`.
        windows: a row a window: `record`, `start_s`, `end_s`, `to_end_s`, `loss`.
        labours: a row a labour, by `record`: `digest` of its signals, `digest_as_read`, `kind`, and its outcome;
            of a table of features without its recordings the name is all that is known.
        origin: where the recordings are from.
        checksum: of all recordings that were read, as `fhr.datasets.Database.checksum`.
        quarantined: reason for each recording that is left out.
        last: windows at the ends of the recordings, beside all other labours; None where they are not known yet.
        lists: an approximate search of the points; None to compare all of them.
    """

    embedding: Embedding
    distance: Distance
    minutes: float
    step: float
    most_loss: float
    points: np.ndarray
    windows: pd.DataFrame
    labours: pd.DataFrame
    origin: str
    checksum: str
    quarantined: dict[str, str] = field(default_factory=dict)
    last: OwnWindows | None = None
    lists: ApproximateSearch | None = None

    @cached_property
    def first(self) -> np.ndarray:
        """Row (labours,) at which each labour begins."""
        names = self.windows["record"].to_numpy()
        rows: np.ndarray = np.flatnonzero(np.r_[True, names[1:] != names[:-1]])
        return rows

    def own(self, recording: Recording) -> np.ndarray:
        """Positions of the labours that are the one of a recording: of its name, or of its very signals."""
        digests = self.labours["digest"].to_numpy()
        return np.flatnonzero((self.labours.index.to_numpy() == recording.name) | (digests == recording.digest))

    @property
    def n_learnt_from(self) -> int:
        """Labours that the embedding learnt from, known by digest, name, or the checksum of all."""
        seen = self.embedding.learnt_from
        if self.checksum in seen:
            return len(self.labours)
        known = seen | {copy for one in seen if (copy := other_digest(one)) is not None}
        here = self.labours[["digest", "digest_as_read"]].assign(name=self.labours.index)
        return int(here.isin(known).any(axis=1).sum())

    @property
    def facts(self) -> dict[str, Any]:
        """Embedding, settings and numbers of labours and windows, in plain types."""
        return {
            "embedding": self.embedding.name,
            "distance": self.distance.name,
            "unit": self.distance.unit,
            "minutes": self.minutes,
            "step": self.step,
            "most_loss": self.most_loss,
            "database": self.origin,
            "data_checksum": self.checksum,
            "n_labours": len(self.labours),
            "n_windows": len(self.windows),
            "n_left_out": len(self.quarantined),
        }

    @property
    def made(self) -> list[str]:
        """Sentence on labours that were not measured; none where all were, or where that is not known."""
        kinds = self.labours["kind"].value_counts()
        counts = ", ".join(f"{n} {kind}" for kind, n in kinds.items() if kind not in ("measured", ""))
        if not counts:
            return []
        return [f"of the {len(self.labours)} labours of the database {counts}: no evidence about fetuses"]

    def embed(self, windows: LabourWindows) -> np.ndarray:
        """Points (n, d) of windows of other recordings.

        Raises:
            FHRError: windows of another length or rate, or what the embedding refuses.
        """
        if round(windows.minutes * 60) != round(self.minutes * 60):
            raise FHRError(
                f"windows of {windows.minutes:g} min among windows of {self.minutes:g} min; compare those of one length"
            )
        return self.distance.scale(self.embedding(windows))

    def nearest(self, points: np.ndarray, k: int, own: Sequence[np.ndarray] | None = None) -> Hits:
        """The k nearest labours of points (q, d), by the nearest of their windows.

        Args:
            points: of `embed`.
            k: how many.
            own: positions of the labours that are no hits, of each point; None for none.
        """
        if self.lists is not None:
            return self.lists.nearest(points, k, own)
        nobody = [np.empty(0, dtype=int)] * len(points)
        return nearest_labours(points, self.points, self.distance, self.first, list(own or nobody), k)

    def own_windows(self, place: str = "last", seed: int = 0) -> OwnWindows:
        """A window of each of up to 1,000 labours, as a query of theirs would be, beside all other labours.

        Args:
            place: `last` for the window at the end of the recording, of the labours that have it; `any` for one drawn.
            seed: of the draws.
        """
        if place == "last" and self.last is not None:
            return self.last
        rng = stream(seed, "windows of a null of similarity")
        if place == "last":
            rows = self.first[self.windows["to_end_s"].to_numpy()[self.first] == 0]
        else:
            lengths = np.diff([*self.first, len(self.windows)])
            rows = self.first + (rng.random(len(lengths)) * lengths).astype(int)
        if len(rows) > _CALIBRATION:
            rows = np.sort(rng.choice(rows, _CALIBRATION, replace=False))
        points = np.asarray(self.points[rows])
        found = self.nearest(points, 1, [np.array([one]) for one in self.labour_of(rows)])
        nearest = found.distances.min(axis=1, initial=np.inf)
        between = self.distance.between(points, points)
        np.fill_diagonal(between, np.inf)
        return OwnWindows(rows, nearest, finite_medians(between))

    def typical(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Median distance (q,) of points (q, d) to some windows."""
        return finite_medians(self.distance.between(points, np.asarray(self.points[rows])))

    def labour_of(self, rows: np.ndarray) -> np.ndarray:
        """Position of the labour of each of these windows."""
        return labours_of(rows, self.first)
