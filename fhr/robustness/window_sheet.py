"""Robustness of one verdict: certified and attacked sizes of every threat, and scores under the worst errors."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
import torch

from fhr.errors import FHRError

from .attacks import attack
from .certificates import Certificate
from .certify import certify
from .flips import Flips
from .reader import NetworkReader, Reader
from .sheet_columns import COLUMNS
from .threats import Threat, threat_of
from .traces import Traces
from .worst_scores import worst_scores

__all__ = ["ChangedStrip", "WindowSheet", "window_sheet"]

_ROUNDING = 1e-6  # relative, of a size that was measured
_RESTARTS = 3
_LOOKS = (16, 150)  # a threat, at statistics and at networks
_log = logging.getLogger(__name__)


class ChangedStrip(NamedTuple):
    """A change that flips a verdict, as signals of the window.

    Attributes:
        threat: its name.
        size: in its unit.
        fhr: float32 (time,), bpm.
        uc: float32 (time,).
    """

    threat: str
    size: float
    fhr: np.ndarray
    uc: np.ndarray

    @property
    def share(self) -> float:
        """Size beside the largest usual one of its threat."""
        kind = threat_of(self.threat)
        return (self.size - kind.nothing) / (kind.sizes[-1] - kind.nothing)


@dataclass(frozen=True, eq=False)
class WindowSheet:
    """Robustness of the verdict of one label on one window.

    Attributes:
        record: its name.
        target: the label.
        probability: of it.
        threshold: from which the verdict is "at risk".
        at_risk: the verdict.
        fs: rate at which the model reads, Hz.
        minutes: length of the window.
        label: 1 or 0 where the outcome is known, else None.
        held_out: whether the models of the verdict have not learnt from the recording.
        path: where the recording was read from; None where it was not read from a file.
        rows: of each threat, with the columns `COLUMNS` from `threat` to `broken`.
        worst: of each size of `error_rms`, see `worst_scores`.
        strips: the window and the smallest changes found of some threats, the smallest beside what is usual first.
    """

    record: str
    target: str
    probability: float
    threshold: float
    at_risk: bool
    fs: float
    minutes: float
    rows: Sequence[Mapping[str, Any]]
    worst: Sequence[Mapping[str, float]]
    strips: Sequence[ChangedStrip] = field(repr=False)
    label: int | None = None
    held_out: bool = True
    path: str | None = None

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """Rows with all of `COLUMNS`."""
        same = ("record", "target", "label", "probability", "threshold", "at_risk", "path")
        rows = [{name: getattr(self, name) for name in same} | dict(row) for row in self.rows]
        return [{name: row[name] for name in COLUMNS} for row in rows]

    @property
    def broken(self) -> list[str]:
        """Threats whose certificates are contradicted."""
        return [row["threat"] for row in self.rows if row["broken"]]

    @property
    def least(self) -> float:
        """The smallest change found, beside the largest usual one of its threat; infinite where there is none."""
        return min((strip.share for strip in self.strips[1:]), default=inf)

    def of(self, record: str, label: int | None, *, held_out: bool = True, path: str | None = None) -> "WindowSheet":
        """The same of a recording of the same signals."""
        return replace(self, record=record, label=label, held_out=held_out, path=path)


def window_sheet(
    reader: Reader,
    trace: Traces,
    *,
    threats: Sequence[str | Threat],
    largest: Mapping[str, float] | None = None,
    looks: int | None = None,
    attacks: bool = True,
    seed: int = 0,
    most_strips: int = 3,
) -> WindowSheet:
    """The sheet of one window.

    Args:
        reader: of its verdict.
        trace: one window.
        threats: of `THREATS`.
        largest: size at which certificates and attacks of a threat end, by name; else the largest usual one.
        looks: of each attack; None for 16 at statistics and 150 at networks.
        attacks: whether any are made.
        seed: of the attacks.
        most_strips: changes that are kept to be drawn.

    Raises:
        FHRError: an unknown threat, a size or number that is none.
        SignalError: a window in which nothing was measured.
    """
    kinds = [threat_of(one) for one in threats]
    ends = {kind.name: (largest or {}).get(kind.name, kind.sizes[-1]) for kind in kinds}
    verdict = reader.verdicts(trace)
    proofs = _Proofs(reader, trace)
    rows, strips = [], []
    for kind in kinds:
        row = proofs.row(kind, ends[kind.name])
        found = None
        all_seen = kind.name == "shift" and row["certified"] >= ends[kind.name]
        if attacks and row["certified"] != inf and not all_seen:
            found = _attacked(reader, trace, kind, ends[kind.name], row["certified"], looks, seed)
            if np.isfinite(found.sizes[0]):
                strips.append(_strip(found))
        rows.append(row | _found(found, row["certified"]))
        if all_seen:
            rows[-1] |= {"found": inf, "looks": int(ends[kind.name])}
    if "error_rms" in ends:
        sizes = [size for size in threat_of("error_rms").sizes if size <= ends["error_rms"]]
        worst = worst_scores(reader, trace, sizes, attacks=attacks)
    else:
        worst = worst_scores(reader, trace, [], attacks=False)
    rows = [row | {"broken": row["broken"] or (row["threat"] == "error_rms" and _is_outside(worst))} for row in rows]
    strips.sort(key=lambda one: one.share)
    whole = ChangedStrip("", 0.0, trace.fhr[0].numpy(), trace.uc[0].numpy())
    threshold = reader.predictor.confidence.threshold
    sheet = WindowSheet(
        trace.names[0],
        reader.predictor.target,
        float(verdict.probability[0]),
        nan if threshold is None else threshold.value,
        bool(verdict.at_risk[0]),
        trace.fs,
        trace.seconds / 60,
        rows,
        worst,
        [whole, *strips[:most_strips]],
    )
    for name in sheet.broken:
        _log.error("%s, %s: an attack beats the certificate: an error of this program", sheet.record, name)
    return sheet


class _Proofs:
    """Certificates of one window; what several threats share is proven once."""

    def __init__(self, reader: Reader, trace: Traces) -> None:
        self._reader, self._trace = reader, trace

    @cached_property
    def _of_errors(self) -> Certificate:
        return certify(self._reader, self._trace, "error_rms")

    def row(self, kind: Threat, largest: float) -> dict[str, Any]:
        plain: dict[str, Any] = {"threat": kind.name, "unit": kind.unit, "largest": largest}
        kind.check(largest)
        try:
            proof = self._proof(kind, largest)
        except FHRError as error:
            return plain | {"certified": nan, "how": "", "assumptions": "", "not_certified": str(error)}
        size = float(proof.sizes[0])
        none = "" if size > kind.nothing else f"{proof.how}, which allow no size"
        assumed = "; ".join(proof.assumptions)
        return plain | {"certified": size, "how": proof.how, "assumptions": assumed, "not_certified": none}

    def _proof(self, kind: Threat, largest: float) -> Certificate:
        if not isinstance(self._reader, NetworkReader) or kind.name not in ("error_rms", "error_peak"):
            return certify(self._reader, self._trace, kind, largest=largest)
        return replace(self._of_errors, threat=kind.name)


def _attacked(
    reader: Reader, trace: Traces, kind: Threat, largest: float, certified: float, looks: int | None, seed: int
) -> Flips:
    is_network = isinstance(reader, NetworkReader)
    if kind.name == "shift" and certified < largest:  # every smaller one was looked at
        largest = certified + 1
    given = looks or _LOOKS[is_network]
    restarts = _RESTARTS if looks is None else max(1, looks // 20)
    return attack(reader, trace, kind, largest=largest, queries=given, restarts=restarts, seed=seed)


def _found(found: Flips | None, certified: float) -> dict[str, Any]:
    if found is None:
        return {"found": nan, "looks": 0, "broken": False}
    size = float(found.sizes[0])
    # A comparison with NaN is False: nothing is certified, nothing can be broken.
    return {"found": size, "looks": round(found.looks), "broken": size < certified * (1 - _ROUNDING)}


def _is_outside(worst: Sequence[Mapping[str, float]]) -> bool:
    """Whether a score that was found lies outside of proven bounds; NaN is nowhere."""
    return any(
        row["attacked_lowest_score"] < row["certified_lowest_score"]
        or row["attacked_highest_score"] > row["certified_highest_score"]
        for row in worst
    )


def _strip(found: Flips) -> ChangedStrip:
    fhr, uc = (x[0].detach().to(torch.float32).numpy() for x in (found.changed.fhr, found.changed.uc))
    return ChangedStrip(found.threat, float(found.sizes[0]), fhr, uc)
