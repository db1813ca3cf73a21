"""Verdict on a generator: faithful and not memorising, or no verdict where the records are too few to tell."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fhr.errors import FHRError

from .multiplicity import holm

__all__ = ["FidelityVerdict", "fidelity_verdict"]


class FidelityVerdict(NamedTuple):
    """A verdict with its reasons.

    Attributes:
        good: whether nothing speaks against the generator; None where there is no verdict.
        infidelities: indices that reject after Holm, in the order given.
        memorisations: tests that reject after Holm.
        words: one sentence.
    """

    good: bool | None
    infidelities: tuple[str, ...]
    memorisations: tuple[str, ...]
    words: str


def fidelity_verdict(
    fidelity: Mapping[str, float],
    memorisation: Mapping[str, float],
    power: Mapping[str, float],
    *,
    level: float = 0.05,
    least_power: float = 0.8,
) -> FidelityVerdict:
    """Verdict that needs both: no index of fidelity rejects, and no test of memorisation.

    Either family is adjusted by Holm by itself: a generator must pass both, and the chance of a wrong "not faithful" is
    at most `level`, as is that of a wrong "memorises". Where planted defects would not be found, nothing is said in
    either way: what no test could see is no merit, and what one of many sees by chance at such numbers no fault.

    Args:
        fidelity: p-value by the name of the index.
        memorisation: p-value by the name of the test.
        power: by the name of a planted defect, at these numbers of records, see `rejection_rates`.
        level: at which an adjusted p-value rejects.
        least_power: that every defect must be found with.

    Raises:
        FHRError: an empty mapping, values outside [0, 1], or p-values that are NaN: compute or leave out such an index.

    Example:
        >>> fidelity_verdict({"mmd2": 0.4}, {"copying": 0.002}, {"no lag": 0.95}).words
        'not good: memorises (copying)'
    """
    for name, values in (("fidelity", fidelity), ("memorisation", memorisation), ("power", power)):
        if not values:
            raise FHRError(f"no {name}; a verdict needs indices, tests of memorisation and power")
        if odd := [key for key, value in values.items() if not 0 <= value <= 1]:
            raise FHRError(f"{name} of {odd[0]!r} is {values[odd[0]]}; give numbers in [0, 1], or leave it out")
    infidelities, memorisations = (_rejected(p, level) for p in (fidelity, memorisation))
    if weak := [f"{name} {value:.0%}" for name, value in power.items() if value < least_power]:
        words = f"no verdict: too few records to find planted defects (power: {', '.join(weak)})"
        return FidelityVerdict(None, infidelities, memorisations, words)
    faults = [
        f"{fault} ({', '.join(names)})"
        for fault, names in (("unlike real records", infidelities), ("memorises", memorisations))
        if names
    ]
    words = f"not good: {', '.join(faults)}" if faults else "good: no index and no test of memorisation rejects it"
    return FidelityVerdict(not faults, infidelities, memorisations, words)


def _rejected(p_values: Mapping[str, float], level: float) -> tuple[str, ...]:
    adjusted = holm(list(p_values.values()))
    return tuple(np.array(list(p_values), dtype=object)[adjusted <= level])
