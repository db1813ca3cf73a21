from pathlib import Path

import pytest
from warm_python import python

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "multiscale_speed.py"


@pytest.mark.process
def test_the_benchmark_runs_at_small_size():
    pytest.importorskip("pymultifracs")
    done = python(SCRIPT, "--rounds", 1, "--segments", 3, folder=Path.cwd())
    assert done.returncode == 0, done.stderr
    assert "| p = 2, gaps, R = 100 |" in done.stdout
    assert "| pymultifracs, p = 2, batch |" in done.stdout
    assert "float32 beside float64" in done.stdout
