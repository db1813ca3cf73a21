"""Pairs of windows that a reader called alike or not, and their rows among the windows of a database."""

from collections.abc import Iterable
from math import isfinite
from typing import Literal, NamedTuple, get_args

import numpy as np
from scipy import sparse

from fhr.errors import FHRError

__all__ = ["PairRows", "WindowPair", "chains", "rows_of_pairs"]

Answer = Literal["same", "other", "unsure"]

_TOLERANCE = 0.5  # s between a start as it is written and as it is kept


class WindowPair(NamedTuple):
    """Two windows that a reader compared.

    Attributes:
        record: recording of the one.
        start: of its window, s from the start of the recording.
        other_record: recording of the other.
        other_start: of its window, s.
        answer: `same` for alike, `other` for not alike, `unsure` for neither.
        weight: of the answer beside those of other pairs.
    """

    record: str
    start: float
    other_record: str
    other_start: float
    answer: Answer
    weight: float = 1.0


class PairRows(NamedTuple):
    """Pairs as rows of a table of windows.

    Attributes:
        rows: (p, 2).
        answers: (p,) of `WindowPair`.
        weights: (p,).
    """

    rows: np.ndarray
    answers: np.ndarray
    weights: np.ndarray


def rows_of_pairs(pairs: Iterable[WindowPair], labours: np.ndarray, starts: np.ndarray | None) -> PairRows:
    """Look up the windows of pairs, and check that their answers can hold together.

    Windows that are alike of a third are alike: an `other` between two that a chain of `same` joins contradicts it.

    Args:
        pairs: of windows, by recording and start to half a second.
        labours: (n,) recording of each window.
        starts: (n,) start of each, s; None only without pairs.

    Raises:
        FHRError: pairs without starts, an answer or weight that is none, a window that is not there, one paired with
            itself, or answers that contradict each other.
    """
    pairs = [WindowPair(*pair) for pair in pairs]
    if pairs and starts is None:
        raise FHRError(f"{len(pairs)} pairs of windows, and no starts that tell which these are; give `starts` too")
    rows = np.empty((len(pairs), 2), dtype=int)
    for i, pair in enumerate(pairs):
        if pair.answer not in get_args(Answer):
            raise FHRError(f"pair {i}: answer {pair.answer!r}; choose from {', '.join(get_args(Answer))}")
        if not (isfinite(pair.weight) and pair.weight > 0):
            raise FHRError(f"pair {i}: weight {pair.weight}; give a positive number, or leave the pair out")
        for k, (record, start) in enumerate(((pair.record, pair.start), (pair.other_record, pair.other_start))):
            rows[i, k] = _row(i, record, start, labours, np.asarray(starts))
        if rows[i, 0] == rows[i, 1]:
            raise FHRError(f"pair {i}: {_said(pair)} is one window; pair it with another")
    answers = np.array([pair.answer for pair in pairs], dtype=str)
    _check_contradictions(pairs, rows, answers)
    return PairRows(rows, answers, np.array([pair.weight for pair in pairs], dtype=float))


def chains(pairs: np.ndarray, n: int) -> np.ndarray:
    """Number (n,) of the chain of pairs (p, 2) that each of n rows is in; a row without any is a chain of its own."""
    links = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    found: np.ndarray = sparse.csgraph.connected_components(links, directed=False)[1]
    return found


def _row(i: int, record: str, start: float, labours: np.ndarray, starts: np.ndarray) -> int:
    there = np.flatnonzero(labours == record)
    if not len(there):
        raise FHRError(f"pair {i}: labour {record!r} is none of the {len(np.unique(labours))} that are given")
    nearest = there[np.argmin(np.abs(starts[there] - start))]
    if not abs(starts[nearest] - start) <= _TOLERANCE:
        raise FHRError(
            f"pair {i}: no window of {record} starts at {start:g} s; the nearest starts at {starts[nearest]:g} s"
        )
    return int(nearest)


def _check_contradictions(pairs: list[WindowPair], rows: np.ndarray, answers: np.ndarray) -> None:
    chain = chains(rows[answers == "same"], rows.max(initial=-1) + 1)
    for i in np.flatnonzero(answers == "other"):
        if chain[rows[i, 0]] == chain[rows[i, 1]]:
            raise FHRError(
                f"pair {i}: {_said(pairs[i])} are called other, and same by another pair or a chain of them; keep one "
                "answer, or call the pair unsure"
            )


def _said(pair: WindowPair) -> str:
    return f"{pair.record} at {pair.start:g} s and {pair.other_record} at {pair.other_start:g} s"
