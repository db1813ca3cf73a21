"""One labour in two files, heart rate and uterine activity apart, joined to one recording: `fhr.formats.join`."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import FormatError
from fhr.recording import Recording, Source, Step

from .files.regular_file import cut
from .files.whole_file import MAX_SAMPLES
from .reading import options_taken, read, suffix_of

__all__ = ["base_of", "join", "join_recordings", "names_activity", "not_paired", "pairs_of"]

_OF_RATE = r"(fhr\d?|hr\d?|ctg|rate|cardio|us\d?)"
_OF_ACTIVITY = r"(uc|ua|toco|iup|wehen|contractions?|activity)"
_WORD = re.compile(
    rf"(?:(?P<base>.+?)[-_. ]+(?:(?P<rate>{_OF_RATE})|(?P<activity>{_OF_ACTIVITY}))"
    rf"|(?:(?P<rate_>{_OF_RATE})|(?P<activity_>{_OF_ACTIVITY}))[-_. ]+(?P<base_>.+))",
    re.IGNORECASE,
)
_NEAR = 0.1  # samples that the clocks of two files may differ by


def join(rate: str | Path, activity: str | Path, **options: Any) -> Recording:
    """Read one labour from a file of its heart rate and a table of its uterine activity.

    Where both tell when they begin, activity is placed by the clock, and what only one of them holds stays missing in
    the other; else both have to be of equal length, rate and begin.

    Args:
        rate: what `fhr.read` takes; mother's heart rate may be in it, uterine activity may not.
        activity: a table with uterine activity; other channels in it are left out.
        options: of `fhr.read`; a file gets those of its channels.

    Returns:
        The recording, called as both files are without the words for their channels; "join" in its history says how.

    Raises:
        FormatError: rates that differ, clocks that do not meet on one grid, or lengths that differ without clocks; a
            heart rate with activity beside it; whatever `fhr.read` refuses.
    """
    rate, activity = Path(rate), Path(activity)
    if "columns" not in options_taken(activity):
        raise FormatError(f"{activity}: uterine activity is read from a table alone, not from {suffix_of(activity)}")
    taken = options_taken(rate)
    first = read(rate, **{name: value for name, value in _without(options, "uc").items() if name in taken})
    others = _without(options, "fhr", "mhr")
    second = read(activity, **others | {"columns": {**others.get("columns", {}), "fhr": None, "mhr": None}})
    return join_recordings(first, second)


def join_recordings(rate: Recording, activity: Recording) -> Recording:
    """Join a recording of a heart rate with one that holds uterine activity alone, see `join`.

    Raises:
        FormatError: as `join`.
    """
    names = [Path(one.path).name if one.path else one.name for one in (rate, activity)]
    both = f"{rate.path or rate.name} and {names[1]}"
    if not np.isnan(rate.uc).all():
        raise FormatError(f"{both}: the first holds uterine activity of its own; read it alone, or leave that out")
    if rate.fs != activity.fs:
        raise FormatError(f"{both}: rates of {rate.fs:g} and {activity.fs:g} Hz; resample one of them")
    begin, later = _begin(rate), _begin(activity)
    offset, how = 0, "equal length"
    if isinstance(begin, datetime) and isinstance(later, datetime):
        if (begin.tzinfo is None) != (later.tzinfo is None):
            zoned, other = names if begin.tzinfo else names[::-1]
            raise FormatError(
                f"{both}: they begin at {_said(begin)} and {_said(later)}; the times of {zoned} have a time zone, "
                f"those of {other} have none, so that nothing tells how far apart they are; write both alike"
            )
        seconds = (later - begin).total_seconds()
        exact = seconds * rate.fs
        offset, how = round(exact), "clock"
        if abs(exact - offset) > _NEAR:
            raise FormatError(f"{both}: they begin {seconds:g} s apart, no whole number of samples at {rate.fs:g} Hz")
        lengths = (len(rate), len(activity))
        if offset >= lengths[0] or -offset >= lengths[1] or max(lengths) + abs(offset) > MAX_SAMPLES:
            raise FormatError(f"{both}: they begin {seconds:g} s apart and do not overlap; join those of one labour")
    elif len(rate) != len(activity) or begin != later:
        raise FormatError(
            f"{both}: {len(rate)} and {len(activity)} samples from {_said(begin)} and {_said(later)}, so that "
            "nothing tells which belong together; give both the date and time of day, or cut them alike"
        )
    first, last = min(0, offset), max(len(rate), len(activity) + offset)
    n = last - first
    digest = hashlib.sha256("".join(one.source.sha256 for one in (rate, activity) if one.source).encode()).hexdigest()
    read_of = next((dict(step.parameters) for step in activity.history if step.name == "read"), {})
    parameters = {"activity_from": names[1], "by": how, "offset_s": offset / rate.fs, "read": read_of}
    history = rate.history
    if first:
        history = tuple(_begun_earlier(step, later) for step in history)
    return replace(
        rate,
        name=base_of(rate.name) or rate.name,
        fhr=_within(rate.fhr, -first, n),
        uc=_within(activity.uc, offset - first, n),
        mhr=None if rate.mhr is None else _within(rate.mhr, -first, n),
        stage2_start=rate.stage2_start - first / rate.fs,
        source=Source(rate.path or names[0], "joined", digest),
        history=(*history, Step("join", parameters)),
    )


def pairs_of(rates: Iterable[str], activities: Iterable[str]) -> dict[str, str]:
    """Pair files of heart rates with files of uterine activity by their names: `X_fhr.csv` or `X.csv`, and `X_uc.csv`.

    Returns:
        The path of the activity by that of the rate, where there is one of each.

    >>> pairs_of(["a/7_FHR.csv", "a/8.csv", "b/9.csv"], ["a/7_TOCO.csv", "a/uc_8.csv", "a/9_uc.csv"])
    {'a/7_FHR.csv': 'a/7_TOCO.csv', 'a/8.csv': 'a/uc_8.csv'}
    """
    return {first[0]: second[0] for first, second in _by_labour(rates, activities) if len(first) == len(second) == 1}


def not_paired(rates: Iterable[str], activities: Iterable[str]) -> dict[str, str]:
    """The reason for each file that `pairs_of` cannot pair: several of one labour, or an activity without a rate.

    >>> list(not_paired(["7_fhr.csv", "7_hr.csv", "8.csv"], ["7_uc.csv", "8_uc.csv", "9_uc.csv"]))
    ['7_fhr.csv', '7_hr.csv', '7_uc.csv', '9_uc.csv']
    """
    found: dict[str, str] = {}
    for first, second in _by_labour(rates, activities):
        if second and not first:
            found |= dict.fromkeys(second, "uterine activity, and no file of the heart rate of this labour beside it")
        elif second and len(first) + len(second) > 2:
            names = ", ".join(cut(path.rpartition("/")[2]) for path in (*first, *second))
            reason = (
                f"{names} are of one labour, and which are to be joined cannot be told; keep one rate and one activity"
            )
            found |= dict.fromkeys((*first, *second), reason)
    return found


def _by_labour(rates: Iterable[str], activities: Iterable[str]) -> list[tuple[list[str], list[str]]]:
    """Files of heart rates and of activities whose names are alike but for the channel."""
    by_base: dict[str, tuple[list[str], list[str]]] = {}
    for side, paths in enumerate((rates, activities)):
        for path in paths:
            folder, _, name = path.rpartition("/")
            stem = name[: len(name) - len(suffix_of(name))]
            by_base.setdefault(f"{folder}/{base_of(stem) or stem}".lower(), ([], []))[side].append(path)
    return list(by_base.values())


def base_of(stem: str) -> str:
    """Name of a labour in the name of a file of one of its channels; empty where it names no channel.

    >>> base_of("4711_fhr"), base_of("toco-12"), base_of("4711")
    ('4711', '12', '')
    """
    match = _WORD.fullmatch(stem)
    return "" if match is None else match["base"] or match["base_"]


def names_activity(stem: str) -> bool:
    """True if the name of a file says that it holds uterine activity, as `4711_toco` does."""
    match = _WORD.fullmatch(stem)
    return match is not None and (match["activity"] or match["activity_"]) is not None


def _without(options: Mapping[str, Any], *roles: str) -> dict[str, Any]:
    """The options without what is of channels of the other file."""
    return {
        name: {role: one for role, one in value.items() if role not in roles} if isinstance(value, Mapping) else value
        for name, value in options.items()
        if value is not None
    }


def _begin(recording: Recording) -> datetime | float:
    """When a recording begins: by date and clock where it says so, else s from midnight or where its file counts."""
    said: Mapping[str, Any] = next((step.parameters for step in recording.history if step.name == "read"), {})
    start, offset = str(said.get("start", "")), float(said.get("start_s", 0.0))
    try:
        return datetime.fromisoformat(start) + timedelta(seconds=offset)
    except ValueError:
        pass
    try:
        clock = time.fromisoformat(start)
    except ValueError:
        return offset
    # s since midnight, as a table has it where it gives no date.
    return (datetime.combine(date.min, clock.replace(tzinfo=None)) - datetime.min).total_seconds() + offset


def _begun_earlier(step: Step, begin: datetime | float) -> Step:
    """The step of the reader with the begin of the other file, which is the one of the joined recording."""
    if step.name != "read" or not isinstance(begin, datetime):
        return step
    return Step("read", {**{k: v for k, v in step.parameters.items() if k != "start_s"}, "start": begin.isoformat()})


def _said(begin: datetime | float) -> str:
    return begin.isoformat() if isinstance(begin, datetime) else f"{begin:g} s"


def _within(values: np.ndarray, at: int, n: int) -> np.ndarray:
    placed = np.full(n, np.nan, np.float32)
    placed[at : at + len(values)] = values
    return placed
