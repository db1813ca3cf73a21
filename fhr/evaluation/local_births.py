"""Births of a hospital that a model may be tested on: each with a recording, an outcome, and unknown to the model."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fhr.datasets import Database, OutcomeTable, called_in_files, refuse_near_names, rows_of, same_labours, seen_records
from fhr.errors import OutcomeError
from fhr.recording import Recording

__all__ = ["MIN_BIRTHS", "MIN_OF_EACH", "LocalBirths", "check_births", "known_births", "local_births"]

MIN_BIRTHS, MIN_OF_EACH = 20, 5
"""Births, and births of either class, that an external validation needs; some 100 with the label are recommended."""

_FEW = 100

_log = logging.getLogger(__name__)
_LEARNT = "the model learnt from this recording: a test on it would be no external one"
_FITTED = "what made the model's training records was fitted to it: a test on it is no external one"


@dataclass(frozen=True)
class LocalBirths:
    """Births with a recording and an outcome.

    Attributes:
        recordings: one a birth, in the order of `labels`.
        labels: 0 or 1 by record name.
        groups: other columns of the table of outcomes, by record name.
        digests: SHA-256 of each recording, see `fhr.datasets.Database.digests`.
        left_out: reason for each record that cannot be used, by name.
        checksum: of the recordings that are used.
        not_external: names of births that a maker of the model's training records was fitted to.
    """

    recordings: tuple[Recording, ...]
    labels: pd.Series
    groups: pd.DataFrame
    digests: tuple[str, ...]
    left_out: Mapping[str, str]
    checksum: str
    not_external: tuple[str, ...] = ()

    def only(self, names: Collection[str], reasons: Mapping[str, str]) -> "LocalBirths":
        """The births of these names; the others are left out for these reasons."""
        kept = [i for i, recording in enumerate(self.recordings) if recording.name in names]
        recordings = tuple(self.recordings[i] for i in kept)
        return LocalBirths(
            recordings,
            self.labels.iloc[kept],
            self.groups.iloc[kept],
            tuple(self.digests[i] for i in kept),
            {**self.left_out, **reasons},
            Database(recordings, origin="births").checksum,
            tuple(name for name in self.not_external if name in names),
        )


def local_births(
    recordings: Sequence[Recording],
    target: str,
    outcomes: OutcomeTable | None = None,
    *,
    learnt_from: Collection[str] = (),
    fitted_to: Collection[str] = (),
    keep_fitted: bool = False,
    is_copy: Callable[[Recording], bool] | None = None,
) -> LocalBirths:
    """Join recordings and outcomes, and set aside what the model knows.

    Left out, each with its reason: a recording without an outcome, or with one that cannot be used; one that the model
    learnt from, or that a maker of its training records was fitted to; a labour that stands under another name
    already, see `fhr.datasets.same_labours`; an outcome without a recording.

    Args:
        recordings: of one folder or several.
        target: the label, with its inequality.
        outcomes: of the births; None takes those that the recordings carry.
        learnt_from: the recordings that the model learnt from, as `fhr.datasets.seen_records` knows them: a copy in
            another format of a record of CTU-UHB is one of them, too.
        fitted_to: those that a maker of its training records was fitted to, alike.
        keep_fitted: keep the latter and list them as not external.
        is_copy: tells a recording that is one of those that the model learnt from, but for its rate or its rounding,
            which no digest knows; asked of each that would be used. None for a model that cannot.

    Raises:
        FormatError: two recordings of one name.
        OutcomeError: a target that is not defined; a table of which no name is that of a recording.
    """
    database = Database(recordings, origin="the recordings")
    carried = database.labels(target)
    labels, left_out = carried, dict[str, str]()
    groups = pd.DataFrame(index=pd.Index(database.names, dtype=object))
    if outcomes is not None:
        labels, groups, left_out = _joined(database, carried, outcomes)
    learnt, fitted = (set(seen_records(of, database, checksum=database.checksum)) for of in (learnt_from, fitted_to))
    first: dict[str, str] = {}
    kept: list[int] = []
    copies = same_labours(database.recordings)
    for i, (name, digest) in enumerate(zip(database.names, database.digests_of_signals, strict=True)):
        if name in learnt:
            left_out[name] = _LEARNT
        elif name in fitted and not keep_fitted:
            left_out[name] = _FITTED
        elif name in left_out:
            pass
        elif np.isnan(labels.loc[name]):
            left_out[name] = f"no outcome that tells {target}"
        elif digest in first:
            left_out[name] = f"it has the signals of {first[digest]}; a birth counts once"
        elif (earlier := copies.get(i)) in kept:
            left_out[name] = f"it has the heart rate of {database.names[earlier]}; a birth counts once"
        elif is_copy is not None and is_copy(database.recordings[i]):
            left_out[name] = _LEARNT
        else:
            first[digest] = name
            kept.append(i)
    used = [database.recordings[i] for i in kept]
    names = [recording.name for recording in used]
    return LocalBirths(
        tuple(used),
        labels.loc[names].astype(int),
        groups.reindex(names),
        tuple(database.digests[i] for i in kept),
        left_out,
        Database(used, origin="births").checksum,
        tuple(name for name in names if name in fitted),
    )


def known_births(left_out: Mapping[str, str]) -> list[str]:
    """Names of the births that were left out since the model, or a maker of its training records, knows them."""
    return [name for name, reason in left_out.items() if reason in (_LEARNT, _FITTED)]


def check_births(labels: pd.Series, target: str, left_out: Mapping[str, str]) -> None:
    """Refuse births that are too few for any statement, and warn where they are few.

    Raises:
        OutcomeError: fewer than `MIN_BIRTHS`, or than `MIN_OF_EACH` with or without the label.
    """
    n, positives = len(labels), int(labels.sum())
    if n < MIN_BIRTHS or min(positives, n - positives) < MIN_OF_EACH:
        reasons = pd.Series(list(left_out.values()), dtype=object).value_counts()
        why = "".join(f"; {count} left out: {reason}" for reason, count in reasons.head(3).items())
        raise OutcomeError(
            f"{n} births can be used, {positives} with {target} and {n - positives} without, too few to evaluate on: "
            f"give at least {MIN_BIRTHS} with {MIN_OF_EACH} of each class, or take a model of a commoner label{why}"
        )
    if (fewer := min(positives, n - positives)) < _FEW:
        kind = "with" if positives == fewer else "without"
        _log.warning(
            "%d births %s %s say little: intervals are wide, and a miscalibration may stay unseen; collect some %d",
            fewer,
            kind,
            target,
            _FEW,
        )


def _joined(
    database: Database, carried: pd.Series, outcomes: OutcomeTable
) -> tuple[pd.Series, pd.DataFrame, dict[str, str]]:
    """Labels and groups of every recording, and the reasons why some cannot be used."""
    keys = [*outcomes.labels.index, *outcomes.unusable]
    written = {key: outcomes.written.get(key, key) for key in keys}
    calls = [called_in_files(recording) for recording in database]
    rows, reasons = rows_of(written, calls)
    found = set(rows.values())
    unknown = [path for key, path in written.items() if key not in found]
    left = [one for i, one in enumerate(calls) if i not in rows and i not in reasons]
    refuse_near_names("the table of outcomes", unknown, left)
    if not rows and not reasons:
        raise OutcomeError(
            f"no record of the table of outcomes is one of the recordings: the table names {_some(written.values())}, "
            f"the recordings are {_some(database.names)}; write the names alike"
        )
    left_out = {database.names[i]: reason for i, reason in reasons.items()}
    left_out |= {database.names[i]: outcomes.unusable[key] for i, key in rows.items() if key in outcomes.unusable}
    if unknown:
        left_out[_some(unknown)] = f"{len(unknown)} outcomes without a recording"
    of_each = [rows.get(i) for i in range(len(database))]
    labels = outcomes.labels.reindex(of_each).set_axis(database.names)
    both = carried.notna() & labels.notna()
    if (other := labels.index[both & (carried != labels)]).size:
        _log.warning(
            "%d recordings carry another label than the table of outcomes gives them (%s); the table is taken",
            len(other),
            _some(list(other)),
        )
    return labels, outcomes.groups.reindex(of_each).set_axis(database.names), left_out


def _some(names: Collection[str]) -> str:
    shown = sorted(names)[:3]
    return ", ".join(shown) + (", ..." if len(names) > len(shown) else "")
