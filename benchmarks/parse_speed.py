"""Records a second that `CTUUHB` parses, checksums included, in a fresh process and again in the same one.

python benchmarks/parse_speed.py FOLDER
"""

import json
import statistics
import subprocess
import sys

CODE = """
import json, sys, time
from fhr.datasets import CTUUHB
times = []
for _ in range(2):
    start = time.perf_counter()
    n = len(CTUUHB(sys.argv[1]))
    times.append(time.perf_counter() - start)
print(json.dumps([n, *times]))
"""


def main(folder: str, runs: int = 7) -> None:
    rows = [json.loads(subprocess.check_output([sys.executable, "-c", CODE, folder])) for _ in range(runs)]
    n = rows[0][0]
    for label, column in (("first in a process", 1), ("again", 2)):
        seconds = statistics.median(row[column] for row in rows)
        print(f"{label}: {n} records in {seconds:.3f} s (median of {runs}), {n / seconds:.0f} records/s")


if __name__ == "__main__":
    main(sys.argv[1])
