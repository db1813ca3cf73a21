"""The space of a sweep: a YAML file that gives a range or choices for some settings of a configuration."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fhr.errors import FHRError
from fhr.evaluation import Choices, Range

__all__ = ["OF_WINDOWS", "as_options", "check_settings", "read_space", "space_text"]

_RANGE = ("low", "high", "log", "step")
_ROOTS = ("model", "data", "trainer", "early_stopping", "checkpoint", "optimizer", "lr_scheduler")
# Other settings of the data change the records, their labels, their folds or the seed.
OF_WINDOWS = (
    *("window_minutes", "window_before", "withheld_minutes", "fs", "channels", "features"),
    *("batch_size", "class_weights", "rebalancing", "augmentation"),
)
"""Settings of the data that change how records are learnt from, and not which."""


def space_text(path: str) -> str:
    """The content of the file of a space.

    Raises:
        FHRError: a file that is missing, or no text.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise FHRError(f"--space {path}: {error.strerror}; give a YAML file") from None
    except UnicodeDecodeError:
        raise FHRError(f"--space {path}: no text in UTF-8; give a YAML file") from None


def read_space(text: str, path: str) -> dict[str, Range | Choices]:
    """Read a space: for each setting `{low: 0.001, high: 0.01, log: true}` or a list of choices.

    A choice is a text, as the command line would take it; lists and mappings are kept as JSON.

    Args:
        text: in YAML.
        path: of the file, for messages.

    Raises:
        FHRError: no YAML, and the first mistake in it, in one line.
    """
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" (line {mark.line + 1})"
        raise FHRError(f"--space {path}{where}: no YAML; write `SETTING: {{low: 1, high: 8}}` or a list") from None
    if not isinstance(given, Mapping) or not given:
        raise FHRError(
            f"--space {path}: no settings; write `model.learning_rate: {{low: 0.001, high: 0.01, log: true}}`"
        )
    space: dict[str, Range | Choices] = {}
    for name, values in given.items():
        try:
            space[str(name)] = _one(values)
        except FHRError as error:
            raise FHRError(f"--space {path}: {name}: {error}") from None
    return space


def check_settings(space: Mapping[str, Range | Choices], configuration: Mapping[str, Any], path: str) -> None:
    """Refuse settings that the configuration does not have, and those that change what is compared.

    Args:
        space: see `read_space`.
        configuration: resolved, in plain types.
        path: of the space, for the message.

    Raises:
        FHRError: the first such setting, with the one that may have been meant.
    """
    known = [setting for setting in map(_plain, _settings(configuration)) if setting.split(".")[0] in _ROOTS]
    seen: dict[str, str] = {}
    for name in space:
        plain = _plain(name)
        root, _, rest = plain.partition(".")
        if plain == "seed_everything" or (root == "data" and plain in known and rest.split(".")[0] not in OF_WINDOWS):
            raise FHRError(f"--space {path}: {name} changes what is compared, not how well it is done; leave it out")
        if plain not in known:
            last = plain.split(".")[-1]
            near = get_close_matches(plain, known, n=1) or [one for one in known if one.split(".")[-1] == last]
            meant = f"; did you mean {near[0]}?" if near else "; `fhr fit --config NAME --print_config` shows all"
            raise FHRError(f"--space {path}: the configuration has no setting {name}{meant}")
        if plain in seen:
            raise FHRError(f"--space {path}: {seen[plain]} and {name} are one setting; leave one of them out")
        seen[plain] = name


def as_options(settings: Mapping[str, Any]) -> list[str]:
    """Settings as options of the command line."""
    return [f"--{name}={value}" for name, value in settings.items()]


def _one(values: Any) -> Range | Choices:
    if isinstance(values, list):
        return Choices(tuple(value if isinstance(value, str) else json.dumps(value) for value in values))
    if not isinstance(values, Mapping):
        raise FHRError(f"{values!r} is neither a range nor choices; write {{low: 1, high: 8}}, or a list")
    if unknown := [str(key) for key in values if key not in _RANGE]:
        near = get_close_matches(unknown[0], _RANGE, n=1)
        meant = f"did you mean {near[0]}?" if near else "a range has low and high, and log or step"
        raise FHRError(f"unknown {unknown[0]}; {meant}")
    if lacking := [key for key in ("low", "high") if key not in values]:
        raise FHRError(f"no {lacking[0]}; a range has low and high")
    return Range(**{key: _number(value) for key, value in values.items()})


def _number(value: Any) -> Any:
    """YAML reads 1e-4 as a text, for it has no dot."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _plain(setting: str) -> str:
    """The setting without `init_args`, which the command line may leave out."""
    return ".".join(part for part in setting.split(".") if part != "init_args")


def _settings(content: Any, above: str = "") -> Iterator[str]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield f"{above}{key}"
            yield from _settings(value, f"{above}{key}.")
