"""Metadata of a recording, all but its signals, as plain values for a text or an archive, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isinf, isnan, nan
from typing import Any, TypeVar

from fhr.errors import FHRError, FormatError
from fhr.recording import Clinical, Outcome, Provenance, Recording, Step, plain_table, shortened

from ..files.regular_file import reason, shown

__all__ = ["METADATA", "metadata", "parse_metadata"]

METADATA = ("name", "fs", "stage2_start", "outcome", "clinical", "history", "provenance")
_MAX_TEXT = 1 << 20
_Numbers = TypeVar("_Numbers", Outcome, Clinical)


def metadata(recording: Recording) -> dict[str, str]:
    """Write each entry of `METADATA` as JSON text; unknown outcomes and descriptors are left out.

    So is the provenance of a measured recording, whose file is that of versions that knew of no other kind.

    Raises:
        FormatError: a step of the history with a parameter that is no plain type, or a text longer than is read again.
    """
    values: dict[str, Any] = {
        "name": recording.name,
        "fs": float(recording.fs),
        "stage2_start": None if isnan(recording.stage2_start) else float(recording.stage2_start),
        "outcome": {k: float(v) for k, v in asdict(recording.outcome).items() if not isnan(v)},
        "clinical": {k: float(v) for k, v in asdict(recording.clinical).items() if not isnan(v)},
        "history": [{"name": step.name, "parameters": dict(step.parameters)} for step in recording.history],
    }
    if not recording.provenance.is_measured:
        plain = asdict(recording.provenance)
        values["provenance"] = plain | {"fitted_to": shortened(plain["fitted_to"])}
    try:
        texts = {key: json.dumps(value) for key, value in values.items()}
    except (TypeError, ValueError) as error:
        raise FormatError(
            f"{recording.name}: its history cannot be written ({error}); step parameters are numbers, texts and lists"
        ) from None
    if long := [key for key, text in texts.items() if len(text) > _MAX_TEXT]:
        raise FormatError(
            f"{recording.name}: its {long[0]} takes {len(texts[long[0]])} characters, more than the {_MAX_TEXT} that "
            "are read again; shorten it (in fitted_to name a database by its checksum in place of its records)"
        )
    return texts


def parse_metadata(texts: Mapping[str, str], *, where: str) -> dict[str, Any]:
    """Parse arguments of `Recording` from the texts of `metadata`; what is not there is left out.

    Raises:
        FormatError: a text that is not what `metadata` writes.
    """
    found: dict[str, Any] = {}
    for key in METADATA:
        if key not in texts:
            continue
        try:
            if len(texts[key]) > _MAX_TEXT:
                raise ValueError("too long")
            value = json.loads(texts[key])
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is text that nothing can store
            found[key] = _PARSERS[key](value)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
            # Without the entry a recording that was made would pass for a measured one.
            remedy = "correct it" if key == "provenance" else "remove it"
            raise FormatError(
                f"{where}: {key} is {shown(texts[key])} ({reason(error)}); write it anew, or {remedy}"
            ) from None
    return found


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    if isinf(value):
        raise ValueError("an infinite number")
    return float(value)


def _numbers(kind: type[_Numbers], value: Any) -> _Numbers:
    return kind(**{key: _number(number) for key, number in value.items()})


def _provenance(value: Any) -> Provenance:
    try:
        return Provenance(**plain_table(value, "it", "kind", "made_by", "fitted_to"))
    except FHRError as error:
        raise ValueError(str(error)) from None


_PARSERS = {
    "name": _name,
    "fs": _number,
    "stage2_start": lambda value: nan if value is None else _number(value),
    "outcome": lambda value: _numbers(Outcome, value),
    "clinical": lambda value: _numbers(Clinical, value),
    "history": lambda value: tuple(Step(_name(step["name"]), dict(step["parameters"])) for step in value),
    "provenance": _provenance,
}
