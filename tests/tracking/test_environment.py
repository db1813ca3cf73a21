import io
import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest

from fhr.compute import progress, progress_bar
from fhr.tracking import environment, source_state


def test_versions_that_numbers_depend_on():
    versions = environment()
    assert versions["python"] == sys.version.split()[0]
    for package in ("numpy", "scipy", "torch", "pytorch_lightning", "mlflow", "scikit-learn"):
        assert versions[package] == version(package)
    assert all(isinstance(value, str) for value in versions.values())


def test_a_package_that_is_not_installed_is_said_so(monkeypatch):
    monkeypatch.setattr(sys.modules["fhr.tracking.surroundings"], "_PACKAGES", ("no-such-package",))
    assert environment()["no-such-package"] == "not installed"


def test_source_state_is_that_of_the_clone_that_holds_the_source(tmp_path, monkeypatch):
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    monkeypatch.delenv("GIT_DIR", raising=False)
    module = sys.modules["fhr.tracking.surroundings"]
    copy = tmp_path / "environment.py"
    shutil.copy(module.__file__, copy)
    monkeypatch.setattr(module, "__file__", str(copy))
    unknown = {"git_commit": "unknown", "git_dirty": "unknown"}

    def run(*arguments: str) -> str:
        options = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(tmp_path)]
        return subprocess.run([git, *options, *arguments], check=True, capture_output=True, text=True).stdout.strip()

    run("init")
    run("commit", "--allow-empty", "-m", "another project around an installed package")
    assert source_state() == unknown
    run("add", "environment.py")
    run("commit", "-m", "the package's own clone")
    assert source_state() == {"git_commit": run("rev-parse", "HEAD"), "git_dirty": "false"}
    (tmp_path / "network.py").write_text("# not in the commit, but perhaps in the run")
    assert source_state()["git_dirty"] == "true"
    (tmp_path / "network.py").unlink()
    assert source_state()["git_dirty"] == "false"
    copy.write_text("# changed")
    assert source_state()["git_dirty"] == "true"
    monkeypatch.setenv("PATH", "")
    assert source_state() == unknown


class Screen(io.StringIO):
    """A standard error that may be a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_only_where_a_person_watches(monkeypatch, terminal):
    screen = Screen(terminal)
    monkeypatch.setattr("sys.stderr", screen)
    assert list(progress(iter("abc"), description="read", total=3)) == ["a", "b", "c"]
    with progress_bar(2, description="fold") as bar:
        bar.update(1)
    assert ("read" in screen.getvalue()) == terminal
    assert ("fold" in screen.getvalue()) == terminal
