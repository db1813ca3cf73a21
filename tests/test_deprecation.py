"""A package under its old name: the same modules and classes, one warning, and nobody else's package is hidden."""

import importlib
import pickle
import sys
import warnings

import pytest

from fhr.deprecation import moved_package

FILES = {
    "new_home/__init__.py": "",
    "new_home/rooms/__init__.py": "from .part import Thing",
    "new_home/rooms/part.py": "class Thing: ...",
    "new_home/rooms/not_imported_by_its_face.py": "class Other: ...",
    "new_home/rooms/deep/__init__.py": "",
    "new_home/rooms/deep/end.py": "class End: ...",
}
BESIDE = {"old_rooms/__init__.py": "class Thing: ...", "old_rooms/part.py": ""}
LINK = """
if __name__ == "old_rooms":
    from fhr.deprecation import stand_in

    stand_in("old_rooms", "new_home.rooms")
from .part import Thing
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A function that writes packages where they can be imported; they are forgotten afterwards."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()
        return tmp_path

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:])
    write(FILES)
    yield write
    for name in [name for name in sys.modules if name.split(".")[0] in ("new_home", "old_rooms")]:
        del sys.modules[name]


def test_every_module_is_the_same_under_both_names_and_one_warning_says_so(house):
    moved_package("old_rooms", "new_home.rooms")
    with pytest.warns(FutureWarning) as said:
        import old_rooms.deep.end
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        import old_rooms.not_imported_by_its_face
        import old_rooms.part
    assert [str(one.message) for one in said] == [
        "old_rooms is new_home.rooms now, in class paths too (old_rooms.NAME is new_home.rooms.NAME); "
        "the old name goes with the next minor version"
    ]
    assert said[0].filename == __file__
    new = importlib.import_module("new_home.rooms")
    assert old_rooms is new
    assert new.__spec__.name == "new_home.rooms"
    assert old_rooms.Thing is old_rooms.part.Thing is new.Thing
    for part in ("part", "not_imported_by_its_face", "deep", "deep.end"):
        assert sys.modules[f"old_rooms.{part}"] is importlib.import_module(f"new_home.rooms.{part}")


def test_a_pickle_that_names_the_old_package_gives_the_class(house):
    moved_package("old_rooms", "new_home.rooms")
    with pytest.warns(FutureWarning):
        old = pickle.loads(b"cold_rooms.part\nThing\n.")
    assert old is importlib.import_module("new_home.rooms").Thing


def test_nothing_happens_before_the_old_name_is_used_and_registering_twice_is_once(house):
    before = len(sys.meta_path)
    for _ in range(2):
        moved_package("old_rooms", "new_home.rooms")
    assert len(sys.meta_path) == before + 1
    assert "new_home" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("old_rooms_of_others")


def test_somebody_elses_package_of_the_old_name_comes_first(house):
    house(BESIDE)
    moved_package("old_rooms", "new_home.rooms")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        import old_rooms.part
    assert old_rooms.Thing is not importlib.import_module("new_home.rooms").Thing
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("old_rooms.deep")


@pytest.mark.parametrize("registered", [False, True])
def test_a_link_to_the_package_makes_no_copy(house, registered):
    folder = house({"new_home/rooms/__init__.py": LINK})
    (folder / "old_rooms").symlink_to(folder / "new_home" / "rooms")
    if registered:
        moved_package("old_rooms", "new_home.rooms")
    with pytest.warns(FutureWarning) as said:
        import old_rooms.part
    assert len(said) == 1
    assert said[0].filename == __file__
    assert old_rooms.Thing is importlib.import_module("new_home.rooms.part").Thing
