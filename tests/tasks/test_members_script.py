import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "members.py"


@pytest.mark.process
def test_the_benchmark_of_members_runs_at_small_size():
    small = ["--members", "2", "--minutes", "5", "--rounds", "1", "--profile"]
    done = subprocess.run([sys.executable, str(SCRIPT), *small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 members, 5 min, cpu" in done.stdout
    for way in ("alone", "in turn", "at once"):
        assert f"| {way} | " in done.stdout
    assert "| aten::mkldnn_convolution | 0." in done.stdout
