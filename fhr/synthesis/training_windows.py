"""Windows of the recordings that a generator is fitted to, with their outcomes and what names them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from math import nan

import numpy as np
import pandas as pd

from fhr.datasets import Database
from fhr.errors import FHRError, SignalError
from fhr.preprocessing import clean, cut_windows
from fhr.recording import Outcome, Recording

__all__ = ["TrainingWindows", "last_window"]

_log = logging.getLogger(__name__)

UNLABELLED = -1


@dataclass(frozen=True, eq=False)
class TrainingWindows:
    """The last minutes of each recording, cleaned, with the outcome of each birth.

    Attributes:
        signals: float32 (record, 2, time), FHR in bpm and UC in its unit; NaN is missing.
        fs: sampling rate, Hz.
        stage2_start: (record,) s from the start of the window, 0 where the second stage began before it; NaN where
            there was none.
        outcomes: of each birth.
        labels: int64 (record,) 0 or 1, -1 where a record has none.
        names: of the records.
        fitted_to: digests of the records, and what they were made from where they were made.
    """

    signals: np.ndarray
    fs: float
    stage2_start: np.ndarray
    outcomes: tuple[Outcome, ...]
    labels: np.ndarray
    names: tuple[str, ...]
    fitted_to: tuple[str, ...]

    @classmethod
    def of(
        cls,
        recordings: Sequence[Recording],
        labels: Sequence[float] | Mapping[str, float] | pd.Series | None = None,
        *,
        minutes: float = 60.0,
        digests: Mapping[str, str] | None = None,
    ) -> "TrainingWindows":
        """Cut the windows.

        Recordings that are shorter than the window are left out, with a line in the log.

        Args:
            recordings: measured or simulated, of one sampling rate.
            labels: 0 or 1 of each, in order or by name; NaN or a lacking name for unknown. None for no labels.
            minutes: length of the window.
            digests: of the records by name; None for those of the recordings.

        Raises:
            FHRError: no recording, one that is synthetic or imputed, several sampling rates, a name that stands twice,
                labels of another number, or one that is neither 0 nor 1.
            SignalError: no recording that is long enough.
        """
        database = Database(recordings, origin="the training recordings of a generator")
        if not len(database):
            raise FHRError("a generator was given no recording; give those of the training folds")
        _check_kinds(database)
        _check_rate(database)
        known = _labels(database.names, labels)
        kept, windows = [], []
        for k, recording in enumerate(database):
            try:
                windows.append(last_window(recording, minutes))
                kept.append(k)
            except SignalError as error:
                _log.warning("left out: %s: %s", recording.name, error)
        if not kept:
            raise SignalError(f"none of {len(database)} recordings holds a window of {minutes:g} min; ask for less")
        used = [database.recordings[k] for k in kept]
        of_records = dict(zip(database.names, database.digests, strict=True)) if digests is None else digests
        return cls(
            np.stack([signals for signals, _ in windows]),
            used[0].fs,
            np.array([stage2_start for _, stage2_start in windows]),
            tuple(recording.outcome for recording in used),
            known[kept],
            tuple(recording.name for recording in used),
            tuple(dict.fromkeys([*(of_records[recording.name] for recording in used), *database.fitted_to])),
        )

    def __len__(self) -> int:
        return len(self.signals)

    @property
    def minutes(self) -> float:
        """Length of a window."""
        return self.signals.shape[-1] / self.fs / 60

    def recordings(self) -> tuple[Recording, ...]:
        """The windows as recordings, of which nothing but signals, outcome and stages is known."""
        each = zip(self.names, self.signals, self.outcomes, self.stage2_start.tolist(), strict=True)
        return tuple(
            Recording(name, fhr, uc, self.fs, outcome=outcome, stage2_start=stage2_start)
            for name, (fhr, uc), outcome, stage2_start in each
        )

    def rows(self, target: int | None) -> np.ndarray:
        """Positions of the records of a class; of all records for None.

        Raises:
            FHRError: another class than 0 and 1, or one without records.
        """
        if target is None:
            return np.arange(len(self))
        if target not in (0, 1):
            raise FHRError(f"target={target!r}; give 1 for births with the label, 0 for those without, None for both")
        rows = np.flatnonzero(self.labels == target)
        if not len(rows):
            raise FHRError(
                f"none of the {len(self)} training records has the label {target}; give labels to `fit`, or others"
            )
        return rows

    def only(self, rows: np.ndarray) -> "TrainingWindows":
        """Some of the records, which stay all that a generator was fitted to."""
        return replace(
            self,
            signals=self.signals[rows],
            stage2_start=self.stage2_start[rows],
            outcomes=tuple(self.outcomes[k] for k in rows),
            labels=self.labels[rows],
            names=tuple(self.names[k] for k in rows),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Numbers that a file keeps."""
        return {
            "signals": self.signals,
            "stage2_start": self.stage2_start,
            "outcomes": np.array([astuple(outcome) for outcome in self.outcomes]),
            "labels": self.labels,
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, np.ndarray], *, fs: float, names: Sequence[str], fitted_to: Sequence[str]
    ) -> "TrainingWindows":
        """Rebuild what `arrays` gave.

        Raises:
            FHRError: arrays that do not belong together.
        """
        n = len(names)
        shapes = {"stage2_start": (n,), "outcomes": (n, len(astuple(Outcome()))), "labels": (n,)}
        dtypes = {"signals": np.float32, "labels": np.int64}
        for name in ("signals", *shapes):
            array = arrays.get(name)
            if array is None or array.dtype != dtypes.get(name, np.float64):
                raise FHRError(f"training windows without {name}, or of another type")
            if name in shapes and array.shape != shapes[name]:
                raise FHRError(f"{name} of shape {array.shape} for {n} training windows")
        signals = arrays["signals"]
        if signals.ndim != 3 or signals.shape[:2] != (n, 2) or not n or not signals.shape[2] or np.isinf(signals).any():
            raise FHRError(f"signals of shape {signals.shape} for {n} training windows, or with infinite values")
        if not np.isin(arrays["labels"], (UNLABELLED, 0, 1)).all():
            raise FHRError("labels other than 0 and 1")
        outcomes = tuple(Outcome(*row) for row in arrays["outcomes"].tolist())
        return cls(signals, fs, arrays["stage2_start"], outcomes, arrays["labels"], tuple(names), tuple(fitted_to))


def last_window(recording: Recording, minutes: float) -> tuple[np.ndarray, float]:
    """FHR, cleaned, and UC of the last minutes, float32 (2, time), and the start of the second stage in them, s.

    Raises:
        SignalError: a recording that is shorter.
    """
    both = np.stack([clean(recording).fhr, recording.uc])
    signals = cut_windows(both, recording.fs, minutes=minutes)[0][:, 0]
    stage2_start = recording.stage2_start - (recording.duration - 60 * minutes)
    return signals, float(np.maximum(stage2_start, 0.0))  # NaN stays


def _check_kinds(database: Database) -> None:
    made = [r for r in database if r.provenance.kind not in ("measured", "simulated")]
    if made:
        raise FHRError(
            f"{made[0].name}: {made[0].provenance.words}, and so {len(made) - 1} more of {len(database)} recordings; a "
            "generator is fitted to recordings that were measured or simulated, not to what another one made"
        )


def _check_rate(database: Database) -> None:
    first = database[0]
    if other := next((r for r in database if r.fs != first.fs), None):
        raise FHRError(
            f"{other.name}: {other.fs:g} Hz beside {first.fs:g} Hz of {first.name}; give recordings of one rate"
        )


def _labels(names: Sequence[str], labels: Sequence[float] | Mapping[str, float] | pd.Series | None) -> np.ndarray:
    if labels is None:
        return np.full(len(names), UNLABELLED)
    if isinstance(labels, pd.Series | Mapping):
        given = np.array([labels.get(name, nan) for name in names], dtype=float)
    else:
        given = np.asarray(labels, dtype=float)
    if given.shape != (len(names),):
        raise FHRError(f"labels of shape {given.shape} for {len(names)} recordings; give one of each")
    known = np.where(np.isnan(given), UNLABELLED, given)
    if odd := [value for value in known.tolist() if value not in (UNLABELLED, 0, 1)]:
        raise FHRError(f"the label {odd[0]:g}; labels are 0 or 1, NaN where unknown")
    return known.astype(np.int64)
