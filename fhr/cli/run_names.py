"""Names of runs: the network, what differs from the configuration of the package that it started from, and the data."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .configurations import shipped_configurations

__all__ = ["differences", "joined", "starting_point"]

_SHOWN = 4
_LONGEST = 24  # characters of a value
_SHORT = {"learning_rate": "lr", "max_epochs": "epochs", "seed_everything": "seed", "window_minutes": "minutes"}
# What tells runs apart by itself: experiment, data and fold stand in the name, and the seed of the data is the seed.
_SAID = ("target", "root", "repeat", "fold", "inner", "seed", "splits")
_OF_THE_TRAINER = (
    *("max_epochs", "min_epochs", "max_steps", "max_time", "precision", "gradient_clip_val", "overfit_batches"),
    *("gradient_clip_algorithm", "accumulate_grad_batches", "limit_train_batches", "limit_val_batches"),
)
_SECTIONS = ("model", "data", "trainer", "optimizer", "lr_scheduler", "early_stopping", "seed_everything")
_NAMED = ("model.model", "data")  # the network and the data, which a name has by itself


def starting_point(config: Mapping[str, Any], arguments: Sequence[str]) -> Path | None:
    """Configuration of the package that a run started from.

    Args:
        config: resolved.
        arguments: of the command line, in which `--config` names files.

    Returns:
        The one that was named; else the nearest of those with this network, which a file of one's own may be a copy of;
        None where there is none.
    """
    shipped = _shipped()
    if named := [path for path in shipped if any(argument.endswith(str(path)) for argument in arguments)]:
        return named[-1]
    here, network = dict(_leaves(config)), dict(_leaves(config)).get("model.model")
    others = {
        path: sum(here.get(key) != value for key, value in settings.items())
        for path, settings in shipped.items()
        if settings.get("model.model") == network
    }
    return min(others, key=lambda path: others[path]) if others else None


@cache
def _shipped() -> dict[Path, dict[str, Any]]:
    """Settings that each configuration of the package names."""
    paths = shipped_configurations().values()
    return {path: dict(_leaves(yaml.safe_load(path.read_text(encoding="utf-8")))) for path in paths}


def differences(config: Mapping[str, Any], start: Mapping[str, Any], *, sections: Sequence[str] = ()) -> str:
    """Settings by which a configuration differs from another, in short, such as `n_filters=4 lr=0.001`.

    Args:
        config: resolved.
        start: the other, resolved as well.
        sections: of the configuration that are looked at; none for all that matter.
    """
    here, there = (dict(_settings(one, sections or _SECTIONS)) for one in (config, start))
    other = {key: value for key, value in here.items() if key not in there or there[key] != value}
    said = [
        f"{_SHORT.get(name := key.rpartition('.')[2], name)}={_shown(value)}"
        for key, value in other.items()
        if key not in _NAMED and not _within(key, other, there)
    ]
    return " ".join([*said[:_SHOWN], *([f"+{len(said) - _SHOWN}"] if len(said) > _SHOWN else [])])


def _within(key: str, other: Mapping[str, Any], start: Mapping[str, Any]) -> bool:
    """Whether a setting is of an object that is another one as a whole, so that the object says enough."""
    parents = [parent for n in range(1, key.count(".") + 1) if (parent := key.rsplit(".", n)[0]) in other]
    return any("." in parent or key not in start for parent in parents)  # tasks and data modules share settings


def _settings(config: Mapping[str, Any], sections: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Settings that make a difference, by dotted name; an object is the name of its class, with its settings below."""
    for section in sections:
        for key, value in _leaves(config.get(section), section):
            rest = key.partition(".")[2]
            if not (section == "trainer" and rest not in _OF_THE_TRAINER) and not (section == "data" and rest in _SAID):
                yield key, value


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and "class_path" in value:
        yield key, str(value["class_path"]).rpartition(".")[2]
        yield from _leaves(value.get("init_args") or {}, key)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(one, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = "-".join(_shown(one) for one in value)
    text = f"{value:g}" if isinstance(value, float) else {"None": "none", "True": "yes", "False": "no"}.get(str(value))
    text = str(value) if text is None else text
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def joined(network: str, differs: str, *rest: str) -> str:
    """Name of a run, as `InceptionNet lr=0.001, ctu-uhb-ctgdb, fold 0`."""
    return ", ".join([f"{network} {differs}".strip(), *rest])
