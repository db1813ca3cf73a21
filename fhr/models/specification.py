"""Specifications of networks: a network is rebuilt from its class path and arguments, if these may be trusted."""

import os
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from fhr.errors import CheckpointError
from fhr.formats.files.regular_file import cut, reason, shown

from .network import Network

__all__ = ["TRUSTED", "completed", "rebuild"]

TRUSTED = "FHR_TRUST"
"""Environment variable: modules or packages, separated by commas, that a checkpoint's network may be imported from."""

_OURS = __package__  # fhr.models
_PLAUSIBLE = re.compile(r"[A-Za-z_]\w{0,99}(\.[A-Za-z_]\w{0,99}){1,9}", re.ASCII)


def rebuild(specification: Mapping[str, Any], weights: Mapping[str, torch.Tensor] | None = None) -> Network:
    """Rebuild the untrained network that a specification names.

    To import a module runs its code. Modules of `fhr.models` and those that are imported already are taken; any other
    must be named in the environment variable `FHR_TRUST`.

    Args:
        specification: see `Network.specification`.
        weights: that are meant for it, by name. The network is first made without memory: one that does not have just
            these shapes is refused before anything is allocated. None for no such check.

    Raises:
        CheckpointError: the class cannot be found, may not be imported, is no `Network`, does not take the arguments,
            or makes a network that the weights do not fit.
    """
    cls, init_args = _class_and_arguments(specification)
    if weights is not None:
        _check_size(cls, init_args, weights)
    return _made(cls, init_args)


def completed(specification: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a specification by the defaults of arguments that are newer than it; nothing is built.

    Raises:
        CheckpointError: as for `rebuild`.
    """
    cls, init_args = _class_and_arguments(specification)
    try:
        return cls.__new__(cls, **init_args).specification
    except TypeError as error:
        raise _unfit(cls, error) from None


def _made(cls: type[Network], init_args: Mapping[str, Any]) -> Network:
    try:
        return cls(**init_args)
    except Exception as error:  # unknown names, and values that make no layer
        raise _unfit(cls, error) from None


def _unfit(cls: type, error: Exception) -> CheckpointError:
    name = f"{cls.__module__}.{cls.__qualname__}"
    return CheckpointError(f"{name} does not take the checkpoint's arguments: {reason(error)}")


def _check_size(cls: type[Network], init_args: Mapping[str, Any], weights: Mapping[str, torch.Tensor]) -> None:
    try:
        with torch.device("meta"), _FewCalls(1000 + 100 * len(weights)):
            state = cls(**init_args).state_dict()
    except _TooManyError:
        raise CheckpointError(
            f"weights that do not fit the network it names: {cls.__name__} with its arguments has far more layers"
        ) from None
    except Exception as error:
        if cls.__module__.startswith(f"{_OURS}."):
            raise _unfit(cls, error) from None
        return  # another's network may need values to be made; whoever trusts its code trusts it with memory
    wanted = {name: tuple(value.shape) for name, value in state.items()}
    given = {name: tuple(value.shape) for name, value in weights.items()}
    if wanted != given:
        names = sorted(name for name in wanted.keys() | given.keys() if wanted.get(name) != given.get(name))
        raise CheckpointError(
            f"weights that do not fit the network it names: {cut(names[0])} has the shape "
            f"{given.get(names[0], 'none')} in the file and {wanted.get(names[0], 'none')} in {cls.__name__}, and so "
            f"with {len(names) - 1} others"
        )


class _TooManyError(Exception):
    pass


class _FewCalls(TorchFunctionMode):
    """Ends the making of a network without end: every layer calls torch."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.left = most

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.left -= 1
        if self.left < 0:
            raise _TooManyError
        return func(*args, **(kwargs or {}))


def _class_and_arguments(specification: Mapping[str, Any]) -> tuple[type[Network], dict[str, Any]]:
    class_path, init_args = specification.get("class_path"), specification.get("init_args")
    if not isinstance(class_path, str) or not isinstance(init_args, dict) or not all(map(_is_text, init_args)):
        raise CheckpointError(
            f"{cut(str(specification))} names no network: `class_path` and `init_args` are needed; train anew"
        )
    module, _, name = class_path.rpartition(".")
    cls = _named(_module(module, class_path), name) if _PLAUSIBLE.fullmatch(class_path) else None
    if cls is None:
        raise _not_found(class_path)
    if not (isinstance(cls, type) and issubclass(cls, Network)) or cls.forward is Network.forward:
        raise CheckpointError(f"{class_path} is no fhr.models.Network; a checkpoint may name nothing else")
    return cls, init_args


def _module(name: str, class_path: str) -> ModuleType:
    if (known := sys.modules.get(name)) is not None:
        return known
    trusted = [_OURS, *filter(None, map(str.strip, os.environ.get(TRUSTED, "").split(",")))]
    if not any(name == one or name.startswith(f"{one}.") for one in trusted):
        raise CheckpointError(
            f"network class {class_path!r} is not of fhr.models, and to import {name} runs whatever it holds; if you "
            f"trust it, set the environment variable {TRUSTED}={name}, or import it before you load"
        )
    try:
        return import_module(name)
    except ImportError:
        raise _not_found(class_path) from None


def _named(module: ModuleType, name: str) -> Any:
    """What the module calls so; another's may run code to find a name that it does not hold yet."""
    return getattr(module, name, None) if module.__name__ == _OURS else vars(module).get(name)


def _not_found(class_path: str) -> CheckpointError:
    return CheckpointError(f"network class {shown(class_path)} is not found; install the package that defines it")


def _is_text(value: object) -> bool:
    return isinstance(value, str)
