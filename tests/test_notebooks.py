"""Every cell of every notebook runs as IPython runs it; tests/compute/test_spread_from_scripts.py starts a kernel.

What a verb draws into files is drawn by tests/tasks/test_evaluation_files.py.
"""

import json
import os
from pathlib import Path

import pytest
from warm_python import python

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
RUN = """
import json, shutil, sys
from unittest import mock
from figures_not_drawn import figures_not_drawn
from IPython.core.interactiveshell import InteractiveShell
class Shell(InteractiveShell):
    def enable_gui(self, gui=None): pass  # figures are drawn inline
shell = Shell.instance()
def copy_prepared(database):
    database.parent.mkdir(exist_ok=True)
    shutil.copyfile(sys.argv[1], database)
with figures_not_drawn(), mock.patch("fhr.tracking.store.make_database", copy_prepared):
    for cell in json.load(sys.stdin):
        shell.run_cell(cell, store_history=True).raise_error()
"""


@pytest.mark.process
@pytest.mark.training
@pytest.mark.parametrize("notebook", sorted(FOLDER.glob("*.ipynb")), ids=lambda notebook: notebook.stem)
def test_a_notebook_runs(notebook, prepare_store, tmp_path):
    prepare_store(store := tmp_path / "mlflow.db")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(FOLDER.parent), str(Path(__file__).parent)])}
    environment.pop("MLFLOW_TRACKING_URI", None)
    done = python("-c", RUN, store, folder=FOLDER, environment=environment, given=json.dumps(code))
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
