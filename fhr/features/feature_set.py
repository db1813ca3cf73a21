"""Feature sets: groups of named columns of a window, the same for the table, for training and for prediction."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

import numpy as np

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import DEFAULT_STEPS, block_factor, block_mean, check_steps, clean, cut_windows, plain_steps
from fhr.recording import Recording, Step, floating, plain_names, plain_number, plain_table

from .column import Column
from .covariates import COVARIATE_GROUP, COVARIATES, checked_covariates, covariates
from .groups import GROUPS, OF_GROUP, GivenWindows
from .multiscale_columns import MULTISCALE
from .nested_windows import whole_minutes

__all__ = ["FeatureSet", "Windows"]

_LEAST, _MOST = 1e-6, 1e6  # Hz and min of a stored feature set: no time or number of samples overflows
VERSION = 2  # raise it when a column of the same name comes to mean another number: tables are then made anew


class Windows(NamedTuple):
    """Windows of one cleaned recording, the last one first.

    Attributes:
        fhr: float64 (window, time), bpm; NaN is missing.
        uc: float64 (window, time), arbitrary units; NaN is missing.
        start: (window,) s from the start of the recording.
        end: (window,) s from the start of the recording.
        to_end: (window,) s from the window's end to the end of the recording.
        loss: (window,) fraction of FHR that was missing or removed.
    """

    fhr: np.ndarray
    uc: np.ndarray
    start: np.ndarray
    end: np.ndarray
    to_end: np.ndarray
    loss: np.ndarray


@dataclass(frozen=True)
class FeatureSet:
    """A recipe of features: cleaning, windows counted back from the end, and the named columns of each window.

    Gaps are never bridged: every group takes NaN as missing, and gives NaN where a window has too little signal.

    Args:
        groups: which of `GROUPS` and then of `OPTIONAL_GROUPS`, in that order. Those of `NESTED_GROUPS` are of nested
            parts of the window, and meant for 60 min; those of `SIGNAL_GROUPS` compare signals, and train no model.
        fs: rate that the features are computed at, Hz; a recording of a multiple of it is averaged in blocks.
        minutes: length of a window.
        steps: cleaning of FHR, by name and parameters.
        multiscale: what differs from `MULTISCALE`: wavelet, j1, j2, p, gamma, max_gap_fraction of
            `fhr.multiscale.analyze`.
        covariates: of `COVARIATES`, known before birth, as last columns beside those of the signal; off by default.

    Raises:
        FHRError: an unknown group, step, parameter or covariate, groups in another order, a rate or window that is not
            positive or holds no sample.

    Example:
        >>> FeatureSet(groups=("multiscale",)).names[:2]
        ('c1', 'c2')
    """

    groups: tuple[str, ...] = GROUPS
    fs: float = 4.0
    minutes: float = 30.0
    steps: tuple[Step, ...] = DEFAULT_STEPS
    multiscale: Mapping[str, Any] = field(default_factory=dict)
    covariates: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (0 < self.fs < inf and 0 < self.minutes < inf and round(self.minutes * 60 * self.fs)):
            raise FHRError(
                f"features with fs={self.fs} Hz and windows of {self.minutes} min; both must be positive, and the "
                "window must hold a sample"
            )
        groups = tuple(self.groups)
        if not groups or groups != tuple(group for group in OF_GROUP if group in groups):
            raise FHRError(f"feature groups {groups}; choose from {', '.join(OF_GROUP)}, in this order")
        check_steps(self.steps)
        unknown = [name for name in self.multiscale if name not in MULTISCALE]
        if unknown:
            raise FHRError(f"multiscale features take no {unknown[0]!r}; their parameters: {', '.join(MULTISCALE)}")
        # One meaning, one checksum: 30 and 30.0, a default that is given and one that is not.
        given = {**MULTISCALE, **self.multiscale}
        try:
            plain = {name: type(default)(given[name]) for name, default in MULTISCALE.items()}
        except (TypeError, ValueError, OverflowError) as error:
            raise FHRError(f"multiscale features with {dict(self.multiscale)}: {error}") from None
        for name in ("j1", "j2"):
            if plain[name] != float(given[name]):
                raise FHRError(f"multiscale features with {dict(self.multiscale)}: {name} is a whole number")
        for name, value in {"groups": groups, "fs": float(self.fs), "minutes": float(self.minutes)}.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "steps", tuple(self.steps))
        object.__setattr__(self, "multiscale", plain)
        object.__setattr__(self, "covariates", checked_covariates(self.covariates))

    @property
    def columns(self) -> tuple[Column, ...]:
        """Name, unit and description of each feature, those of `compute` first, then the covariates."""
        of_signal = (column for columns in self._columns_of_groups() for column in columns)
        return (*of_signal, *(COVARIATES[name] for name in self.covariates))

    @property
    def column_groups(self) -> tuple[str, ...]:
        """The group of each feature; `covariates` of a covariate."""
        each = zip(self.groups, self._columns_of_groups(), strict=True)
        of_signal = (group for group, columns in each for _ in columns)
        return (*of_signal, *[COVARIATE_GROUP] * len(self.covariates))

    def _columns_of_groups(self) -> list[tuple[Column, ...]]:
        minutes = whole_minutes(round(self.minutes * 60 * self.fs), self.fs)
        return [OF_GROUP[group].columns(minutes) for group in self.groups]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(column.name for column in self.columns)

    @property
    def checksum(self) -> str:
        """SHA-256 over `to_dict`, the names of the columns, and the version of what they mean."""
        meaning = {"set": self.to_dict(), "names": self.names, "version": VERSION}
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()

    def compute(self, fhr: np.ndarray, uc: np.ndarray, *, device: str = "cpu") -> np.ndarray:
        """The features of cleaned windows.

        Args:
            fhr: (window, time) at `fs`, bpm; NaN is missing.
            uc: (window, time), arbitrary units; NaN is missing. The contractions of `morphology` and
                `event_statistics` come from it, and columns of `SIGNAL_GROUPS`.
            device: of torch, where the groups `multiscale`, `scattering`, `scale_cumulants` and `cross_channel` are
                computed; the others run on the CPU.

        Returns:
            float64 (window, column), without the covariates; NaN where a window has too little signal. The last digit
            may depend on the device and on how many windows are computed at once.
        """
        fhr, uc = floating(fhr), floating(uc)
        given = GivenWindows(fhr, uc, self.fs, device, self.multiscale)
        return np.concatenate([OF_GROUP[group].compute(given) for group in self.groups], axis=-1)

    def check(self) -> None:
        """Refuse parameters that no window can be computed with, before there are any windows.

        Raises:
            FHRError: parameters of the analysis that cannot be, or scales that the window is too short for.
        """
        for group in self.groups:
            if self.minutes * 60 < (least := OF_GROUP[group].shortest):
                raise FHRError(
                    f"{group} features of windows of {self.minutes:g} min; they need {least / 60:.3g} min, take longer "
                    "windows or other groups"
                )
        flat = np.full((1, round(self.minutes * 60 * self.fs)), 140.0)
        self.compute(flat, flat)

    def windows(self, recording: Recording, *, step: float | None = None) -> Windows:
        """Clean a recording and cut its windows; the last one, first in the result, ends with the recording.

        Args:
            recording: at `fs` or a multiple of it.
            step: minutes from one window to the next; None for the last window only.

        Raises:
            SignalError: a rate that does not divide, or a recording shorter than one window.
            FHRError: a step that is not positive.
        """
        try:
            factor = block_factor(recording.fs, self.fs)
            cleaned = clean(recording, self.steps)
            lost = np.isnan(cleaned.fhr).astype(np.float64)
            planes = block_mean(np.stack([cleaned.fhr, cleaned.uc, lost]), factor)  # float64, as `lost` is
            cut, to_end = cut_windows(planes, self.fs, minutes=self.minutes, step=step)
        except SignalError as error:
            raise SignalError(f"{recording.name}: {error}") from None
        fhr, uc, missing = cut
        end = recording.duration - to_end
        return Windows(fhr, uc, end - fhr.shape[-1] / self.fs, end, to_end, missing.mean(axis=-1))

    def __call__(self, recording: Recording) -> np.ndarray:
        """The features of the last window of one recording, float64 (len(columns),).

        Raises:
            SignalError: as `windows`.
        """
        features: np.ndarray = self.of(recording, self.windows(recording))[0]
        return features

    def of(self, recording: Recording, windows: Windows, *, device: str = "cpu") -> np.ndarray:
        """The features of windows of a recording, float64 (window, len(columns)), the covariates of its birth included.

        Args:
            recording: as it was read.
            windows: `windows` of it.
            device: as for `compute`.
        """
        of_signal = self.compute(windows.fhr, windows.uc, device=device)
        of_birth = covariates(recording.clinical, self.covariates)
        return np.concatenate([of_signal, np.tile(of_birth, (len(of_signal), 1))], axis=-1)

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint or the metadata of a table."""
        return {
            "groups": list(self.groups),
            "fs": self.fs,
            "minutes": self.minutes,
            "steps": [{"name": step.name, "parameters": dict(step.parameters)} for step in self.steps],
            "multiscale": dict(self.multiscale),
            **({"covariates": list(self.covariates)} if self.covariates else {}),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "FeatureSet":
        """Rebuild the feature set from what `to_dict` wrote.

        Raises:
            FHRError: anything else.
        """
        known = ("groups", "fs", "minutes", "steps", "multiscale", "covariates")
        given = plain_table({"covariates": (), **plain_table(plain, "feature set")}, "feature set", *known)
        return cls(
            groups=plain_names(given["groups"], "feature groups"),
            fs=plain_number(given["fs"], "features fs", low=_LEAST, high=_MOST),
            minutes=plain_number(given["minutes"], "features minutes", low=_LEAST, high=_MOST),
            steps=plain_steps(given["steps"]),
            multiscale={
                name: value if isinstance(value, str) else plain_number(value, f"multiscale {name}", infinite=True)
                for name, value in plain_table(given["multiscale"], "multiscale features").items()
            },
            covariates=plain_names(given["covariates"], "covariates"),
        )
