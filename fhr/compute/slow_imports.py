"""The first sign of life of a program: one line before it loads what takes seconds to load."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from .steps import tell

__all__ = ["slow_imports_are_told"]

_SLOW = {
    "matplotlib": "Matplotlib",
    "mlflow": "MLflow",
    "pytorch_lightning": "Lightning",
    "scipy": "SciPy",
    "sklearn": "scikit-learn",
    "torch": "PyTorch",
}


@contextmanager
def slow_imports_are_told() -> Iterator[None]:
    """Tell of the first slow import of a block as it begins, and of no other; what is loaded already is not told."""
    finder = _Teller()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        finder.leave()


class _Teller(MetaPathFinder):
    """Finds nothing, and sees which modules are asked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in _SLOW:
            self.leave()
            tell("loading %s and what goes with it", _SLOW[fullname])
        return None

    def leave(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
