"""Patterns of signal loss that are drawn from those of real recordings."""

import numpy as np
from numpy.typing import ArrayLike

from fhr.compute import stream, whole_number
from fhr.errors import SignalError

__all__ = ["draw_gap_patterns"]


def draw_gap_patterns(patterns: ArrayLike, n: int, *, seed: int, first: int = 0) -> np.ndarray:
    """Draw n patterns of loss, each the whole pattern of one donor.

    Nothing is shifted, cut or mixed: loss grows towards birth, comes in runs, and FHR and UC lose signal together, all
    of which a surrogate keeps if it is lost where a donor was. Donors are dealt like cards: each once, in random order,
    before any is taken again, so that n draws from n donors have exactly their loss.

    A pattern tells its donor, and loss alone tells something about the outcome: hand in those of training records of
    the class that the signals stand for.

    Args:
        patterns: (donor, time) or (donor, channel, time), true where a sample is missing.
        n: patterns to draw.
        seed: of the order of donors.
        first: number of the first draw, for draws that are made in parts.

    Returns:
        bool (n, time) or (n, channel, time).

    Raises:
        SignalError: no donor, no time, or values that are no flags.
        FHRError: n below 0, a negative seed or number.

    Example:
        >>> patterns = np.eye(3, dtype=bool)
        >>> draw_gap_patterns(patterns, 6, seed=0).sum(axis=0).tolist()
        [2, 2, 2]
    """
    donors = np.asarray(patterns)
    if donors.dtype != np.bool_ or donors.ndim < 2 or 0 in donors.shape:
        raise SignalError(
            f"patterns are {donors.dtype} of shape {donors.shape}; give flags (donor, time), true where a sample is "
            "missing, such as np.isnan(signals)"
        )
    n, seed, first = (whole_number(value, name, 0) for name, value in (("n", n), ("seed", seed), ("first", first)))
    deals = range(first // len(donors), -(-(first + n) // len(donors)))
    order = [stream(seed, "gap patterns", deal).permutation(len(donors)) for deal in deals]
    drawn = np.concatenate(order)[first % len(donors) :][:n] if order else np.empty(0, dtype=int)
    return donors[drawn]
