"""Rooms whose names are imported when they are first used show them all, and load no torch for a card."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from warm_python import python

ROOT = Path(__file__).resolve().parents[2]
LATE = sorted(path.parent.name for path in (ROOT / "fhr").glob("*/__init__.py") if "late_names(" in path.read_text())


def announced(room: str) -> dict[str, str]:
    """The names that a room imports for readers only, with the module of each."""
    tree = ast.parse((ROOT / "fhr" / room / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


@pytest.mark.parametrize("room", LATE)
def test_late_names_are_those_that_readers_see(room):
    module = importlib.import_module(f"fhr.{room}")
    names = announced(room)
    assert names
    assert set(names) <= set(module.__all__)
    for name, file in names.items():
        assert getattr(module, name) is getattr(importlib.import_module(f"fhr.{room}.{file}"), name)
        assert module.__getattr__(name) is getattr(module, name)
    with pytest.raises(AttributeError):
        module.__getattr__("CheckpointCards")
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.process
def test_the_card_of_a_checkpoint_loads_no_torch():
    code = "import sys; from fhr.models import CheckpointCard; import fhr.models.card; print('torch' in sys.modules)"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout == "False\n"


@pytest.mark.process
def test_the_command_line_takes_short_names_of_networks(tmp_path):
    asked = ["fit", "--config", "cnn", "--model.model", "CTGNet", "--print_config"]
    answer = python("-m", "fhr", *asked, folder=tmp_path, environment={**os.environ, "PYTHONPATH": str(ROOT)})
    assert "class_path: fhr.models.CTGNet" in answer.stdout, answer.stderr
