"""Outcomes of a table joined with recordings: what these carry themselves is kept, contradictions are refused."""

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fhr.errors import OutcomeError
from fhr.formats.folder import shown_names
from fhr.recording import Recording

from .members import stem_of
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


def check_rows(measures: Measures, names: Sequence[str], where: str) -> None:
    """Warn of recordings without a row in a table of outcomes, and of rows without a recording.

    Args:
        measures: of the table.
        names: of the recordings.
        where: these are.

    Raises:
        OutcomeError: no row is of any recording.
    """
    rows, known = {*measures.values, *measures.unusable}, set(names)
    if not rows & known:
        raise OutcomeError(
            f"{measures.path}: none of its {len(rows)} rows names one of the {len(names)} recordings of {where} "
            f"({shown_names(sorted(rows))} beside {shown_names(names)}); name each by its file"
        )
    for what, some in (("recordings without an outcome", known - rows), ("outcomes without a recording", rows - known)):
        if some:
            _log.warning("%s: %s: %d (%s)", measures.path, what, len(some), shown_names(sorted(some)))


def with_outcomes(recordings: Sequence[Recording], measures: Measures) -> tuple[list[Recording], dict[str, str]]:
    """Join recordings with the rows of their names.

    Returns:
        The recordings that can be joined, those without a row as they are; and the reason for each that cannot be, by
        name.

    Raises:
        OutcomeError: no row is of any of them.
    """
    check_rows(measures, [recording.name for recording in recordings], "those that were read")
    joined, left_out = [], dict[str, str]()
    for recording in recordings:
        try:
            if recording.name in measures.unusable:
                raise OutcomeError(f"{measures.path}: {measures.unusable[recording.name]}")
            joined.append(told(recording, measures.values.get(recording.name, {}), measures.path))
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
