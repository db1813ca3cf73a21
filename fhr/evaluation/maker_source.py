"""Source of a user's own model: a hash of the functions and classes that make it, where their text can be had."""

import dis
import hashlib
import inspect
import site
import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fhr.synthesis.generator import LOCAL

__all__ = ["maker_source"]

_DIGITS = 16
_PACKAGE = Path(__file__).resolve().parents[1]
_READ = ("fhr.evaluation", "fhr.features", "fhr.synthesis")  # rooms whose settings are read
_PLAIN = (str, bytes, int, float, complex, bool, np.generic)


def maker_source(make: Any) -> str:
    """Hash of what a maker is made of, 16 hexadecimal digits; empty where all of it is the package's and libraries'.

    Read are its own functions and classes, and those of the user's that they name, through any number of hands, with
    the numbers, texts and tables that they name: a learning rate, a table of features. Lists, dictionaries and what a
    function itself assigns to may change while it runs, and are not read. A maker with an attribute `made_of`, an
    iterable of classes, is judged by these.

    Args:
        make: what `cross_validate` takes.
    """
    total, pieces = hashlib.sha256(), 0
    seen: dict[int, Any] = {}  # kept, so that no id is given to two things
    waiting = list(made_of) if (made_of := getattr(make, "made_of", None)) is not None else [make]
    while waiting:
        thing = waiting.pop()
        if not isinstance(thing, _PLAIN):  # of which equal ones may or may not be one object
            if id(thing) in seen:
                continue
            seen[id(thing)] = thing
        text = _text(thing)
        if text:
            pieces += 1
            total.update(b"%d " % len(text) + text)
        waiting += _named(thing)
    return total.hexdigest()[:_DIGITS] if pieces else ""


def _text(thing: Any) -> bytes:
    """What a thing adds to the hash; empty for what is not the user's."""
    if isinstance(thing, _PLAIN):
        return repr(thing).encode()
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        return str((thing.dtype, thing.shape)).encode() + np.ascontiguousarray(thing).tobytes()
    if isinstance(thing, pd.DataFrame | pd.Series):
        labels = thing.columns if isinstance(thing, pd.DataFrame) else [thing.name]
        try:
            return repr(list(labels)).encode() + pd.util.hash_pandas_object(thing).to_numpy().tobytes()
        except TypeError:  # of cells that hold what has no hash
            return repr(list(labels)).encode()
    if isinstance(thing, types.FunctionType | type) and _is_users(thing):
        try:
            return inspect.getsource(thing).encode()
        except (OSError, TypeError):  # typed into an interpreter
            return _code(thing.__code__) if isinstance(thing, types.FunctionType) else thing.__qualname__.encode()
    return b""


def _named(thing: Any) -> Iterator[Any]:
    """What a thing is made of, in an order that does not change."""
    if isinstance(thing, types.FunctionType):
        if _is_users(thing):
            yield from _settings(_of_function(thing))
    elif isinstance(thing, type):
        if _is_users(thing):
            yield from thing.__bases__
            yield from filter(_is_code, map(_unwrapped, _sorted(vars(thing))))
    elif isinstance(thing, types.MethodType):
        yield from (thing.__func__, thing.__self__)
    elif isinstance(thing, Mapping):
        yield from sorted(thing, key=repr)
        yield from _sorted(thing)
    elif isinstance(thing, list | tuple):
        yield from thing
    elif isinstance(thing, set | frozenset):
        yield from sorted(thing, key=repr)
    elif not isinstance(thing, (*_PLAIN, types.ModuleType, np.ndarray, pd.DataFrame, pd.Series)):
        yield type(thing)
        if isinstance(thing, partial):
            yield from (thing.func, *thing.args, *_sorted(thing.keywords))
        elif hasattr(thing, "get_params"):  # an estimator
            yield from _sorted(thing.get_params(deep=False))
        elif is_dataclass(thing) and type(thing).__module__.startswith(_READ):
            yield from (getattr(thing, one.name) for one in fields(thing) if not one.metadata.get(LOCAL))
        elif _is_users(type(thing)) or type(thing).__module__.startswith("fhr.evaluation"):
            yield from _settings(_sorted(getattr(thing, "__dict__", {})))


def _settings(values: Iterable[Any]) -> Iterator[Any]:
    """All but what a program fills while it runs."""
    return (value for value in values if not isinstance(value, list | dict | set))


def _unwrapped(value: Any) -> Any:
    """The function of a static or class method, or of a property."""
    for name in ("__func__", "fget", "func"):
        if isinstance(inner := getattr(value, name, None), types.FunctionType):
            return inner
    return value


def _sorted(named: Mapping[Any, Any]) -> list[Any]:
    return [named[name] for name in sorted(named, key=repr)]


def _of_function(function: types.FunctionType) -> Iterator[Any]:
    """Values that a function names, from around it and from its module, and defaults of its arguments."""
    read, assigned = _names(function.__code__)
    around = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    known = {name: cell.cell_contents for name, cell in around if _is_full(cell)}
    names = sorted(read - assigned)
    for name in names:
        value = known.get(name, function.__globals__.get(name))
        if isinstance(value, types.ModuleType):
            yield from (vars(value)[other] for other in names if _is_users(value) and other in vars(value))
        elif value is not None:
            yield value
    yield from function.__defaults__ or ()
    yield from _sorted(function.__kwdefaults__ or {})


def _names(code: types.CodeType) -> tuple[set[str], set[str]]:
    """Names that a function asks for, and those outside it that it assigns to, with the functions inside it."""
    read = {*code.co_names, *code.co_freevars}
    assigned = {
        str(one.argval)
        for one in dis.get_instructions(code)
        if one.opname == "STORE_GLOBAL" or (one.opname == "STORE_DEREF" and one.argval in code.co_freevars)
    }
    for inner in (constant for constant in code.co_consts if isinstance(constant, types.CodeType)):
        more, also = _names(inner)
        read, assigned = read | more, assigned | (also - {*code.co_cellvars})
    return read, assigned


def _code(code: types.CodeType) -> bytes:
    constants = [_code(one).hex() if isinstance(one, types.CodeType) else repr(one) for one in code.co_consts]
    return code.co_code + repr((constants, code.co_names, code.co_varnames)).encode()


def _is_full(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:  # of a variable that has no value yet
        return False
    return True


def _is_code(value: Any) -> bool:
    return isinstance(value, types.FunctionType | type | int | float | str | tuple)


def _is_users(thing: Any) -> bool:
    """Whether a function, class or module is neither this package's, nor Python's, nor of an installed library."""
    module = thing if isinstance(thing, types.ModuleType) else sys.modules.get(getattr(thing, "__module__", "") or "")
    if module is None:
        return isinstance(thing, types.FunctionType)
    if module.__name__ == "__main__":
        return True
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and not _is_installed(file)


@cache
def _is_installed(file: str) -> bool:
    path = Path(file).resolve()
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages()}
    return any(path.is_relative_to(folder.resolve()) for folder in (*map(Path, folders), _PACKAGE))
