"""Every example of a docstring is run, every public name has a docstring, and it names its object first."""

import ast
import doctest
import importlib
import inspect
import re
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

RIDDLES = re.compile(
    r"""\W*(what|whether|how|where|when|which|who|whose|why|while|if
    |it|its|they|their|this|that|these|those|he|she|we|you
    |about|above|across|after|against|along|among|around|as|at|before|behind|below|beside|besides|between|beyond|but|by
    |during|for|from|in|inside|into|like|near|not|of|off|on|onto|or|out|over|past|since|so|than|through|throughout|to
    |toward|towards|under|until|up|upon|with|within|without|and)\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""First words that name no object and say no action: question words, pronouns, prepositions, conjunctions."""


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
    counts = {path: written(path) for path in FILES}
    examples = {name: collected(importlib.import_module(name)) for name in MODULES}
    assert sum(counts.values()) > 100
    assert {name: len(found) for name, found in examples.items() if found} == {
        name: counts[path] for name, path in zip(MODULES, _paths(), strict=True) if counts[path]
    }
    skipping = (doctest.SKIP, doctest.ELLIPSIS)
    passed_over = [(name, e.source) for name, found in examples.items() for e in found if set(e.options) & {*skipping}]
    assert passed_over == []


def _paths() -> Iterator[Path]:
    return (path for path in FILES if path.name != "__main__.py")


def bare(module: ModuleType) -> list[str]:
    """The public names of a module, its own included, that have no docstring of their own."""
    found = [] if module.__doc__ else [module.__name__]
    for public in getattr(module, "__all__", ()):
        thing = getattr(module, public)
        if not (inspect.isclass(thing) or inspect.isfunction(thing)) or not thing.__module__.startswith("fhr"):
            continue
        if not thing.__doc__ or (inspect.isclass(thing) and thing.__doc__ == _inherited(thing)):
            found.append(f"{module.__name__}.{public}")
        if inspect.isclass(thing):
            found += [
                f"{module.__name__}.{public}.{member}"
                for member, value in vars(thing).items()
                if not member.startswith("_")
                and (inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod))
                and not inspect.getdoc(getattr(thing, member))
            ]
    return found


def test_every_public_name_has_a_docstring():
    assert [name for module in MODULES for name in bare(importlib.import_module(module))] == []


def _inherited(thing: type) -> str | None:
    return next((base.__doc__ for base in thing.__mro__[1:] if base.__doc__), None)


def _first_sentences(path: Path) -> Iterator[tuple[str, str]]:
    """Name and docstring of a module and of whatever in it is not private."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    waiting: list[tuple[str, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]] = [("", tree)]
    while waiting:
        name, node = waiting.pop()
        if text := ast.get_docstring(node):
            yield f"{path.relative_to(ROOT)}:{name}", text
        waiting += [
            (f"{name}.{child.name}".lstrip("."), child)
            for child in node.body
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and child.name[0] != "_"
        ]


@pytest.mark.parametrize(
    ("text", "riddle"),
    [
        ("What is kept of some signals.", True),
        ("From a file to its network.", True),
        ("`Of` each row group, the number of rows.", True),
        ("The features of cleaned windows.", False),
        ("Check a label.", False),
        ("`Recording`, frozen.", False),
        ("ECE = sum over bins.", False),
    ],
)
def test_riddles_are_known(text, riddle):
    assert bool(RIDDLES.match(text)) == riddle


def test_first_sentences_name_their_object():
    assert [name for path in FILES for name, text in _first_sentences(path) if RIDDLES.match(text)] == []
