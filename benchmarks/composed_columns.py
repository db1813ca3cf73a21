"""Columns composed from one true recording: clock x order x stamps x unit x gap x channel layout.

Truth is computed from the numbers as they are written, so that what is read may differ by rounding to float32 alone.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from compositions import Choices, Truth

MINUTES = 2
_MISSING = np.nan


class Column(NamedTuple):
    """One column: what its header and a units row say, and its cells as text and as values."""

    name: str
    role: str
    unit: str
    cells: list[str]
    values: np.ndarray  # float64, datetime64[us] or objects
    numeric: bool = True


class Columns(NamedTuple):
    """Columns of one recording, what is said beside them, and what they have to give."""

    columns: list[Column]
    options: dict[str, Any]
    truth: Truth


class _Signal(NamedTuple):
    role: str
    name: str
    values: np.ndarray


def recorded(choices: Choices, n: int) -> dict[str, np.ndarray]:
    """Signals without gaps: no two neighbourhoods are alike, so that a shift shows."""
    rng = choices.rng
    slow = np.interp(np.arange(n), np.linspace(0, n, 12), rng.normal(0, 6, 12))
    fhr_ = np.round(4 * (140 + slow + rng.normal(0, 2, n))) / 4
    uc = np.round(np.abs(25 + 15 * np.sin(np.arange(n) / 60 + rng.random()) + rng.normal(0, 1, n))) + 1
    return {"fhr": fhr_, "uc": uc, "mhr": np.round(82 + slow / 2 + rng.normal(0, 1, n))}


def gaps(choices: Choices, n: int, *, whole: int = 1, ends: bool = True) -> np.ndarray:
    """Samples that are missing: a few runs of whole multiples, and where `ends`, at the start and the end too."""
    missing = np.zeros(n, bool)
    for _ in range(int(choices.rng.integers(1, 5))):
        start = whole * int(choices.rng.integers(1, n // whole - 10))
        missing[start : start + whole * int(choices.rng.integers(1, 9))] = True
    if ends and choices.chance(0.5):
        missing[: int(choices.rng.integers(1, 12))] = True
    if ends and choices.chance(0.5):
        missing[n - int(choices.rng.integers(1, 12)) :] = True
    if not ends:
        missing[:whole], missing[-whole:] = False, False
    return missing


# Heart rates: to the unit and back, decimals that are written, and words for it.
_RATE_UNITS: dict[
    str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray], int, tuple[str, ...]]
] = {
    "bpm": (lambda x: x, lambda x: x, 2, ("bpm", "BPM", "1/min", "beats/min", "/min", "bpm")),
    "hz": (lambda x: x / 60, lambda x: 60 * x, 5, ("Hz", "hz", "1/s")),
    "ms": (lambda x: 60_000 / x, lambda x: 60_000 / x, 2, ("ms", "msec")),
    "s": (lambda x: 60 / x, lambda x: 60 / x, 5, ("s", "sec")),
}
_ACTIVITY_UNITS = {
    "": (1.0, ("",)),
    "mmhg": (1.0, ("mmHg", "mm Hg", "mmhg")),
    "kpa": (7.50062, ("kPa", "kpa")),
    "arbitrary": (1.0, ("a.u.", "au", "%", "units")),
}
_STYLES = ("{0} [{1}]", "{0} ({1})", "{0}_{1}", "{0} {1}", "{0}[{1}]", "{0}, {1}", "{0} in {1}")
_FHR_NAMES = ("FHR", "fhr", "FHR1", "Fetal Heart Rate", "HR1", "US1", "HR", "fetal_heart_rate", "FHF", "Fetal HR")
_UC_NAMES = ("UC", "uc", "TOCO", "Toco", "UA", "toco1", "Uterine Activity", "IUP")
_PAIRS = (("FHR1", "FHR2"), ("HR1", "HR2"), ("US1", "US2"), ("fhr 1", "fhr 2"), ("FHR_US", "FHR_DECG"), ("DECG", "US"))


def signals(
    choices: Choices, n: int, *, pairs: bool = True
) -> tuple[list[_Signal], dict[str, np.ndarray], dict[str, Any]]:
    """Channels under the names that the layout gives them, the true ones (with the gaps of the layout), and options."""
    made = recorded(choices, n)
    layout = choices.take(
        "layout",
        {"fhr and uc": 8, "fhr": 2, "fhr, uc and mhr": 3, "columns given": 2, "fhr is not named": 0.4}
        | ({"two transducers": 3, "twins": 0.6, "one name twice": 0.4, "two names": 0.4} if pairs else {}),
    )  # fmt: skip
    found, options = [], {}
    uc_name = choices.any_of(_UC_NAMES)
    truth = {"fhr": made["fhr"]}
    if layout in ("two transducers", "twins", "one name twice", "two names"):
        first, second = made["fhr"].copy(), made["fhr"] + np.where(choices.rng.random(n) < 0.5, 0.25, -0.25)
        if layout == "two transducers":
            pair = choices.any_of(_PAIRS)
            change = int(choices.rng.integers(n // 3, n // 2))
            first[change + n // 8 :], second[:change] = _MISSING, _MISSING
            if pair[0] == "DECG":  # the scalp electrode stands first
                first, second = second, first
            scalp, other = (first, second) if pair[0] == "DECG" else (second, first)
            truth["fhr"] = np.where(np.isnan(scalp), other, scalp)
        else:
            second = made["fhr"] + 18
            pair = {"twins": ("FHR1", "FHR2"), "one name twice": ("FHR", "FHR"), "two names": ("FHR", "HR")}[layout]
            choices.doubt(layout, {"columns": {"fhr": "first"}})
        found += [_Signal("fhr", pair[0], first), _Signal("fhr", pair[1], second)]
    else:
        name = choices.any_of(_FHR_NAMES)
        if layout == "columns given":
            name, uc_name = choices.any_of(("Baby", "Kanal 1", "signal A", "Ch.1")), choices.any_of(("Kanal 2", "x2"))
            options["columns"] = {"fhr": "first", "uc": "uc"}
        elif layout == "fhr is not named":
            name = choices.any_of(("Baby", "Kanal 1", "value", "x"))
            choices.doubt("nothing is named FHR", {"columns": {"fhr": "first"}})
        found.append(_Signal("fhr", name, made["fhr"]))
    if layout != "fhr":
        found.append(_Signal("uc", uc_name, made["uc"]))
        truth["uc"] = made["uc"]
    if layout == "fhr, uc and mhr":
        found.append(_Signal("mhr", choices.any_of(("MHR", "mhr", "Maternal HR", "maternal heart rate")), made["mhr"]))
        truth["mhr"] = made["mhr"]
    if choices.chance(0.3):
        choices.rng.shuffle(order := list(range(len(found))))
        if layout not in ("twins", "one name twice", "two names", "two transducers"):
            found = [found[i] for i in order]
    return found, truth, options


def in_units(
    choices: Choices,
    found: Sequence[_Signal],
    truth: dict[str, np.ndarray],
    options: dict[str, Any],
    *,
    row: bool,
    identifiers: bool = False,
    named: bool = True,
) -> tuple[list[Column], dict[str, np.ndarray]]:
    """The channels in a unit of the file's, their truth as it can be told from what is written.

    Args:
        choices: draws of the composition.
        found: channels, as `signals` gives them with the two next.
        truth: signals without units.
        options: said beside the file; units are added.
        row: whether the form has a place for units beside the names.
        identifiers: whether names are made of letters, digits and underscores.
        named: whether names have room for units.
    """
    unit = choices.take("unit of rates", {"bpm": 6, "hz": 1, "ms": 1, "s": 0.6, "mV": 0.2})
    places = {"in the name": 3 * named, "beside the name": 2 * row, "as an option": 1}
    said = choices.take("unit said", {"nowhere": 3 if unit == "bpm" else 0.4} | places)
    whole = (unit == "bpm" and choices.take("numbers", {"decimals": 3, "whole": 1, "whole at first": 1})) or "decimals"
    if unit == "mV":
        back = forth = lambda x: x / 100
        decimals, words = 4, ("mV", "uV")
        said = said if said in ("in the name", "beside the name") else "in the name" if named else "beside the name"
        choices.axes["unit said"] = said
        choices.doubt("a heart rate in mV", None)
    else:
        forth, back, decimals, words = _RATE_UNITS[unit]
    activity = choices.take("unit of uc", {"": 4, "mmhg": 2, "kpa": 1.5, "arbitrary": 1}) if "uc" in truth else ""
    if said == "nowhere" and unit not in ("bpm", "mV"):
        rates = {s.role for s in found if s.role != "uc"}
        choices.doubt(f"rates in {unit} that nothing says", {"units": dict.fromkeys(sorted(rates), unit)})
    scale, activity_words = _ACTIVITY_UNITS[activity]
    columns, told = [], {}
    style, rate_word, activity_word = choices.any_of(_STYLES), choices.any_of(words), choices.any_of(activity_words)
    if identifiers:
        style, rate_word = "{0}_{1}", words[0] if said == "in the name" else rate_word
        activity_word = activity_word if activity_word.isalpha() else activity_words[0].replace("a.u.", "au")
    for signal in found:
        rate = signal.role != "uc"
        places = decimals if rate else 3 if activity == "kpa" else 0
        with np.errstate(divide="ignore"):
            stored = np.round(forth(signal.values) if rate else signal.values / scale, places)
        if rate and whole != "decimals":
            stop = len(stored) if whole == "whole" else 9 * len(stored) // 10
            stored[:stop] = np.round(stored[:stop])
        shown = rate_word if rate else activity_word
        name, beside = signal.name, ""
        # A unit of uc alone is said as those of the rates are, or by its name.
        way = (
            said
            if rate or said not in ("nowhere", "as an option") or not shown
            else "in the name"
            if named
            else "beside the name"
        )
        if way == "in the name" and shown:
            name = style.format(name, shown)
        elif way == "beside the name":
            beside = shown
        elif way == "as an option" and (rate or activity in ("mmhg", "kpa")):
            options.setdefault("units", {})[signal.role] = unit if rate else activity
        elif way == "nowhere" and not rate and activity == "kpa":
            choices.doubt("uc in kPa that nothing says", None)
        cells = [f"{v:.{0 if whole == 'whole' and rate else places}f}" for v in stored]
        if whole == "whole at first" and rate:
            cells = [f"{v:.0f}" if v == round(v) else c for v, c in zip(np.nan_to_num(stored), cells, strict=True)]
        columns.append(Column(name, signal.role, beside, cells, stored))
        told.setdefault(signal.role, []).append(back(stored) if rate else stored * scale)
    pair = told["fhr"]
    if choices.axes["layout"] == "two transducers":
        scalp, other = pair if columns[[c.role for c in columns].index("fhr")].name.startswith("DECG") else pair[::-1]
        told["fhr"] = [np.where(np.isnan(scalp), other, scalp)]
    return columns, {role: values[0] for role, values in told.items()}


def with_gaps(
    choices: Choices, columns: list[Column], truth: dict[str, np.ndarray], missing: np.ndarray, token: str
) -> list[Column]:
    """Gaps in the columns: the words of text cells, NaN or 0 of values; sentinels are for rates alone."""
    if token in _SENTINELS:
        choices.doubt(f"{token} stands for missing", None)
    if token == "left out":
        for values in truth.values():
            values[missing] = _MISSING
        return columns
    written = []
    shift = {"fhr": 0, "uc": 7, "mhr": 3}
    done: set[str] = set()
    for column in columns:
        here = np.roll(missing, shift[column.role]) if column.role != "fhr" else missing
        blank = "" if token in _SENTINELS and column.role == "uc" else token
        lost = here | np.isnan(column.values)
        cells = [blank if gone else cell for cell, gone in zip(column.cells, lost, strict=True)]
        number = 0.0 if token in ("0", "0.0") else float(token) if token in _NUMBERS and blank else _MISSING
        values = np.where(lost, number, column.values)
        if column.role not in done:
            truth[column.role][here] = _MISSING
            done.add(column.role)
        written.append(column._replace(cells=cells, values=values))
    return written


_SENTINELS = ("-1", "-999", "9999", "*", "n.a.", "lost")
_NUMBERS = ("-1", "-999", "9999")
TEXT_GAPS = {"": 6, "NaN": 2, "0": 3, "0.0": 0.5, "-": 0.5, "--": 0.5, "NA": 0.5, "null": 0.5, "N/A": 0.3, "---": 0.4,
             "#N/A": 0.4,             ".": 0.2, "?": 0.2, **dict.fromkeys(_SENTINELS, 0.12)}  # fmt: skip
VALUE_GAPS = {"NaN": 4, "0": 3, "-1": 0.2, "9999": 0.1}


_START = datetime(2024, 3, 15, 10, 0, 0)


def _us(start: datetime, t: np.ndarray) -> list[datetime]:
    return [start + timedelta(microseconds=int(x)) for x in np.rint(t * 1e6)]


def _fraction(at: datetime, digits: int) -> str:
    return f".{at.microsecond:06d}"[: digits + 1] if digits else ""


def _strings(form: str, times: list[datetime], digits: int) -> list[str]:
    """Texts of times; `%f` of the form is a fraction of so many digits."""
    before, _, after = form.partition("%f")
    return [at.strftime(before) + (_fraction(at, digits) + at.strftime(after) if "%f" in form else "") for at in times]


_RELATIVE = {  # name of the column, s in a unit, digits that tell a quarter of a second
    "seconds": (("time", "t", "time_s", "Time [s]", "seconds", "elapsed (s)", "Time (sec)"), 1.0, 3),
    "milliseconds": (("time_ms", "Time [ms]", "time (msec)", "milliseconds", "time", "t"), 1e-3, 0),
    "minutes": (("time_min", "Time [min]", "time (min)"), 60.0, 8),
    "hours": (("time_h", "Time [h]", "hours"), 3600.0, 10),
    "days": (("time_d", "Time [days]", "days"), 86400.0, 11),
}
_ABSOLUTE = {
    "iso": "%Y-%m-%dT%H:%M:%S%f",
    "iso with a space": "%Y-%m-%d %H:%M:%S%f",
    "iso, UTC": "%Y-%m-%dT%H:%M:%S%fZ",
    "iso, offset": "%Y-%m-%dT%H:%M:%S%f+01:00",
    "dots": "%d.%m.%Y %H:%M:%S%f",
    "slashes, day first": "%d/%m/%Y %H:%M:%S%f",
    "slashes, month first": "%m/%d/%Y %H:%M:%S%f",
    "slashes, year first": "%Y/%m/%d %H:%M:%S%f",
    "month by name": "%d-%b-%Y %H:%M:%S%f",
    "12 hours": "%m/%d/%Y %I:%M:%S%f %p",
}
_NUMBERED = {"epoch s": (1.0, 3), "epoch ms": (1e-3, 0), "epoch us": (1e-6, 0), "epoch ns": (1e-9, 0)}
_CLOCKS = {
    "none": 3, "seconds": 3, "milliseconds": 2, "minutes": 1, "hours": 0.5, "days": 0.5, "sample number": 1,
    "h:mm:ss": 1, "mm:ss": 0.5, "time of day": 1, **dict.fromkeys(_ABSOLUTE, 0.7), "slashes, either": 0.4,
    "date and time apart": 1, **dict.fromkeys(_NUMBERED, 0.5), "serial day": 0.5, "datenum": 0.3, "compact": 0.3,
    "datetime": 0,
}  # fmt: skip
_TYPED = {"none": 3, "seconds": 3, "milliseconds": 2, "minutes": 1, "hours": 0.5, "days": 0.5, "sample number": 1,
          **dict.fromkeys(_NUMBERED, 0.5), "serial day": 0.5, "datenum": 0.7, "datetime": 0}  # fmt: skip
_COARSE = (
    "iso",
    "iso with a space",
    "dots",
    "slashes, day first",
    "time of day",
    "h:mm:ss",
    "epoch s",
    "12 hours",
    "seconds",
)
_DISORDERS = {"as recorded": 12, "forward jump": 0.8, "clock set back": 0.4, "second session": 0.4,
              "stamp stands twice": 0.4, "newest first": 0.3, "two rows swapped": 0.3, "blank stamp": 0.3}  # fmt: skip


def compose(
    choices: Choices,
    *,
    text: bool,
    row: bool,
    datetimes: bool = False,
    minutes: float = MINUTES,
    identifiers: bool = False,
    pairs: bool = True,
) -> Columns:
    """Compose the columns of one recording.

    Args:
        choices: draws of the composition.
        text: whether cells are text, with all clocks that people write; else numbers.
        row: whether there is a place for units beside the names.
        datetimes: whether values may be dates with times.
        minutes: length.
        identifiers: whether names are made of letters, digits and underscores.
        pairs: whether there may be two fetal heart rates.
    """
    fs = float(choices.take("rate", {"4": 4, "2": 1, "1": 1}))
    n = int(60 * minutes * fs)
    found, true, options = signals(choices, n, pairs=pairs)
    columns, truth = in_units(choices, found, true, options, row=row, identifiers=identifiers)
    weights = dict(_CLOCKS if text else _TYPED)
    if datetimes:
        weights["datetime"] = 4
    clock = choices.take("clock", weights)
    coarse = (
        fs > 1
        and clock in _COARSE
        and text
        and choices.take("stamps", _STAMPS | {"whole seconds": 1.5}) == "whole seconds"
    )
    if clock != "none" and "stamps" not in choices.axes:
        choices.take("stamps", _STAMPS if clock not in ("sample number", "none") else {"exact": 1})
    tokens = dict(TEXT_GAPS if text else VALUE_GAPS)
    if clock != "none":
        tokens["left out"] = 3
    token = choices.take("gap", tokens)
    missing = gaps(choices, n, whole=int(fs) if coarse else 1, ends=token != "left out")
    written = with_gaps(choices, columns, truth, missing, token)
    keep = ~missing if token == "left out" else np.ones(n, bool)
    times, truth, keep, fs_given, date = _clock(choices, clock, n, fs, coarse, keep, truth)
    written = [
        c._replace(cells=[x for x, k in zip(c.cells, keep, strict=True) if k], values=c.values[keep]) for c in written
    ]
    if choices.axes.get("order") == "newest first":
        written = [c._replace(cells=c.cells[::-1], values=c.values[::-1]) for c in written]
    if choices.axes.get("order") == "two rows swapped":
        for column in written:
            column.cells[_SWAPPED : _SWAPPED + 2] = column.cells[_SWAPPED : _SWAPPED + 2][::-1]
            column.values[_SWAPPED : _SWAPPED + 2] = column.values[_SWAPPED : _SWAPPED + 2][::-1]
    if fs_given is not None:
        options["fs"] = fs_given
    return Columns([*times, *written], options, Truth(truth["fhr"], truth.get("uc"), truth.get("mhr"), fs, date))


def said(options: dict[str, Any] | None, columns: Sequence[Column], *, position: bool = False) -> dict[str, Any] | None:
    """Options in which `first` is the name of the first column of a channel, or its position."""
    if not options or "columns" not in options:
        return options
    told: dict[str, Any] = {}
    for role, what in options["columns"].items():
        at = next((i for i, c in enumerate(columns) if c.role == role), None)
        if what is None:
            told[role] = None
        elif at is not None:
            told[role] = at if position or [c.name for c in columns].count(columns[at].name) > 1 else columns[at].name
    return options | {"columns": told}


_SWAPPED = 20  # the row that changes places with the next
_STAMPS = {"exact": 6, "jitter": 1, "rounded to 0.1 s": 0.7, "off the grid": 1}


def _clock(
    choices: Choices, clock: str, n: int, fs: float, coarse: bool, keep: np.ndarray, truth: dict[str, np.ndarray]
) -> tuple[list[Column], dict[str, np.ndarray], np.ndarray, float | None, str]:
    """Columns of time for the rows that are kept; truth with what a jump of the clock adds; the rate that is given."""
    given = choices.take("fs", {"not given": 5, "given": 2, "given wrong": 0.25}) if clock != "none" else "given"
    if clock == "sample number":  # numbers of samples tell no rate
        given = choices.axes["fs"] = "given"
    if clock == "none":
        if choices.take("fs", {"given": 10, "not given": 0.7}) == "not given":
            choices.doubt("no time and no rate", {"fs": fs})
            return [], truth, keep, None, ""
        return [], truth, keep, fs, ""
    t = np.arange(n) / fs
    stamps = choices.axes["stamps"]
    first = 0.0
    if stamps == "jitter":
        t = t + choices.rng.uniform(-0.2, 0.2, n) / fs
        t = t - min(t[0], 0)
    elif stamps == "rounded to 0.1 s":
        t = np.floor(t * 10 + 0.5 + 1e-9) / 10
    elif stamps == "off the grid":
        first = round(float(choices.rng.uniform(0.01, 0.99)) / fs, 3)
    elif stamps == "whole seconds":
        # Where rows are left out, whole seconds are: which rows of a second are lost would be told by nothing.
        t = np.floor(np.arange(n) / fs + int(choices.rng.integers(fs)) / fs * bool(keep.all()))
    order = choices.take("order", _DISORDERS)
    rows = np.flatnonzero(keep)
    t = t[keep]
    k = int(choices.rng.integers(len(t) // 3, 2 * len(t) // 3))
    contiguous = {"columns": {"time": None}, "fs": fs}
    literal = bool(keep.all())
    if order in ("clock set back", "second session", "stamp stands twice", "blank stamp") and not literal:
        order = choices.axes["order"] = "as recorded"  # the truth of rows that are left out would be told by no reading
    if order in ("stamp stands twice", "two rows swapped", "newest first") and (stamps == "whole seconds"):
        order = choices.axes["order"] = "as recorded"
    if order in ("second session", "clock set back", "forward jump") and clock == "sample number":
        order = choices.axes["order"] = "as recorded"
    match order:
        case "forward jump":
            if stamps == "whole seconds":  # between two seconds
                k = int(np.flatnonzero(np.diff(t))[len(np.flatnonzero(np.diff(t))) // 2] + 1)
            pause = 37
            t[k:] += pause
            at, extra = int(rows[k]), int(pause * fs)
            truth = {role: np.insert(v, at, np.full(extra, np.nan)) for role, v in truth.items()}
        case "clock set back":
            t[k:] -= float(choices.any_of((3600.0, 30.0, 5.0)))
            choices.doubt(order, contiguous)
        case "second session":
            t[k:] -= t[k] - t[0]
            choices.doubt(order, contiguous)
        case "stamp stands twice":
            t[k] = t[k - 1]
            choices.doubt(order, contiguous)
        case "newest first":
            t = t[::-1]
            choices.doubt(order, None)
        case "two rows swapped":
            t[[_SWAPPED, _SWAPPED + 1]] = t[[_SWAPPED + 1, _SWAPPED]]
            choices.doubt(order, None)
        case "blank stamp":
            choices.doubt(order, contiguous)
        case _:
            pass
    base = _START.replace(hour=11, minute=59) if clock == "12 hours" else _START
    if clock == "time of day" and choices.chance(0.3):
        base = base.replace(hour=23, minute=59)
        choices.axes["clock"] = "time of day over midnight"
    if clock == "slashes, either":
        base = base.replace(day=4)
    if choices.chance(0.3) and clock in _ABSOLUTE and clock != "12 hours":
        base = base.replace(hour=23, minute=59)  # over midnight
    columns, dated = _time_columns(choices, clock, t + first, base, coarse, fs)
    if order == "blank stamp":
        values = columns[0].values.copy()
        values[k] = {"M": np.datetime64("NaT"), "O": None}.get(values.dtype.kind, np.nan)
        cells = list(columns[0].cells)
        cells[k] = ""
        columns[0] = columns[0]._replace(cells=cells, values=values)
    if given == "given wrong":
        wrong = 2 * fs if fs < 4 else 1.0
        choices.doubt("a rate that the times deny", {"fs": fs})
        return columns, truth, keep, wrong, dated
    return columns, truth, keep, fs if given == "given" else None, dated


def _time_columns(
    choices: Choices, clock: str, t: np.ndarray, base: datetime, coarse: bool, fs: float
) -> tuple[list[Column], str]:
    """Columns of time, and the date that they tell."""
    name = choices.any_of(("time", "Time", "timestamp", "datetime", "Date/Time", "Zeit"))
    digits = 0 if coarse else 3
    day = base.date().isoformat()
    if clock == "sample number":
        values = np.rint(t * fs) + choices.any_of((0, 1))
        cells = [f"{v:.0f}" for v in values]
        return [
            Column(choices.any_of(("sample", "Sample No", "index", "sample_number")), "time", "", cells, values)
        ], ""
    if clock in _RELATIVE:
        names, seconds, places = _RELATIVE[clock]
        start = float(choices.any_of((0.0, 0.0, 60.0)))
        values = np.round((t + start) / seconds, 0 if coarse else places)
        if clock == "days" and start:
            values = np.round((t + start) / seconds, places)
        return [_numbers(choices.any_of(names), values, 0 if coarse else places)], ""
    if clock in _NUMBERED:
        seconds, places = _NUMBERED[clock]
        origin = (base - datetime(1970, 1, 1)).total_seconds()
        whole = [int(origin * 1e6) + int(x) for x in np.rint(t * 1e6)]
        values = np.array([w / (seconds * 1e6) for w in whole])
        cells = [
            f"{w / 1e6:.{0 if coarse else places}f}" if clock == "epoch s" else str(w * 1000 // int(seconds * 1e9))
            for w in whole
        ]
        return [
            Column(
                choices.any_of(("time", "timestamp", "epoch")) if clock == "epoch s" else "timestamp",
                "time",
                "",
                cells,
                values,
            )
        ], day
    if clock in ("serial day", "datenum"):
        origin = (base - datetime(1899, 12, 30)).total_seconds() / 86400 + (693960 if clock == "datenum" else 0)
        values = np.round(origin + t / 86400, 9)
        if not choices.axes["fs"].startswith("given"):
            choices.doubt("days that nothing calls days", {"units": {"time": "day"}})
        return [_numbers(name, values, 9)], day
    times = _us(base, t)
    typed = np.array(times, dtype="datetime64[us]")
    if clock == "datetime":
        return [Column(name, "time", "", [at.isoformat() for at in times], typed, numeric=False)], day
    if clock == "h:mm:ss":
        cells = [
            f"{int(x // 3600)}:{int(x // 60 % 60):02d}:{int(x % 60):02d}{_part(x, digits)}" for x in np.round(t, 3)
        ]
        return [_texts(choices.any_of(("time", "elapsed", "Elapsed Time")), cells)], ""
    if clock == "mm:ss":
        cells = [f"{int(x // 60):02d}:{int(x % 60):02d}{_part(x, digits)}" for x in np.round(t, 3)]
        return [_texts(choices.any_of(("time", "elapsed", "time [mm:ss]")), cells)], ""
    if clock == "time of day":
        return [
            _texts(choices.any_of(("time", "Time", "Uhrzeit", "time of day")), _strings("%H:%M:%S%f", times, digits))
        ], ""
    if clock == "compact":
        choices.doubt("digits of a date without a mark", None)
        return [_texts(name, _strings("%Y%m%d%H%M%S%f", times, digits))], day
    if clock == "date and time apart":
        form = choices.any_of(("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y"))
        names = choices.any_of((("Date", "Time"), ("date", "time"), ("Datum", "Uhrzeit")))
        return [
            _texts(names[0], _strings(form, times, 0)),
            _texts(names[1], _strings("%H:%M:%S%f", times, digits)),
        ], day
    if clock == "slashes, either":
        form = choices.any_of(("%d/%m/%Y %H:%M:%S%f", "%m/%d/%Y %H:%M:%S%f"))
        choices.doubt("day or month first", None)
        return [_texts(name, _strings(form, times, digits))], day
    return [_texts(name, _strings(_ABSOLUTE[clock], times, digits))], day


def _part(x: float, digits: int) -> str:
    return f"{x % 1:.{digits}f}"[1:] if digits else ""


def _numbers(name: str, values: np.ndarray, places: int) -> Column:
    return Column(name, "time", "", [f"{v:.{places}f}" for v in values], values)


def _texts(name: str, cells: list[str]) -> Column:
    return Column(name, "time", "", cells, np.array(cells, object), numeric=False)
