"""The house of the package: each floor imports only floors below it, and rooms of one floor do not know each other.

No two files import each other, directly or by way of others.

Read from the source, imports inside functions and under `TYPE_CHECKING` included, so that nothing has to be run.
"""

import ast
from collections import deque
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From the roof down. A new room needs a reason, and a place here.
FLOORS = (
    ("cli",),
    ("report",),
    ("robustness", "complexity", "feedback"),
    ("evaluation", "prediction", "clustering"),
    ("tasks", "confidence", "similarity"),
    ("synthesis",),
    ("models", "losses", "calibration"),
    ("metrics", "plots"),
    ("features",),
    ("multiscale", "morphology"),
    ("datasets", "simulation"),
    ("preprocessing", "processes"),
    ("formats",),
    ("recording", "errors", "deprecation", "compute", "tracking"),
)
FLOOR = {room: len(FLOORS) - i for i, floor in enumerate(FLOORS) for room in floor}
# Rooms inside a room keep to floors of their own; above them are the files that lie in no inner room.
INNER_FLOORS = {
    "formats": (
        ("tables", "wfdb", "arrays", "edf", "fhrma"),  # kinds of files
        ("channels",),
        ("times",),
        ("archives", "metadata", "written"),
        ("files",),
    ),
}
INNER_FLOOR = {
    room: {inner: len(floors) - i for i, floor in enumerate(floors) for inner in floor}
    for room, floors in INNER_FLOORS.items()
}
# Beside the house: what each may use is up to a floor, and others of these; no room of the house imports them.
BESIDE = {"datamodules": ("tasks", ()), "testing": ("evaluation", ("datamodules",))}
EVERYWHERE = {"errors", "deprecation"}
FACE = ("__init__", "__main__")  # of the package; they may show any room
# What `import fhr` offers, by room: a name of an upper room is no way round the floors.
SHOWN = {
    "Recording": "recording",
    "read": "formats",
    "write_npz": "formats",
    "write_table": "formats",
    "write_wfdb": "formats",
    "load": "prediction",
    "similar": "similarity",
    "__version__": None,
}
OFFERED = {*SHOWN, *FLOOR, *BESIDE}

TORCH = {"torch", "torchmetrics", "pytorch_lightning"}
WITHOUT_TORCH = {"recording", "formats", "preprocessing", "datasets", "morphology", "plots"}
HEAVY = TORCH | {"mlflow", "sklearn", "jsonargparse"}


parsed = cache(ast.parse)  # both tests of the whole package read it


class Import(NamedTuple):
    """One name that a module asks for, and whether importing the module already does so."""

    name: str
    eager: bool


def nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Every node, those above first, and whether it runs when the module is imported."""
    waiting: deque[tuple[ast.AST, bool]] = deque([(tree, True)])
    while waiting:
        node, eager = waiting.popleft()
        eager = eager and not _is_lazy(node)
        yield node, eager
        waiting.extend((child, eager) for child in ast.iter_child_nodes(node))


def imports(module: str, tree: ast.Module) -> Iterator[Import]:
    """Every import of a module in full dotted names; `module` is its path, `fhr/models/x.py`."""
    package = module.split("/")[:-1]
    for node, eager in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, eager) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = [*above, *(node.module or "").split(".")] if node.module else above
            yield from (Import(".".join([*base, alias.name]), eager) for alias in node.names)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "fhr"
            and node.attr in OFFERED
        ):
            yield Import(f"fhr.{node.attr}", eager)


def _is_lazy(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def lightning_modules(trees: Mapping[str, ast.Module]) -> list[tuple[str, str]]:
    """Module and name of every class that is a LightningModule, by its own bases or by theirs."""
    classes = [
        (module, node) for module, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    ]
    known = {"LightningModule"}
    while True:
        found = [(m, c.name) for m, c in classes if any(ast.unparse(b).split(".")[-1] in known for b in c.bases)]
        if {name for _, name in found} <= known:
            return found
        known |= {name for _, name in found}


def violations(sources: Mapping[str, str]) -> list[str]:
    """Every broken rule of the house in the given sources, keyed by path from the root of the repository."""
    trees = {module: parsed(source) for module, source in sources.items()}
    found = [
        f"{module}: {name} is a LightningModule; they live in fhr.tasks only"
        for module, name in lightning_modules(trees)
        if _room(module) != "tasks"
    ]
    light = light_modules(trees)
    for module, tree in trees.items():
        room = _room(module)
        if room is not None and room not in FLOOR and room not in BESIDE:
            found.append(f"{module}: fhr.{room} is on no floor; list it in {Path(__file__).name} if it is needed")
            continue
        for name, eager in imports(module, tree):
            found += [f"{module}: {name}: {reason}" for reason in _objections(module, room, name)]
            if module in light and eager and name.split(".")[0] in HEAVY:
                found.append(f"{module}: {name}: import it where it is used, so that `fhr --help` stays light")
    return found


def cycles(sources: Mapping[str, str]) -> list[list[str]]:
    """Files that import each other, each cycle from a file back to itself; lazy imports and types included."""
    files = {module.removesuffix(".py").removesuffix("/__init__").replace("/", "."): module for module in sources}
    asked = {
        module: {found for name, _ in imports(module, parsed(text)) if (found := _file(name, files)) != module}
        for module, text in sources.items()
        if module not in {f"fhr/{face}.py" for face in FACE}
    }
    known = {module: {f for f in found if f in asked} for module, found in asked.items()}
    found = []
    while True:
        try:
            TopologicalSorter(known).prepare()
        except CycleError as error:
            cycle = error.args[1]  # each is asked for by the next
            found.append(cycle)
            known[cycle[1]].discard(cycle[0])
        else:
            return found


def _file(name: str, files: Mapping[str, str]) -> str | None:
    """The file that a dotted name is imported from: the longest part of it that is one."""
    parts = name.split(".")
    ends = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((files[end] for end in ends if end in files), None)


def light_modules(trees: Mapping[str, ast.Module]) -> set[str]:
    """The modules that a `fhr VERB --help` may load: main, the verbs, and what they ask for at once."""
    light, new = set(), {module for module, tree in trees.items() if _room(module) == "cli" and _is_verb(module, tree)}
    while new:
        light |= new
        asked = {".".join(i.name.split(".")[:3]) for module in new for i in imports(module, trees[module]) if i.eager}
        new = {module for module in trees if module.removesuffix(".py").replace("/", ".") in asked} - light
        new = {module for module in new if _room(module) == "cli"}
    return light


def _is_verb(module: str, tree: ast.Module) -> bool:
    if module in ("fhr/cli/__init__.py", "fhr/cli/command_line.py"):
        return True
    return any(isinstance(node, ast.FunctionDef) and node.name == "add_arguments" for node in tree.body)


def _objections(module: str, room: str | None, name: str) -> Iterator[str]:
    top, *rest = name.split(".")
    if top == "lightning":
        yield "import pytorch_lightning; the two names give different classes"
    if room in WITHOUT_TORCH and top in TORCH:
        yield f"fhr.{room} runs without torch"
    if top != "fhr" or not rest:
        return
    if module in {f"fhr/{face}.py" for face in FACE}:
        if rest[0] in BESIDE:
            yield f"no room knows fhr.{rest[0]}"
        return
    asked = SHOWN.get(rest[0], rest[0])
    if asked == room and room in INNER_FLOOR:
        yield from _inner_objections(module, room, rest)
    if asked is None or asked in {room, *EVERYWHERE}:
        return
    if room in BESIDE:
        highest, others = BESIDE[room]
        if asked not in others and FLOOR.get(asked, len(FLOORS)) > FLOOR[highest]:
            yield f"fhr.{room} uses nothing above fhr.{highest}"
    elif asked in BESIDE:
        yield f"no room knows fhr.{asked}"
    elif asked not in FLOOR:
        yield f"fhr.{asked} is on no floor"
    elif room is not None and FLOOR[asked] > FLOOR[room]:
        yield f"fhr.{room} is below fhr.{asked}"
    elif room is not None and FLOOR[asked] == FLOOR[room]:
        yield f"fhr.{room} and fhr.{asked} are on one floor"


def _inner_objections(module: str, room: str, asked: list[str]) -> Iterator[str]:
    """Objections to an import inside a room; `asked` is its dotted name without the package."""
    floors = INNER_FLOOR[room]
    inner = module.split("/")[2] if module.count("/") > 2 else None
    other = asked[1] if len(asked) > 1 and asked[1] in floors else None
    if inner is not None and inner not in floors:
        yield f"fhr.{room}.{inner} is on no floor of fhr.{room}"
    elif inner is not None and inner != other:
        above = floors.get(other, len(floors) + 1) - floors[inner]
        if above > 0:
            yield f"fhr.{room}.{inner} is below {'.'.join(['fhr', room, *([other] if other else [])])}"
        elif above == 0:
            yield f"fhr.{room}.{inner} and fhr.{room}.{other} are on one floor"


def _room(module: str) -> str | None:
    package, first, *_ = module.removesuffix(".py").split("/")
    return first if package == "fhr" and first not in FACE else None


def package_sources() -> dict[str, str]:
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "fhr").rglob("*.py"))
    }


def test_the_package_keeps_to_its_floors():
    sources = package_sources()
    assert len(sources) > 20
    assert violations(sources) == []


def test_no_two_files_import_each_other():
    assert [" <- ".join(cycle) for cycle in cycles(package_sources())] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("from .b import B", "from .a import A"),
        ("from fhr.models.b import B", "def f():\n    from . import a"),
        ("import fhr.models.b", "if TYPE_CHECKING:\n    from .a import A"),
        ("from . import A", "from fhr.models.a import B"),
        ("from .c import C", "from .a import A"),
    ],
)
def test_files_that_import_each_other_are_found(one, other):
    """By way of the face of the room or of a third file, too."""
    sources = {"fhr/models/__init__.py": "from .a import A", "fhr/models/a.py": one, "fhr/models/b.py": other}
    sources["fhr/models/c.py"] = "from .b import B"
    assert len(cycles(sources)) == 1
    assert cycles({**sources, "fhr/models/a.py": "import torch\nfrom fhr.metrics import x"}) == []


def test_what_the_package_shows_is_what_this_test_knows():
    import fhr

    assert set(fhr.__all__) == set(SHOWN)
    assert all(fhr._LAZY[name] == f"fhr.{room}" for name, room in SHOWN.items() if room)


def test_every_folder_of_the_package_is_importable():
    folders = {path.parent for package in ("fhr",) for path in (ROOT / package).rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize(
    ("module", "source", "reason"),
    [
        ("fhr/models/a.py", "import fhr.tasks", "fhr.models is below fhr.tasks"),
        ("fhr/models/a.py", "def f():\n    from fhr.tasks import Batch", "fhr.models is below fhr.tasks"),
        ("fhr/models/a.py", "from ..tasks.batch import Batch", "fhr.models is below fhr.tasks"),
        ("fhr/models/a.py", "from .. import tasks", "fhr.models is below fhr.tasks"),
        ("fhr/models/__init__.py", "from ..tasks import Batch", "fhr.models is below fhr.tasks"),
        ("fhr/models/deep/a.py", "from ...tasks import Batch", "fhr.models is below fhr.tasks"),
        ("fhr/models/a.py", "from fhr import tasks as t", "fhr.models is below fhr.tasks"),
        ("fhr/models/a.py", "if TYPE_CHECKING:\n    from fhr.tasks import Batch", "fhr.models is below fhr.tasks"),
        ("fhr/tasks/a.py", "from fhr import load", "fhr.tasks is below fhr.prediction"),
        ("fhr/tasks/a.py", "import fhr\nfhr.load('x')", "fhr.tasks is below fhr.prediction"),
        ("fhr/tasks/a.py", "import fhr\nfhr.report.write()", "fhr.tasks is below fhr.report"),
        ("fhr/tasks/a.py", "import fhr\nfhr.testing.check_network(A)", "no room knows fhr.testing"),
        ("fhr/losses/a.py", "from fhr.models import Network", "on one floor"),
        ("fhr/formats/times/a.py", "from ..channels.names import x", "fhr.formats.times is below fhr.formats.channels"),
        (
            "fhr/formats/edf/a.py",
            "def f():\n    from ..wfdb import x",
            "fhr.formats.edf and fhr.formats.wfdb are",
        ),
        ("fhr/formats/edf/a.py", "from ..reading import x", "fhr.formats.edf is below fhr.formats"),
        ("fhr/formats/edf/a.py", "from fhr.formats import read", "fhr.formats.edf is below fhr.formats"),
        ("fhr/formats/new/a.py", "from ..files.x import y", "fhr.formats.new is on no floor of fhr.formats"),
        ("fhr/tracking/a.py", "from fhr.recording import Recording", "on one floor"),
        ("fhr/errors.py", "from fhr.recording import Recording", "on one floor"),
        ("fhr/utils/a.py", "import numpy", "fhr.utils is on no floor"),
        ("fhr/utils.py", "import numpy", "fhr.utils is on no floor"),
        ("fhr/cli/a.py", "from fhr.utils import x", "fhr.utils is on no floor"),
        ("fhr/tasks/a.py", "import lightning.pytorch as pl", "import pytorch_lightning"),
        ("fhr/tasks/a.py", "from lightning import pytorch", "import pytorch_lightning"),
        ("fhr/datamodules/a.py", "from lightning.pytorch import Trainer", "import pytorch_lightning"),
        ("fhr/cli/a.py", "def f():\n    import fhr.datamodules", "no room knows fhr.datamodules"),
        ("fhr/__init__.py", "from fhr.datamodules import CTUUHBDataModule", "no room knows fhr.datamodules"),
        ("fhr/datamodules/a.py", "from fhr.evaluation import x", "fhr.datamodules uses nothing above fhr.tasks"),
        ("fhr/datamodules/a.py", "from fhr import load", "fhr.datamodules uses nothing above fhr.tasks"),
        ("fhr/datamodules/a.py", "import fhr.cli.main", "fhr.datamodules uses nothing above fhr.tasks"),
        ("fhr/models/a.py", "class A(LightningModule): ...", "live in fhr.tasks only"),
        ("fhr/datamodules/a.py", "class A(pl.LightningModule): ...", "live in fhr.tasks only"),
        ("fhr/datasets/a.py", "def f():\n    import torch", "runs without torch"),
        ("fhr/plots/a.py", "from torch.nn import functional", "runs without torch"),
        ("fhr/recording/a.py", "import pytorch_lightning as pl", "runs without torch"),
        ("fhr/cli/command_line.py", "import sklearn.metrics", "stays light"),
        ("fhr/cli/command_line.py", "try:\n    import mlflow\nexcept ImportError:\n    pass", "stays light"),
        ("fhr/cli/command_line.py", "class A:\n    import torch", "stays light"),
        ("fhr/cli/new.py", "import torch\ndef add_arguments(parser): ...", "stays light"),
    ],
)
def test_a_broken_rule_is_found(module, source, reason):
    found = violations({module: source})
    assert len(found) == 1
    assert found[0].startswith(f"{module}: ")
    assert reason in found[0]


def test_a_lightning_module_is_found_through_its_base():
    sources = {
        "fhr/tasks/a.py": "class Task(pl.LightningModule): ...\nclass Other(Task): ...",
        "fhr/models/b.py": "class Deeper(Other): ...",
    }
    assert [message.split(";")[0] for message in violations(sources)] == [
        "fhr/models/b.py: Deeper is a LightningModule"
    ]


def test_a_heavy_import_is_found_behind_a_verb():
    sources = {
        "fhr/cli/new.py": "from .table import write\nfrom . import other\ndef add_arguments(parser): ...",
        "fhr/cli/table.py": "import mlflow",
        "fhr/cli/other.py": "def f():\n    from . import work",
        "fhr/cli/work.py": "import torch",
    }
    assert [message.split(": ")[:2] for message in violations(sources)] == [["fhr/cli/table.py", "mlflow"]]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("fhr/__init__.py", "from fhr.prediction import load"),
        ("fhr/__main__.py", "from fhr.cli import main"),
        ("fhr/formats/a.py", "from .edf.recording import x\nfrom .times import y\nfrom .b import z"),
        (
            "fhr/formats/edf/a.py",
            "from .file import x\nfrom ..times.grid import y\nfrom fhr.recording import R",
        ),
        ("fhr/formats/edf/__init__.py", "from .file import x"),
        ("fhr/cli/a.py", "from fhr.formats.edf.file import x"),
        ("fhr/recording/a.py", "import fhr\nfrom fhr import __version__\nfrom fhr.errors import SignalError"),
        ("fhr/cli/a.py", "from .tables import write_csv\nfrom fhr import load\nfrom ..report import x"),
        ("fhr/cli/a.py", "def f():\n    import torch, mlflow, sklearn"),
        ("fhr/cli/a.py", "if TYPE_CHECKING:\n    import torch"),
        ("fhr/cli/training_cli.py", "import pytorch_lightning, jsonargparse, mlflow"),
        ("fhr/cli/command_line.py", "def f():\n    from .training import train"),
        ("fhr/tasks/a.py", "from pytorch_lightning import LightningModule\nclass A(LightningModule): ..."),
        ("fhr/models/a.py", "import torch\nfrom . import pooling\nfrom .pooling import P\nfrom fhr.metrics import x"),
        ("fhr/datamodules/a.py", "from .base import B\nfrom fhr.tasks import Batch\nfrom fhr.datasets import Database"),
    ],
)
def test_what_is_allowed_is_not_complained_of(module, source):
    assert violations({module: source}) == []
