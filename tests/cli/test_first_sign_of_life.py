"""A verb says that it is alive before it loads what takes seconds to load, and nothing else before its first step."""

import sys
from importlib import import_module

import pytest

from fhr.compute import slow_imports

cli = import_module("fhr.cli.command_line")
VERBS = [*cli._TRAINING, *cli._VERBS]


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """Every verb does nothing but load a module, which tells when it is loaded."""
    (tmp_path / "slow_to_load.py").write_text("import sys\nsys.stderr.write('loaded\\n')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(slow_imports, "_SLOW", {"slow_to_load": "a slow library"})
    monkeypatch.setattr(cli, "_run", lambda verb, given: import_module("slow_to_load") and 0)
    yield
    sys.modules.pop("slow_to_load", None)


@pytest.mark.parametrize("verb", VERBS)
def test_the_sign_comes_before_the_loading_and_on_stderr_only(run_fhr, tmp_path, slow, verb):
    before = sys.meta_path[:]
    sign = f"fhr {verb}: loading a slow library and what goes with it\n"
    assert run_fhr(tmp_path, verb) == (0, "", f"{sign}loaded\n")
    assert run_fhr(tmp_path, verb) == (0, "", "")  # it is there already
    assert sys.meta_path == before


def test_quiet_is_quiet(run_fhr, tmp_path, slow):
    assert run_fhr(tmp_path, "fit", "-q") == (0, "", "loaded\n")


def test_what_is_called_slow_is_what_the_verbs_load():
    assert {"torch", "pytorch_lightning", "mlflow", "matplotlib", "scipy"} <= set(slow_imports._SLOW)
