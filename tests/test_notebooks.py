"""Every cell of every notebook runs as IPython runs it, warns of nothing, and shows its figures.

IPython is told nothing of matplotlib, as in a new kernel, which tests/compute/test_spread_from_scripts.py starts. What a
verb draws into files is drawn by tests/tasks/test_evaluation_files.py.
"""

import json
import os
from pathlib import Path

import pytest
from warm_python import python

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
FIGURES = {
    "01_quickstart": 2,
    "02_scale_free_analysis": 7,
    "03_reading_a_cardiotocogram": 4,
    "04_reading_confidence": 10,
    "05_a_model_of_your_own": 0,
    "06_synthetic_labours": 1,
    "07_similar_labours": 2,
    "08_kinds_of_labour": 3,
    "09_how_much_would_it_take": 1,
}
MORE_OF_REAL_RECORDINGS = {"02_scale_free_analysis": 4}
RUN = """
import json, shutil, sys
from unittest import mock
from figures_not_drawn import figures_not_drawn
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
figures = 0
def count(data):
    global figures
    html = data.get("text/html", "")
    figures += ("image/png" in data) + html.count("<img ") + html.count("<svg ")
class Ended(DisplayHook):  # what a cell ends in
    def write_format_data(self, data, *_): count(data)
class Displayed(DisplayPublisher):
    def publish(self, data, *_, **__): count(data)
class Shell(InteractiveShell):
    displayhook_class, display_pub_class = Ended, Displayed
shell = Shell.instance()
def copy_prepared(database):
    database.parent.mkdir(exist_ok=True)
    shutil.copyfile(sys.argv[1], database)
with figures_not_drawn(), mock.patch("fhr.tracking.store.make_database", copy_prepared):
    for cell in json.load(sys.stdin):
        shell.run_cell(cell, store_history=True).raise_error()
print(figures)
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
    assert done.stderr == ""
    expected = FIGURES[notebook.stem]
    if os.environ.get("FHR_DATA"):
        expected += MORE_OF_REAL_RECORDINGS.get(notebook.stem, 0)
    assert int(done.stdout.split()[-1]) == expected
