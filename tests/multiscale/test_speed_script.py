import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "multiscale_speed.py"


@pytest.mark.process
def test_the_benchmark_runs_at_small_size():
    pytest.importorskip("pymultifracs")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--rounds", "1", "--segments", "3"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| p = 2, gaps, R = 100 |" in done.stdout
    assert "| pymultifracs, p = 2, batch |" in done.stdout
    assert "float32 beside float64" in done.stdout
