"""Surroundings of a run: versions, source and device."""

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["environment", "source_state"]

_PACKAGES = (
    "intrapartum-fhr",
    "torch",
    "pytorch_lightning",
    "torchmetrics",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "mlflow",
    "jsonargparse",
)


def environment() -> dict[str, str]:
    """Versions of Python, the system and the packages that numbers depend on."""
    versions = {"python": sys.version.split()[0], "system": f"{platform.system()} {platform.machine()}"}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def source_state() -> dict[str, str]:
    """Commit of the package's source, and whether it was changed since; `unknown` outside a clone."""
    folder = Path(__file__).parent
    try:
        _git(folder, "ls-files", "--error-unmatch", Path(__file__).name)  # else another project's clone is around us
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = bool(_git(folder, "status", "--porcelain"))
    except (OSError, subprocess.SubprocessError):
        return {"git_commit": "unknown", "git_dirty": "unknown"}
    return {"git_commit": commit, "git_dirty": str(dirty).lower()}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
