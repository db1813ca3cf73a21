"""Words on the robustness of a verdict, and on that of the verdicts of a database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil, floor, inf, isinf, isnan, log10

from fhr.datasets import label_in_words

from .size_curves import size_for_half
from .threats import threat_of
from .time_changes import SLOPE
from .window_sheet import WindowSheet

__all__ = ["TITLES", "database_words", "found_words", "half_words", "threat_words", "verdict_words"]

_DIGITS = 3
_ANY = {
    "error_rms": "any error of the heart rate up to {} bpm RMS",
    "error_peak": "any error of the heart rate of {} bpm at most",
    "offset": "any offset of the baseline up to {} bpm",
    "uc_gain": "any gain of uterine activity up to {}-fold, up or down",
    "shift": "any end of the window up to {} whole seconds earlier",
    "warp": f"any warp of time up to {{}} s, no steeper than {SLOPE:g} s a second",
    "block_loss": "any block of loss up to {} s",
    "scattered_loss": "any scattered loss up to {} s in all",
    "wrong_rate": "any stretch up to {} s doubled, halved or maternal",
    "quantisation": "any rounding of the heart rate to steps up to {} bpm",
}
TITLES = {
    "error_rms": "Error of the heart rate, RMS",
    "error_peak": "Error of the heart rate, peak",
    "offset": "Offset of the baseline",
    "uc_gain": "Gain of uterine activity",
    "shift": "End of the window",
    "warp": "Warp of time",
    "block_loss": "Block of loss",
    "scattered_loss": "Scattered loss",
    "wrong_rate": "Wrong rate",
    "quantisation": "Rounding",
}
"""Headings of the threats."""
_UNITS = {"bpm": "{} bpm", "s": "{} s", "x": "{}-fold"}


def verdict_words(sheet: WindowSheet, called: str) -> str:
    """The verdict on a recording that is called so, and what it is a decision about."""
    side = "at or above" if sheet.at_risk else "below"
    return (
        f"{called}, {label_in_words(sheet.target)}: {side} the threshold (probability {sheet.probability:.1%}, "
        f"threshold {sheet.threshold:.1%}). The decision is the stored threshold after averaging and calibration, "
        f"about the signal as the model reads it: the last {sheet.minutes:g} min, cleaned, at {sheet.fs:g} Hz."
    )


def threat_words(sheet: WindowSheet) -> Iterator[str]:
    """A line a threat: how large a change provably leaves the verdict, and the smallest that was found to flip it."""
    for row in sheet.rows:
        name, size = row["threat"], row["certified"]
        said = f"{TITLES[name]}: "
        if row["broken"]:
            said += "ERROR OF THIS PROGRAM, what was found contradicts what was proven, trust neither: "
        if isinf(size):
            yield f"{said}unchanged whatever its size ({row['how']})"
            continue
        if isnan(size):
            said += f"no proof is known ({row['not_certified'].partition(';')[0]})"
        elif size <= threat_of(name).nothing:
            said += f"nothing is proven ({row['not_certified']})"
        else:
            said += f"unchanged under {_ANY[name].format(_below(size))} (proven)"
        yield said + _attack_words(row)


def database_words(sheets: Sequence[WindowSheet]) -> Iterator[str]:
    """Lines on all verdicts of each label: the sizes up to which half of them stay."""
    for target in dict.fromkeys(one.target for one in sheets):
        some = [one for one in sheets if one.target == target]
        yield f"{label_in_words(target)}: {len(some)} verdicts, {sum(one.at_risk for one in some)} at risk"
        for name in dict.fromkeys(row["threat"] for one in some for row in one.rows):
            yield f"{TITLES[name]}: {half_words(some, name)}"
        if broken := [f"{one.record} ({', '.join(one.broken)})" for one in some if one.broken]:
            yield f"ERROR OF THIS PROGRAM: attacks beat certificates of {', '.join(broken)}"


def half_words(sheets: Sequence[WindowSheet], threat: str) -> str:
    """The size of a threat up to which half of the verdicts provably stay, and at which half were found to flip."""
    size, nothing = size_for_half(sheets, threat), threat_of(threat).nothing
    if isinf(size):
        said = "half of the verdicts or more are proven unchanged whatever the size"
    elif size > nothing:
        said = f"half of the verdicts are proven unchanged under {_ANY[threat].format(_below(size))}"
    else:
        n = sum(row["certified"] > nothing for one in sheets for row in one.rows if row["threat"] == threat)
        said = f"less than half, {n} of {len(sheets)} verdicts, are proven unchanged at some size"
    found = sorted(row["found"] for one in sheets for row in one.rows if row["threat"] == threat)
    found = [x for x in found if not isnan(x)]
    if not found:
        return said
    flipped = sum(x < inf for x in found)
    half = found[(len(found) - 1) // 2] if len(found) == len(sheets) else inf
    if half < inf:
        return f"{said}; changes found flip half of them at {_sized(half, threat)}"
    return f"{said}; changes were found that flip {flipped} of {len(sheets)}"


def _attack_words(row: Mapping[str, object]) -> str:
    found, largest, name = float(str(row["found"])), float(str(row["largest"])), str(row["threat"])
    if isnan(found) or (found == inf and float(str(row["certified"])) >= largest):
        return ""
    if found < inf:
        return f"; the smallest change found that flips it needs {_sized(found, name)}"
    return f"; no flip was found up to {_sized(largest, name)} in {row['looks']} looks, which proves none"


def found_words(threat: str, size: float) -> str:
    """The size of a change that was found."""
    return f"the smallest change found: {_sized(size, threat)}"


def _sized(size: float, threat: str) -> str:
    return _UNITS[threat_of(threat).unit].format(_above(size))


def _below(size: float) -> str:
    return _rounded(size, floor)


def _above(size: float) -> str:
    return _rounded(size, ceil)


def _rounded(size: float, to: Callable[[float], int]) -> str:
    """Some digits, never more of a proof and never less of an attack."""
    step = 10.0 ** (floor(log10(size)) + 1 - _DIGITS)
    nudge = 1e-12 if to is floor else -1e-12  # 0.3 is no 3 of 0.1
    return f"{round(to(size / step * (1 + nudge)) * step, 9):g}"
