"""A warm Python is a Python: code, streams, arguments, environment and folder are those that it was given."""

import json
import os
import signal

import pytest
from warm_python import Warm, python

pytestmark = pytest.mark.process

TOLD = "import json, os, sys; json.dump([sys.argv, os.getcwd(), os.environ['WORD'], sys.stdin.read()], sys.stdout); "
TOLD += "print('said', file=sys.stderr); sys.exit(int(sys.argv[1]))"


def test_it_is_told_everything_and_tells_everything(tmp_path):
    (tmp_path / "told.py").write_text(TOLD)
    for arguments, name in ((["-c", TOLD], "-c"), (["told.py"], "told.py")):
        done = python(*arguments, 3, folder=tmp_path, environment={**os.environ, "WORD": "ward"}, given="in")
        assert (done.returncode, done.stderr) == (3, "said\n")
        assert json.loads(done.stdout) == [[name, "3"], str(tmp_path), "ward", "in"]


def test_the_libraries_are_there_and_the_package_comes_from_the_path(tmp_path):
    (tmp_path / "fhr").mkdir()
    (tmp_path / "fhr" / "__init__.py").write_text("here = True")
    code = "import sys; warm = 'torch' in sys.modules, 'fhr' in sys.modules; import fhr; print(*warm, fhr.here)"
    done = python("-c", code, folder=tmp_path, environment={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.stdout == "True False True\n", done.stderr


def test_it_ends_as_it_is_made_to(tmp_path):
    assert python("-c", "import os; os.kill(os.getpid(), 9)", folder=tmp_path).returncode == -signal.SIGKILL
    failed = python("-c", "import atexit; atexit.register(print, 'last'); 1 / 0", folder=tmp_path)
    assert (failed.returncode, failed.stdout) == (1, "last\n")
    assert failed.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_two_at_once(tmp_path):
    both = [Warm("-c", f"print({n})", folder=tmp_path, environment=os.environ) for n in range(2)]
    assert [one.wait().stdout for one in both] == ["0\n", "1\n"]
