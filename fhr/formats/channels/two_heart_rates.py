"""Heart rates of several transducers on one fetus, merged into one: a belt first, a scalp electrode later.

Published FHRMA recordings hold two rates; monitors and their exports do, too. Source of the rule that the electrode, or
else the second, is taken where both hold signal: Boudet et al. 2022, doi:10.3390/bios12090691.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from fhr.errors import FormatError

__all__ = ["SCALP", "merged_rates"]

SCALP = "scalp electrode"
# bpm. Two sensors on one heart differ by 1.5 and 2 (median) in the published set; of pairs of CTU-UHB recordings, which
# are two fetuses, 0.1% by 5 or less and 8% by 10 or less (`benchmarks/channels.py`).
_TWO_HEARTS = 5.0
_LONG_S = 60.0  # s with both rates before their difference says anything
_MUCH, _PART = 0.5, 0.1  # or shares: of one of the rates, and of the recording
_TWICE = (1.8, 2.2)  # between the rates
# bpm between the medians of rates that are hardly held together. In CTU-UHB those before and after half, two thirds, 80
# or 90% of a record differ by 8 (median), in 95% by 41 or less; mother and child differ by 50 to 100.
_APART = 50.0
# Steps between rates, and from the last to the first of the next row, over those within rates: of CTU-UHB records cut
# into two or three samples a row 0.79 or less, of two sensors 1.5 or more, made with noise of 1 bpm 0.99 or more.
_CONSECUTIVE = 0.8
_ENOUGH = 60  # rows
_SLOW = 2.0  # Hz: above it no row is of several samples


def merged_rates(
    rates: Sequence[np.ndarray], names: Sequence[str], sensors: Sequence[str], *, fs: float, where: str, remedy: str
) -> tuple[np.ndarray, list[str]]:
    """Merge the heart rates of one fetus: the scalp electrode, else the last of them, the others in its gaps.

    Args:
        rates: one or more of (n,), bpm, NaN missing.
        names: of the channels.
        sensors: of the channels, "" where not known.
        fs: sampling rate, Hz.
        where: the file, for messages.
        remedy: what the user gives to choose one.

    Returns:
        The rate, and the names of the channels that hold signal in the order in which they were preferred.

    Raises:
        FormatError: common signal of over a minute, or of half of one of them and a tenth of the recording, with a
            median difference above 5 bpm (this package's choice): two hearts, or one of which a sensor halved or
            doubled the rate. Or less in common, and medians over 50 bpm apart. Or rates at 2 Hz or less that go on
            from one to the next as consecutive samples do.
    """
    order = sorted(range(len(rates)), key=lambda i: (sensors[i] == SCALP, i), reverse=True)
    held = [~np.isnan(rate) for rate in rates]
    if len(rates) > 1 and fs <= _SLOW and _are_samples_of_rows(rates):
        raise FormatError(
            f"{where}: {', '.join(names)} go on from one to the next like consecutive samples; write one sample a row, "
            f"or if they are sensors say which with {remedy}"
        )
    counts = [np.count_nonzero(some) for some in held]
    used = [i for i in order if counts[i]]
    for i, j in combinations(sorted(used), 2):
        both = held[i] & held[j]
        common = np.count_nonzero(both)
        if common <= _LONG_S * fs and common < max(_MUCH * min(counts[i], counts[j]), _PART * len(both)):
            one, other = (float(np.median(rates[k][held[k]])) for k in (i, j))
            if abs(one - other) > _APART and min(counts[i], counts[j]) >= min(_LONG_S * fs, _PART * len(both)):
                raise FormatError(
                    f"{where}: {names[i]} and {names[j]} hold signal one after the other, and their medians are "
                    f"{one:g} and {other:g} bpm: two hearts, twins or mother and child; say which with {remedy}"
                )
            continue
        difference = np.abs(rates[i] - rates[j])
        if 2 * np.count_nonzero(difference > _TWO_HEARTS) > common:  # a median, without sorting a day
            first, second = rates[i][both], rates[j][both]
            ratio = float(np.median(np.maximum(first, second) / np.minimum(first, second)))
            twice = ", or one heart at half or twice its rate" if _TWICE[0] <= ratio <= _TWICE[1] else ""
            raise FormatError(
                f"{where}: {names[i]} and {names[j]} hold signal together for {common / fs:.0f} s and differ by "
                f"{np.median(difference[both]):g} bpm (median): two hearts, twins or mother and child{twice}; say "
                f"which with {remedy}"
            )
    if not used:
        return rates[0], []
    fhr, known = rates[used[0]], held[used[0]]
    for i in used[1:]:
        fhr = np.where(known, fhr, rates[i])
        known = known | held[i]
    return fhr, [names[i] for i in used]


def _are_samples_of_rows(rates: Sequence[np.ndarray]) -> bool:
    """True if the rates of each row are rather consecutive samples of one heart rate than of several sensors."""
    rows = np.stack(rates, axis=1).astype(np.float64)
    steps = np.abs(np.diff(rows, axis=1))[:-1]
    across, within = np.abs(rows[1:, 0] - rows[:-1, -1]), np.abs(np.diff(rows, axis=0))
    known = ~np.isnan(within).any(axis=1) & ~np.isnan(steps).any(axis=1)
    if np.count_nonzero(known) < _ENOUGH:
        return False
    largest = max(float(steps[known].mean()), float(across[known].mean()))
    return largest < _CONSECUTIVE * float(within[known].mean())
