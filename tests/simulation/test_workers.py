"""Several processes write the same folder as one."""

from pathlib import Path

import pytest

from fhr.simulation import write_database


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.process
def test_the_files_do_not_depend_on_the_workers(tmp_path):
    done: list[tuple[int, int]] = []
    one = write_database(tmp_path / "one", 5, seed=4, truth=True)
    two = write_database(tmp_path / "two", 5, seed=4, truth=True, workers=2, progress=lambda *given: done.append(given))
    assert files(one) == files(two)
    assert done == [(k, 5) for k in range(1, 6)]
