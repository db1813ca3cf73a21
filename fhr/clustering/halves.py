"""`Halves`: kinds that one half of the labours makes, and to which those of the other half belong."""

from typing import NamedTuple

import numpy as np

from fhr.errors import FHRError

from .membership import kinds_of
from .methods import NOWHERE, Method

__all__ = ["Halves"]

_FEWEST = 5  # labours a kind that make them


class Halves(NamedTuple):
    """Two halves of some labours, a row each.

    Attributes:
        made: rows (m,) that make the kinds.
        tested: rows (t,) that do not.
    """

    made: np.ndarray
    tested: np.ndarray

    @classmethod
    def drawn(cls, rows: np.ndarray, kinds: int, method: Method, rng: np.random.Generator) -> "Halves":
        """Halve rows (n,) at random.

        Raises:
            FHRError: too few of them to make kinds of a half.
        """
        order = rng.permutation(rows)
        half = len(rows) // 2
        if kinds < 2 or half < _FEWEST * kinds:
            raise FHRError(
                f"kinds={kinds} of half of {len(rows)} labours; ask for 2 to {half // _FEWEST}, of which each has "
                f"{_FEWEST} labours or more in a half"
            )
        return cls(np.sort(order[:half][: method.largest]), np.sort(order[half:]))

    def memberships(self, values: np.ndarray, kinds: int, method: Method, seed: int) -> np.ndarray:
        """Membership (t, K) of the tested rows of values (n, d) in the kinds that the others make."""
        core = values[self.made]
        return kinds_of(method, core, method(core, kinds, seed).labels)(values[self.tested])


def most_probable(memberships: np.ndarray) -> np.ndarray:
    """Kind (t,) of each row of memberships (t, K); -1 where belonging nowhere is more probable than any."""
    best = memberships.max(axis=1)
    return np.where(1 - memberships.sum(axis=1) > best, NOWHERE, memberships.argmax(axis=1))
