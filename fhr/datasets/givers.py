"""Givers of a permuted control: the record whose signal and features each record is given."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fhr.compute import stream
from fhr.recording import Recording

__all__ = ["given", "giver_positions", "givers"]


def giver_positions(names: Sequence[str], seed: int) -> np.ndarray:
    """Positions of the givers: record i is given the signal of record `giver_positions(names, seed)[i]`.

    A permutation drawn at random, in which a record may be its own giver. It depends on the set of names and on the
    seed, not on their order, so that a network, a line on a table and the report of both mean the same records.

    Args:
        names: of the records that can be used, (n,).
        seed: of the permutation.

    Returns:
        int64 (n,).
    """
    order = np.array(sorted(range(len(names)), key=lambda i: names[i]), dtype=np.int64)
    position = np.empty(len(order), dtype=np.int64)
    position[order] = stream(seed, "givers of a permuted control").permutation(order)
    return position


def givers(names: Sequence[str], seed: int | None) -> dict[str, str]:
    """Name of the giver of each record, see `giver_positions`; each is its own where the seed is None.

    Example:
        >>> givers(["a", "b", "c"], seed=0)
        {'a': 'c', 'b': 'a', 'c': 'b'}
    """
    names = list(names)
    if seed is None:
        return dict(zip(names, names, strict=True))
    return {name: names[i] for name, i in zip(names, giver_positions(names, seed).tolist(), strict=True)}


def given(recording: Recording, giver: Recording) -> Recording:
    """Record of a control: its own name and outcome, with the signals of its giver.

    Its digest is that of the signals: who notes down which record it stands for takes the digest of the name.
    """
    return recording if giver is recording else replace(giver, name=recording.name, outcome=recording.outcome)
