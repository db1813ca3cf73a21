"""Frozen `Recording` that every room takes and gives."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite, isnan, nan
from typing import Any

import numpy as np

from fhr.errors import SignalError

from .clinical import Clinical, Outcome
from .date_of import date_of
from .floating import floating
from .html_facts import facts_html
from .provenance import Provenance
from .small_strip import small_strip

__all__ = ["Recording", "Source", "Step"]


@dataclass(frozen=True, slots=True)
class Source:
    """Origin of a recording.

    Attributes:
        path: the file that was read, or what made the recording.
        format: "wfdb", "simulated", ...
        sha256: hex digest of the signal file's bytes; empty where there is no file.
    """

    path: str
    format: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step that was done to a recording, with its parameters as plain types."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Fetal heart rate and uterine activity of one labour.

    Signals may be given in any type of real numbers; what is masked or None becomes NaN.

    Attributes:
        name: the record's name.
        fhr: fetal heart rate, float32 (n,), bpm; NaN is missing, 0 never stands for missing.
        uc: uterine activity, float32 (n,), mmHg where the file said so or kPa, else in the file's unit, which is
            arbitrary for a belt; NaN is missing.
        fs: sampling rate, Hz.
        mhr: maternal heart rate, float32 (n,), bpm, or None where it was not recorded.
        outcome: the newborn's state.
        clinical: clinical descriptors.
        stage2_start: start of the second stage of labour, s from the start; NaN where there was none.
        source: where the recording came from, or None.
        history: every step that was applied since reading, in order.
        provenance: whether it was measured or made, by what and from which records; no part of its digest.

    Raises:
        SignalError: signals of unequal length, an infinite value, fs that is not positive, or no `Provenance`.
    """

    name: str
    fhr: np.ndarray
    uc: np.ndarray
    fs: float
    mhr: np.ndarray | None = None
    outcome: Outcome = field(default_factory=Outcome)
    clinical: Clinical = field(default_factory=Clinical)
    stage2_start: float = nan
    source: Source | None = None
    history: tuple[Step, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        if not (isfinite(self.fs) and self.fs > 0):
            raise SignalError(f"{self.name}: sampling rate fs={self.fs} Hz; it must be a positive number")
        if not isinstance(self.provenance, Provenance):
            raise SignalError(
                f"{self.name}: provenance of the type {type(self.provenance).__name__}; give a fhr.recording.Provenance"
            )
        for channel in ("fhr", "uc", "mhr"):
            signal = getattr(self, channel)
            if signal is None and channel == "mhr":
                continue
            signal = floating(signal, f"{self.name}: {channel}").astype(np.float32, copy=False)
            if signal.ndim != 1 or len(signal) != np.size(self.fhr):
                raise SignalError(
                    f"{self.name}: {channel} has shape {signal.shape} beside {np.size(self.fhr)} samples of fhr; "
                    "give one-dimensional signals of equal length"
                )
            if np.isinf(signal).any():
                raise SignalError(f"{self.name}: {channel} holds an infinite value; use NaN for missing samples")
            signal = signal.view()
            signal.flags.writeable = False
            object.__setattr__(self, channel, signal)

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.fhr)

    @property
    def duration(self) -> float:
        """Length of the recording, s."""
        return len(self) / self.fs

    @property
    def path(self) -> str | None:
        """Path that the recording was read from, as it was given; None where there is no file."""
        return None if self.source is None else self.source.path

    @property
    def loss(self) -> float:
        """Fraction of FHR samples that are missing; 1 for an empty recording."""
        return float(np.isnan(self.fhr).mean()) if len(self) else 1.0

    @property
    def date(self) -> str:
        """Day on which it was recorded, as `YYYY-MM-DD`; empty where its file did not say."""
        said = next((step.parameters for step in self.history if step.name == "read"), {})
        return date_of(said.get("start", said.get("timestamp")))

    @property
    def digest(self) -> str:
        """SHA-256 of the sampling rate and the signals."""
        digest = hashlib.sha256(f"{self.fs:.10g}".encode())
        for signal in (self.fhr, self.uc, self.mhr):
            if signal is not None:
                digest.update(signal.tobytes())
        return digest.hexdigest()

    def after(self, step: Step, **changes: Any) -> "Recording":
        """Copy the recording with `changes` to its fields and `step` appended to its history.

        Raises:
            SignalError: changes that do not fit, or that make a measured recording of one that was made.
        """
        changed = replace(self, history=(*self.history, step), **changes)
        if changed.provenance.is_measured and not self.provenance.is_measured:
            raise SignalError(
                f"{self.name}: the step {step.name!r} would make a measured recording of one that is "
                f"{self.provenance.kind}; a step keeps the provenance, or adds to it with `Provenance.imputed`"
            )
        return changed

    def _repr_html_(self) -> str:
        """Facts and a small strip, as a notebook shows them: without script, all texts escaped."""
        pushed = "" if isnan(self.stage2_start) else f"the last {(self.duration - self.stage2_start) / 60:.0f} min"
        facts = {
            "kind": "" if self.provenance.is_measured else self.provenance.words,
            "recorded": self.date,
            "length": f"{self.duration / 60:.1f} min at {self.fs:g} Hz, {len(self)} samples",
            "fetal heart rate": _rate(self.fhr),
            "maternal heart rate": "not recorded" if self.mhr is None else _rate(self.mhr),
            "uterine activity": f"{np.isnan(self.uc).mean():.0%} lost" if np.isfinite(self.uc).any() else "no signal",
            "second stage": pushed,
            "outcome": self.outcome.words or "not known",
            "birth": self.clinical.words,
            "source": f"{self.source.path} ({self.source.format})" if self.source else "",
            "steps": ", ".join(step.name for step in self.history),
        }
        said = f"heart rate and uterine activity of {self.name}"
        strip = small_strip(self.fhr, self.uc, fs=self.fs, said=said) if len(self) else ""
        return facts_html(self.name, facts, below=strip)


def _rate(signal: np.ndarray) -> str:
    known = signal[~np.isnan(signal)]
    if not len(known):
        return "no signal"
    low, middle, high = np.percentile(known, [5, 50, 95])
    return f"median {middle:.0f} bpm (5% to 95%: {low:.0f} to {high:.0f}), {1 - len(known) / len(signal):.0%} lost"
