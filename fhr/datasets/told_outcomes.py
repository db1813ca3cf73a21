"""Outcomes of a table joined with recordings: what these carry themselves is kept, contradictions are refused."""

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fhr.errors import OutcomeError
from fhr.recording import Recording

from .members import stem_of
from .outcome_rows import Called, called_in_files, listed, refuse_near_names, rows_of
from .outcome_table import Measures

__all__ = ["apart_by_path", "check_rows", "told", "with_outcomes"]

_log = logging.getLogger(__name__)
_ALIKE = {"ph": 0.005}  # half of the last digit that tables give
_ALIKE_ELSE = 0.05


def told(recording: Recording, measures: Mapping[str, float], table: str) -> Recording:
    """The recording with the measures of a table where it carries none of its own.

    Raises:
        OutcomeError: the recording itself says otherwise, by more than rounding.
    """
    own = {name: getattr(recording.outcome, name) for name in measures}
    for name, value in measures.items():
        if abs(value - own[name]) > _ALIKE.get(name, _ALIKE_ELSE):  # never where one is unknown
            raise OutcomeError(
                f"{table}: {name} {value:g} contradicts {name} {own[name]:g} in the recording itself; correct one of "
                "them"
            )
    new = {name: value for name, value in measures.items() if own[name] != own[name]}
    return replace(recording, outcome=replace(recording.outcome, **new))


def check_rows(measures: Measures, recordings: Sequence[Called], where: str) -> tuple[dict[int, str], dict[int, str]]:
    """Find the rows of recordings; warn of recordings without a row, and of rows without a recording.

    Args:
        measures: of the table.
        recordings: what they may be called.
        where: these are.

    Returns:
        See `rows_of`.

    Raises:
        OutcomeError: no row is of any recording, or one is but for leading zeros.
    """
    rows, reasons = rows_of(measures.written, recordings)
    found = set(rows.values())
    unread = [path for key, path in measures.written.items() if key not in found]
    left = [one for i, one in enumerate(recordings) if i not in rows and i not in reasons]
    refuse_near_names(measures.path, unread, left)
    if not rows and not reasons:
        raise OutcomeError(
            f"{measures.path}: none of its {len(measures.written)} rows names one of the {len(recordings)} recordings "
            f"of {where} ({listed(sorted(measures.written.values()))} beside {listed([r.name for r in recordings])}); "
            "name each by its file"
        )
    for what, some in (
        ("recordings without an outcome", [one.name for one in left]),
        ("outcomes without a recording", unread),
    ):
        if some:
            _log.warning("%s: %s: %d (%s)", measures.path, what, len(some), listed(sorted(some)))
    return rows, reasons


def with_outcomes(recordings: Sequence[Recording], measures: Measures) -> tuple[list[Recording], dict[str, str]]:
    """Join recordings with their rows, see `rows_of`.

    Returns:
        The recordings that can be joined, those without a row as they are; and the reason for each that cannot be, by
        name.

    Raises:
        OutcomeError: no row is of any of them.
    """
    rows, reasons = check_rows(measures, [called_in_files(one) for one in recordings], "those that were read")
    joined, left_out = [], dict[str, str]()
    for i, recording in enumerate(recordings):
        try:
            if (reason := reasons.get(i) or measures.unusable.get(rows.get(i, ""))) is not None:
                raise OutcomeError(f"{measures.path}: {reason}")
            joined.append(told(recording, measures.values.get(rows.get(i, ""), {}), measures.path))
        except OutcomeError as error:
            left_out[recording.name] = str(error)
    return joined, left_out


def apart_by_path(recordings: Sequence[Recording]) -> list[Recording]:
    """Call recordings of one name from several folders by their paths below what these have in common.

    >>> import numpy as np
    >>> from fhr.recording import Source
    >>> some = [Recording("1", np.ones(4), np.ones(4), 4.0, source=Source(f"x/{w}/1.csv", "table", "")) for w in "ab"]
    >>> [recording.name for recording in apart_by_path(some)]
    ['a/1', 'b/1']
    """
    alike = Counter(recording.name for recording in recordings)
    paths = {recording.path for recording in recordings if alike[recording.name] > 1 and recording.path}
    if not paths:
        return list(recordings)
    common = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    return [
        replace(recording, name=stem_of(os.path.relpath(recording.path, common).replace(os.sep, "/")))
        if recording.path in paths
        else recording
        for recording in recordings
    ]
