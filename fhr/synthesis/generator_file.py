"""Files of fitted generators: the recipe and the windows that it was fitted to, in an `.npz` without pickles.

What a recipe learns from the windows follows from them, and is learnt again when something is drawn.
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from fhr.errors import CheckpointError, FHRError, FormatError
from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays
from fhr.formats.files.regular_file import cut, read_whole, reason, shown
from fhr.formats.files.whole_file import MAX_RATE, MIN_RATE, write_whole
from fhr.recording import plain_names, plain_number, plain_table

from .generator import LOCAL, FittedGenerator, Generator
from .training_windows import TrainingWindows

__all__ = ["load_generator", "save_generator"]

_TEXT = "generator"  # the first array: its bytes are the text
_KEYS = ("format", "recipe", "fs", "names", "fitted_to", "split")
_MOST_BYTES = 2**31  # 10,000 windows of an hour take half of that
_MOST_TEXT = 2**24


def save_generator(fitted: FittedGenerator, path: str | Path) -> Path:
    """Write a fitted generator; the same one gives the same bytes.

    The file holds the signals and outcomes of its training records: share it as you would share these.

    Raises:
        FHRError: a recipe that is not of this package, which a file could not name.
    """
    recipe = fitted.recipe
    if type(recipe).__name__ not in _recipes():
        raise FHRError(f"{type(recipe).__name__} is no generator of fhr.synthesis; a file holds none but these")
    plain = {
        "format": 1,
        "recipe": {"class": type(recipe).__name__, "settings": recipe.settings()},
        "fs": fitted.windows.fs,
        "names": list(fitted.windows.names),
        "fitted_to": list(fitted.windows.fitted_to),
        "split": fitted.split,
    }
    text = np.frombuffer(json.dumps(plain, separators=(",", ":")).encode("ascii"), np.uint8)
    return write_whole(Path(path), pack_arrays({_TEXT: text, **fitted.windows.arrays()}, compressed=True))


def load_generator(path: str | Path) -> FittedGenerator:
    """Read what `save_generator` wrote. Nothing of the file is run.

    Raises:
        CheckpointError: no such file, no generator, a damaged one, or one of a later version.
    """
    try:
        raw = read_whole(Path(path), limit=_MOST_BYTES, kind="generator")
        arrays = unpack_arrays(raw, most_bytes=_MOST_BYTES)
        plain = _plain(arrays.pop(_TEXT, np.empty(0)))
        recipe = _recipe(plain["recipe"])
        fs = plain_number(plain["fs"], "fs", low=MIN_RATE, high=MAX_RATE)
        names, fitted_to = (plain_names(plain[key], key) for key in ("names", "fitted_to"))
        (split,) = plain_names([plain["split"]], "split")
        windows = TrainingWindows.from_arrays(arrays, fs=fs, names=names, fitted_to=fitted_to)
        if abs(windows.minutes - recipe.minutes) > 1e-6 * recipe.minutes:
            raise FHRError(f"windows of {windows.minutes:g} min for a recipe of {recipe.minutes:g} min")
        return FittedGenerator(recipe, windows, split)
    except FormatError as error:
        raise CheckpointError(f"generator {shown(str(path))} cannot be read: {error}") from None
    except (FHRError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path}: not an intact generator ({reason(error)}); give a file that `fhr synthesize --save` wrote"
        ) from None


def _plain(text: np.ndarray) -> Mapping[str, Any]:
    if text.dtype != np.uint8 or text.ndim != 1 or not 0 < len(text) <= _MOST_TEXT:
        raise FHRError("no text that says what generator it is")
    plain = plain_table(json.loads(text.tobytes()), "generator", *_KEYS)
    if plain["format"] != 1:
        raise FHRError(f"format {cut(str(plain['format']))}, where this version knows 1")
    return plain


def _recipe(plain: Any) -> Generator:
    given = plain_table(plain, "recipe", "class", "settings")
    known = _recipes()
    name = given["class"]
    if not isinstance(name, str) or name not in known:
        raise FHRError(f"the class {cut(str(name))}, none of {', '.join(known)}")
    kept = [field for field in fields(known[name]) if not field.metadata.get(LOCAL)]
    settings = plain_table(given["settings"], "settings", *(field.name for field in kept))
    for field in kept:
        value, usual = settings[field.name], type(field.default)
        if type(value) is not usual and not (usual is float and type(value) is int):
            raise FHRError(f"{field.name} of the type {type(value).__name__}")
    return known[name](**settings)


def _recipes() -> dict[str, type[Generator]]:
    """Generators of this package by name, whatever subclasses others have made."""
    found, waiting = {}, [Generator]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith(f"{__package__}.") and not getattr(one, "__abstractmethods__", None):
            found[one.__name__] = one
    return dict(sorted(found.items()))
