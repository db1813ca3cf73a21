"""Small files made to cost much: refused or read, soon, with little memory, and without running what they hold."""

import tracemalloc

import hostile
import pytest
from hostile_bombs import BOMBS

READ = {"a step that is none.csv", "a step of lists.csv", "a second stage past all numbers.csv"}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_not_go_off(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = BOMBS[name]()
    path = tmp_path / name
    path.write_bytes(data)
    size = len(data)
    del data
    tracemalloc.start()
    try:
        with hostile.watchdog(60):
            verdict = hostile.verdict(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (320 << 20) + 10 * size
    assert verdict == ("read" if name in READ else "refused")
    assert [p.name for p in tmp_path.iterdir()] == [name]  # what a pickle would leave is not there
