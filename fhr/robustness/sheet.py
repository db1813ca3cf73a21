"""The robustness sheet: by recording and threat, how large a change provably leaves the verdict, and what flips it."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from fhr.compute import Countdown
from fhr.confidence import Stability
from fhr.datasets import Database, Target
from fhr.errors import FHRError, SignalError
from fhr.prediction import Predictor, ShippedModel
from fhr.recording import Recording, told_apart

from .error_certificates import MOST
from .kept_sheets import KeptSheets
from .reader import Reader, reader_of
from .sheet_columns import COLUMNS
from .sheet_words import database_words, threat_words, verdict_words
from .size_curves import size_curves, size_for_half
from .threats import THREATS, threat_of
from .unseen import by_unseen_models
from .window_sheet import WindowSheet, window_sheet

__all__ = ["Sheet", "robustness_sheet"]

_FEWEST = 20  # verdicts that a fact of a model rests on
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Sheet:
    """Robustness of the verdicts of recordings.

    Attributes:
        sheets: of each recording and label.
        quarantined: reason for each recording without a verdict, by name, or by path where several are called alike.
    """

    sheets: Sequence[WindowSheet]
    quarantined: Mapping[str, str]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a recording, label and threat, see `fhr.robustness.COLUMNS`."""
        return pd.DataFrame([row for one in self.sheets for row in one.table], columns=list(COLUMNS))

    @cached_property
    def short(self) -> pd.DataFrame:
        """A row a recording and label, see `fhr.robustness.SHORT_COLUMNS`."""
        rows = []
        for one in self.sheets:
            row = {name: getattr(one, name) for name in ("record", "target", "probability", "at_risk")}
            for threat in one.rows:
                row |= {f"{threat['threat']}_{name}": threat[name] for name in ("certified", "found")}
            rows.append(row | {"path": one.path})
        return pd.DataFrame(rows)

    @cached_property
    def worst(self) -> pd.DataFrame:
        """A row a recording, label and size of `error_rms`: what the worst errors make of probability and p-values."""
        rows = [
            {"record": one.record, "target": one.target, **row, "path": one.path}
            for one in self.sheets
            for row in one.worst
        ]
        return pd.DataFrame(rows)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Verdicts against size, see `size_curves`."""
        return size_curves(self.sheets)

    @property
    def lines(self) -> list[str]:
        """Sentences on the sizes that half of the verdicts withstand."""
        return list(database_words(self.sheets))

    def stability(self) -> Stability:
        """The error under which half of the verdicts on held-out births are proven unchanged, for a model's card.

        Raises:
            FHRError: verdicts of several labels, without certificates of `error_rms`, or on less than 20 births that
                the models have not seen.
        """
        unseen = [one for one in self.sheets if one.held_out]
        known = {row["threat"] for one in unseen for row in one.rows}
        if len({one.target for one in unseen}) != 1 or len(unseen) < _FEWEST or "error_rms" not in known:
            raise FHRError(
                f"a stability of verdicts on {len(unseen)} held-out births, against {', '.join(sorted(known))}; give "
                f"{_FEWEST} or more of one label that the models have not learnt from, and error_rms among the threats"
            )
        return Stability(min(size_for_half(unseen, "error_rms"), MOST), len(unseen))

    def called(self, sheet: WindowSheet) -> str:
        """Name of the recording of one of the sheets, or its path where recordings of several paths are called so."""
        is_shared = any(one.path != sheet.path for one in self.sheets if one.record == sheet.record)
        return (is_shared and sheet.path) or sheet.record

    def easiest(self, n: int) -> list[WindowSheet]:
        """The n verdicts that were flipped by the smallest changes, beside what is usual of their threats."""
        return sorted(self.sheets, key=lambda one: one.least)[:n]

    def words(self, sheet: WindowSheet) -> Iterator[str]:
        """One verdict and its robustness, in words."""
        yield verdict_words(sheet, self.called(sheet))
        yield from threat_words(sheet)


def robustness_sheet(
    model: Predictor | ShippedModel,
    recordings: Sequence[Recording],
    *,
    threats: Sequence[str] = tuple(THREATS),
    largest: Mapping[str, float] | None = None,
    attacks: bool = True,
    looks: int | None = None,
    seed: int = 0,
    kept: str | Path | None = None,
    known_as: str = "",
) -> Sheet:
    """The robustness sheet of recordings.

    A decision is the stored threshold after averaging and calibration, about the signal as the model reads it. A record
    that some models of a cross-validation learnt from gets those that have not seen it.

    Args:
        model: a run or a checkpoint (`fhr.load`), or the model that comes with the package (`fhr.prediction.shipped`).
        recordings: any; one without a verdict is set aside with its reason.
        threats: names of `THREATS`.
        largest: size at which certificates and attacks of a threat end, by its name; else the largest usual one.
        attacks: whether flips are looked for.
        looks: of each attack; None for 16 at statistics and 150 at networks.
        seed: of the attacks.
        kept: folder of the recordings that are finished; None keeps nothing.
        known_as: checksum of the model, by which what is kept is known; needed with `kept`.

    Raises:
        FHRError: an unknown threat, a size or number that is none.
        CheckpointError: a model that takes no decision, as without a calibrator.
    """
    ends = dict(largest or {})
    _check(threats, ends, looks)
    if kept is not None and not known_as:
        raise FHRError("sheets are kept by the checksum of their model; give known_as")
    labels = model.labels if isinstance(model, ShippedModel) else (model.target,)
    settings = [known_as, *labels, *threats, *sorted(ends.items()), attacks, looks, seed]
    keeping = None if kept is None else KeptSheets(Path(kept), repr(settings))
    readers: dict[int, Reader] = {}  # of a predictor, which is kept by its model
    found: dict[int, list[WindowSheet]] = {}
    apart = told_apart([one.name for one in recordings], [one.path for one in recordings])
    quarantined: dict[str, str] = {}
    n_kept = 0
    with Countdown(len(recordings), what="recordings") as told:
        for i, predictors in _with_models(model, recordings):
            recording = recordings[i]
            one = None if keeping is None else keeping.load(recording)
            n_kept += one is not None
            if one is None:
                began = time.process_time()
                try:
                    made = [readers.setdefault(id(p), reader_of(p)) for p in predictors]
                    one = [
                        _of_recording(reader, recording, threats, ends, attacks=attacks, looks=looks, seed=seed)
                        for reader in made
                    ]
                except SignalError as error:
                    quarantined[apart[i]] = str(error)
                    told.update()
                    continue
                _log.info("%s: %.1f s of computing", recording.name, time.process_time() - began)
                if keeping is not None:
                    keeping.save(recording, one)
            unseen = not any(p.has_seen(recording) for p in predictors)
            found[i] = [
                sheet.of(recording.name, _label(recording, sheet.target), held_out=unseen, path=recording.path)
                for sheet in one
            ]
            told.update()
    if n_kept:
        _log.info("%d of %d recordings were finished before", n_kept, len(recordings))
    return Sheet([sheet for i in sorted(found) for sheet in found[i]], quarantined)


def _check(threats: Sequence[str], largest: Mapping[str, float], looks: int | None) -> None:
    if not threats:
        raise FHRError(f"no threat was given; choose from {', '.join(THREATS)}")
    for name in threats:
        threat_of(name)
    for name, size in largest.items():
        threat_of(name).check(size)
        if name not in threats:
            raise FHRError(f"a largest size of {name}, which is not among the threats {', '.join(threats)}")
    if looks is not None and looks < 1:
        raise FHRError(f"looks={looks}; give a whole number of 1 or more, or make no attacks")


def _with_models(
    model: Predictor | ShippedModel, recordings: Sequence[Recording]
) -> Iterator[tuple[int, list[Predictor]]]:
    """The place of each recording, and the predictors that say something of it, by label."""
    if isinstance(model, ShippedModel):
        for i, recording in enumerate(recordings):
            yield i, model.predictors_of(recording)
        return
    for predictor, places in by_unseen_models(model, recordings):
        for i in places:
            yield i, [predictor]


def _of_recording(
    reader: Reader,
    recording: Recording,
    threats: Sequence[str],
    largest: Mapping[str, float],
    *,
    attacks: bool,
    looks: int | None,
    seed: int,
) -> WindowSheet:
    prepared = reader.predictor.prepare([recording])
    if not prepared.windows:
        raise SignalError(prepared.unusable[recording.name])
    trace = reader.traces(prepared)
    if not (trace.measured > 0).any():
        raise SignalError(f"{recording.name}: nothing was measured in the window, so there is no verdict to change")
    return window_sheet(reader, trace, threats=threats, largest=largest, attacks=attacks, looks=looks, seed=seed)


def _label(recording: Recording, target: str) -> int | None:
    label = float(Target(target)(Database([recording], origin="recordings").outcomes).iloc[0])
    return None if np.isnan(label) else int(label)
