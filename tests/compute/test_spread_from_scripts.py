"""Worker processes that are started from a program on the command line, from a script, from a notebook."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from fhr.compute import check_workers
from fhr.errors import FHRError

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]
WORK = "print(sorted(spread(abs, range(-5, 0), workers=2)))"
IMPORT = "from fhr.compute import spread\n"


def python(folder: Path, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, input=given, timeout=600
    )


def test_from_the_command_line(tmp_path):
    answer = python(tmp_path, "-c", IMPORT + WORK)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "[1, 2, 3, 4, 5]\n", "")


def test_from_a_script(tmp_path):
    (tmp_path / "script.py").write_text(f'{IMPORT}if __name__ == "__main__":\n    {WORK}\n')
    answer = python(tmp_path, "script.py")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "[1, 2, 3, 4, 5]\n", "")


def test_a_script_that_its_workers_would_run_too_ends_with_one_message(tmp_path):
    (tmp_path / "script.py").write_text(f"{IMPORT}open('starts', 'a').write('x')\n{WORK}\n")
    answer = python(tmp_path, "script.py")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.count("Traceback") == 1
    last = answer.stderr.splitlines()[-1]
    assert last.startswith("fhr.errors.FHRError: no worker process could start")
    assert "`if __name__ == '__main__':`" in last
    assert len((tmp_path / "starts").read_text()) <= 3  # this one and its two workers: no worker of a worker


def test_a_program_on_stdin_cannot_start_workers_and_is_told_so(tmp_path):
    answer = python(tmp_path, "-", given=IMPORT + WORK)
    assert answer.returncode == 1
    assert "keep it in a file, not on stdin" in answer.stderr.splitlines()[-1]


def test_from_a_notebook(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IMPORT + WORK)])
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert notebook.cells[0].outputs[0].text == "[1, 2, 3, 4, 5]\n"


def test_a_worker_that_dies_at_work_is_not_taken_for_one_that_did_not_start(tmp_path):
    answer = python(tmp_path, "-c", f"import os\n{IMPORT}list(spread(os._exit, [1, 1], workers=2))")
    assert "FHRError: a worker process died" in answer.stderr.splitlines()[-1]


@pytest.mark.parametrize("workers", [0, -1])
def test_a_number_of_processes_that_is_none(workers):
    with pytest.raises(FHRError, match=f"workers={workers}; give 1 or more"):
        check_workers(workers)


def test_nothing_starts_processes_but_spread():
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("fhr",)
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"ProcessPoolExecutor|\bProcess\(|num_workers", path.read_text(encoding="utf-8"))
    }
    assert found == {"fhr/compute/pool.py"}
