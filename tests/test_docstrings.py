"""Every example of a docstring is run, and every public name has a docstring."""

import ast
import doctest
import importlib
import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = [path for package in ("fhr",) for path in sorted((ROOT / package).rglob("*.py"))]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in FILES
    if path.name != "__main__.py"
]


def written(path: Path) -> int:
    """Examples in the docstrings of a file, read from its source."""
    parser = doctest.DocTestParser()
    nodes = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if hasattr(node, "body"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, kinds)]
    return sum(len(parser.get_examples(text)) for text in texts)


def collected(module: ModuleType) -> list[doctest.Example]:
    """Examples that pytest finds in a module: it asks the same finder."""
    return [example for test in doctest.DocTestFinder().find(module) for example in test.examples]


def test_the_suite_runs_the_examples():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert "fhr" in options["testpaths"]
    assert "--doctest-modules" in options["addopts"]


def test_no_example_is_passed_over():
    n_written = sum(map(written, FILES))
    examples = {name: collected(importlib.import_module(name)) for name in MODULES}
    assert n_written > 100
    assert {name: len(found) for name, found in examples.items() if found} == {
        name: n for name, path in zip(MODULES, _paths(), strict=True) if (n := written(path))
    }
    skipping = (doctest.SKIP, doctest.ELLIPSIS)
    passed_over = [(name, e.source) for name, found in examples.items() for e in found if set(e.options) & {*skipping}]
    assert passed_over == []


def _paths() -> Iterator[Path]:
    return (path for path in FILES if path.name != "__main__.py")


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_has_a_docstring(name):
    module = importlib.import_module(name)
    assert module.__doc__
    bare = []
    for public in getattr(module, "__all__", ()):
        thing = getattr(module, public)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)) or not thing.__module__.startswith("fhr"):
            continue
        if not thing.__doc__ or (inspect.isclass(thing) and thing.__doc__ == _inherited(thing)):
            bare.append(public)
        if inspect.isclass(thing):
            bare += [
                f"{public}.{member}"
                for member, value in vars(thing).items()
                if not member.startswith("_")
                and (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
                and not inspect.getdoc(getattr(thing, member))
            ]
    assert bare == []


def _inherited(thing: type) -> str | None:
    return next((base.__doc__ for base in thing.__mro__[1:] if base.__doc__), None)
