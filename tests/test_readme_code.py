"""The Python of the README: it compiles, its imports are there, and what needs no trained network runs.

And what it says of the model that comes with the package is what the model card says.
"""

import ast
import re
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import fhr
from fhr.prediction.shipped import SHIPPED

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
OPTIONAL = {"dask_jobqueue"}
# A trained network, a cluster, or a database; names that an earlier block of that kind defines.
NEEDS = ("fhr.load(", "runs:/RUN_ID", "dask_jobqueue", "predictor.", "data/ctu-uhb-ctgdb")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.strip().splitlines()[-1][:40])
def test_what_it_imports_is_there(block):
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            assert all(import_module(name) for name in names if name.split(".")[0] not in OPTIONAL)
        elif isinstance(node, ast.ImportFrom) and node.module not in OPTIONAL:
            module = import_module(node.module)
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if not any(need in block for need in NEEDS)],
    ids=lambda block: block.strip().splitlines()[-1][:40],
)
def test_it_runs(block, simulated_database, tmp_path, monkeypatch):
    recording = replace(simulated_database.recordings[0], name="recording")
    fhr.write_table(recording, tmp_path / "recording.csv")
    fhr.write_wfdb(recording, tmp_path)
    monkeypatch.chdir(tmp_path)
    module = ModuleType("readme")
    monkeypatch.setitem(sys.modules, "readme", module)  # where a class of the block is looked for by its name
    exec(compile(block, "README.md", "exec"), module.__dict__)


def test_there_is_something_to_run():
    assert len(BLOCKS) >= 6
    assert sum(not any(need in block for need in NEEDS) for block in BLOCKS) >= 3


def test_the_auroc_of_the_shipped_model_is_that_of_its_model_card():
    card, readme = (path.read_text(encoding="utf-8") for path in (SHIPPED.with_suffix(".md"), ROOT / "README.md"))
    labels = re.findall("`(.*?)`", re.search(r"^\| \| (.*) \|$", card, re.MULTILINE)[1])
    values = re.findall(r"(\d\.\d+) \((\d\.\d+) to (\d\.\d+)\)", re.search(r"^\| AUROC \|.*$", card, re.MULTILINE)[0])
    text = " ".join(readme.split())
    for label, (auroc, *_) in zip(labels, values, strict=True):  # rounded once more
        assert float(re.search(rf"(\d\.\d\d) for `{label}`", text)[1]) == pytest.approx(float(auroc), abs=0.0056)
    said = re.search(r"AUROC (\S+) \(95% interval (\S+) to (\S+)\) on the 442 out-of-fold records", text).groups()
    assert [float(one) for one in said] == pytest.approx([float(one) for one in values[0]], abs=0.0056)
