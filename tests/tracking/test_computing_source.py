"""What computed a number: an edit of any file that computes, or another library, is another key."""

import ast
import shutil
from pathlib import Path

import pytest

import fhr
from fhr.features import COMPUTED_BY, computed_by
from fhr.tracking import computing_source, made_by, made_otherwise, short_key
from fhr.tracking.computing_source import source_hash

PACKAGE = Path(fhr.__file__).parent
EXCUSED = {"datasets", "tracking", "errors", "deprecation"}  # they choose the recordings, or compute nothing


@pytest.fixture
def package(tmp_path) -> Path:
    """A copy of what computes features."""
    for room in COMPUTED_BY:
        shutil.copytree(PACKAGE / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_an_edit_of_any_computing_file_changes_the_key(package):
    first = source_hash(package, COMPUTED_BY)
    assert source_hash(PACKAGE, COMPUTED_BY) == first
    files = sorted(package.rglob("*.py"))
    assert len(files) > 60
    for path in files:
        text = path.read_bytes()
        room = path.relative_to(package).parts[0]
        before = source_hash(package, (room,))
        path.write_bytes(text + b"\n")
        assert source_hash(package, (room,)) != before
        path.write_bytes(text)
    path.write_bytes(text + b"#")
    assert source_hash(package, COMPUTED_BY) != first
    path.write_bytes(text)
    assert source_hash(package, COMPUTED_BY) == first


def test_a_file_that_comes_goes_or_moves_changes_the_key(package):
    first = source_hash(package, COMPUTED_BY)
    (package / "features" / "new.py").touch()
    assert source_hash(package, COMPUTED_BY) != first
    (package / "features" / "new.py").rename(package / "multiscale" / "new.py")
    assert source_hash(package, COMPUTED_BY) != first
    (package / "multiscale" / "new.py").unlink()
    (package / "features" / "__init__.py").write_bytes(
        (package / "features" / "__init__.py").read_bytes().replace(b"\n", b"\r\n")
    )
    assert source_hash(package, COMPUTED_BY) == first  # another system's line ends


def test_text_does_not_pass_from_one_file_to_the_next(tmp_path):
    (tmp_path / "room").mkdir()
    found = []
    for one, other in (("a = 1\n", ""), ("", "a = 1\n")):
        (tmp_path / "room" / "x.py").write_text(one)
        (tmp_path / "room" / "y.py").write_text(other)
        found.append(source_hash(tmp_path, ("room",)))
    assert found[0] != found[1]


def test_every_room_that_features_rest_on_is_read():
    """A room that comes to be imported there has to be listed, or excused."""
    reached, new = set(), {"features"}
    while new:
        reached |= new
        asked = {room for one in new for path in _files(one) for room in _rooms_of(path)}
        new = asked - reached - EXCUSED
    assert reached == set(COMPUTED_BY)


def _files(room: str) -> list[Path]:
    return sorted((PACKAGE / room).rglob("*.py"))


def _rooms_of(path: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    modules = [node.module.split(".") for node in nodes if node.module and not node.level]
    return {module[1] for module in modules if module[0] == "fhr" and module[1:]}


def test_another_library_changes_the_key_and_is_named(monkeypatch):
    here = computed_by()
    assert here == computed_by()
    assert [part.split()[0] for part in here.split("; ")] == [
        *("source", "python", "numpy", "scipy", "pandas", "torch", "PyWavelets")
    ]
    monkeypatch.setattr(computing_source, "version", lambda name: "0.0")
    made_by.cache_clear()
    there = computed_by()
    made_by.cache_clear()
    assert short_key(there) != short_key(here)
    assert made_otherwise(there, here).startswith("PyWavelets 0.0 there, ")
    assert made_otherwise(here, here) == ""
    assert made_otherwise("", here) == "nothing noted there"
    assert made_otherwise("source a; numpy 1", "source b; numpy 1") == "source a there, b here"


def test_a_library_that_is_missing_is_said():
    assert made_by((), ("no-such-library",)).endswith("no-such-library not installed")
