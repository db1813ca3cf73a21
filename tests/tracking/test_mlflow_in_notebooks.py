"""MLflow imports bars for notebooks, which warn where a notebook has no widgets."""

import importlib
import sys
import warnings
from types import ModuleType

import pytest
import tqdm.notebook

from fhr.tracking.store import _settle


@pytest.fixture
def in_a_kernel_without_widgets(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel.zmqshell", ModuleType("ipykernel.zmqshell"))
    monkeypatch.setattr(tqdm.notebook, "IProgress", None)
    for name in ("tqdm.auto", "tqdm.autonotebook"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def test_settling_takes_the_warning_beforehand(in_a_kernel_without_widgets):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _settle()
        importlib.import_module("tqdm.auto")  # as MLflow does


def test_there_would_be_one(in_a_kernel_without_widgets):
    with pytest.warns(tqdm.TqdmWarning, match="IProgress not found"):
        importlib.import_module("tqdm.auto")
